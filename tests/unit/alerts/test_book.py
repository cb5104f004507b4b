from datetime import UTC, datetime, timedelta

import pytest

from pr_cost_bot.alerts.book import ABANDONED_AFTER, claimed, settled
from pr_cost_bot.ports import NoticeRecord

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def record(state, unsent=("slack 1",), run="before", at=NOW - timedelta(days=1)):
    return NoticeRecord(state=state, at=at, run=run, unsent=unsent)


def claims(there, keys=("k",), services=("slack 1", "json 1"), now=NOW):
    return claimed(there, keys, services, "mine", now)


def test_what_nobody_told_goes_to_every_service():
    assert claims({}) == {"k": record("claimed", ("slack 1", "json 1"), "mine", NOW)}


def test_without_services_it_is_told_by_being_shown():
    assert claims({}, services=()) == {"k": record("done", (), "mine", NOW)}


@pytest.mark.parametrize("state", ["done", "lost"])
def test_what_was_told_or_may_have_been_is_left_alone(state):
    assert claims({"k": record(state)}) == {}


def test_what_failed_goes_only_to_those_that_lack_it():
    assert claims({"k": record("failed")})["k"].unsent == ("slack 1",)
    gone = claims({"k": record("failed", ("mailto 1",))})["k"]
    assert (gone.state, gone.unsent) == ("done", ())


def test_another_run_s_claim_is_its_own_until_that_run_must_have_ended():
    at = NOW - ABANDONED_AFTER
    assert claims({"k": record("claimed", at=at)}) == {}
    assert claims({"k": record("claimed", at=at - timedelta(seconds=1))})["k"].state == "lost"


def test_an_own_claim_stays_ones_own():
    own = record("claimed", run="mine", at=NOW)
    assert claims({"k": own}) == {"k": own}


def test_what_failed_is_noted_with_whom_it_failed_for():
    mine = claims({}, keys=("a", "b"))
    after = settled(mine, {"a": ["json 1"]}, NOW)
    assert (after["a"].state, after["a"].unsent) == ("failed", ("json 1",))
    assert (after["b"].state, after["b"].unsent) == ("done", ())
