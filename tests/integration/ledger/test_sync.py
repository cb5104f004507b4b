"""Rows from a checkout of the data branch into a database, and back."""

import io
import json

import pytest
from tests.factories import NOON, line, minutes, pull_request, pull_request_cost
from tests.organisation import organisation, table_rows

from pr_cost_bot.ledger.folder import FolderLedger
from pr_cost_bot.ledger.rows import row_of
from pr_cost_bot.ledger.sql import SqlLedger
from pr_cost_bot.ledger.sync import Synced, in_a_database, sync
from pr_cost_bot.ledger_command import ledger
from pr_cost_bot.model import Tokens, Unpriced
from pr_cost_bot.ports import PublishError, ReadError
from pr_cost_bot.report_command import UNREADABLE


def row(number=7, repository="acme/web", **given):
    return row_of(pull_request_cost(pull=pull_request(number=number, repository=repository), **given), show_people=True)


@pytest.fixture
def database(tmp_path):
    return SqlLedger(f"sqlite:///{tmp_path}/costs.db")


@pytest.fixture(params=["database", "folder"])
def target(request, tmp_path, database):
    return database if request.param == "database" else FolderLedger(tmp_path / "target")


def test_rows_go_from_the_branch_to_the_database_and_back_unchanged(tmp_path, database):
    rows = [one for one in table_rows(organisation()) if one["repository"] == "acme/web0"]
    rows[0]["ci_usage"] = [{"id": "ci", "cost_usd": "1.5"}]
    folder, back = FolderLedger(tmp_path / "table"), FolderLedger(tmp_path / "back")
    folder.write(rows)
    assert sync(folder.rows(), database, in_a_database) == Synced(len(rows), len(rows))
    assert list(database.rows()) == rows
    sync(database.rows(), back)
    files = sorted(path.name for path in (tmp_path / "table/pr_costs").iterdir())
    assert files
    for name in files:
        assert (tmp_path / "back/pr_costs" / name).read_bytes() == (tmp_path / "table/pr_costs" / name).read_bytes()


def test_the_second_time_nothing_is_written(target):
    rows = [row(number) for number in range(1, 250)]
    seen = []
    assert sync(rows, target, progress=seen.append) == Synced(249, 249)
    again = [row(number, computed_at=NOON + minutes(90)) for number in range(1, 250)]
    assert sync(again, target) == Synced(249, 0)
    assert seen == [100, 200, 249]


def everything_a_file_can_hold(**given):
    unpriced = (Unpriced(source="openai", model="new-model", tokens=Tokens(10, 0, 0, 1)),)
    lines = (line(model="a", billed_usd=None), line(model="b"))
    beyond = {"ci_usage": [{"id": "ci", "cost_usd": "1.5"}], "silent": ["cursor"], "anything": {"else": None}}
    return {**row(lines=lines, unpriced=unpriced, **given), **beyond}


@pytest.mark.parametrize("way", ["into a database", "into a folder", "back into the folder"])
def test_the_second_time_the_command_writes_nothing_whatever_the_rows_hold(tmp_path, database, way):
    folder, url = tmp_path / "table", f"sqlite:///{tmp_path}/costs.db"
    FolderLedger(folder).write([everything_a_file_can_hold()])
    arguments = ["sync", str(folder), str(tmp_path / "other")] if way == "into a folder" else ["sync", str(folder), url]
    told = [io.StringIO(), io.StringIO()]
    assert [ledger(arguments, {}, out) for out in told] == [0, 0]
    if way == "back into the folder":
        told[1] = io.StringIO()
        assert ledger(["sync", url, str(folder)], {}, told[1]) == 0
        assert list(FolderLedger(folder).rows()) == [everything_a_file_can_hold()]
    assert [out.getvalue().splitlines()[0] for out in told] == ["1 rows looked at, 1 written.", "1 rows looked at, 0 written."]


def test_what_changed_is_written_into_both(target):
    sync([everything_a_file_can_hold()], target, in_a_database)
    dearer = {**everything_a_file_can_hold(computed_at=NOON + minutes(90)), "ci_usage": [{"id": "ci", "cost_usd": "2"}]}
    assert sync([dearer], target, in_a_database) == Synced(1, 1)
    assert [one["ci_usage"] for one in target.rows()] == [dearer["ci_usage"]]


def test_what_is_newer_stays(target):
    newer = row(computed_at=NOON + minutes(90), label="cost:high")
    target.write([newer])
    sync([row()], target)
    assert list(target.rows()) == [newer]


def test_a_folder_holds_one_repositorys_rows(tmp_path):
    FolderLedger(tmp_path).write([row()])
    with pytest.raises(PublishError, match="acme/web"):
        FolderLedger(tmp_path).write([row(repository="acme/api")])


@pytest.mark.parametrize("text", ["{", "[]", '{"repository": "a/b"}', "[" * 100_000])
def test_a_file_that_is_no_row_is_named(tmp_path, text):
    (tmp_path / "pr_costs").mkdir()
    (tmp_path / "pr_costs/7.json").write_text(text)
    with pytest.raises(ReadError, match=r"pr_costs/7\.json"):
        list(FolderLedger(tmp_path).rows())


