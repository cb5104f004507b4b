"""What a person at a terminal meets: pipes that close, extras that are missing, options that are empty."""

import json
import os
import re
import subprocess
import sys

import pytest

from tests.end_to_end.test_commands import run
from tests.end_to_end.world import at, call, stage, work

ROW = {
    "repository": "acme/web", "pr_number": 1, "title": "t", "url": "https://x/1", "author": "ada", "state": "merged",
    "merged_at": "2026-11-16T09:00:00Z", "cost_usd": "1.5", "computed_at": "2026-11-16T10:00:00Z", "lines": [],
}  # fmt: skip


def closed_early(*arguments, cwd, **environ):
    """Run with a standard output that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return subprocess.run(
            [sys.executable, "-m", "pr_cost_bot", *arguments], stdout=writer, stderr=subprocess.PIPE, text=True, cwd=cwd,
            timeout=60, check=False, env={**os.environ, "PR_COST_BOT_NOW": at("12:00").isoformat(), **environ},
        )  # fmt: skip
    finally:
        os.close(writer)


@pytest.mark.parametrize(
    "arguments",
    [
        ("config", "schema"),
        ("config", "check", "config.yml"),
        ("digest", "--from", "pr_cost.json"),
        ("import", "usage.jsonl"),
        ("attribute", "--usage", "usage.jsonl", "--commits", "commits.jsonl", "--output", "-"),
        ("attribute", "--usage", "usage.jsonl", "--commits", "commits.jsonl", "--output", "out.jsonl", "--summary"),
        ("--help",),
    ],
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_enough_is_no_error(tmp_path, arguments, unbuffered):
    usage = {
        "id": "u", "source": "cursor", "person": "a", "start": "2026-11-16T08:00:00Z", "end": "2026-11-16T08:00:00Z",
        "model": "m", "cost_usd": "1",
    }  # fmt: skip
    (tmp_path / "usage.jsonl").write_text(json.dumps(usage) + "\n")
    (tmp_path / "commits.jsonl").write_text("")
    (tmp_path / "config.yml").write_text("version: 1\n")
    (tmp_path / "pr_cost.json").write_text(json.dumps([ROW]))
    done = closed_early(*arguments, cwd=tmp_path, PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == (0 if unbuffered and arguments == ("--help",) else 141)  # argparse minds no unbuffered one
    assert done.stderr.replace("1 record.\n", "") == ""


def test_the_demo_names_the_extra_that_is_missing(tmp_path):
    (tmp_path / "markdown_it.py").write_text("raise ModuleNotFoundError(name='markdown_it')\n")
    done = run("demo", PYTHONPATH=f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}", cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "its extra 'demo'" in done.stderr
    assert "pip install markdown-it-py" in done.stderr


@pytest.mark.parametrize("command", ["digest", "dashboard"])
@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_from_is_refused_and_is_not_the_current_folder(tmp_path, command, empty):
    (tmp_path / "pr_costs").mkdir()
    (tmp_path / "pr_costs" / "1.json").write_text(json.dumps(ROW))
    done = run(command, "--from", empty, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("--from is empty.")
    assert not (tmp_path / "dashboard").exists()


def test_config_check_of_no_file_says_what_to_do(tmp_path):
    done = run("config", "check", str(tmp_path / "none.yml"))
    assert done.returncode == 2
    assert "Give the file's path." in done.stderr


def test_an_address_that_is_none_is_told_on_a_pull_request_too_and_not_shown():
    with stage() as s:
        number = s.opened()
        finished = s.event("edited", number, at("11:06"), notify_urls="slack://a/b/c\ns3cret-address")
        assert finished.status == 0
        assert "::warning title=pr-cost-bot::The input notify_urls has no address in line 2." in finished.log
        assert "s3cret" not in finished.log
        assert "notify_urls" not in s.event("edited", number, at("11:07"), notify_urls="slack://a/b/c").log


@pytest.mark.parametrize(
    ("cents", "limit", "said"),
    [
        ("156.25", "0.50", "cost $1.56, more than fail_above_usd allows ($0.50)"),
        ("150.04", "1.50", "cost $1.5004, more than fail_above_usd allows ($1.50)"),
        ("150.7", "1.505", "cost $1.51, more than fail_above_usd allows ($1.505)"),
        ("123456", "1,000", "cost $1,234.56, more than fail_above_usd allows ($1,000.00)"),
    ],
)
def test_the_gate_tells_cents_unless_they_would_look_like_the_limit(cents, limit, said):
    with stage(sources=("cursor",)) as s:
        s.vendors.add(call("ada", at("09:30"), cents=cents))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        finished = s.event("opened", number, at("11:05"), fail_above_usd=limit)
        assert finished.status == 3
        assert said in finished.log


def test_one_is_not_told_as_several():
    with stage(sources=("cursor",)) as s:
        s.opened()
        log = s.true_up(at("12:00", 1)).log
        assert "True-up of 1 pull request; 0 more are settled or long idle." in log


def test_the_demo_tells_dollars_and_cents(tmp_path):
    said = run("demo", "--output", str(tmp_path / "out")).stdout
    amounts = re.findall(r"\$[\d.,]*\d", said)
    assert amounts
    assert all(re.fullmatch(r"\$[\d,]+\.\d\d", amount) for amount in amounts)
