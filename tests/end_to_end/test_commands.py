"""The commands beside the Action, as processes."""

import json
import os
import subprocess
import sys

import pytest

from tests.end_to_end.world import at, call, stage, work


def run(*arguments, cwd=None, **environ):
    return subprocess.run(
        [sys.executable, "-m", "pr_cost_bot", *arguments],
        capture_output=True,
        text=True,
        timeout=180,
        cwd=cwd,
        env={
            "PATH": os.environ["PATH"],
            **({"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}),
            **environ,
        },
        check=False,
    )


def test_config_check_says_fine_or_where_it_is_wrong(tmp_path):
    good, bad = tmp_path / "good.yml", tmp_path / "bad.yml"
    good.write_text("version: 1\n")
    bad.write_text("version: 1\ncoment: {}\n")
    assert run("config", "check", str(good)).stdout == f"{good}: fine.\n"
    wrong = run("config", "check", str(bad))
    assert wrong.returncode == 2
    assert wrong.stderr == f"{bad}, line 2: unknown key 'coment'. Did you mean 'comment'?\n"
    missing = run("config", "check", str(tmp_path / "none.yml"))
    assert (missing.returncode, "No such file" in missing.stderr) == (2, True)


def test_config_schema_is_json():
    assert json.loads(run("config", "schema").stdout)["$schema"].startswith("https://json-schema.org/")


@pytest.mark.parametrize(
    "arguments", [("--help",), ("demo", "--help"), ("config", "--help"), ("attribute", "--help"), ("--version",)]
)
def test_help_is_there(arguments):
    result = run(*arguments)
    assert result.returncode == 0
    assert "pr-cost-bot" in result.stdout


def test_an_unknown_command_is_refused_with_the_list_of_commands():
    result = run("cost")
    assert result.returncode == 2
    assert "doctor" in result.stderr


def test_the_action_outside_a_workflow_says_what_else_can_be_tried():
    result = run("action")
    assert result.returncode == 2
    assert "GITHUB_REPOSITORY" in result.stdout
    assert "pr-cost-bot demo" in result.stdout


def doctor(s, **given):
    environ = {
        "GITHUB_API_URL": s.github.api_url,
        "GITHUB_GRAPHQL_URL": s.github.graphql_url,
        "GITHUB_REPOSITORY": "acme/web",
        "GITHUB_TOKEN": "ghs_simulated",
        "PR_COST_BOT_NOW": at("12:00").isoformat(),
        **{name.upper(): value for name, value in s.inputs.items()},
        **given,
    }
    return run("doctor", **environ)


def test_doctor_tells_what_each_key_sees_and_who_will_not_match():
    with stage() as s:
        s.vendors.now = at("12:00")
        s.vendors.add(call("ada", at("09:30")), call("ada", at("09:30"), "anthropic"), call("ada", at("09:30"), "openai"))
        s.vendors.members = {vendor: {"ada@acme.example"} for vendor in s.servers}
        s.repository.open_pull_request("ada", [work("ada", at("09:50")), work("Zoe <zoe@home.example>", at("09:55"))])
        result = doctor(s)
        assert result.returncode == 0, result.stdout + result.stderr
        for word in (
            "Cursor:",
            "Anthropic:",
            "OpenAI:",
            "acme/web (private)",
            ".github/pr-cost-bot.yml is fine",
            "1 of 2 authors",
        ):
            assert word in result.stdout
        assert "- {github: github-login, emails: [zoe@home.example, name@company.com]}" in result.stdout


def test_doctor_names_a_key_that_does_not_work_and_never_shows_it():
    with stage() as s:
        s.vendors.fail["cursor"] = "401"
        result = doctor(s)
        assert result.returncode == 2
        assert "WRONG  Cursor:" in result.stdout
        assert not any(key in result.stdout + result.stderr for key in s.vendors.keys.values())


def test_doctor_with_a_wrong_token_says_so():
    with stage() as s:
        result = doctor(s, GITHUB_TOKEN="ghs_wrong")
        assert result.returncode == 2
        assert "401" in result.stdout


def test_the_demo_says_where_it_cannot_write(tmp_path):
    (tmp_path / "file").write_text("")
    result = run("demo", "--output", str(tmp_path / "file" / "out"))
    assert result.returncode == 1
    assert "--output" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_demo_leaves_comment_table_and_artifacts(tmp_path):
    result = run("demo", "--output", str(tmp_path / "out"))
    assert result.returncode == 0, result.stdout + result.stderr
    assert "This PR consumed" in result.stdout
    out = tmp_path / "out"
    assert "unpriced" in (out / "comments/pr-4.md").read_text()
    assert (out / "comments/pr-1.html").read_text().startswith("<!DOCTYPE html>")
    rows = json.loads((out / "table/pr_cost.json").read_text())
    assert [row["pr_number"] for row in rows] == [1, 2, 3, 4]
    assert [row["settled"] for row in rows] == [True, True, False, False]
    assert (out / "table/pr-cost-data/pr_costs/1.json").exists()
    assert "incomplete" in (out / "runs/03-opened/log.txt").read_text()
    assert (out / "index.html").exists()


def test_the_database_that_runs_fill_answers_questions(tmp_path):
    url = f"sqlite:///{tmp_path}/costs.db"
    with stage() as s:
        s.inputs["database_url"] = url
        s.vendors.add(call("ada", at("09:30")), call("ada", at("13:00", -1)))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))], text="WEB-12: Checkout")
        s.repository.merge(number, at("10:30"))
        assert s.event("closed", number, at("12:00")).status == 0
    answers = [
        run("report", *question, "--database", url, "--from", "2026-11-01", "--to", "2026-11-30", "--format", "json")
        for question in (("overview",), ("by", "ticket"), ("reconcile",), ("explain", "acme/web#1"))
    ]
    for answer in answers:
        assert answer.returncode == 0, answer.stdout + answer.stderr
    assert [row["now"] for row in json.loads(answers[0].stdout)["rows"][:1]] == ["3"]
    assert "WEB-12" in answers[1].stdout
    folder = tmp_path / "dashboard"
    assert run("dashboard", "--from", url, "--output", str(folder)).returncode == 0
    assert (folder / "index.html").exists()
    digest = run("digest", "--from", url, PR_COST_BOT_NOW=at("12:00", 1).isoformat())
    assert digest.returncode == 0, digest.stderr
    assert "$" in digest.stdout


