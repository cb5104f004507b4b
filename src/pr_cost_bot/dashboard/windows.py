"""The windows that the dashboard can be switched between, as whole days in UTC. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from pr_cost_bot.dashboard.entries import Entry
from pr_cost_bot.reports.scope import Period, days_of, last_days, month_of, next_month

DAYS = (7, 30, 90)


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """`before`: as many days before, to compare with; None for all time. `step`: days that one bar of a chart stands for."""

    key: str
    title: str
    period: Period
    before: Period | None
    step: int

    @property
    def rolling(self) -> int:
        """Days that one point of the trend looks back over."""
        return 7 if self.step == 1 else 28


def windows(entries: Sequence[Entry], now: datetime) -> list[Window]:
    """7, 30 and 90 days up to today, and all time."""
    found = [
        Window(key=str(days), title=f"{days} days", period=period, before=period.before, step=1 if days <= 30 else 7)
        for days in DAYS
        for period in [last_days(days, now)]
    ]
    today = last_days(1, now)
    first = min((entry.day for entry in entries), default=today.start)
    last = max((entry.day for entry in entries), default=today.start)
    everything = Period(min(first, today.start), max(today.end, last + timedelta(days=1)))
    step = 1 if everything.days <= 62 else 7 if everything.days <= 7 * 60 else 28
    return [*found, Window(key="all", title="All time", period=everything, before=None, step=step)]


def steps(window: Window) -> list[Period]:
    """The window in equal steps that end with it; the first may be shorter."""
    found: list[Period] = []
    end = window.period.end
    while end > window.period.start:
        start = max(end - timedelta(days=window.step), window.period.start)
        found.append(Period(start, end))
        end = start
    return found[::-1]


def budget_of(period: Period, monthly_usd: Decimal) -> Decimal:
    """The part of a monthly budget that falls on these days."""
    return sum((monthly_usd / (next_month(day) - month_of(day)).days for day in days_of(period)), Decimal(0))
