"""What the digest says: the number and its trend, what stands out, what lies on no pull request, what to look at. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Literal

import msgspec

from pr_cost_bot.config import Budgets
from pr_cost_bot.dashboard import figures
from pr_cost_bot.dashboard.entries import Entry, total, within
from pr_cost_bot.dashboard.figures import Headline, Member, ModelShare
from pr_cost_bot.dashboard.series import DayUsage, Usage, spend_by_day, spend_by_repository, usage_within
from pr_cost_bot.model import ZERO
from pr_cost_bot.reports.amounts import ratio
from pr_cost_bot.reports.budget import BudgetState, budget_states
from pr_cost_bot.reports.concentration import Concentration
from pr_cost_bot.reports.scope import Period, last_days

MOST_FINDINGS = 10
WEEKS_BEFORE = 4
"""Periods before this one that say what is usual for a repository or a developer."""

JUMP = Decimal(2)
LEAST_PART = Decimal("0.02")
"""A repository or developer stands out at twice their usual spend, if what is above it is a fiftieth of everything or more."""

Kind = Literal["pull request", "repository", "developer"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that cost many times what is usual.

    `usual_usd`: of a pull request its repository's median; else its own mean of the periods before.
    """

    kind: Kind
    name: str
    title: str = ""
    url: str = ""
    cost_usd: Decimal
    usual_usd: Decimal

    @property
    def above_usd(self) -> Decimal:
        return self.cost_usd - self.usual_usd

    @property
    def times(self) -> Decimal | None:
        return ratio(self.cost_usd, self.usual_usd)


class Used(msgspec.Struct, frozen=True, kw_only=True):
    """What was used in the days, and before them, by name: as `report by repository`, `concentration` and the like have it.

    `…_before`: in as many days before, of repositories and developers in WEEKS_BEFORE times as many. `unmerged_usd`: on pull
    requests that are not merged. `unpriced`: what has no known price, in words.
    """

    repositories: Mapping[str, Decimal]
    repositories_before: Mapping[str, Decimal]
    developers: Mapping[str, Decimal]
    developers_before: Mapping[str, Decimal]
    pulls: Concentration
    models: Mapping[str, Decimal]
    models_before: Mapping[str, Decimal]
    unmerged_usd: Decimal
    unpriced: tuple[str, ...] = ()


class Digest(msgspec.Struct, frozen=True, kw_only=True):
    """`usage` None: the table knows pull requests only. `unmerged_usd`: of `spent_usd`, on pull requests not merged."""

    period: Period
    computed_at: datetime
    headline: Headline
    usage: DayUsage | None
    findings: tuple[Finding, ...]
    pulls: Concentration
    models: tuple[ModelShare, ...]
    unmerged_usd: Decimal
    unpriced: tuple[str, ...] = ()
    budgets: tuple[BudgetState, ...] = ()
    link: str = ""

    @property
    def spent_usd(self) -> Decimal:
        return self.headline.cost_usd if self.usage is None else self.usage.total_usd

    @property
    def unattributed_usd(self) -> Decimal:
        return ZERO if self.usage is None else sum(self.usage.rest_usd.values(), ZERO)

    @property
    def unattributed_share(self) -> Decimal | None:
        """None: not known, or nothing was used."""
        return None if self.usage is None else ratio(self.unattributed_usd, self.spent_usd)


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a digest is to be about. `people`: whether developers may stand out by name. `until`: the day after its last one.

    `without_median`: repositories of so few people that their median is not to be told.
    """

    now: datetime
    days: int = 7
    until: date | None = None
    people: bool = False
    budgets: Budgets = Budgets()
    link: str = ""
    without_median: frozenset[str] = frozenset()

    @property
    def period(self) -> Period:
        if self.until is not None:
            return Period(self.until - timedelta(days=self.days), self.until)
        return last_days(self.days, self.now)


def digest(
    entries: Sequence[Entry],
    usage: Usage | None,
    question: Question,
    name: Callable[[str], str],
    used: Used | None = None,
) -> Digest:
    """The last days. `name` says a model as people do. `used` None: from the pull requests, each whole on its own day."""
    period = question.period
    dated = None if usage is None else usage_within(usage, period)
    headline, found = figures.headline(entries, period, period.before), used or _used_by_rows(entries, period)
    return Digest(
        period=period,
        computed_at=question.now,
        headline=headline,
        usage=dated,
        findings=tuple(_findings(entries, question, found, headline.cost_usd if dated is None else dated.total_usd)),
        pulls=found.pulls,
        models=tuple(figures.model_shares(_named(found.models, name), _named(found.models_before, name))),
        unmerged_usd=found.unmerged_usd,
        unpriced=found.unpriced,
        budgets=tuple(
            budget_states(
                question.budgets,
                spend_by_day(entries, usage),
                spend_by_repository(entries),
                question.now.astimezone(UTC).date(),
            )
        ),
        link=question.link,
    )


def _used_by_rows(entries: Sequence[Entry], period: Period) -> Used:
    """What pull requests cost that count in the days."""
    here, past = within(entries, period), within(entries, period.before)
    usual = within(entries, Period(period.start - timedelta(days=period.days * WEEKS_BEFORE), period.start))
    repositories, repositories_before = (_costs(figures.repositories(some)) for some in (here, usual))
    developers, developers_before = (_costs(figures.developers(some)) for some in (here, usual))
    return Used(
        repositories=repositories,
        repositories_before=repositories_before,
        developers=developers,
        developers_before=developers_before,
        pulls=figures.spread((entry.name, entry.cost_usd) for entry in here),
        models=figures.by_model(here, str),
        models_before=figures.by_model(past, str),
        unmerged_usd=total(entry for entry in here if not entry.merged),
    )


def _costs(members: Iterable[Member]) -> dict[str, Decimal]:
    return {member.name: member.cost_usd for member in members if member.name != figures.NOT_RECORDED}


def _named(costs: Mapping[str, Decimal], name: Callable[[str], str]) -> dict[str, Decimal]:
    """By the names that people know, which several models may share."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for model, cost in costs.items():
        found[name(model)] += cost
    return dict(found)


def _findings(entries: Sequence[Entry], question: Question, used: Used, spent_usd: Decimal) -> list[Finding]:
    """The ten that cost most above what is usual."""
    here = within(entries, question.period)
    found = [
        Finding(
            kind="pull request",
            name=one.pull.name,
            title=one.pull.title,
            url=one.pull.url,
            cost_usd=one.pull.cost_usd,
            usual_usd=one.median_usd,
        )
        for one in figures.extremes(here, question.without_median)
    ]
    found += _jumps("repository", used.repositories, used.repositories_before, spent_usd)
    if question.people:
        found += _jumps("developer", used.developers, used.developers_before, spent_usd)
    return sorted(found, key=lambda one: (-one.above_usd, one.kind, one.name))[:MOST_FINDINGS]


def _jumps(kind: Kind, here: Mapping[str, Decimal], before: Mapping[str, Decimal], whole: Decimal) -> list[Finding]:
    """Those that spent far more than in their mean period before; the new ones have no usual, and so do not stand out."""
    usual = {name: cost / WEEKS_BEFORE for name, cost in before.items()}
    found = (
        Finding(kind=kind, name=name, cost_usd=cost, usual_usd=usual[name]) for name, cost in here.items() if usual.get(name)
    )
    return [one for one in found if one.cost_usd >= JUMP * one.usual_usd and one.above_usd >= LEAST_PART * whole]
