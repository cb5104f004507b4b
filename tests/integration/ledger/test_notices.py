"""The notices in SQLite and in a real PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import sqlalchemy as sa
from tests.factories import NOON

from pr_cost_bot.alerts.book import claimed, settled
from pr_cost_bot.ledger.database import plain_engine
from pr_cost_bot.ledger.notices import SqlNotices
from pr_cost_bot.ports import PublishError

KEYS = ("budget/2026-11/*/100/80", "digest/2026-W47")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/costs.db"
    return request.getfixturevalue("postgresql_url")


def claim(url, run, keys=KEYS):
    decide = partial(claimed, keys=keys, services=("slack 1", "json 1"), run=run, now=NOON)
    return SqlNotices(url).change(keys, decide)


def test_records_come_back_as_they_were_written(url):
    mine = claim(url, "a")
    assert SqlNotices(url).read([*KEYS, "other"]) == mine
    SqlNotices(url).change(KEYS, lambda _: settled(mine, {KEYS[0]: ["json 1"]}, NOON))
    found = SqlNotices(url).read(KEYS)
    assert [(found[key].state, found[key].unsent) for key in KEYS] == [("failed", ("json 1",)), ("done", ())]


def test_of_ten_runs_at_once_each_notice_is_claimed_by_one(url):
    with ThreadPoolExecutor(10) as pool:
        claims = list(pool.map(lambda n: claim(url, str(n), KEYS if n % 2 else KEYS[::-1]), range(10)))
    assert sorted(key for one in claims for key in one) == sorted(KEYS)


def test_of_ten_runs_at_once_one_tries_again_what_failed(url):
    mine = claim(url, "first")
    SqlNotices(url).change(KEYS, lambda _: settled(mine, {key: ["json 1"] for key in KEYS}, NOON))
    with ThreadPoolExecutor(10) as pool:
        claims = list(pool.map(lambda n: claim(url, str(n)), range(10)))
    assert sorted(key for one in claims for key in one) == sorted(KEYS)


def test_a_state_of_somebody_else_s_counts_as_told(url):
    claim(url, "a")
    with plain_engine(url).begin() as connection:
        connection.execute(sa.text("UPDATE notices SET state = 'whatever'"))
    assert claim(url, "b") == {}


def test_a_database_out_of_reach_is_explained():
    with pytest.raises(PublishError, match="database"):
        claim("sqlite:////nowhere/at/all.db", "a")
