"""What was counted once, and what was told apart, in sentences for the step summary."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from operator import attrgetter

import msgspec

from pr_cost_bot.model import NO_TOKENS, ZERO, Tokens, UsageRecord
from pr_cost_bot.sellers import name_of

_GATEWAYS = frozenset({"helicone", "langfuse", "litellm", "portkey"})


class Dropped(msgspec.Struct, frozen=True, kw_only=True):
    """Usage of `source` that `kept` reports too. `cost_usd`: what would have counted twice; None: its cost was not known.

    `certain`: the same request by request, and not only by sums in which it may be.
    """

    person: str
    source: str
    kept: str
    start: datetime
    end: datetime
    tokens: Tokens = NO_TOKENS
    requests: int = 0
    cost_usd: Decimal | None = None
    certain: bool = False
    model: str = ""  # `sellers.name_of` it, where it is one


class Apart(msgspec.Struct, frozen=True, kw_only=True):
    """Usage of `source` beside records of `other` of the same person, model and time that cannot hold it: both count."""

    source: str
    other: str
    tokens: Tokens


def dropped(records: Sequence[UsageRecord], source: str, kept: str, cost: Decimal | None, *, certain: bool = False) -> Dropped:
    """These records of one person and source, as one entry."""
    return Dropped(
        person=records[0].person or "",
        source=source,
        kept=kept,
        start=min(map(attrgetter("start"), records)),
        end=max(map(attrgetter("end"), records)),
        tokens=sum((record.tokens for record in records), NO_TOKENS),
        requests=sum(record.requests for record in records),
        cost_usd=cost,
        certain=certain,
        model=name_of(records[0].model),
    )


def joined(entries: Iterable[Dropped]) -> tuple[Dropped, ...]:
    """One entry per person, pair of sources, and whether it is certain."""
    groups: dict[tuple[str, str, str, bool], list[Dropped]] = defaultdict(list)
    for each in entries:
        groups[each.person, each.source, each.kept, each.certain].append(each)
    return tuple(
        Dropped(
            person=person,
            source=source,
            kept=kept,
            start=min(each.start for each in group),
            end=max(each.end for each in group),
            tokens=sum((each.tokens for each in group), NO_TOKENS),
            requests=sum(each.requests for each in group),
            cost_usd=known(each.cost_usd for each in group),
            certain=certain,
        )
        for (person, source, kept, certain), group in sorted(groups.items())
    )


def known(costs: Iterable[Decimal | None]) -> Decimal | None:
    """Sum of those that are known; None when none is."""
    found = [cost for cost in costs if cost is not None]
    return sum(found, ZERO) if found else None


def notes(once: Iterable[Dropped], apart: Iterable[Apart] = ()) -> tuple[str, ...]:
    """Plain sentences for the step summary, one per pair of sources and outcome. They name no person."""
    pairs: dict[tuple[str, str], list[Dropped]] = defaultdict(list)
    for each in once:
        pairs[each.source, each.kept].append(each)
    beside: dict[tuple[str, str], Tokens] = defaultdict(Tokens)
    for beyond in apart:
        beside[beyond.source, beyond.other] += beyond.tokens
    return (
        *(_counted_once(source, kept, group) for (source, kept), group in sorted(pairs.items())),
        *(_counted_beside(source, other, tokens) for (source, other), tokens in sorted(beside.items()) if tokens),
    )


def _counted_once(source: str, kept: str, group: Sequence[Dropped]) -> str:
    tokens = sum(each.tokens.input + each.tokens.output for each in group)
    costs = [each.cost_usd for each in group if each.cost_usd is not None]
    amount = f"{tokens:,} tokens" if tokens else f"{sum(each.requests for each in group):,} requests"
    money = f"; ${sum(costs, ZERO):.2f} would have counted twice" if costs else ""
    once = f"{source} and {kept} both report {amount} of the same people, models and hours: counted once{money}."
    gateway = next((name for name in (source, kept) if name in _GATEWAYS), "")
    if not gateway or all(each.certain for each in group):
        return once
    return f"{once} Sums do not show whether {gateway} called with a key of its own; if it did, that usage is missing."


def _counted_beside(source: str, other: str, tokens: Tokens) -> str:
    return (
        f"{source} reports {tokens.input + tokens.output:,} tokens that the figures of {other} for the same people, models and "
        "hours cannot hold: other usage, made with another key, and counted beside them."
    )
