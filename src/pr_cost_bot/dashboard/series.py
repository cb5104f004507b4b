"""What the charts draw. Pure. Sums are exact; only the document rounds them."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from pr_cost_bot.dashboard.entries import Entry, total
from pr_cost_bot.dashboard.figures import Merged, by_model, merged_of
from pr_cost_bot.dashboard.windows import Window, budget_of, steps
from pr_cost_bot.ledger.usage import UsageOfRun
from pr_cost_bot.model import ZERO
from pr_cost_bot.reports.scope import Period
from pr_cost_bot.reports.unpriced import plain_reason

MODELS_SHOWN = 5
OTHERS = "Others"
_CURVE_POINTS = 200
_BUCKET = ("person", "source", "scope", "product", "model", "bucket_start", "grain")


class Spend(msgspec.Struct, frozen=True, kw_only=True):
    """Per step: on pull requests, on none (0 where the table does not know), and the budget's part, if there is one.

    `open_usd`: of `pulls_usd`, what open ones cost, all on the day of the last look. None where spend is dated by use.
    """

    starts: list[date]
    pulls_usd: list[Decimal]
    open_usd: list[Decimal] | None
    rest_usd: list[Decimal]
    budget_usd: list[Decimal] | None


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """At the last day of each step: pull requests merged in the `rolling` days up to it."""

    days: list[date]
    points: list[Merged]


class ModelMix(msgspec.Struct, frozen=True, kw_only=True):
    """Per step, what each of the costliest models cost; the last name may be all others."""

    starts: list[date]
    names: list[str]
    costs_usd: list[list[Decimal]]  # by name, then by step


class DayUsage(msgspec.Struct, frozen=True):
    """A day's usage by the vendors' own records: on pull requests, and on none by reason."""

    pulls_usd: Decimal = ZERO
    rest_usd: Mapping[str, Decimal] = {}

    @property
    def total_usd(self) -> Decimal:
        return self.pulls_usd + sum(self.rest_usd.values(), ZERO)


Usage = Mapping[date, DayUsage]
"""All usage, attributed or not, on the day it was used. Only a database keeps it."""


class Days:
    """Entries by the day on which they count, to look up stretches of days quickly."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = sorted(entries, key=lambda entry: entry.day)
        self._days = [entry.day for entry in self._entries]

    def within(self, period: Period) -> list[Entry]:
        return self._entries[bisect_left(self._days, period.start) : bisect_left(self._days, period.end)]

    def up_to(self, last: date, days: int) -> list[Entry]:
        return self._entries[bisect_right(self._days, last - timedelta(days=days)) : bisect_right(self._days, last)]


def spend_series(days: Days, usage: Usage | None, window: Window, budget: Decimal | None) -> Spend:
    """Spend by step, dated by use where the table keeps usage, else by the pull requests' own days."""
    stretch = steps(window)
    still_open = None
    if usage is None:
        some = [days.within(step) for step in stretch]
        pulls = [total(entries) for entries in some]
        still_open = [total(entry for entry in entries if entry.state == "open") for entries in some]
        rest = [ZERO for _ in stretch]
    else:
        found = [usage_within(usage, step) for step in stretch]
        pulls = [one.pulls_usd for one in found]
        rest = [sum(one.rest_usd.values(), ZERO) for one in found]
    return Spend(
        starts=[step.start for step in stretch],
        pulls_usd=pulls,
        open_usd=still_open,
        rest_usd=rest,
        budget_usd=None if budget is None else [budget_of(step, budget) for step in stretch],
    )


def usage_within(usage: Usage, period: Period) -> DayUsage:
    """All of a period's days together."""
    rest: dict[str, Decimal] = defaultdict(Decimal)
    pulls = ZERO
    for day, one in usage.items():
        if period.start <= day < period.end:
            pulls += one.pulls_usd
            for reason, cost in one.rest_usd.items():
                rest[reason] += cost
    return DayUsage(pulls, dict(rest))


def usage_of_runs(runs: Iterable[UsageOfRun]) -> Usage:
    """What runs saw of their people's usage; of a bucket that several saw, what the last one says."""
    buckets: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for run in runs:
        found: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
        for row in run.rows:
            found[tuple(row[name] for name in _BUCKET)].append(row)
        buckets |= found
    pulls: dict[date, Decimal] = defaultdict(Decimal)
    rest: dict[date, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in (row for rows in buckets.values() for row in rows):
        day, cost = datetime.fromisoformat(row["bucket_start"]).astimezone(UTC).date(), Decimal(row["cost_usd"])
        if reason := plain_reason(row["reason"]):
            rest[day][reason] += cost
        else:
            pulls[day] += cost
    return {day: DayUsage(pulls[day], dict(rest[day])) for day in {*pulls, *rest}}


def spend_by_day(entries: Iterable[Entry], usage: Usage | None) -> dict[date, Decimal]:
    """All spend: on the day of use where the table keeps usage, else on the pull requests' own days."""
    if usage is not None:
        return {day: one.total_usd for day, one in usage.items()}
    by_day: dict[date, Decimal] = defaultdict(Decimal)
    for entry in entries:
        by_day[entry.day] += entry.cost_usd
    return dict(by_day)


def spend_by_repository(entries: Iterable[Entry]) -> dict[str, dict[date, Decimal]]:
    """What each repository's pull requests cost, on their own days."""
    found: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        found[entry.repository].append(entry)
    return {repository: spend_by_day(some, None) for repository, some in found.items()}


def trend_series(days: Days, window: Window) -> Trend:
    """Rolling, so that a day with two merges is no spike; points with no merge have no mean."""
    last_days = [step.end - timedelta(days=1) for step in steps(window)]
    points = [merged_of(entry.cost_usd for entry in days.up_to(last, window.rolling) if entry.merged) for last in last_days]
    return Trend(days=last_days, points=points)


def model_series(days: Days, window: Window, name: Callable[[str], str]) -> ModelMix:
    """The costliest models of the window, step by step."""
    stretch = steps(window)
    found = [by_model(days.within(step), name) for step in stretch]
    whole: dict[str, Decimal] = defaultdict(Decimal)
    for costs in found:
        for model, cost in costs.items():
            whole[model] += cost
    ordered = sorted(whole, key=lambda model: (-whole[model], model))
    kept = ordered if len(ordered) <= MODELS_SHOWN + 1 else ordered[:MODELS_SHOWN]
    names = [*kept, *([OTHERS] if len(kept) < len(ordered) else [])]

    def cost_of(model: str, costs: Mapping[str, Decimal]) -> Decimal:
        if model in whole:
            return costs.get(model, ZERO)
        return sum((value for other, value in costs.items() if other not in kept), ZERO)

    return ModelMix(
        starts=[step.start for step in stretch],
        names=names,
        costs_usd=[[cost_of(model, costs) for costs in found] for model in names],
    )


def share_curve(costs: Sequence[Decimal]) -> tuple[list[Decimal], list[Decimal]]:
    """Parts of the members, costliest first, and the part of the spend that they make: from (0, 0) to (1, 1).

    At most some hundred points: the curve is smooth where members are many.
    """
    ordered = sorted((cost for cost in costs if cost > 0), reverse=True)
    whole = sum(ordered, ZERO)
    xs, ys = [ZERO], [ZERO]
    reached = ZERO
    every = max(1, len(ordered) // _CURVE_POINTS)
    for at, cost in enumerate(ordered, 1):
        reached += cost
        if at % every == 0 or at == len(ordered) or at <= _CURVE_POINTS // 10:
            xs.append(Decimal(at) / len(ordered))
            ys.append(reached / whole)
    return xs, ys
