"""The SQL ledger on SQLite and on a real PostgreSQL server."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
import sqlalchemy as sa
from tests.factories import NOON, line, minutes, pull_request, pull_request_cost

from pr_cost_bot.ledger.database import Database
from pr_cost_bot.ledger.rows import rfc3339, row_of
from pr_cost_bot.ledger.sql import SqlLedger
from pr_cost_bot.model import Tokens, Unpriced
from pr_cost_bot.ports import PublishError


def row(number=7, **given):
    return row_of(pull_request_cost(pull=pull_request(number=number), **given), show_people=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/costs.db"
    return request.getfixturevalue("postgresql_url")


def test_a_row_comes_back_as_it_was(url):
    written = row(lines=(line(cost_usd=Decimal("0.123456789012")), line(model="gpt-5.5", billed_usd=None)))
    SqlLedger(url).write([written])
    assert SqlLedger(url).read("acme/web", [7, 8]) == {7: written}


def test_writing_again_updates_the_row_and_replaces_its_lines(url):
    ledger = SqlLedger(url)
    ledger.write([row(lines=(line(model="a"), line(model="b")))])
    newer = row(lines=(line(model="c"),), computed_at=NOON + minutes(60))
    ledger.write([newer])
    assert ledger.read("acme/web", [7]) == {7: newer}


def test_a_later_run_that_says_the_same_writes_nothing_even_where_the_database_holds_less(url):
    lines = (line(model="gpt-5.1"), line(model="gpt-5-mini"), line(model="Gpt-5"))
    unpriced = (Unpriced(source="openai", model="new-model", tokens=Tokens(10, 0, 0, 1)),)
    ledger = SqlLedger(url)
    ledger.write([row(lines=lines, unpriced=unpriced, computed_at=NOON)])
    ledger.write([row(lines=lines, unpriced=unpriced, computed_at=NOON + minutes(60))])
    assert ledger.read("acme/web", [7])[7]["computed_at"] == rfc3339(NOON)
    dearer = (*lines[:2], line(model="Gpt-5", cost_usd=Decimal(9)))
    ledger.write([row(lines=dearer, unpriced=unpriced, computed_at=NOON + minutes(90))])
    assert ledger.read("acme/web", [7])[7]["computed_at"] == rfc3339(NOON + minutes(90))


def test_an_older_run_never_overwrites_a_newer_one(url):
    ledger = SqlLedger(url)
    newer = row(computed_at=NOON + minutes(60))
    ledger.write([newer])
    ledger.write([row(lines=(line(model="old"),), computed_at=NOON + minutes(59))])
    assert ledger.read("acme/web", [7]) == {7: newer}


def test_other_repositories_have_their_own_numbers(url):
    ledger = SqlLedger(url)
    ledger.write([row()])
    assert ledger.read("acme/api", [7]) == {}


def test_rows_since_a_time_are_those_that_are_open_or_closed_later(url):
    ledger = SqlLedger(url)
    closed = {"state": "merged", "merged_at": NOON, "closed_at": NOON}
    ledger.write([row_of(pull_request_cost(pull=pull_request(number=1, **closed)), show_people=True), row(number=2)])
    assert [one["pr_number"] for one in ledger.rows(NOON)] == [1, 2]
    assert [one["pr_number"] for one in ledger.rows(NOON + minutes(1))] == [2]


def test_ten_writers_at_once_leave_ten_rows_and_one_of_the_same(url):
    def write(number):
        SqlLedger(url).write([row(number=number), row(number=99)])

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(write, range(1, 11)))
    rows = SqlLedger(url).read("acme/web", [*range(1, 11), 99])
    assert sorted(rows) == [*range(1, 11), 99]
    assert len(rows[99]["lines"]) == 1


@pytest.mark.parametrize(
    "url", ["not a url", "nosuchdatabase://x/y", "sqlite:////nowhere/at/all.db", "postgresql+psycopg://u:pw@127.0.0.1:1/x"]
)
def test_a_database_that_cannot_be_used_is_explained_without_its_password(url):
    with pytest.raises(PublishError, match="database") as caught:
        SqlLedger(url).write([row()])
    assert "pw" not in str(caught.value)


def test_a_race_that_is_lost_again_and_again_ends_in_words(tmp_path):
    def lose(_):
        raise sa.exc.IntegrityError("INSERT", {}, Exception("secret"))

    with pytest.raises(PublishError, match="Other writers were first") as caught:
        Database(f"sqlite:///{tmp_path}/costs.db").until_nobody_else_does(lose)
    assert "secret" not in str(caught.value)
