import csv
import json
import os

import msgspec
import pytest
from tests.factories import NOON, minutes, pull_request, pull_request_cost

from pr_cost_bot.ledger.files import write_artifact
from pr_cost_bot.ledger.rows import document_of
from pr_cost_bot.ports import PublishError
from pr_cost_bot.row_file import LINE_FIELDS, ROW_FIELDS


def document(**given):
    return document_of(pull_request_cost(**given), show_people=False)


def read_csv(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_three_files_with_this_runs_rows(tmp_path):
    write_artifact(tmp_path / "pr-cost", [document()])
    rows, lines = read_csv(tmp_path / "pr-cost/pr_costs.csv"), read_csv(tmp_path / "pr-cost/pr_cost_lines.csv")
    assert tuple(rows[0]) == ROW_FIELDS
    assert tuple(lines[0]) == LINE_FIELDS
    assert (rows[0]["cost_usd"], rows[0]["complete"], rows[0]["merged_at"]) == ("4.21", "true", "")
    assert json.loads((tmp_path / "pr-cost/pr_cost.json").read_text())["lines"][0]["cost_usd"] == "4.21"


def test_several_pull_requests_make_a_list(tmp_path):
    write_artifact(tmp_path, [document(), document(pull=pull_request(number=8))])
    assert [each["pr_number"] for each in json.loads((tmp_path / "pr_cost.json").read_text())] == [7, 8]
    assert len(read_csv(tmp_path / "pr_costs.csv")) == 2


def test_the_same_facts_at_another_time_write_nothing(tmp_path):
    write_artifact(tmp_path, [document()])
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    write_artifact(tmp_path, [document(computed_at=NOON + minutes(500))])
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    write_artifact(tmp_path, [document(settled=True)])
    assert json.loads((tmp_path / "pr_cost.json").read_text())["settled"] is True


@pytest.mark.parametrize("title", ["=HYPERLINK(1)", "+1", "-1", "@x", 'a "quoted", title'])
def test_a_title_is_never_a_formula(tmp_path, title):
    write_artifact(tmp_path, [document(pull=pull_request(title=title))])
    cell = read_csv(tmp_path / "pr_costs.csv")[0]["title"]
    assert cell[0] not in "=+-@"
    assert cell.lstrip("'") == title


@pytest.mark.parametrize("before", ["[" * 100_000, '[{"sources": 5}]', '{"sources": [5]}', "7"])
def test_whatever_was_in_the_file_before_is_replaced(tmp_path, before):
    write_artifact(tmp_path, [document()])
    (tmp_path / "pr_cost.json").write_text(before)
    write_artifact(tmp_path, [document()])
    assert json.loads((tmp_path / "pr_cost.json").read_text())["pr_number"] == 7


def test_a_folder_that_cannot_be_made_is_explained(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PublishError, match="Give another artifact_dir"):
        write_artifact(tmp_path / "file" / "pr-cost", [document()])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can own files for others")
def test_files_belong_to_the_owner_of_the_workspace(tmp_path):
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    os.chown(workspace, 1001, 1001)
    write_artifact(workspace / "pr-cost", [document()])
    assert {path.stat().st_uid for path in (workspace / "pr-cost").rglob("*")} == {1001}


def test_a_broken_file_from_before_is_replaced(tmp_path):
    (tmp_path / "pr_cost.json").write_text("{")
    write_artifact(tmp_path, [document()])
    assert msgspec.json.decode((tmp_path / "pr_cost.json").read_bytes())["pr_number"] == 7
