"""Files of usage through the whole program: telemetry that names its branch, and an export with a bad row."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.end_to_end.world import EMAILS, Stage, at, stage, work

FILES = "  files:\n    - {path: usage}\n"


def event(number: int, clock: str, branch: str, dollars: str) -> str:
    attributes = {
        "event.name": "api_request",
        "event.timestamp": at(clock).isoformat(),
        "user.email": EMAILS["ada"],
        "model": "claude-opus-5-5",
        "cost_usd": dollars,
        "input_tokens": "1000",
        "output_tokens": "100",
        "request_id": f"req_{number}",
    }
    listed = [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()]
    tags = [
        {"key": key, "value": {"stringValue": value}} for key, value in {"repository": "acme/web", "branch": branch}.items()
    ]
    logs = {"resource": {"attributes": tags}, "scopeLogs": [{"logRecords": [{"attributes": listed}]}]}
    return json.dumps({"resourceLogs": [logs]})


@contextmanager
def with_file(name: str, text: str) -> Iterator[tuple[Stage, int]]:
    """A pull request of ada's on the branch fix-a, and a file of usage, which is all that tells anything."""
    with stage(config=FILES) as s:
        number = s.repository.open_pull_request("ada", [work("ada", at("09:05"))], head="fix-a", text="A")
        (s.workspace / "usage").mkdir()
        (s.workspace / "usage" / name).write_text(text)
        s.inputs.clear()
        yield s, number


@pytest.fixture
def telemetry():
    """Ada works on two branches at once; every event comes twice."""
    lines = [event(1, "09:00", "fix-a", "1.25"), event(2, "09:01", "fix-b", "3.00"), event(3, "09:02", "fix-a", "0.75")]
    return "\n".join([*lines, *lines]) + "\n"


def test_telemetry_puts_parallel_work_on_its_own_pull_request(telemetry):
    with with_file("otel.jsonl", telemetry) as (s, first):
        s.repository.open_pull_request("ada", [work("ada", at("09:06"))], head="fix-b", text="B")
        finished = s.event("opened", first, at("12:00"))
        assert finished.status == 0, finished.log
        assert (finished.outputs["cost_usd"], finished.outputs["complete"]) == ("2", "true")
        lines = json.loads(finished.outputs["summary"])["lines"]
        assert {(line["source"], line["product"], line["evidence"]) for line in lines} == {
            ("anthropic", "claude_code", "tagged")
        }


def test_a_bad_row_makes_the_figure_incomplete_and_names_its_place():
    export = (Path(__file__).parents[1] / "fixtures" / "files" / "cursor-team.csv").read_text()
    rows = export.replace("2026-03-20", "2026-11-16").replace("Dev@Example.com", EMAILS["ada"]).replace('"$0.32"', '"lots"')
    with with_file("cursor.csv", rows) as (s, number):
        finished = s.event("opened", number, at("12:00"))
        assert finished.status == 0, finished.log
        assert (finished.outputs["cost_usd"], finished.outputs["complete"]) == ("0.11", "false")
        assert "incomplete" in s.comment(number)
        assert "usage/cursor.csv, line 3, Cost" in finished.log
