"""Usage of overlapping runs in SQLite and PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from tests.factories import NOON, minutes, usage

from pr_cost_bot.ledger.database import Database
from pr_cost_bot.ledger.sql import SqlLedger
from pr_cost_bot.ledger.usage import UsageOfRun, covered, usage_rows
from pr_cost_bot.model import Allocation, Evidence

START = NOON.replace(hour=0)


def run(*parts, at=0, people=("ada",), start=START, end=START + timedelta(days=1), sources=("cursor",)):
    """Parts: (person, hour, pull request, dollars)."""
    records, allocations = {}, []
    for number, (person, hour, pull, cost) in enumerate(parts):
        moment = START + timedelta(hours=hour, minutes=10)
        records[str(number)] = usage(str(number), person=person, start=moment, end=moment, cost_usd=Decimal(cost))
        allocations.append(
            Allocation(
                usage_id=str(number),
                repository="acme/web",
                pr_number=pull,
                commit=None,
                evidence=Evidence.MATCHED if pull else None,
                cost_usd=Decimal(cost),
                low_usd=Decimal(0),
                high_usd=Decimal(cost),
                tokens=records[str(number)].tokens,
                requests=1,
                billed_usd=None,
                reason="" if pull else "nobody knows",
            )
        )
    return UsageOfRun(
        computed_at=NOON + minutes(at), rows=usage_rows(records, allocations), covered=covered(people, sources, (), start, end)
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/costs.db"
    return request.getfixturevalue("postgresql_url")


def usage_in(url):
    with Database(url).reading() as connection:
        query = sa.text("select person, bucket_start, pr_number, reason, cost_usd, billed_usd from usage order by 1, 2, 3")
        found = connection.execute(query).all()
    hour = lambda text: int(str(text)[11:13])  # noqa: E731
    return [(person, hour(start), pull, reason, Decimal(cost), billed) for person, start, pull, reason, cost, billed in found]


def test_the_view_shows_usage_in_words_and_exact_dollars(url):
    SqlLedger(url).write_usage(run(("ada", 9, 7, "0.123456789012"), ("ada", 10, None, "-2.5")))
    assert usage_in(url) == [
        ("ada", 9, 7, "", Decimal("0.123456789012"), None),
        ("ada", 10, None, "nobody knows", Decimal("-2.5"), None),
    ]


def test_a_later_run_replaces_the_hours_it_covers(url):
    ledger = SqlLedger(url)
    ledger.write_usage(run(("ada", 9, 7, "1"), ("ada", 10, None, "2"), ("ben", 9, 7, "4"), people=("ada", "ben")))
    ledger.write_usage(run(("ada", 10, 8, "3"), at=1, start=START + timedelta(hours=10)))
    assert [(person, hour, pull, cost) for person, hour, pull, _, cost, _ in usage_in(url)] == [
        ("ada", 9, 7, 1),
        ("ada", 10, 8, 3),
        ("ben", 9, 7, 4),
    ]


def test_the_same_run_twice_changes_nothing_and_an_older_one_neither(url):
    ledger = SqlLedger(url)
    ledger.write_usage(run(("ada", 9, 7, "1"), at=5))
    before = usage_in(url)
    ledger.write_usage(run(("ada", 9, 7, "1"), at=6))
    ledger.write_usage(run(("ada", 9, 8, "9"), ("ada", 9, None, "1"), at=4))
    assert usage_in(url) == before


def test_an_hour_that_a_run_saw_in_part_is_left_to_who_saw_it_whole_unless_it_is_now(url):
    ledger = SqlLedger(url)
    ledger.write_usage(run(("ada", 9, 7, "1"), ("ada", 11, 7, "1"), ("ada", 12, 7, "1"), at=1))
    part = START + timedelta(hours=9, minutes=30)
    ledger.write_usage(run(("ada", 9, 8, "2"), at=2, start=part, end=START + timedelta(hours=11, minutes=30)))
    ledger.write_usage(run(("ada", 12, 8, "2"), at=20, start=START + timedelta(hours=12), end=NOON + minutes(20)))
    assert [(hour, pull, cost) for _, hour, pull, _, cost, _ in usage_in(url)] == [(9, 7, 1), (11, 7, 1), (12, 8, 2)]


def test_a_run_whose_source_failed_deletes_nothing(url):
    ledger = SqlLedger(url)
    ledger.write_usage(run(("ada", 9, 7, "1")))
    ledger.write_usage(run(at=1, sources=()))
    assert len(usage_in(url)) == 1


def test_a_run_without_usage_makes_no_account(url):
    SqlLedger(url).write_usage(run())
    assert usage_in(url) == []


def test_writers_at_once_leave_every_hour_as_one_of_them_said(url):
    runs = [
        run(
            *((person, hour, n + 1, str(n + 1)) for person in ("ada", "ben") for hour in (9, 10, 11)),
            at=n,
            people=("ada", "ben"),
        )
        for n in range(8)
    ]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: SqlLedger(url).write_usage(one), runs))
    found = usage_in(url)
    assert [(person, hour) for person, hour, *_ in found] == [(p, h) for p in ("ada", "ben") for h in (9, 10, 11)]
    assert {pull for _, _, pull, *_ in found} == {8}
