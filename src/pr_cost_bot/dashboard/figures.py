"""The figures of one window, exactly: headline, groups, concentration. Pure."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from operator import attrgetter

import msgspec

from pr_cost_bot.dashboard.entries import Entry, total, within
from pr_cost_bot.model import ZERO
from pr_cost_bot.reports.amounts import Amounts, Group, ratio
from pr_cost_bot.reports.concentration import Concentration, concentration
from pr_cost_bot.reports.headline import change
from pr_cost_bot.reports.outliers import FACTOR, Outlier, outliers
from pr_cost_bot.reports.pulls import PLAIN, PullRow, median
from pr_cost_bot.reports.scope import Period

NOT_RECORDED = "(not recorded)"


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """What the pull requests merged in a period cost each."""

    count: int
    cost_usd: Decimal
    mean_usd: Decimal | None
    median_usd: Decimal | None


class Headline(msgspec.Struct, frozen=True, kw_only=True):
    """The number, and what belongs beside it. Changes are parts of 1; None where there is nothing to compare with."""

    merged: Merged
    before: Merged | None
    mean_change: Decimal | None
    median_change: Decimal | None
    pulls: int
    cost_usd: Decimal  # of all pull requests of the window, merged or not
    open_usd: Decimal
    closed_usd: Decimal
    unmerged_usd: Decimal  # both
    billed_usd: Decimal
    unknown_usd: Decimal  # nobody says whether it is billed
    per_commit_usd: Decimal | None
    cache_hit_rate: Decimal | None
    incomplete: int
    unpriced: int  # models without a price have a part in them, which is in no figure
    unpriced_tokens: Mapping[str, int]  # theirs, by model
    merged_unpriced: int  # the merged ones of these
    unused: int  # merged pull requests that show no usage: they are in the mean with $0
    unmatched: int  # of these, those of which no source knows an author
    unknown: int  # merged, but nothing of the cost is known: they are in the mean with $0
    unsettled: int  # closed, but a source can still change the figure


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A repository, a developer: what it spent, and what its merged pull requests cost each."""

    name: str
    pulls: int
    cost_usd: Decimal
    share: Decimal | None
    merged: Merged
    unknown: int = 0  # pull requests of whose cost nothing is known


class ModelShare(msgspec.Struct, frozen=True, kw_only=True):
    """`change`: of the share, against the period before, in parts of 1."""

    model: str
    cost_usd: Decimal
    share: Decimal
    change: Decimal | None


class Part(msgspec.Struct, frozen=True, gc=False):
    """What one pull request cost in one group: a repository has all of it, a developer their lines."""

    cost_usd: Decimal
    merged: bool
    unknown: bool = False


def merged_of(costs: Iterable[Decimal]) -> Merged:
    """Mean and median of these."""
    found = list(costs)
    whole = sum(found, ZERO)
    return Merged(count=len(found), cost_usd=whole, mean_usd=ratio(whole, len(found)), median_usd=median(found))


def headline(entries: Sequence[Entry], period: Period, before: Period | None) -> Headline:
    """The figures of the entries that count in `period`."""
    here = within(entries, period)
    merged = merged_of(entry.cost_usd for entry in here if entry.merged)
    past = merged_of(entry.cost_usd for entry in within(entries, before) if entry.merged) if before else None
    inputs = sum(entry.input_tokens for entry in here)
    bills = [entry.bill for entry in here]
    return Headline(
        merged=merged,
        before=past,
        mean_change=change(merged.mean_usd, past.mean_usd) if past else None,
        median_change=change(merged.median_usd, past.median_usd) if past else None,
        pulls=len(here),
        cost_usd=total(here),
        open_usd=total(entry for entry in here if entry.state == "open"),
        closed_usd=total(entry for entry in here if entry.state == "closed"),
        unmerged_usd=total(entry for entry in here if not entry.merged),
        billed_usd=sum((billed for billed, _ in bills), ZERO),
        unknown_usd=sum((unknown for _, unknown in bills), ZERO),
        per_commit_usd=ratio(merged.cost_usd, sum(entry.commits for entry in here if entry.merged)),
        cache_hit_rate=ratio(sum(entry.cache_read_tokens for entry in here), inputs),
        incomplete=sum(not entry.complete for entry in here),
        unpriced=sum(bool(entry.unpriced) for entry in here),
        unpriced_tokens=_unpriced_tokens(here),
        merged_unpriced=sum(entry.merged and bool(entry.unpriced) for entry in here),
        unused=sum(entry.merged and not entry.used for entry in here),
        unmatched=sum(entry.merged and not entry.used and bool(entry.unmatched) for entry in here),
        unknown=sum(entry.merged and entry.unknown for entry in here),
        unsettled=sum(entry.state != "open" and not entry.settled for entry in here),
    )