def test_a_backfill_fills_the_table_without_comments_and_takes_up_where_it_stopped(tmp_path):
    with stage() as s:
        s.vendors.now = at("12:00", 40)
        for n in range(3):
            s.vendors.add(call("ada", at(f"09:{10 + n}")))
            number = s.repository.open_pull_request("ada", [work("ada", at(f"09:{20 + n}"))], head=f"b{n}")
            s.repository.merge(number, at("10:30"))
        environ = {
            "GITHUB_API_URL": s.github.api_url,
            "GITHUB_GRAPHQL_URL": s.github.graphql_url,
            "GITHUB_REPOSITORY": "acme/web",
            "GITHUB_TOKEN": "ghs_simulated",
            "DATABASE_URL": f"sqlite:///{tmp_path}/costs.db",
            "PR_COST_BOT_NOW": at("12:00", 40).isoformat(),
            **{name.upper(): value for name, value in s.inputs.items()},
        }
        first = run("backfill", "--since", "90d", "--cache", str(tmp_path / "cache"), **environ)
        assert first.returncode == 0, first.stdout + first.stderr
        assert "3 of 3 pull requests are in the table; 0 were settled before." in first.stdout
        asked = sum(len(server.exchanges) for server in s.servers.values())
        again = run("backfill", "--since", "90d", "--cache", str(tmp_path / "cache"), **environ)
        assert "3 were settled before." in again.stdout
        assert sum(len(server.exchanges) for server in s.servers.values()) == asked
        assert not s.repository.data.comments
        assert not any(s.labels(number) for number in (1, 2, 3))
    report = run("report", "overview", "--database", environ["DATABASE_URL"], "--from", "2026-11-01", "--to", "2026-11-30")
    assert "$1.50" in report.stdout
