"""What the digest says: the number and its trend, what stands out, what lies on no pull request, what to look at. Pure."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Literal

import msgspec

from pr_cost_bot.config import Budgets
from pr_cost_bot.dashboard import figures
from pr_cost_bot.dashboard.entries import Entry, within
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


class Digest(msgspec.Struct, frozen=True, kw_only=True):
    """`usage` None: the table knows pull requests only."""

    period: Period
    computed_at: datetime
    headline: Headline
    usage: DayUsage | None
    findings: tuple[Finding, ...]
    pulls: Concentration
    models: tuple[ModelShare, ...]
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


def digest(entries: Sequence[Entry], usage: Usage | None, question: Question, name: Callable[[str], str]) -> Digest:
    """The last days. `name` says a model as people do."""
    period = last_days(question.days, question.now)
    if question.until is not None:
        period = Period(question.until - timedelta(days=question.days), question.until)
    here, past = within(entries, period), within(entries, period.before)
    return Digest(
        period=period,
        computed_at=question.now,
        headline=figures.headline(entries, period, period.before),
        usage=None if usage is None else usage_within(usage, period),
        findings=tuple(_findings(entries, period, question)),
        pulls=figures.spread((entry.name, entry.cost_usd) for entry in here),
        models=tuple(figures.models(here, past, name)),
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


def _findings(entries: Sequence[Entry], period: Period, question: Question) -> list[Finding]:
    """The ten that cost most above what is usual."""
    here = within(entries, period)
    before = within(entries, Period(period.start - timedelta(days=period.days * WEEKS_BEFORE), period.start))
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
    found += _jumps("repository", figures.repositories(here), figures.repositories(before))
    if question.people:
        found += _jumps("developer", figures.developers(here), figures.developers(before))
    return sorted(found, key=lambda one: (-one.above_usd, one.kind, one.name))[:MOST_FINDINGS]


def _jumps(kind: Kind, here: Sequence[Member], before: Iterable[Member]) -> list[Finding]:
    """Those that spent far more than in their mean period before; the new ones have no usual, and so do not stand out."""
    usual = {member.name: member.cost_usd / WEEKS_BEFORE for member in before}
    whole = sum((member.cost_usd for member in here), ZERO)
    found = (
        Finding(kind=kind, name=member.name, cost_usd=member.cost_usd, usual_usd=usual[member.name])
        for member in here
        if usual.get(member.name) and member.name != figures.NOT_RECORDED
    )
    return [one for one in found if one.cost_usd >= JUMP * one.usual_usd and one.above_usd >= LEAST_PART * whole]