def _unpriced_tokens(here: Iterable[Entry]) -> dict[str, int]:
    """By model, tokens for which no price is known."""
    found: dict[str, int] = defaultdict(int)
    for entry in here:
        for one in entry.unpriced:
            found[one.model] += one.input_tokens + one.output_tokens
    return dict(found)


def repositories(here: Sequence[Entry]) -> list[Member]:
    """By falling cost."""
    parts: dict[str, list[Part]] = defaultdict(list)
    for entry in here:
        parts[entry.repository].append(Part(entry.cost_usd, entry.merged, entry.unknown))
    return _members(parts)


def developers(here: Sequence[Entry]) -> list[Member]:
    """By falling cost of their lines: a pull request of several people counts for each with their own part."""
    parts: dict[str, list[Part]] = defaultdict(list)
    for entry in here:
        costs: dict[str, Decimal] = defaultdict(Decimal)
        for line in entry.lines:
            costs[line.person or NOT_RECORDED] += line.cost_usd
        for person, cost in costs.items():
            parts[person].append(Part(cost, entry.merged))
    return _members(parts)


def models(here: Sequence[Entry], past: Sequence[Entry] | None, name: Callable[[str], str]) -> list[ModelShare]:
    """By falling cost, each under the name that people know; one that is no longer used has a row of 0."""
    return model_shares(by_model(here, name), None if past is None else by_model(past, name))


def model_shares(costs: Mapping[str, Decimal], old: Mapping[str, Decimal] | None) -> list[ModelShare]:
    """The same of what each model cost, and cost before."""
    whole, old_whole = sum(costs.values(), ZERO), sum((old or {}).values(), ZERO)
    names = {*costs, *(model for model, cost in (old or {}).items() if cost)}
    found = [
        ModelShare(
            model=model,
            cost_usd=costs.get(model, ZERO),
            share=(share := ratio(costs.get(model, ZERO), whole) or ZERO),
            change=None if old is None or not old_whole else share - old.get(model, ZERO) / old_whole,
        )
        for model in names
    ]
    return sorted(found, key=lambda one: (-one.cost_usd, one.model))


def by_model(here: Iterable[Entry], name: Callable[[str], str]) -> dict[str, Decimal]:
    """What each model cost."""
    costs: dict[str, Decimal] = defaultdict(Decimal)
    for entry in here:
        for line in entry.lines:
            costs[name(line.model)] += line.cost_usd
    return costs


def spread(members: Iterable[tuple[str, Decimal]]) -> Concentration:
    """How much of the spend is how few."""
    return concentration([Group((name,), Amounts(cost_usd=cost)) for name, cost in members])


def extremes(here: Sequence[Entry], few: Collection[str] = (), factor: int = FACTOR) -> list[Outlier]:
    """Pull requests at many times their repository's median, the most extreme first (as `report outliers` has them).

    `few`: repositories of so few people that everybody's median is taken.
    """
    rows = [_report_row(entry) for entry in here]
    return outliers(rows, [row for row in rows if row.state == "merged"], factor, few=few)


def _members(parts: dict[str, list[Part]]) -> list[Member]:
    costs = {name: sum((part.cost_usd for part in some), ZERO) for name, some in parts.items()}
    whole = sum(costs.values(), ZERO)
    found = [
        Member(
            name=name,
            pulls=len(some),
            cost_usd=costs[name],
            share=ratio(costs[name], whole),
            merged=merged_of(part.cost_usd for part in some if part.merged),
            unknown=sum(part.unknown for part in some),
        )
        for name, some in parts.items()
    ]
    return sorted(found, key=lambda member: (-member.cost_usd, member.name))


_REPORTED = attrgetter(*PLAIN)


def _report_row(entry: Entry) -> PullRow:
    return PullRow(*_REPORTED(entry))
