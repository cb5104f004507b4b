"""Usage that goes over in many parts, and rows that go both ways, on SQLite and PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from tests.integration.ledger.test_usage_sync import everything, move
from tests.organisation import COMPUTED, fill, organisation, table_rows, usage_of

from pr_cost_bot.ledger import usage_sync
from pr_cost_bot.ledger.folder import FolderLedger
from pr_cost_bot.ledger.sql import SqlLedger
from pr_cost_bot.ledger.sync import Synced, in_a_database, sync


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/costs.db"
    return request.getfixturevalue("postgresql_url")


@pytest.fixture(scope="module")
def org():
    """Part of the organisation: every fifth pull request with all that was used for it."""
    whole = organisation()
    pulls = whole.pulls[::5]
    chosen = {(pull.repository, pull.number) for pull in pulls}
    return whole._replace(pulls=pulls, shares=tuple(s for s in whole.shares if (s.repository, s.pr_number) in chosen))


def test_parts_never_cut_a_day(url, org, tmp_path, monkeypatch):
    source = f"sqlite:///{tmp_path}/source.db"
    SqlLedger(source).write_usage(usage_of(org))
    monkeypatch.setattr(usage_sync, "_ENOUGH", 2)
    first = move(source, url)
    assert first.written == first.rows
    assert everything(url) == everything(source)
    assert move(source, url).written == 0


def test_rows_go_from_the_branch_to_the_database_and_back_to_the_byte(url, org, tmp_path):
    rows = [one for one in table_rows(org) if one["repository"] == "acme/web0"]
    folder, back, database = FolderLedger(tmp_path / "table"), FolderLedger(tmp_path / "back"), SqlLedger(url)
    folder.write(rows)
    assert sync(folder.rows(), database, in_a_database) == Synced(len(rows), len(rows))
    sync(database.rows(), back, in_a_database)
    files = {path.name: path.read_bytes() for path in (tmp_path / "table/pr_costs").iterdir()}
    assert {path.name: path.read_bytes() for path in (tmp_path / "back/pr_costs").iterdir()} == files != {}


def test_writers_of_everything_at_once_leave_what_the_newest_of_them_said(url, org, tmp_path):
    def write(hours):
        ledger = SqlLedger(url)
        ledger.write(table_rows(org)[: 10 + hours])
        ledger.write_usage(usage_of(org, COMPUTED + timedelta(hours=hours)))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, (3, 1, 2, 0)))
    alone = f"sqlite:///{tmp_path}/alone.db"
    SqlLedger(alone).write_usage(usage_of(org))
    assert everything(url) == everything(alone)
    before = everything(url)
    fill(SqlLedger(url), org)
    assert everything(url) == before
    assert list(SqlLedger(url).rows()) == sorted(table_rows(org), key=lambda row: (row["repository"], row["pr_number"]))
