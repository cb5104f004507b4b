from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pr_cost_bot.model import ZERO
from pr_cost_bot.reports.amounts import Amounts, Group, folded
from pr_cost_bot.reports.caching import TokenPrices, caching
from pr_cost_bot.reports.concentration import concentration
from pr_cost_bot.reports.estimates import calibration
from pr_cost_bot.reports.forecast import Forecast, PastForecast, forecast, history_needed
from pr_cost_bot.reports.headline import change
from pr_cost_bot.reports.mix import model_mix
from pr_cost_bot.reports.outliers import outliers
from pr_cost_bot.reports.privacy import Privacy
from pr_cost_bot.reports.pulls import PullRow, median
from pr_cost_bot.reports.scope import Period, QuestionError, last_days, next_month, pull_request_key, week_of
from pr_cost_bot.reports.spend import split_exactly
from pr_cost_bot.tickets import tickets_of

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def group(*key, cost=1, people=1):
    return Group(key, Amounts(cost_usd=Decimal(cost)), people)


def pull(number=1, cost=1, repository="acme/web", **given):
    values = {
        **dict.fromkeys(PullRow.__struct_fields__),
        "repository": repository,
        "pr_number": number,
        "cost_usd": Decimal(cost),
        "author": "ada",
        "commits": 1,
        "state": "merged",
    }
    return PullRow(**{**values, **given})


def test_half_is_made_by_the_fewest_largest_members():
    found = concentration([group(name, cost=cost) for name, cost in (("a", 5), ("b", 3), ("c", 1), ("d", 1), ("e", 0))])
    assert [member.key[0] for member in found.half] == ["a"]
    assert (found.count, found.top, found.top_share) == (4, 1, Decimal("0.5"))


def test_nothing_spent_has_no_concentration():
    found = concentration([])
    assert (found.count, found.top_share, found.half, found.half_share_of_members) == (0, None, (), None)


@given(st.lists(st.integers(0, 1000), max_size=40))
def test_half_holds_at_least_half_and_one_fewer_does_not(costs):
    found = concentration([group(str(n), cost=cost) for n, cost in enumerate(costs)])
    held = [member.amounts.cost_usd for member in found.half]
    assert sum(held) * 2 >= found.total_usd
    assert not held or sum(held[:-1]) * 2 < found.total_usd


def test_what_writing_to_the_cache_costs_more_is_taken_off_the_savings():
    amounts = Amounts(input_tokens=1000, cache_read_tokens=800, cache_write_tokens=100)
    (found,) = caching([Group(("m",), amounts)], lambda _: TokenPrices(Decimal(10), Decimal(1), Decimal("12.5")))
    assert found.saved_usd == 800 * 9 - Decimal(250)
    assert found.amounts.cache_hit_rate == Decimal("0.8")


@pytest.mark.parametrize("prices", [None, TokenPrices(None, None, None), TokenPrices(Decimal(1), None, None)])
def test_savings_without_a_price_are_unknown_and_not_zero(prices):
    (found,) = caching([Group(("m",), Amounts(input_tokens=9, cache_read_tokens=9))], lambda _: prices)
    assert found.saved_usd is None


def test_a_model_without_cache_saved_nothing():
    assert caching([Group(("m",), Amounts(input_tokens=9))], lambda _: None)[0].saved_usd == 0


def test_a_model_that_stops_shows_its_fall_and_a_gap_has_no_change():
    weeks = ("2026-11-02", "2026-11-09", "2026-11-23")
    found = model_mix([group(weeks[0], "a"), group(weeks[0], "b"), group(weeks[1], "b"), group(weeks[2], "b")])
    assert [(one.week.day, one.model, one.share, one.change) for one in found] == [
        (2, "a", Decimal("0.5"), None),
        (2, "b", Decimal("0.5"), None),
        (9, "b", 1, Decimal("0.5")),
        (9, "a", 0, Decimal("-0.5")),
        (23, "b", 1, None),
    ]


def test_a_model_that_cost_nothing_is_not_told_to_have_stopped():
    found = model_mix([group("2026-11-02", "a"), group("2026-11-02", "b", cost=0), group("2026-11-09", "a")])
    assert [(one.week.day, one.model) for one in found] == [(2, "a"), (2, "b"), (9, "a")]


