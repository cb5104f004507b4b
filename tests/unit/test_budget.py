from datetime import date, timedelta
from decimal import Decimal

from pr_cost_bot.config import Budgets
from pr_cost_bot.reports.budget import budget_state, budget_states

TODAY = date(2026, 11, 20)


def every_day(usd, days=60, until=TODAY):
    return {until - timedelta(days=n): Decimal(usd) for n in range(days)}


def test_a_steady_month_ends_where_its_days_say():
    state = budget_state(every_day(10), Decimal(400), TODAY)
    assert (state.spent_usd, state.used, state.forecast_usd) == (200, Decimal("0.5"), 300)
    assert state.foreseeable


def test_a_forecast_is_never_below_what_is_spent():
    state = budget_state({TODAY: Decimal(50)}, Decimal(40), TODAY)
    assert (state.spent_usd, state.forecast_usd, state.used) == (50, 50, Decimal("1.25"))


def test_days_of_other_months_and_days_to_come_do_not_count():
    by_day = {date(2026, 10, 31): Decimal(7), date(2026, 11, 1): Decimal(1), date(2026, 11, 21): Decimal(9)}
    assert budget_state(by_day, Decimal(40), TODAY).spent_usd == 1


def test_a_few_days_are_no_ground_for_a_forecast():
    assert not budget_state(every_day(10, days=14), Decimal(40), TODAY).foreseeable
    assert budget_state(every_day(10, days=15), Decimal(40), TODAY).foreseeable
    assert not budget_state({}, Decimal(40), TODAY).foreseeable


def test_budgets_are_of_everything_and_of_the_repositories_that_the_table_knows():
    budgets = Budgets(monthly_usd=Decimal(100), repositories={"Acme/Web": Decimal(10), "acme/other": Decimal(1)})
    states = budget_states(budgets, every_day(2), {"acme/web": every_day(1)}, TODAY)
    assert [(one.repository, one.spent_usd) for one in states] == [("", 40), ("Acme/Web", 20)]
    assert budget_states(Budgets(), every_day(2), {}, TODAY) == []
