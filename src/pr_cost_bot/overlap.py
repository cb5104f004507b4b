"""The same usage seen twice (by a gateway or telemetry, and by the vendor) counts once. Pure.

Records speak of the same usage when person, seller of the model, model and time agree: hours of UTC, joined to longer stretches
by buckets that are longer. Within such a stretch

1. usage that only one source reports stays whole;
2. where several do, the one with the best evidence of its place stays whole: tags before none, narrow records before buckets
   longer than an hour, the seller before others. Of each other source only what goes beyond stays: all sources together never
   make more than the largest of them, and never less;
3. the amount is the bill's: records of a gateway that stay in the place of the seller's take over its money.

A gateway that calls with a key of its own appears in the seller's figures as that key. Then the seller has no record of the
person, and nothing is taken away.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from operator import attrgetter

import msgspec

from pr_cost_bot.attribution.amounts import split_count, split_money, split_tokens
from pr_cost_bot.attribution.decision import WHOLE
from pr_cost_bot.model import NO_TOKENS, ZERO, Tokens, UsageRecord
from pr_cost_bot.sellers import family, is_bill, reporter_of, seller_of

__all__ = ["Dropped", "Overlap", "notes", "without_overlap"]

_APART = frozenset({"receipt"})  # claims of commits are weighed against bills elsewhere

_REST = ":rest"
"""Ends the id of what is left of a record. It is reported by nobody else, so it is never compared again."""

_HOUR = timedelta(hours=1)


class Dropped(msgspec.Struct, frozen=True, kw_only=True):
    """Usage of `source` that `kept` reports too. `cost_usd`: what would have counted twice; None: its cost was not known."""

    person: str
    source: str
    kept: str
    start: datetime
    end: datetime
    tokens: Tokens = NO_TOKENS
    requests: int = 0
    cost_usd: Decimal | None = None


class Overlap(msgspec.Struct, frozen=True):
    """The records that count, by time, and what was left out."""

    records: tuple[UsageRecord, ...]
    dropped: tuple[Dropped, ...] = ()


def without_overlap(records: Sequence[UsageRecord]) -> Overlap:
    """Count usage once, whoever reports it. Records need their `person`; those without one are left as they are.

    Best after pricing: then the seller's figure goes before a gateway's even where the seller gives tokens only.

    The order of the records changes nothing, and a second time changes nothing. For cost and each token class, what stays and
    what is dropped sum to what was given.
    """
    kept: list[UsageRecord] = []
    dropped: list[Dropped] = []
    groups: dict[tuple[str, str], list[UsageRecord]] = defaultdict(list)
    present = {(record.person, record.source) for record in records}
    for record in records:
        seller = seller_of(record, through_openrouter=(record.person, "openrouter") in present)
        if not (record.person and seller and _amounts(record)) or record.source in _APART or record.id.endswith(_REST):
            kept.append(record)
        else:
            groups[record.person or "", seller].append(record)
    for (_, seller), group in sorted(groups.items()):
        for stretch in (part for alike in _by_model(group) for part in _stretches(alike)):
            stays, goes = _once(stretch, seller)
            kept += stays
            dropped += goes
    return Overlap(tuple(sorted(kept, key=attrgetter("start", "end", "id"))), _joined(dropped))


def _amounts(record: UsageRecord) -> bool:
    """Whether there is anything to compare."""
    return bool(record.tokens or record.cost_usd)


def notes(dropped: Iterable[Dropped]) -> tuple[str, ...]:
    """Plain sentences for the step summary, one per pair of sources. They name no person."""
    pairs: dict[tuple[str, str], list[Dropped]] = defaultdict(list)
    for each in dropped:
        pairs[each.source, each.kept].append(each)
    return tuple(_sentence(source, kept, group) for (source, kept), group in sorted(pairs.items()))


def _sentence(source: str, kept: str, group: Sequence[Dropped]) -> str:
    tokens = sum(each.tokens.input + each.tokens.output for each in group)
    costs = [each.cost_usd for each in group if each.cost_usd is not None]
    amount = f"{tokens:,} tokens" if tokens else f"{sum(each.requests for each in group):,} requests"
    money = f"; ${sum(costs, ZERO):.2f} would have counted twice" if costs else ""
    return f"{source} and {kept} both report {amount} of the same people, models and hours: counted once{money}."


# --- what can be the same usage -------------------------------------------------------------------------------------


def _by_model(records: Sequence[UsageRecord]) -> list[list[UsageRecord]]:
    """Records that may be of one model. A name that says nothing may be any, so then all are compared together."""
    families: dict[str, list[UsageRecord]] = defaultdict(list)
    for record in records:
        families[family(record.model)].append(record)
    return [list(records)] if "" in families else [families[name] for name in sorted(families)]


def _stretches(records: Sequence[UsageRecord]) -> list[list[UsageRecord]]:
    """Records by whole hours; a longer bucket joins the hours that it covers."""
    found: list[list[UsageRecord]] = []
    until: datetime | None = None
    for record in sorted(records, key=attrgetter("start", "end", "id")):
        first = record.start.replace(minute=0, second=0, microsecond=0)
        last = max(record.end, record.start + timedelta(microseconds=1))
        end = first + -((first - last) // _HOUR) * _HOUR
        if until is None or first >= until:
            found.append([])
            until = end
        found[-1].append(record)
        until = max(until, end)
    return found


# --- counting it once -----------------------------------------------------------------------------------------------


def _once(records: Sequence[UsageRecord], seller: str) -> tuple[list[UsageRecord], list[Dropped]]:
    """Of one stretch: the source with the best evidence whole, of the others what goes beyond."""
    sources: dict[str, list[UsageRecord]] = defaultdict(list)
    for record in records:
        sources[reporter_of(record)].append(record)
    first, *others = sorted(sources, key=lambda name: _rank(name, sources[name], seller))
    stays, dropped = sources[first], []
    if not others:
        return stays, []
    measures = _measures(sources)
    most, is_billed = measures[first], is_bill(first, seller)
    for name in others:
        beyond = max(Fraction(0), measures[name] - most)
        rest, gone = _cut(sources[name], beyond / measures[name] if measures[name] else Fraction(0))
        cost = _known(record.cost_usd for record in gone)
        if not is_billed and is_bill(name, seller) and _cost(gone) is not None:
            covered = min(Fraction(1), measures[name] / most) if most else Fraction(1)
            stays, cost = _with_bill(stays, gone, covered)
            is_billed = True
        tokens = sum((record.tokens for record in gone), NO_TOKENS)
        requests = sum(record.requests for record in gone)
        start, end = min(map(attrgetter("start"), gone)), max(map(attrgetter("end"), gone))
        who = gone[0].person or ""
        dropped.append(
            Dropped(person=who, source=name, kept=first, start=start, end=end, tokens=tokens, requests=requests, cost_usd=cost)
        )
        stays = [*stays, *rest]
        most = max(most, measures[name])
    return stays, dropped


def _rank(name: str, records: Sequence[UsageRecord], seller: str) -> tuple[bool, bool, bool, bool, str]:
    """Smaller is better evidence of the place."""
    untagged = not any(record.pr_number or record.branch or record.commit for record in records)
    wide = any(record.end - record.start > _HOUR for record in records)
    return untagged, wide, not is_bill(name, seller), name != seller, name


def _measures(sources: dict[str, list[UsageRecord]]) -> dict[str, Fraction]:
    """How much each source reports: tokens, or money where one has no tokens. Neither comparable: all are the same usage."""
    tokens = {name: sum(r.tokens.input + r.tokens.output for r in records) for name, records in sources.items()}
    if all(tokens.values()):
        return {name: Fraction(count) for name, count in tokens.items()}
    costs = {name: _cost(records) for name, records in sources.items()}
    if all(costs.values()):
        return {name: Fraction(cost or 0) for name, cost in costs.items()}
    return dict.fromkeys(sources, Fraction(1))


def _cost(records: Iterable[UsageRecord]) -> Decimal | None:
    """Sum, or None when one is not known."""
    total = ZERO
    for record in records:
        if record.cost_usd is None:
            return None
        total += record.cost_usd
    return total


def _cut(records: Sequence[UsageRecord], share: Fraction) -> tuple[list[UsageRecord], list[UsageRecord]]:
    """What is left of the records (`share` of each), and what is not; together they are the records."""
    if not share:
        return [], list(records)
    weight = int(share * WHOLE)
    rest, gone = zip(*(_halves(record, [weight, WHOLE - weight]) for record in records), strict=True)
    return list(rest), list(gone)


def _halves(record: UsageRecord, weights: Sequence[int]) -> tuple[UsageRecord, UsageRecord]:
    tokens = split_tokens(record.tokens, weights)
    requests = split_count(record.requests, weights)
    costs = [None, None] if record.cost_usd is None else split_money(record.cost_usd, weights)
    billed = [None, None] if record.billed_usd is None else split_money(record.billed_usd, weights)
    kept_1h = split_count(min(record.terms.cache_write_1h, record.tokens.cache_write), weights)
    left, gone = (
        msgspec.structs.replace(
            record,
            tokens=tokens[i],
            requests=requests[i],
            cost_usd=costs[i],
            billed_usd=billed[i],
            terms=msgspec.structs.replace(record.terms, cache_write_1h=min(kept_1h[i], tokens[i].cache_write)),
        )
        for i in (0, 1)
    )
    return msgspec.structs.replace(left, id=record.id + _REST), gone


def _with_bill(
    records: Sequence[UsageRecord], bill: Sequence[UsageRecord], covered: Fraction
) -> tuple[list[UsageRecord], Decimal | None]:
    """The records with the bill's money in the place of that share of their own, and what they give up for it.

    Where a record does not know its own cost, the bill must cover it whole; else everything stays as it is.
    """
    if covered < 1 and any(record.cost_usd is None for record in records):
        return list(records), _cost(bill)
    weights = _weights(records)
    costs = split_money(_cost(bill) or ZERO, weights)
    known = [record.billed_usd for record in bill if record.billed_usd is not None]
    billed = split_money(sum(known, ZERO), weights) if covered == 1 and len(known) == len(bill) else None
    given_up, changed = ZERO, []
    for i, record in enumerate(records):
        own, gone = split_money(record.cost_usd or ZERO, [WHOLE - int(covered * WHOLE), int(covered * WHOLE)])
        given_up += gone
        money = {"cost_usd": own + costs[i], "billed_usd": billed[i] if billed else None}
        changed.append(msgspec.structs.replace(record, listed=any(each.listed for each in bill), **money))
    return changed, given_up


def _weights(records: Sequence[UsageRecord]) -> list[int]:
    """Shares of the records in one amount, summing to `WHOLE`: by cost, else by tokens, else the same for each."""
    costs = [record.cost_usd for record in records]
    amounts = [Fraction(cost) for cost in costs if cost is not None]
    if len(amounts) < len(records) or not sum(amounts):
        amounts = [Fraction(record.tokens.input + record.tokens.output) for record in records]
    if not sum(amounts):
        amounts = [Fraction(1)] * len(records)
    total = sum(amounts)
    weights = [int(amount * WHOLE / total) for amount in amounts]
    weights[0] += WHOLE - sum(weights)
    return weights


def _joined(dropped: Iterable[Dropped]) -> tuple[Dropped, ...]:
    """One entry per person and pair of sources."""
    groups: dict[tuple[str, str, str], list[Dropped]] = defaultdict(list)
    for each in dropped:
        groups[each.person, each.source, each.kept].append(each)
    return tuple(
        Dropped(
            person=person,
            source=source,
            kept=kept,
            start=min(each.start for each in group),
            end=max(each.end for each in group),
            tokens=sum((each.tokens for each in group), NO_TOKENS),
            requests=sum(each.requests for each in group),
            cost_usd=_known(each.cost_usd for each in group),
        )
        for (person, source, kept), group in sorted(groups.items())
    )


def _known(costs: Iterable[Decimal | None]) -> Decimal | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known, ZERO) if known else None