def test_a_forecast_of_even_days_is_exact_now_and_was_before():
    days = {date(2026, 8, 1) + timedelta(days=n): Decimal(2) for n in range(120)}
    found = forecast(days, date(2026, 11, 20))
    assert (found.so_far_usd, found.forecast_usd) == (38, 60)
    assert [(past.month.month, past.forecast_usd, past.actual_usd, past.error) for past in found.past] == [
        (10, 62, 62, 0),
        (9, 60, 60, 0),
    ]
    assert found.mean_error == 0


def test_a_forecast_follows_the_weekdays():
    workdays = {day: Decimal(1) for n in range(28) if (day := date(2026, 10, 19) + timedelta(days=n)).weekday() < 5}
    found = forecast(workdays, date(2026, 11, 16))
    assert found.forecast_usd == 10 + 11


def test_a_forecast_of_nothing_is_nothing():
    found = forecast({}, date(2026, 11, 20))
    assert (found.forecast_usd, found.past, found.mean_error) == (0, (), None)


def test_a_few_days_of_history_do_not_count_the_days_before_them_as_free():
    found = forecast({date(2026, 11, day): Decimal(3) for day in (16, 17, 18, 19)}, date(2026, 11, 20))
    assert found.forecast_usd == 12 + 11 * 3


def test_the_history_of_a_forecast_reaches_four_weeks_before_the_third_month():
    assert history_needed(date(2026, 11, 20)) == Period(date(2026, 7, 4), date(2026, 11, 20))


def test_outliers_are_held_against_their_own_repository_where_it_has_enough():
    usual = [pull(n, 1) for n in range(5)] + [pull(n, 10, "acme/ml") for n in range(5)]
    big = [pull(90, 8), pull(91, 8, "acme/ml"), pull(92, 79, "acme/ml"), pull(93, 80, "acme/ml"), pull(94, 44, "acme/new")]
    found = outliers(big, usual)
    assert [(one.pull.pr_number, one.median_usd, one.times) for one in found] == [
        (93, 10, 8),
        (94, Decimal("5.5"), 8),
        (90, 1, 8),
    ]


def test_without_any_cost_there_are_no_outliers():
    assert outliers([pull(1, 0)], [pull(1, 0)]) == []


def test_calibration_tells_what_to_multiply_the_next_estimate_with():
    pulls = [pull(n, cost, estimate_usd=Decimal(2)) for n, cost in enumerate((2, 4, 8))] + [
        pull(9, 5),
        pull(8, 5, estimate_usd=ZERO),
    ]
    (found,) = calibration(pulls, lambda one: one.author)
    assert (found.name, found.count, found.typical, found.over) == ("ada", 3, 2, 2)
    assert found.close == Decimal(1) / 3


@pytest.mark.parametrize(("cost", "close"), [("5", 1), ("5.01", 0), ("3", 1), ("2.99", 0)])
def test_an_estimate_is_close_up_to_a_quarter_off(cost, close):
    (found,) = calibration([pull(1, cost, estimate_usd=Decimal(4))], lambda one: one.author)
    assert found.close == close


def test_the_mean_error_of_a_forecast_is_without_sign():
    months = (PastForecast(NOON.date(), Decimal(15), Decimal(10)), PastForecast(NOON.date(), Decimal(5), Decimal(10)))
    today = {"month": NOON.date(), "today": NOON.date(), "so_far_usd": ZERO, "forecast_usd": ZERO}
    assert Forecast(**today, past=(*months, PastForecast(NOON.date(), Decimal(5), ZERO))).mean_error == Decimal("0.5")


def test_past_months_are_forecast_on_the_same_day_or_their_last():
    doubled = {date(2026, 1, 1) + timedelta(days=n): Decimal(1 if n < 45 else 2) for n in range(90)}
    february, january = forecast(doubled, date(2026, 3, 31)).past[0], forecast(doubled, date(2026, 2, 20)).past
    assert january == ()  # the figures begin with it
    so_far = sum(cost for day, cost in doubled.items() if date(2026, 2, 1) <= day < date(2026, 2, 28))
    assert february.forecast_usd == so_far + Decimal(1 + 1 + 1 + 2) / 4  # one day more: a Saturday
    assert february.actual_usd == so_far + 2


