import gzip
import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.files.samples import FIXTURES, text_of

from pr_cost_bot.config import UsageFile
from pr_cost_bot.model import Identity, SourceResult, SourceState, UsageQuery
from pr_cost_bot.sources.files import make

DEV = Identity(person="dev", emails=("dev@example.com",), login="dev")
NOV = datetime(2026, 11, 20, 15, tzinfo=UTC)
MAR = datetime(2026, 3, 20, 12, tzinfo=UTC)


def at(now: datetime, *people: Identity, hours: int = 48) -> UsageQuery:
    return UsageQuery(people=people or (DEV,), start=now - timedelta(hours=hours), end=now, now=now)


def fetch(root: Path, query: UsageQuery, *entries: UsageFile) -> SourceResult:
    return make(entries, {"GITHUB_WORKSPACE": str(root)}).fetch(query)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "workspace"
    root.mkdir()
    for path in FIXTURES.iterdir():
        (root / path.name).write_bytes(path.read_bytes())
    return root


def test_a_persons_rows_in_the_time_asked_for_are_records(workspace):
    answer = fetch(workspace, at(MAR), UsageFile(path="cursor-team.csv"))
    assert answer.status.state is SourceState.OK
    assert (answer.status.grain, answer.status.records, answer.status.unknown_people) == ("event", 3, ())
    assert {record.actor for record in answer.records} == {"dev@example.com"}
    assert {record.source for record in answer.records} == {"cursor"}
    assert sum(record.cost_usd or 0 for record in answer.records) == Decimal("0.43")
    assert fetch(workspace, at(NOV), UsageFile(path="cursor-team.csv")).records == ()


def test_the_status_says_how_fresh_the_files_are(workspace):
    answer = fetch(workspace, at(MAR), UsageFile(path="cursor-team.csv"))
    assert answer.status.fresh_until == datetime(2026, 3, 20, 7, 50, tzinfo=UTC)
    assert answer.status.notes == ()
    stale = fetch(workspace, at(NOV), UsageFile(path="cursor-team.csv"))
    assert "The newest row in the files is of 2026-03-20 07:50 UTC" in stale.status.notes[0]


def test_a_person_is_found_by_every_name_that_the_row_has(workspace):
    bot = Identity(person="bot", vendors={"anthropic": ("user_01",), "openai": ("key_1",), "bedrock": ("alice",)})
    assert len(fetch(workspace, at(NOV, bot), UsageFile(path="otlp.jsonl")).records) == 2
    usage = fetch(workspace, at(datetime(2025, 10, 7, tzinfo=UTC), bot), UsageFile(path="openai-usage.csv"))
    assert {record.actor for record in usage.records} == {"key_1"}
    assert len(fetch(workspace, at(datetime(2026, 10, 7, tzinfo=UTC), bot), UsageFile(path="bedrock.jsonl")).records) == 1


def test_where_a_file_names_nobody_the_configuration_does(workspace):
    query = at(MAR)
    assert fetch(workspace, query, UsageFile(path="ccusage-daily.json")).records == ()
    named = fetch(workspace, query, UsageFile(path="ccusage-daily.json", person="dev"))
    assert [record.actor for record in named.records] == ["dev", "dev"]
    strange = fetch(workspace, query, UsageFile(path="ccusage-daily.json", person="x@example.com"))
    assert (strange.records, strange.status.unknown_people) == ((), ("dev",))


def test_usage_of_nobody_that_names_its_work_is_kept(workspace):
    text = text_of("otlp.jsonl").replace("user.email", "x").replace("user.account_id", "y")
    (workspace / "otlp.jsonl").write_text(text)
    answer = fetch(workspace, at(NOV), UsageFile(path="otlp.jsonl"))
    assert {(record.actor, record.repository, record.branch) for record in answer.records} == {("", "acme/web", "fix/login")}


def test_a_folder_is_read_whole_packed_files_too(workspace):
    logs = workspace / "logs" / "2026"
    logs.mkdir(parents=True)
    (logs / "a.json.gz").write_bytes(gzip.compress((FIXTURES / "bedrock.jsonl").read_bytes()))
    (logs / "b.jsonl").write_bytes((FIXTURES / "otlp.jsonl").read_bytes())
    (logs / "notes.md").write_text("no usage")
    (logs / ".hidden.json").write_text("no usage")
    october = fetch(workspace, at(datetime(2026, 10, 7, tzinfo=UTC)), UsageFile(path="logs"))
    assert (october.status.state, len(october.records)) == (SourceState.OK, 1)
    assert len(fetch(workspace, at(NOV), UsageFile(path="logs")).records) == 4


def test_bad_rows_are_counted_and_the_first_is_named(workspace):
    text = text_of("cursor-team.csv").replace('"0.11"', '"lots"').replace('"$0.32"', '"some"')
    (workspace / "cursor-team.csv").write_text(text)
    status = fetch(workspace, at(MAR), UsageFile(path="cursor-team.csv")).status
    assert (status.state, status.records) == (SourceState.PARTIAL, 1)
    assert "cursor-team.csv, line 2, Cost: expected a number. 2 rows of it cannot be read" in str(status.problem)


