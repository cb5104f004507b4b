"""What is worth an alert, from a run's figures and the configuration. Pure. Names and titles in them are untrusted text."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal

import msgspec

from pr_cost_bot.attribution.decision import PENDING
from pr_cost_bot.config import Alerts, Budgets
from pr_cost_bot.dashboard import figures
from pr_cost_bot.dashboard.entries import Entry
from pr_cost_bot.dashboard.series import Usage, usage_within
from pr_cost_bot.digest.advice import ends_at, percent
from pr_cost_bot.model import ZERO, SourceState, SourceStatus
from pr_cost_bot.render.numbers import dollars
from pr_cost_bot.reports.amounts import ratio
from pr_cost_bot.reports.budget import BudgetState
from pr_cost_bot.reports.scope import Period

REACH_DAYS = 35
"""A pull request that closed longer ago is history, as for the true-up."""

RECENT_DAYS = 7
LEAST_USED_USD = Decimal(10)
"""A share of less says nothing."""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to tell once. `key`: the same for the same thing, whichever run finds it. `says`: what follows the name.

    `wide`: it tells of more than the run's repository, so strangers who may see that one must not see it.
    """

    key: str
    name: str
    says: str
    title: str = ""
    url: str = ""
    wide: bool = False


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a run knows. `usage` None: nobody told. `few`: repositories of too few people for their median to be told.

    `waiting_days`: for so long usage may still find a commit. `shared`: the table is of several repositories.
    """

    repository: str
    today: date
    entries: Sequence[Entry]
    usage: Usage | None = None
    budgets: Sequence[BudgetState] = ()
    sources: Sequence[SourceStatus] = ()
    few: frozenset[str] = frozenset()
    waiting_days: int = 2
    shared: bool = False


def alerts(settings: Alerts, budgets: Budgets, seen: Seen) -> list[Alert]:
    """Everything that stands today, told before or not. Budgets first."""
    return [
        *_budgets(budgets, seen),
        *_days(settings, seen),
        *_pull_requests(settings, seen),
        *_outliers(settings, seen),
        *_unattributed(settings, seen),
        *_sources(settings, seen),
    ]


def week_of_year(day: date) -> str:
    """Its ISO week, such as `2026-W47`."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def _budgets(budgets: Budgets, seen: Seen) -> Iterator[Alert]:
    for state in seen.budgets:
        place = f"{state.today:%Y-%m}/{state.repository or '*'}/{state.budget_usd.normalize():f}"
        name = f"Budget of {state.repository}" if state.repository else "Budget"
        where = f"; {ends_at(state)}" if state.foreseeable else ""
        used = f"{dollars(state.spent_usd)} of {dollars(state.budget_usd)} in {state.today:%B}"
        reached = [level for level in budgets.warn_at_percent if state.used * 100 >= level]
        if reached:
            says = f"{percent(state.used)} used, {used}{where}."
            yield Alert(key=f"budget/{place}/{max(reached)}", name=name, says=says, wide=seen.shared)
        if budgets.warn_on_forecast and state.foreseeable and state.spent_usd <= state.budget_usd < state.forecast_usd:
            yield Alert(key=f"forecast/{place}", name=name, says=f"will not last: {used} so far{where}.", wide=seen.shared)


def _days(settings: Alerts, seen: Seen) -> Iterator[Alert]:
    limit = settings.day_above_usd
    if limit is None or seen.usage is None:
        return
    for day, used in sorted(seen.usage.items()):
        if seen.today - timedelta(days=RECENT_DAYS) < day <= seen.today and used.total_usd > limit:
            says = f"came to {dollars(used.total_usd)}, above {dollars(limit)} a day."
            yield Alert(key=f"day/{day}/{limit.normalize():f}", name=f"{day:%a} {day.day} {day:%B}", says=says, wide=True)


def _pull_requests(settings: Alerts, seen: Seen) -> Iterator[Alert]:
    limit = settings.pull_request_above_usd
    if limit is None:
        return
    for entry in sorted(_own(seen), key=lambda one: (-one.cost_usd, one.pr_number)):
        if entry.cost_usd > limit:
            key = f"pull_request/{seen.repository}#{entry.pr_number}/{limit.normalize():f}"
            says = f"cost {dollars(entry.cost_usd)}, above {dollars(limit)}."
            yield Alert(key=key, name=entry.name, says=says, title=entry.title, url=entry.url)


def _outliers(settings: Alerts, seen: Seen) -> Iterator[Alert]:
    factor = settings.outlier_factor
    if factor is None:
        return
    own = {entry.pr_number: entry for entry in _own(seen)}
    recent = [entry for entry in seen.entries if _is_recent(entry, seen)]
    for one in figures.extremes(recent, seen.few, factor):
        entry = own.get(one.pull.pr_number)
        if entry is None or one.pull.name != entry.name or entry.cost_usd < settings.outlier_min_usd:
            continue
        says = f"cost {dollars(entry.cost_usd)}, {one.times:.0f} times the usual {dollars(one.median_usd)}."
        key = f"outlier/{seen.repository}#{entry.pr_number}/{factor}"
        yield Alert(key=key, name=entry.name, says=says, title=entry.title, url=entry.url)


def _unattributed(settings: Alerts, seen: Seen) -> Iterator[Alert]:
    limit = settings.unattributed_above_percent
    if limit is None or seen.usage is None:
        return
    end = seen.today - timedelta(days=seen.waiting_days)
    period = Period(end - timedelta(days=RECENT_DAYS), end)
    used = usage_within(seen.usage, period)
    rest = {reason: cost for reason, cost in used.rest_usd.items() if reason != PENDING}
    lost = sum(rest.values(), ZERO)
    share = ratio(lost, used.total_usd)
    if share is None or used.total_usd < LEAST_USED_USD or share * 100 <= limit:
        return
    says = f"{percent(share)} of the usage from {period}, {dollars(lost)}; most of it: {max(rest, key=rest.__getitem__)}."
    key = f"unattributed/{week_of_year(seen.today)}/{limit}"
    yield Alert(key=key, name="Not attributed to any pull request", says=says, wide=True)


def _sources(settings: Alerts, seen: Seen) -> Iterator[Alert]:
    if not settings.source_failed:
        return
    failed = {source.name: source for source in seen.sources if source.state is SourceState.FAILED}
    for name, source in sorted(failed.items()):
        why = source.problem.what if source.problem else "It did not answer."
        says = f"told nothing, so figures are incomplete. {why}"
        yield Alert(key=f"source/{name}/{week_of_year(seen.today)}", name=source.title, says=says)


def _own(seen: Seen) -> list[Entry]:
    """Those of the run's repository: other repositories' runs tell of theirs."""
    mine = seen.repository.casefold()
    return [entry for entry in seen.entries if entry.repository.casefold() == mine and _is_recent(entry, seen)]


def _is_recent(entry: Entry, seen: Seen) -> bool:
    return entry.state == "open" or (seen.today - entry.day).days <= REACH_DAYS
