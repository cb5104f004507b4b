"""How much of a month's budget is used, and where the month will end. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import msgspec

from pr_cost_bot.config import Budgets
from pr_cost_bot.model import ZERO
from pr_cost_bot.reports.forecast import forecast
from pr_cost_bot.reports.scope import Period, month_of, next_month

ENOUGH_DAYS = 14
"""Days that the figures must go back for a forecast: with less, one busy day would be every day."""


class BudgetState(msgspec.Struct, frozen=True, kw_only=True):
    """One budget on one day. `repository` empty: of everything. `first`: the first day with any spend.

    `forecast_usd`: as `report forecast` has it, but never below `spent_usd`.
    """

    repository: str = ""
    today: date
    budget_usd: Decimal
    spent_usd: Decimal
    forecast_usd: Decimal
    first: date

    @property
    def used(self) -> Decimal:
        """1: all of it."""
        return self.spent_usd / self.budget_usd

    @property
    def month(self) -> Period:
        return Period(month_of(self.today), next_month(self.today))

    @property
    def days(self) -> int:
        """Days of the month that have begun."""
        return self.today.day

    @property
    def foreseeable(self) -> bool:
        """Whether there is enough to say where the month ends."""
        return (self.today - self.first).days >= ENOUGH_DAYS


def budget_state(by_day: Mapping[date, Decimal], budget_usd: Decimal, today: date, repository: str = "") -> BudgetState:
    """`by_day`: spend by day; days without any may be left out."""
    month = Period(month_of(today), next_month(today))
    spent = sum((cost for day, cost in by_day.items() if month.start <= day <= today), ZERO)
    return BudgetState(
        repository=repository,
        today=today,
        budget_usd=budget_usd,
        spent_usd=spent,
        forecast_usd=max(forecast(by_day, today).forecast_usd, spent),
        first=min((day for day, cost in by_day.items() if cost), default=today),
    )


def budget_states(
    budgets: Budgets, everything: Mapping[date, Decimal], by_repository: Mapping[str, Mapping[date, Decimal]], today: date
) -> list[BudgetState]:
    """The budget of everything first. Names of repositories are compared as GitHub does, whatever their case."""
    found = {name.casefold(): by_day for name, by_day in by_repository.items()}
    whole: Sequence[BudgetState] = (
        () if budgets.monthly_usd is None else (budget_state(everything, budgets.monthly_usd, today),)
    )
    single = (
        budget_state(found[name.casefold()], amount, today, name)
        for name, amount in budgets.repositories.items()
        if name.casefold() in found
    )
    return [*whole, *single]
