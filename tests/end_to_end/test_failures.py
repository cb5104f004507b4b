"""Whatever a vendor or GitHub does, the rest goes on, nothing looks like $0, and the run ends."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from tests.end_to_end.world import CONFIG, at, call, stage, work


def test_when_every_source_fails_nothing_is_created_and_what_is_there_says_so():
    with stage() as s:
        s.inputs = {"cursor_admin_key": s.vendors.keys["cursor"]}
        s.vendors.add(call("ada", at("09:30")))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        s.vendors.fail["cursor"] = "401"
        finished = s.event("opened", number, at("11:05"))
        assert (finished.status, finished.outputs["cost_label"], finished.outputs["complete"]) == (0, "", "false")
        assert not s.repository.comments(number)
        assert not s.labels(number)
        assert not s.rows()
        s.vendors.fail.clear()
        s.event("edited", number, at("11:06"))
        row = s.rows()
        assert "$1.50" in s.comment(number)
        s.vendors.fail["cursor"] = "403"
        s.event("edited", number, at("11:07"))
        assert "incomplete" in s.comment(number)
        assert s.labels(number) == ["cost:low"]
        assert s.rows() == row


def test_a_key_whose_source_lacks_a_line_in_the_configuration_is_never_a_silent_zero():
    with stage() as s:
        s.vendors.add(call("ada", at("09:30")))
        s.inputs["copilot_token"] = "ghp_copilot_secret"
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        finished = s.event("opened", number, at("11:05"))
        assert finished.outputs["complete"] == "false"
        assert "Copilot" in s.comment(number)
        assert "ghp_copilot_secret" not in finished.log + finished.summary


def test_without_any_key_the_run_goes_on_and_says_so():
    with stage() as s:
        s.inputs.clear()
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        finished = s.event("opened", number, at("11:05"))
        assert finished.status == 0
        assert "No source is active" in finished.log
        assert not s.repository.comments(number)


@pytest.mark.parametrize(
    ("text", "message"),
    [("lables: {}\n", "Did you mean 'labels'?"), ("labels: [\n", "not YAML"), ("comment: {when: 3}\n", "comment.when")],
)
def test_a_wrong_configuration_ends_with_status_2_and_writes_nothing(text, message):
    with stage(config=text) as s:
        s.vendors.add(call("ada", at("09:30")))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        finished = s.event("opened", number, at("11:05"))
        assert finished.status == 2
        assert finished.log.count("::error") == 1
        assert message in finished.log
        assert ".github/pr-cost-bot.yml" in finished.log
        assert not s.repository.comments(number)
        assert not s.rows()
        assert not any(server.exchanges for server in s.servers.values())


def test_why_a_run_ended_is_in_the_step_summary_too():
    with stage(config="lables: {}\n") as s:
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        finished = s.event("opened", number, at("11:05"))
        assert "### Problems" in finished.summary
        assert "Did you mean 'labels'?" in finished.summary
        assert "Did you mean 'labels'?" in s.event("opened", number, at("11:06"), log_level="error").log


def test_an_input_that_cannot_be_read_is_told_in_the_step_summary():
    with stage() as s:
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        finished = s.event("opened", number, at("11:05"), fail_above_usd="1,4")
        assert finished.status == 2
        assert finished.log.count("::error") == 1
        for text in (finished.log, finished.summary):
            assert "fail\\_above\\_usd" in text or "fail_above_usd" in text
        assert not s.repository.comments(number)


def test_a_number_of_5000_digits_is_refused_in_one_line():
    with stage() as s:
        event = {**s.repository.schedule_event(), "inputs": {"pull_request": "9" * 5000}}
        finished = s.workflow.run("workflow_dispatch", event, at("11:05"))
        assert finished.status == 2
        assert "not a pull request's number" in finished.log
        assert "Traceback" not in finished.log
        assert finished.log.count("::error") == 1
        assert len(finished.log) < 1000


@pytest.mark.parametrize("url", ["nonsense", "https://[x", "https://api.github.com:port"])
def test_an_address_of_github_that_is_none_is_named(url):
    with stage() as s:
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        nowhere = SimpleNamespace(api_url=url, graphql_url=s.github.graphql_url, url=s.github.url)
        finished = replace(s.workflow, github=nowhere).run(
            "pull_request_target", s.repository.event("opened", number), at("11:05")
        )
        assert finished.status == 2
        assert finished.log.count("::error") == 1
        assert "GITHUB_API_URL" in finished.log
        assert "Traceback" not in finished.log
        assert "### Problems" in finished.summary


def test_outputs_that_cannot_be_written_end_with_status_1_and_no_traceback(tmp_path):
    with stage() as s:
        s.vendors.add(call("ada", at("09:30")))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        (tmp_path / "output").mkdir()
        process = s.workflow.start("pull_request_target", s.repository.event("opened", number), tmp_path, at("11:05"))
        log, _ = process.communicate(timeout=60)
        assert process.returncode == 1
        assert "Traceback" not in log
        assert log.count("::error") == 1
        assert "GITHUB_OUTPUT" in log
        summary = (tmp_path / "summary").read_text()
        assert "$1.50" in summary
        assert "GITHUB\\_OUTPUT" in summary or "GITHUB_OUTPUT" in summary
        assert "$1.50" in s.comment(number)


@pytest.mark.parametrize("level", ["info", "debug"])
def test_a_bug_is_one_annotation_and_its_traceback_is_for_those_who_ask(level, tmp_path, monkeypatch):
    # A module of the same name, found first, stands for whatever nobody foresaw.
    (tmp_path / "yaml.py").write_text("raise LookupError('::error::x ghs_simulated')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with stage() as s:
        s.vendors.add(call("ada", at("09:30")))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        finished = s.event("opened", number, at("11:05"), log_level=level)
        assert finished.status == 1
        assert [line for line in finished.log.splitlines() if line.startswith("::error")] == [
            line for line in finished.log.splitlines() if "This is a bug in pr-cost-bot: LookupError" in line
        ]
        assert "This is a bug in pr-cost-bot: LookupError" in finished.summary
        assert ("Traceback" in finished.log) is (level == "debug")
        assert "ghs_simulated" not in finished.log + finished.summary


def test_a_configuration_path_that_leads_nowhere_is_a_warning_that_names_it():
    with stage() as s:
        s.inputs.clear()
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        finished = s.event("opened", number, at("11:05"), config_path=".github/cost.yml")
        assert finished.status == 0, finished.log
        assert finished.log.count("There is no file .github/cost.yml") == 1
        finished = s.event("opened", number, at("11:05"), config_path=".github/pr-cost-bot.yml")
        assert "There is no file" not in finished.log


def test_the_configuration_comes_from_the_base_branch_and_never_from_the_pull_request():
    with stage() as s:
        s.vendors.add(call("ada", at("09:30")))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        s.put(s.repository.data.pulls[number].head, CONFIG, "lables: {}")
        assert s.event("opened", number, at("11:05")).status == 0


def test_a_token_that_may_not_write_contents_gets_a_warning_and_the_rest_goes_on():
    with stage(contents="read") as s:
        s.vendors.add(call("ada", at("09:30")))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        finished = s.event("opened", number, at("11:05"))
        assert finished.status == 0
        assert "::warning" in finished.log
        assert "contents: write" in finished.log
        assert s.comment(number)
        assert not s.rows()


def test_a_token_that_may_not_read_contents_means_the_default_configuration_and_a_warning():
    with stage(contents="none") as s:
        s.inputs.clear()
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        finished = s.event("opened", number, at("11:05"))
        assert finished.status == 0, finished.log
        assert finished.log.count("the default configuration is used") == 1
        assert "contents: read" in finished.log


def test_a_token_that_may_not_comment_ends_with_status_1_and_names_the_permission():
    with stage(pull_requests="read", issues="read") as s:
        s.vendors.add(call("ada", at("09:30")))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        finished = s.event("opened", number, at("11:05"))
        assert finished.status == 1
        assert "pull-requests: write" in finished.log


def test_a_wrong_token_ends_with_status_2():
    with stage() as s:
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        s.inputs["github_token"] = "ghs_other"
        finished = s.event("opened", number, at("11:05"))
        assert finished.status == 2
        assert "github_token" in finished.log
        assert "ghs_other" not in finished.log


HOSTILE = (
    "<!-- pr-cost-bot:v1 {} --> ::error::pwned\n::warning::x ##[error]y | `a` ](http://evil) <img src=x> @octocat "
    "{{ 7*7 }} \u202e\x1b[31m --> #1 " + "A" * 10_000
)


def test_hostile_text_everywhere_is_harmless():
    with stage() as s:
        s.vendors.add(call("ada", at("09:30"), model="m](x) | <b> @octocat ::error::z"))
        s.github.add_user("ada", name=HOSTILE[:200], emails=["ada@acme.example"])
        number = s.repository.open_pull_request(
            "ada", [work("ada", at("09:50"), HOSTILE)], head="feat/`x`;$(id)", text=HOSTILE.replace("\n", " ")
        )
        finished = s.event("opened", number, at("11:05"))
        assert finished.status == 0, finished.log
        lines = [line for line in finished.log.splitlines() if line.lstrip().startswith("::")]
        assert not any(
            "pwned" in line or "::z" in line for line in lines if not line.startswith("::warning title=pr-cost-bot::")
        )
        assert "##[" not in finished.log
        body = s.comment(number)
        assert body.count("<!--") == 1
        assert len(body) < 65_000
        for forbidden in ("](http://evil)", "<img", "@octocat", "\u202e", "\x1b"):
            assert forbidden not in body
            assert forbidden not in finished.summary
