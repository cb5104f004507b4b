"""What the month will cost, and how far such forecasts were off before. Pure.

A day to come costs what its weekday cost on average in the four weeks before: work follows the week, and a mean over four of
them follows a trend without chasing single days. The same rule is tried on past months as they stood on the same day.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

import msgspec

from pr_cost_bot.model import ZERO
from pr_cost_bot.reports.amounts import ratio
from pr_cost_bot.reports.scope import Period, days_of, month_before, month_of, next_month

WEEKS = 4
PAST_MONTHS = 3


class PastForecast(msgspec.Struct, frozen=True):
    """What the rule would have said on the same day of a past month, and what came."""

    month: date
    forecast_usd: Decimal
    actual_usd: Decimal

    @property
    def error(self) -> Decimal | None:
        """0.1: a tenth too high."""
        return None if not self.actual_usd else self.forecast_usd / self.actual_usd - 1


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """`so_far_usd`: the month's days before today. `mean_error`: of past months, without sign; None: there were none."""

    month: date
    today: date
    so_far_usd: Decimal
    forecast_usd: Decimal
    past: tuple[PastForecast, ...]

    @property
    def mean_error(self) -> Decimal | None:
        errors = [abs(past.error) for past in self.past if past.error is not None]
        return ratio(sum(errors, ZERO), len(errors))


def forecast(by_day: Mapping[date, Decimal], today: date) -> Forecast:
    """`by_day`: spend by day, days without any left out; today's is not looked at, for it is not over."""
    first = min(by_day, default=today)
    past: list[PastForecast] = []
    month = month_before(today)
    while len(past) < PAST_MONTHS and month > first:
        same_day = min(today.day, (next_month(month) - month).days)
        _, said = _month(by_day, month.replace(day=same_day), first)
        past.append(PastForecast(month, said, _sum(by_day, Period(month, next_month(month)))))
        month = month_before(month)
    so_far, said = _month(by_day, today, first)
    return Forecast(month=month_of(today), today=today, so_far_usd=so_far, forecast_usd=said, past=tuple(past))


def history_needed(today: date) -> Period:
    """The days that `forecast` can use."""
    month = month_of(today)
    for _ in range(PAST_MONTHS):
        month = month_before(month)
    return Period(month - timedelta(weeks=WEEKS), today)


def _month(by_day: Mapping[date, Decimal], today: date, first: date) -> tuple[Decimal, Decimal]:
    so_far = _sum(by_day, Period(month_of(today), today))
    to_come = (_expected(by_day, day.weekday(), today, first) for day in days_of(Period(today, next_month(today))))
    return so_far, sum(to_come, so_far)


def _expected(by_day: Mapping[date, Decimal], weekday: int, today: date, first: date) -> Decimal:
    """The weekday's mean in the weeks before today, as far as the data go back; else any day's."""
    window = Period(max(today - timedelta(weeks=WEEKS), min(first, today)), today)
    known = [by_day.get(day, ZERO) for day in days_of(window)]
    same = [by_day.get(day, ZERO) for day in days_of(window) if day.weekday() == weekday]
    values = same or known
    return sum(values, ZERO) / len(values) if values else ZERO


def _sum(by_day: Mapping[date, Decimal], period: Period) -> Decimal:
    return sum((by_day.get(day, ZERO) for day in days_of(period)), ZERO)
