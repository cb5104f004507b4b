"""How sure a figure is."""

from decimal import Decimal

from tests.unit.attribution.stories import allocate, at, bucket, call, commit, pull


def bounds(shares):
    result = {}
    for share in shares:
        low, high = result.get(share.pr_number, (0, 0))
        result[share.pr_number] = (low + share.low_usd, high + share.high_usd)
    return result


def test_calm_work_is_certain():
    assert bounds(allocate([call("09:30")], [commit("08:00", 1), commit("10:00", 1)])) == {1: (1, 1)}


def test_the_beginning_of_a_stretch_of_work_may_have_been_the_end_of_what_was_before():
    calls = [call(f"09:3{minute}", session="a") for minute in range(3)]
    assert bounds(allocate(calls, [commit("08:00", 2), commit("10:00", 1)])) == {1: (2, 3)}


def test_right_after_a_commit_elsewhere_it_may_still_be_that_one():
    shares = allocate([call("09:31")], [commit("09:30", 1), commit("10:30", 2)])
    assert bounds(shares) == {2: (0, 1), 1: (0, 1)}
    assert [share.cost_usd for share in shares] == [1, 0]


def test_going_back_and_forth_makes_wide_ranges():
    commits = [commit("09:00", 1), commit("09:30", 2), commit("10:30", 1), commit("11:00", 2)]
    assert bounds(allocate([call("10:00")], commits)) == {1: (0, 1), 2: (0, 1)}


def test_an_uncertain_place_gets_no_tokens_and_no_money():
    uncertain = allocate([call("09:31")], [commit("09:30", 1), commit("10:30", 2)])[1]
    assert (uncertain.cost_usd, uncertain.tokens.input, uncertain.requests) == (0, 0, 0)


def test_a_tagged_record_is_certain():
    [share] = allocate([call("09:31", repository="acme/web", pr_number=1)], [commit("09:30", 2), commit("10:30", 3)])
    assert (share.low_usd, share.high_usd) == (1, 1)


def test_a_day_split_in_two_may_be_anything_from_nothing_to_all():
    day = allocate([bucket("00:00", 24, "10.00")], [commit("10:00", 1), commit("15:00", 2)])
    assert bounds(day)[1][0] == 0
    assert sum(high for _, high in bounds(day).values()) > 15


def test_a_bucket_with_one_place_to_go_is_certain_as_long_as_nothing_else_is_near():
    assert bounds(allocate([bucket("09:00", 1, "10.00")], [commit("09:30", 1)])) == {1: (Decimal("9.50"), 10)}
    shares = allocate([bucket("09:00", 1, "10.00")], [commit("08:58", 2), commit("09:50", 1)], [pull(2, merged=at("08:59"))])
    assert bounds(shares)[1][0] == 0
    assert bounds(shares)[2][1] > 0