def test_a_missing_file_fails_alone_and_beside_another_makes_the_figure_partial(workspace):
    missing = UsageFile(path="nowhere.csv")
    failed = fetch(workspace, at(MAR), missing).status
    assert (failed.state, failed.fresh_until) == (SourceState.FAILED, None)
    assert "nowhere.csv does not exist" in str(failed.problem)
    partial = fetch(workspace, at(MAR), missing, UsageFile(path="cursor-team.csv")).status
    assert (partial.state, partial.records) == (SourceState.PARTIAL, 3)
    assert "nowhere.csv" in str(partial.problem)


def test_a_file_of_another_kind_is_a_problem(workspace):
    (workspace / "x.csv").write_text("a,b\n1,2\n")
    status = fetch(workspace, at(MAR), UsageFile(path="x.csv")).status
    assert (status.state, "any known format" in str(status.problem)) == (SourceState.FAILED, True)
    named = fetch(workspace, at(MAR), UsageFile(path="cursor-team.csv", format="copilot-csv")).status
    assert "It looks like a Cursor usage export" in str(named.problem)


@pytest.mark.parametrize("path", ["../secret.csv", "/etc/passwd", "link.csv", "folder/../../secret.csv", "linked/secret.csv"])
def test_nothing_outside_the_workspace_is_read(workspace, path):
    outside = workspace.parent / "secret.csv"
    outside.write_bytes((FIXTURES / "cursor-team.csv").read_bytes())
    (workspace / "link.csv").symlink_to(outside)
    (workspace / "linked").symlink_to(workspace.parent)
    answer = fetch(workspace, at(MAR), UsageFile(path=path))
    assert (answer.status.state, answer.records) == (SourceState.FAILED, ())
    assert "lies outside the workspace" in str(answer.status.problem)


def test_links_inside_a_folder_are_not_followed(workspace):
    outside = workspace.parent / "more"
    outside.mkdir()
    (outside / "secret.csv").write_bytes((FIXTURES / "cursor-team.csv").read_bytes())
    folder = workspace / "logs"
    folder.mkdir()
    (folder / "secret.csv").symlink_to(outside / "secret.csv")
    (folder / "more").symlink_to(outside)
    answer = fetch(workspace, at(MAR), UsageFile(path="logs"))
    assert (answer.records, "holds no file of usage" in str(answer.status.problem)) == ((), True)


def test_what_is_no_ordinary_file_is_not_opened(workspace):
    os.mkfifo(workspace / "pipe.csv")
    assert "does not exist" in str(fetch(workspace, at(MAR), UsageFile(path="pipe.csv")).status.problem)
    assert "does not exist" in str(fetch(workspace, at(MAR), UsageFile(path="a\0b")).status.problem)


def test_a_damaged_packed_file_gives_what_came_before_and_a_problem(workspace):
    (workspace / "x.gz").write_bytes(gzip.compress(text_of("cursor-team.csv").encode())[:-20])
    status = fetch(workspace, at(MAR), UsageFile(path="x.gz")).status
    assert status.state in {SourceState.PARTIAL, SourceState.FAILED}
    assert "damaged" in str(status.problem)


def test_more_rows_than_memory_is_given_are_left_out_and_told(workspace, monkeypatch):
    monkeypatch.setattr("pr_cost_bot.sources.files.MOST_RECORDS", 2)
    answer = fetch(workspace, at(MAR), UsageFile(path="cursor-team.csv"))
    assert (answer.status.state, len(answer.records)) == (SourceState.PARTIAL, 2)
    assert "more than 2 rows of these people's usage in this time; 1 rows are left out" in str(answer.status.problem)


def test_sums_over_more_than_a_day_are_left_out_and_told(workspace):
    name = "spend-report-2026-11-01-to-2026-11-30.csv"
    (workspace / name).write_text(text_of("spend-report-2026-11-19-to-2026-11-19.csv"))
    answer = fetch(workspace, at(NOV), UsageFile(path=name))
    assert (answer.status.state, answer.records) == (SourceState.PARTIAL, ())
    assert "1 rows of usage in files cover more than a day" in str(answer.status.problem)


def test_a_file_given_twice_counts_once(workspace):
    entry = UsageFile(path="cursor-team.csv")
    assert fetch(workspace, at(MAR), entry, entry).records == fetch(workspace, at(MAR), entry).records


def test_records_cannot_be_refined(workspace):
    source = make([UsageFile(path="cursor-team.csv")], {"GITHUB_WORKSPACE": str(workspace)})
    answer = source.fetch(at(MAR))
    assert source.refine(at(MAR), answer, ()) is answer


def test_inspect_says_what_each_file_holds_and_what_is_wrong(workspace):
    entries = [UsageFile(path="cursor-team.csv"), UsageFile(path="nowhere.csv")]
    seen = make(entries, {"GITHUB_WORKSPACE": str(workspace)}).inspect(MAR)
    assert seen.sees == ("cursor-team.csv: Cursor usage export, 5 rows of usage, to 2026-03-20 07:50 UTC",)
    assert "nowhere.csv does not exist" in str(seen.problem)


def test_an_empty_file_is_no_usage_and_no_problem(workspace):
    (workspace / "empty.jsonl").write_text("")
    status = fetch(workspace, at(MAR), UsageFile(path="empty.jsonl")).status
    assert (status.state, status.records) == (SourceState.OK, 0)
