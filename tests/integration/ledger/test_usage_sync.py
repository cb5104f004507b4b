"""Usage carried from one database to another, on SQLite and PostgreSQL."""

import io
from collections import Counter
from datetime import datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa
from tests.integration.ledger.test_usage import run
from tests.organisation import organisation, records_of_pulls, table_rows, usage_of

from pr_cost_bot.ledger.database import Database
from pr_cost_bot.ledger.rows import exact_dollars
from pr_cost_bot.ledger.sql import SqlLedger
from pr_cost_bot.ledger.sync import Synced, sync_parts
from pr_cost_bot.ledger_command import ledger


def everything(url):
    """All usage by names, whichever numbers the database gave them."""
    with Database(url).reading() as connection:
        columns = "person, source, product, model, bucket_start, grain, repository, pr_number, evidence, reason, cost_usd"
        rows = connection.execute(sa.text(f"select {columns}, billed_usd, requests, input_tokens from usage")).all()
        return Counter(tuple(_plain(value) for value in row) for row in rows)


def _plain(value):
    """The same from both databases."""
    if isinstance(value, Decimal):
        return exact_dollars(value)
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value


def total(url):
    with Database(url).reading() as connection:
        return connection.execute(sa.text("select sum(cost_units), sum(input_tokens) from usage_shares")).one()


@pytest.fixture
def sqlite_url(tmp_path):
    return f"sqlite:///{tmp_path}/source.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def target_url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/target.db"
    return request.getfixturevalue("postgresql_url")


def move(source, target):
    return sync_parts(SqlLedger(source).usage(), SqlLedger(target).merge_usage)


def test_the_whole_organisation_arrives_once_and_only_once_and_comes_back_unchanged(sqlite_url, target_url, tmp_path):
    SqlLedger(sqlite_url).write_usage(usage_of(organisation()))
    first = move(sqlite_url, target_url)
    assert first.rows == first.written > 1000
    assert move(sqlite_url, target_url) == Synced(first.rows, 0)
    assert total(target_url) == total(sqlite_url)
    assert move(target_url, sqlite_url) == Synced(first.rows, 0)
    back = f"sqlite:///{tmp_path}/back.db"
    move(target_url, back)
    assert everything(back) == everything(sqlite_url)


def test_what_was_interrupted_is_taken_up_where_it_was(sqlite_url, target_url, monkeypatch):
    SqlLedger(sqlite_url).write_usage(usage_of(organisation()))
    target, parts = SqlLedger(target_url), 0
    merge = target.merge_usage

    def merge_some(part):
        nonlocal parts
        parts += 1
        if parts > 20:
            raise KeyboardInterrupt
        return merge(part)

    monkeypatch.setattr(target, "merge_usage", merge_some)
    with pytest.raises(KeyboardInterrupt):
        sync_parts(SqlLedger(sqlite_url).usage(), target.merge_usage)
    half = total(target_url)
    assert 0 < half[0] < total(sqlite_url)[0]
    done = move(sqlite_url, target_url)
    assert 0 < done.written < done.rows
    assert total(target_url) == total(sqlite_url)


def test_a_later_figure_replaces_the_hour_and_an_older_one_does_not(sqlite_url, target_url):
    SqlLedger(sqlite_url).write_usage(run(("ada", 9, 1, "2"), ("ada", 9, None, "3"), ("ada", 10, 1, "1")))
    move(sqlite_url, target_url)
    SqlLedger(sqlite_url).write_usage(run(("ada", 9, 2, "5"), ("ada", 10, 1, "1"), at=60))
    assert move(sqlite_url, target_url).written == 3  # two shares go, one comes
    assert everything(target_url) == everything(sqlite_url)
    SqlLedger(target_url).write_usage(run(("ada", 9, 3, "7"), ("ada", 10, 1, "1"), at=120))
    assert move(sqlite_url, target_url).written == 0
    assert total(target_url)[0] == 8 * 10**12


def test_what_only_the_target_knows_stays(sqlite_url, target_url):
    SqlLedger(target_url).write_usage(run(("ben", 9, 1, "2"), people=("ben",)))
    SqlLedger(sqlite_url).write_usage(run(("ada", 9, 1, "3"), at=60))
    move(sqlite_url, target_url)
    assert total(target_url)[0] == 5 * 10**12


def test_a_day_that_the_source_has_by_the_hour_since_does_not_count_twice(sqlite_url, target_url):
    day = run(("ada", 0, 1, "6"))
    by_day = [{**row, "grain": "day"} for row in day.rows]
    for url in (sqlite_url, target_url):
        SqlLedger(url).write_usage(type(day)(computed_at=day.computed_at, rows=by_day, covered=day.covered))
    SqlLedger(sqlite_url).write_usage(run(("ada", 9, 1, "2"), ("ada", 15, None, "4"), at=24 * 60))
    move(sqlite_url, target_url)
    assert everything(target_url) == everything(sqlite_url)
    assert total(target_url)[0] == 6 * 10**12


def sync_command(*arguments):
    out, err = io.StringIO(), io.StringIO()
    return ledger(["sync", *arguments], {}, out, err), out.getvalue(), err.getvalue()


def test_the_command_says_what_became_of_the_usage(sqlite_url, target_url, tmp_path):
    source = SqlLedger(sqlite_url)
    source.write(table_rows(organisation())[:3])
    assert source.write_records(next(iter(records_of_pulls(organisation())))) == 6
    said = "3 rows looked at, {} written.\nVendors' records: 6 looked at, {} changed.\nUsage: 2 rows looked at, {} changed.\n"
    source.write_usage(run(("ada", 9, 1, "2"), ("ada", 9, None, "3")))
    status, out, _ = sync_command(sqlite_url, target_url)
    assert status == 0
    assert out == said.format(3, 6, 2)
    assert sync_command(sqlite_url, target_url)[1] == said.format(0, 0, 0)
    folder, one = str(tmp_path / "branch"), table_rows(organisation())[0]["repository"]
    assert "no place for it" in sync_command(target_url, folder, "--repository", one)[1]
    assert "the branch carries none" in sync_command(folder, sqlite_url)[1]
    assert "Leave out --repository" in sync_command(sqlite_url, target_url, "--repository", one)[1]
    assert sync_command(sqlite_url, sqlite_url)[0] == 2
