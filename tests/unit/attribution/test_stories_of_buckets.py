"""Usage of hours and days: one story per rule."""

from decimal import Decimal

import pytest
from tests.unit.attribution.stories import allocate, at, bucket, commit, pull, spent

from pr_cost_bot.model import Evidence


def test_an_hour_with_one_place_to_go_goes_there_whole():
    assert spent([bucket("09:00", 1, "8.00")], [commit("10:30", 1)]) == {1: 8}


def test_an_hour_with_one_place_to_go_is_matched_and_stands_on_the_commit_most_of_it_led_to():
    (share,) = allocate([bucket("09:00", 1, "8.00")], [commit("09:57", 1), commit("10:58", 1)])
    assert share.evidence is Evidence.MATCHED
    assert share.commit == commit("09:57", 1).sha


def test_an_hour_with_two_places_to_go_is_split_by_the_time_before_each_commit():
    shares = spent([bucket("09:00", 1, "8.00")], [commit("09:45", 1), commit("10:00", 2)])
    assert shares[1] > 2 * shares[2]
    assert shares[1] + shares[2] == 8


def test_a_split_is_marked_as_shared():
    shares = allocate([bucket("09:00", 1, "8.00")], [commit("09:30", 1), commit("09:55", 2)])
    assert {share.evidence for share in shares} == {Evidence.SHARED}


def test_a_day_across_midnight_reaches_the_commit_of_the_next_morning():
    shares = spent([bucket("00:00", 24, "8.00"), bucket("00:00", 24, "1.00", days=1)], [commit("00:20", 1, days=1)])
    assert shares == {1: 9}


def test_weight_falls_with_the_time_before_a_commit():
    day = [bucket("00:00", 24, "10.00")]
    commits = [commit("08:00", 1), commit("16:00", 2), commit("16:40", 3)]
    eight_hours, forty_minutes = spent(day, commits)[2], spent(day, commits)[3]
    assert forty_minutes < eight_hours < 4 * forty_minutes
    by_count = spent(day, commits, without=["decay"])
    assert abs(by_count[2] - by_count[3]) < Decimal("0.001")


def test_a_busy_day_reaches_further_back_than_a_quiet_one():
    commits = [commit("12:00", 1), commit("12:10", 2)]
    quiet, busy = [bucket("00:00", 24, "10.00", requests=5)], [bucket("00:00", 24, "10.00", requests=900)]
    assert spent(busy, commits)[1] > spent(quiet, commits)[1]
    without = ["busy-days", "sharpen"]  # the other rule that looks at the number of requests
    assert spent(busy, commits, without=without) == spent(quiet, commits, without=without)


def test_the_time_before_a_first_commit_counts_less_than_that_between_two():
    day = [bucket("00:00", 24, "10.00")]
    commits = [commit("10:00", 1), commit("12:00", 2), commit("14:00", 1)]
    assert spent(day, commits)[2] < spent(day, commits, without=["beginnings"])[2]
    begun_before = [commit("10:00", 2, days=-1), *commits]
    assert spent(day, begun_before)[2] > spent(day, commits)[2]


def test_larger_commits_took_more_but_less_than_in_proportion():
    day = [bucket("00:00", 24, "10.00")]
    commits = [commit("09:00", 1, additions=100), commit("18:00", 2, additions=1, deletions=0)]
    shares = spent(day, commits)
    assert shares[2] < shares[1] < 10 * shares[2]
    assert spent(day, commits, without=["lines"])[1] < shares[1]


def test_with_an_idle_next_hour_little_was_for_a_later_commit():
    commits = [commit("09:30", 1), commit("11:30", 2)]
    idle, active = [bucket("09:00", 1, "8.00")], [bucket("09:00", 1, "8.00"), bucket("10:00", 1, "0.00")]
    assert spent(idle, commits)[2] < spent(active, commits)[2]
    assert spent(idle, commits, without=["idle-hours"]) == spent(active, commits, without=["idle-hours"])


def test_small_shares_are_made_a_little_smaller():
    commits = [commit("09:05", 1), commit("09:59", 2)]
    assert (
        spent([bucket("09:00", 1, "8.00")], commits)[1] < spent([bucket("09:00", 1, "8.00")], commits, without=["sharpen"])[1]
    )


def test_a_few_requests_in_a_day_went_to_fewer_pull_requests_than_many():
    commits = [commit("09:00", 1, additions=2), commit("12:00", 2, additions=200)]
    few, many = [bucket("00:00", 24, "8.00", requests=6)], [bucket("00:00", 24, "8.00", requests=600)]
    assert spent(few, commits, without=["busy-days"])[1] < spent(many, commits, without=["busy-days"])[1]
    without = ["busy-days", "sharpen"]
    assert spent(few, commits, without=without) == spent(many, commits, without=without)


def test_the_part_of_an_hour_after_the_last_commit_of_an_open_pull_request_is_pending():
    shares = spent([bucket("09:00", 1, "8.00")], [commit("09:15", 1)], [pull(1)], now=at("12:00"))
    assert shares == {1: 2, "pending": 6}


def test_the_part_of_an_hour_after_the_last_commit_waits_no_longer_than_that():
    work = [bucket("09:00", 1, "8.00")], [commit("09:15", 1)], [pull(1)]
    assert spent(*work, now=at("12:00")) == {1: 2, "pending": 6}
    assert spent(*work, now=at("12:00", 5)) == {1: 8}


def test_an_hour_without_any_commit_after_an_open_pull_request_is_pending():
    assert spent([bucket("10:00", 1, "8.00")], [commit("09:15", 1)], [pull(1)], now=at("12:00")) == {"pending": 8}


@pytest.mark.parametrize("usd", ["0.00000001", "0.07", "10", "33.333333333333"])
def test_no_split_loses_or_makes_money(usd):
    commits = [commit("09:10", 1), commit("09:30", 2), commit("09:50", 3)]
    shares = allocate([bucket("09:00", 1, usd, billed_usd=Decimal("0.01"))], commits)
    assert sum(share.cost_usd for share in shares) == Decimal(usd)
    assert sum(share.billed_usd for share in shares) == Decimal("0.01")
    assert sum(share.tokens.input for share in shares) == 100_003
    assert sum(share.requests for share in shares) == 60
