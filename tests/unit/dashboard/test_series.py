from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.dashboard.rows import NOW, entries, line, row

from pr_cost_bot.dashboard.series import (
    Days,
    DayUsage,
    model_series,
    share_curve,
    spend_by_day,
    spend_by_repository,
    spend_series,
    trend_series,
    usage_of_runs,
)
from pr_cost_bot.dashboard.windows import budget_of, steps, windows
from pr_cost_bot.ledger.usage import UsageOfRun
from pr_cost_bot.reports.scope import Period

MOMENT = datetime.fromisoformat(NOW)
TODAY = date(2026, 11, 21)


def window(key, table=()):
    return next(one for one in windows(table, MOMENT) if one.key == key)


@pytest.mark.parametrize("first", ["2026-11-20", "2026-10-01", "2025-06-01", "2023-01-01"])
@pytest.mark.parametrize("key", ["7", "30", "90", "all"])
def test_the_steps_of_a_window_cover_each_day_once(key, first):
    one = window(key, entries(row(day=first)))
    days = [step.start + timedelta(days=n) for step in steps(one) for n in range(step.days)]
    assert days == [one.period.start + timedelta(days=n) for n in range(one.period.days)]
    assert len(steps(one)) <= 64
    assert one.period.end == TODAY + timedelta(days=1)


def test_all_time_begins_with_the_first_pull_request():
    assert window("all", entries(row(day="2026-03-02"))).period.start == date(2026, 3, 2)
    assert window("all").period.days == 1


def test_a_months_budget_falls_on_its_days():
    assert round(budget_of(Period(date(2026, 2, 1), date(2026, 3, 1)), Decimal(2800)), 9) == 2800
    assert budget_of(Period(date(2026, 2, 28), date(2026, 3, 2)), Decimal(8680)) == 310 + 280


@given(st.lists(st.tuples(st.integers(0, 89), st.decimals(0, 900, places=4).map(str)), max_size=20))
def test_the_steps_spend_adds_up_to_the_window(parts):
    table = entries(*(row(n, cost, day=str(TODAY - timedelta(days=ago))) for n, (ago, cost) in enumerate(parts)))
    whole = sum((Decimal(cost) for _, cost in parts), Decimal(0))
    one = window("90", table)
    assert sum(spend_series(Days(table), None, one, None).pulls_usd) == whole
    assert sum(sum(costs) for costs in model_series(Days(table), one, str).costs_usd) == whole


def test_spend_is_dated_by_use_where_the_table_keeps_usage():
    usage = {
        TODAY: DayUsage(Decimal(3), {"pending": Decimal(1), "no commit": Decimal(2)}),
        TODAY - timedelta(days=400): DayUsage(Decimal(9)),
    }
    found = spend_series(Days(entries(row(day="2026-11-19"))), usage, window("7"), Decimal(3000))
    assert (found.pulls_usd[-1], found.rest_usd[-1], sum(found.pulls_usd)) == (3, 3, 3)
    assert found.budget_usd[-1] == 100


def test_each_point_of_the_trend_looks_back_over_its_days():
    table = entries(row(1, "2", day="2026-11-14"), row(2, "4", day="2026-11-15"), row(3, "9", day="2026-11-21"))
    found = trend_series(Days(table), window("7", table))
    assert found.days[0] == date(2026, 11, 15)
    assert [point.mean_usd for point in found.points] == [3, 3, 3, 3, 3, 3, Decimal("6.5")]


def test_a_trend_without_merges_has_gaps_instead_of_zeros():
    assert {point.mean_usd for point in trend_series(Days(entries(row(state="open"))), window("7")).points} == {None}


def test_beyond_six_models_the_cheapest_are_one():
    costs = {f"model-{n}": n for n in range(1, 9)}
    table = entries(row(1, str(sum(costs.values())), lines=[line(str(cost), model=name) for name, cost in costs.items()]))
    found = model_series(Days(table), window("7", table), str)
    assert found.names == ["model-8", "model-7", "model-6", "model-5", "model-4", "Others"]
    assert [max(one) for one in found.costs_usd] == [8, 7, 6, 5, 4, 6]


@given(st.lists(st.decimals(0, 1000, places=2), min_size=1, max_size=700))
def test_the_curve_of_cumulative_share_rises_to_the_whole_and_bends_down(costs):
    xs, ys = share_curve(costs)
    assert (xs[0], ys[0]) == (0, 0)
    if any(costs):
        assert (xs[-1], ys[-1]) == (1, 1)
    assert xs == sorted(xs)
    assert ys == sorted(ys)
    assert all(y >= x - Decimal("1e-20") for x, y in zip(xs, ys, strict=True))
    assert len(xs) < 450


def share(cost, reason="", hour="2026-11-20T10:00:00Z", person="ada"):
    names = {"source": "cursor", "scope": "", "product": "", "model": "opus", "grain": "hour"}
    return {**names, "person": person, "bucket_start": hour, "reason": reason, "cost_usd": cost}


def test_usage_of_runs_counts_each_bucket_once_as_the_last_run_saw_it():
    first = UsageOfRun(
        computed_at=MOMENT, covered=(), rows=[share("5"), share("2", "no commit followed"), share("1", person="ben")]
    )
    second = UsageOfRun(
        computed_at=MOMENT, covered=(), rows=[share("4"), share("3", "pending"), share("9", hour="2026-11-21T00:00:00Z")]
    )
    found = usage_of_runs([first, second])
    assert found[TODAY - timedelta(days=1)] == DayUsage(Decimal(5), {"pending": Decimal(3)})
    assert found[TODAY] == DayUsage(Decimal(9), {})
    assert usage_of_runs([]) == {}


def test_spend_by_day_is_of_the_usage_where_there_is_one_and_of_the_pull_requests_else():
    table = entries(row(1, "5"), row(2, "2"), row(3, "1", day="2026-11-01", repository="acme/api"))
    assert spend_by_day(table, None) == {date(2026, 11, 20): 7, date(2026, 11, 1): 1}
    assert spend_by_day(table, {TODAY: DayUsage(Decimal(3), {"why": Decimal(1)})}) == {TODAY: 4}
    assert spend_by_repository(table) == {"acme/web": {date(2026, 11, 20): 7}, "acme/api": {date(2026, 11, 1): 1}}


def test_what_open_pull_requests_cost_is_told_apart_where_days_are_their_own():
    table = entries(row(1, "2", day="2026-11-20"), row(2, "5", day="2026-11-21", state="open"))
    found = spend_series(Days(table), None, window("7"), None)
    assert (found.pulls_usd[-2:], found.open_usd[-2:]) == ([2, 5], [0, 5])
    assert spend_series(Days(table), {}, window("7"), None).open_usd is None


def test_usage_without_a_price_lies_where_any_usage_lies():
    rows = [share("5"), share("0", "(no price)"), share("2", "pending"), share("0", "pending (no price)")]
    found = usage_of_runs([UsageOfRun(computed_at=MOMENT, covered=(), rows=rows)])
    assert found == {TODAY - timedelta(days=1): DayUsage(Decimal(5), {"pending": Decimal(2)})}