def test_the_median_of_an_even_number_is_the_mean_of_the_middle_two():
    assert median([Decimal(4), Decimal(1), Decimal(2), Decimal(9)]) == 3
    assert median([]) is None


def test_change_needs_something_to_compare_with():
    assert change(Decimal(3), Decimal(2)) == Decimal("0.5")
    assert change(Decimal(3), ZERO) is None
    assert change(None, Decimal(2)) is None


@pytest.mark.parametrize(("text", "names"), [(None, ()), ("A-1", ("A-1",)), ("A-1, B-2,A-1,", ("A-1", "B-2"))])
def test_a_row_may_name_several_tickets(text, names):
    assert tickets_of(text) == names


@given(st.decimals(-100, 100, places=18), st.integers(0, 10**9), st.integers(1, 7))
def test_equal_parts_add_up_to_the_whole(cost, tokens, parts):
    whole = Amounts(cost_usd=cost, input_tokens=tokens)
    assert sum(split_exactly(whole, parts), Amounts()) == whole


def test_pseudonyms_depend_on_the_key_and_not_on_case():
    one, other = (Privacy(people="pseudonyms", key=key) for key in (b"a", b"b"))
    assert one.name("Ada") == one.name("ada") != other.name("ada")
    assert "ada" not in one.name("ada")
    assert one.name("") == ""


def test_small_groups_are_shown_together_and_never_alone():
    groups = [group("a", people=1, cost=4), group("b", people=3, cost=2), group("c", people=9, cost=1)]
    shown = Privacy(min_group=3).shown(groups, ("repository",))
    assert [(one.key[0], one.amounts.cost_usd) for one in shown] == [("c", 1), ("(groups of fewer than 3 people)", 6)]


def test_small_groups_are_together_week_by_week():
    groups = [
        group(week, name, people=people, cost=4) for week in ("w1", "w2") for name, people in (("a", 1), ("b", 1), ("c", 9))
    ]
    shown = Privacy(min_group=3).shown([*groups, group("w3", "d", people=3)], ("week", "repository"))
    together = "(groups of fewer than 3 people)"
    assert [(one.key, one.amounts.cost_usd) for one in shown] == [
        (("w1", together), 12),
        (("w2", together), 12),
        (("w3", "d"), 1),
    ]
    turned = Privacy(min_group=3).shown([group("a", "w1", people=1), group("b", "w1", people=2)], ("repository", "week"))
    assert [one.key for one in turned] == [(together, "w1")]


def test_the_same_few_people_in_several_groups_are_not_shown_alone():
    groups = [group("a", people=2), group("b", people=2), group("c", people=3), group("d", people=5)]
    shown = Privacy(min_group=3).shown(groups, ("repository",))
    assert [(one.key[0], one.amounts.cost_usd) for one in shown] == [("d", 1), ("(groups of fewer than 3 people)", 3)]


def test_large_groups_times_and_shown_people_are_left_as_they_are():
    groups = [group("a", people=1), group("b", people=3)]
    assert Privacy(min_group=3, people="shown").shown(groups, ("repository",)) == groups
    assert Privacy(min_group=3).shown(groups, ("week",)) == groups
    assert Privacy(min_group=1).shown(groups, ("repository",)) == groups


def test_groups_fold_by_one_part_of_their_key():
    found = folded([group("a", "x", cost=1), group("b", "x", cost=5), group("a", "y", cost=2)], 0)
    assert [(one.key, one.amounts.cost_usd) for one in found] == [(("b",), 5), (("a",), 3)]


def test_the_last_days_end_with_today():
    assert last_days(7, NOON) == Period(date(2026, 11, 14), date(2026, 11, 21))
    assert str(last_days(7, NOON)) == "2026-11-14 to 2026-11-20"
    assert last_days(7, NOON).before == Period(date(2026, 11, 7), date(2026, 11, 14))


def test_weeks_begin_on_monday_and_years_end():
    assert week_of(date(2026, 11, 22)) == date(2026, 11, 16)
    assert next_month(date(2026, 12, 31)) == date(2027, 1, 1)


@pytest.mark.parametrize("text", ["acme/web", "acme/web#x", "#7", "acme/web#²"])
def test_what_is_no_pull_request_is_said_to_be_none(text):
    with pytest.raises(QuestionError, match="owner/repository#42"):
        pull_request_key(text)
