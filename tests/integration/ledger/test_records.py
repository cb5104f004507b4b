"""The vendors' records behind each pull request, on SQLite and on a real PostgreSQL server."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
import sqlalchemy as sa
from tests.factories import NOON, minutes, pull_request, pull_request_cost, usage

from pr_cost_bot.ledger.database import Database
from pr_cost_bot.ledger.records import FACTS, RecordsOfPull, records_of
from pr_cost_bot.ledger.rows import row_of
from pr_cost_bot.ledger.sql import SqlLedger
from pr_cost_bot.ledger.sync import Synced, sync, sync_parts
from pr_cost_bot.ledger.tables import PR_COST_RECORDS
from pr_cost_bot.model import Allocation, Evidence, RecordShare, Tokens

EXACT = Decimal("0.123456789012345678")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/costs.db"
    return request.getfixturevalue("postgresql_url")


def one(identifier, cost="1.25", commit="a" * 40, **given):
    record = usage(identifier, person="octocat", reference=f"id={identifier}", **given)
    amount = Decimal(cost)
    share = Allocation(
        usage_id=identifier,
        repository="acme/web",
        pr_number=7,
        commit=commit,
        evidence=Evidence.MATCHED,
        cost_usd=amount,
        low_usd=amount / 2,
        high_usd=amount * 2,
        tokens=Tokens(500, 400, 50, 25),
        requests=1,
        billed_usd=amount,
        reason="next-commit",
    )
    return RecordShare(record, share)


def cost(*records, at=NOON, number=7):
    return pull_request_cost(pull=pull_request(number=number), records=records, computed_at=at)


def run(url, *records, at=NOON, number=7):
    """One run's row and records; how many rows of records changed."""
    found, ledger = cost(*records, at=at, number=number), SqlLedger(url)
    ledger.write([row_of(found, show_people=True)])
    return ledger.write_records(records_of(found))


def kept(url, number=7):
    (found,) = (part for part in SqlLedger(url).records() if part.pr_number == number)
    return Counter(found.rows)


def numbers(url):
    with Database(url).reading() as connection:
        chosen = sa.select(PR_COST_RECORDS.c.record_id, PR_COST_RECORDS.c.record_number)
        return dict(connection.execute(chosen).all())


def test_records_come_back_as_they_were(url):
    records = (
        one("u1", cost=str(EXACT), commit=None, start=NOON, end=NOON + timedelta(hours=1), product="api"),
        one("u2 \u00fc\U0001f389 '%_", cost_usd=None, billed_usd=None),
    )
    assert run(url, *records) == 2
    assert kept(url) == Counter(records_of(cost(*records)).rows)
    by_id = {row[0]: dict(zip(FACTS, row, strict=True)) for row in kept(url)}
    assert (by_id["u1"]["cost_usd"], by_id["u1"]["commit_sha"]) == (EXACT, "")
    unpriced = by_id["u2 \u00fc\U0001f389 '%_"]
    assert {unpriced[name] for name in ("cost_usd", "low_usd", "high_usd", "record_usd")} == {None}


def test_a_later_run_writes_what_is_new_and_takes_away_what_is_gone(url):
    run(url, one("u1"), one("u2"), one("u3"))
    before = numbers(url)
    assert run(url, one("u1"), one("u2", cost="2"), one("u4"), at=NOON + minutes(5)) == 4
    after = numbers(url)
    assert after["u1"] == before["u1"]
    assert kept(url) == Counter(records_of(cost(one("u1"), one("u2", cost="2"), one("u4"))).rows)
    assert run(url, one("u4"), one("u2", cost="2"), one("u1"), at=NOON + minutes(6)) == 0


def test_shares_that_are_alike_are_each_kept(url):
    assert run(url, one("u1"), one("u1"), one("u1", commit="b" * 40)) == 3
    assert run(url, one("u1"), one("u1", commit="b" * 40), at=NOON + minutes(5)) == 1
    assert sum(kept(url).values()) == 2


def test_an_older_run_changes_nothing(url):
    run(url, one("u1"), at=NOON + minutes(5))
    assert run(url, one("u2"), at=NOON) == 0
    assert kept(url) == Counter(records_of(cost(one("u1"))).rows)


def test_without_a_row_there_are_no_records(url):
    assert SqlLedger(url).write_records(records_of(cost(one("u1")))) == 0
    assert list(SqlLedger(url).records()) == []


def test_pull_requests_do_not_touch_each_others_records(url):
    run(url, one("u1"), one("u2"))
    run(url, one("u1"), number=8)
    run(url, number=7, at=NOON + minutes(5))
    assert [part.pr_number for part in SqlLedger(url).records()] == [8]


def test_writers_at_once_leave_one_runs_records(url):
    sets = [[one(f"u{n}") for n in range(start, start + 40)] for start in range(0, 60, 10)]
    run(url, one("u0"), at=NOON - minutes(5))
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda records: run(url, *records), sets))
    found = kept(url)
    assert found in [Counter(records_of(cost(*records)).rows) for records in sets]


def test_records_go_along_from_database_to_database(url, tmp_path):
    for number in (7, 8):
        run(url, one("u1"), one("u2", cost=str(EXACT)), number=number)
    target_url = f"sqlite:///{tmp_path}/target.db"
    source, target = SqlLedger(url), SqlLedger(target_url)
    sync(source.rows(), target)
    assert sync_parts(source.records(), target.write_records) == Synced(4, 4)
    assert sync_parts(source.records(), target.write_records) == Synced(4, 0)
    assert kept(target_url, 8) == kept(url, 8)
    run(target_url, one("u9"), at=NOON + minutes(5))
    assert sync_parts(source.records(), target.write_records) == Synced(4, 0)


def test_six_thousand_records_fit_into_one_statement_after_the_other(url):
    many = tuple(one(f"u{n}", start=NOON + timedelta(seconds=n), end=NOON + timedelta(seconds=n)) for n in range(6_000))
    found = records_of(cost(*many))
    SqlLedger(url).write([row_of(cost(), show_people=True)])
    assert SqlLedger(url).write_records(found) == 6_000
    fewer = msgspec.structs.replace(found, rows=found.rows[3_000:])
    assert isinstance(fewer, RecordsOfPull)
    assert SqlLedger(url).write_records(fewer) == 3_000