@pytest.mark.parametrize(
    "forged",
    [{"cost_usd": "much"}, {"opened_at": "soon"}, {"pr_number": 10**30}, {"title": None}, {"lines": [{}]}, {"title": "\ud800"}],
)
def test_a_forged_row_is_named_by_the_command_and_is_no_traceback(tmp_path, capsys, forged):
    import sys  # noqa: PLC0415

    (tmp_path / "pr_costs").mkdir()
    (tmp_path / "pr_costs/7.json").write_text(json.dumps({**row(), **forged}))
    told = io.StringIO()
    assert ledger(["sync", str(tmp_path), f"sqlite:///{tmp_path}/costs.db"], {}, sys.stdout, told) == UNREADABLE
    assert "pr_costs/7.json is no row of the table" in told.getvalue()


@pytest.mark.parametrize("forged", [{"ci_usage": [0.5]}, {"lines": [{**row()["lines"][0], "more": 1, "pr_number": 8}]}])
def test_what_a_row_has_beyond_its_fields_does_not_reach_other_rows(tmp_path, database, forged):
    (tmp_path / "pr_costs").mkdir()
    (tmp_path / "pr_costs/7.json").write_text(json.dumps({**row(), **forged}))
    sync(FolderLedger(tmp_path).rows(), database, in_a_database)
    (kept,) = database.rows()
    assert {one["pr_number"] for one in kept["lines"]} <= {7}


def test_the_command_moves_one_repositorys_rows(tmp_path, capsys):
    import sys  # noqa: PLC0415

    url = f"sqlite:///{tmp_path}/costs.db"
    SqlLedger(url).write([row(), row(repository="acme/api")])
    assert ledger(["sync", url, str(tmp_path / "out"), "--repository", "acme/API"], {}, sys.stdout, sys.stderr) == 0
    assert json.loads((tmp_path / "out/pr_costs/7.json").read_text())["repository"] == "acme/api"
    assert "1 rows looked at, 1 written" in capsys.readouterr().out
    assert ledger(["sync", str(tmp_path / "nowhere"), url], {}, sys.stdout, sys.stderr) == 2
    assert "no folder" in capsys.readouterr().err


def test_the_command_carries_rows_to_the_database_that_is_set(tmp_path):
    FolderLedger(tmp_path / "table").write([row()])
    url = f"sqlite:///{tmp_path}/costs.db"
    assert ledger(["sync", str(tmp_path / "table")], {"PR_COST_BOT_DATABASE_URL": url}, io.StringIO()) == 0
    assert list(SqlLedger(url).rows()) == [row()]


def test_the_command_migrates(tmp_path, capsys):
    import sys  # noqa: PLC0415

    environ = {"PR_COST_BOT_DATABASE_URL": f"sqlite:///{tmp_path}/costs.db"}
    assert ledger(["migrate"], environ, sys.stdout, sys.stderr) == 0
    assert "there were none" in capsys.readouterr().out
    assert ledger(["migrate"], {}, sys.stdout, sys.stderr) == 2
    assert "--database" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            "{folder}/nowhere",
            ["There is no folder {folder}/nowhere.", "Name a checkout of the branch pr-cost-data.", "git clone"],
        ),
        ("{folder}/row.json", ["{folder}/row.json is no folder.", "It is a file."]),
        ("sqlite:///{folder}/nowhere.db", ["There is no database {folder}/nowhere.db."]),
        ("{folder}/any.db", ["{folder}/any.db is no folder.", "Name it by its URL: sqlite:///{folder}/any.db"]),
    ],
)
@pytest.mark.parametrize("to", ["sqlite:///{folder}/new.db", "{folder}/new"])
def test_a_source_that_is_not_there_is_named_and_nothing_is_made(tmp_path, source, to, words):
    (tmp_path / "row.json").write_text(json.dumps(row()))
    (tmp_path / "any.db").write_bytes(b"SQLite format 3\0")
    out, told = io.StringIO(), io.StringIO()
    arguments = ["sync", source.format(folder=tmp_path), to.format(folder=tmp_path)]
    assert (ledger(arguments, {}, out, told), out.getvalue()) == (2, "")
    assert all(word.format(folder=tmp_path) in told.getvalue() for word in words)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["any.db", "row.json"]


def test_without_a_target_the_command_says_how_to_name_one_and_not_itself(tmp_path):
    FolderLedger(tmp_path).write([row()])
    told = io.StringIO()
    assert ledger(["sync", str(tmp_path)], {}, io.StringIO(), told) == 2
    assert "Name TO" in told.getvalue()
    assert "ledger sync" not in told.getvalue()


def test_a_folder_of_another_repository_is_not_written_into(tmp_path):
    FolderLedger(tmp_path / "table").write([row()])
    FolderLedger(tmp_path / "other").write([row(repository="acme/api")])
    told = io.StringIO()
    assert ledger(["sync", str(tmp_path / "table"), str(tmp_path / "other")], {}, io.StringIO(), told) == UNREADABLE
    assert "is a row of acme/api, not of acme/web" in told.getvalue()
