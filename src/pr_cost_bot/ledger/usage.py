"""What a run learns about people's usage, as rows that add up to the vendors' totals. Pure.

A run sees all usage of its people in its window, and where every cent of it went: to its own pull requests, to others, to work
outside any, to nothing. It writes that hour by hour. The next run of the same people sees many of the same hours again, with
later figures and more commits; what it says about an hour replaces what an older run said about that hour, whole.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from pr_cost_bot.hours import HOUR, floor_hour
from pr_cost_bot.ledger.rows import exact_dollars, rfc3339
from pr_cost_bot.ledger.units import from_units, units_that_add_up
from pr_cost_bot.model import NO_TOKENS, RECEIPT_SOURCE, Allocation, Tokens, UsageRecord, total_billed


class Covered(msgspec.Struct, frozen=True):
    """A run knows all usage of this person at this source in `[start, end)`; with `scope`, only of that (see `covered`)."""

    person: str
    source: str
    start: datetime
    end: datetime
    scope: str = ""


class UsageOfRun(msgspec.Struct, frozen=True, kw_only=True):
    """What `SqlLedger.write_usage` takes. `rows`: from `usage_rows`."""

    computed_at: datetime
    rows: Sequence[dict[str, Any]]
    covered: Sequence[Covered]


def covered(
    people: Iterable[str], sources: Iterable[str], pulls: Iterable[tuple[str, int]], start: datetime, end: datetime
) -> tuple[Covered, ...]:
    """What a run covers that computed these pull requests and asked these sources, which all answered in full."""
    people, pulls = tuple(people), tuple(pulls)
    repositories = tuple(dict.fromkeys(repository for repository, _ in pulls))
    bills = (Covered(person, source, start, end) for person in people for source in sources)
    # Of usage that only commits or CI speak of, a run knows that of its repositories or pull requests, not all of a person's.
    claims = (Covered(person, RECEIPT_SOURCE, start, end, place) for person in people for place in repositories)
    in_ci = (Covered("", RECEIPT_SOURCE, start, end, f"{repository}#{number}") for repository, number in pulls)
    return (*bills, *claims, *in_ci)


def usage_rows(records: Mapping[str, UsageRecord], allocations: Iterable[Allocation]) -> list[dict[str, Any]]:
    """One row per person, source, product, model, hour (or day, where the vendor has no less) and place.

    `reason` says why a row without `evidence` is on no pull request. The rows of a bucket add up to its records exactly, in
    units of 1e-12 dollars. Usage of nobody known is left out, for a run asks for its own people's only and never has all of it;
    but for that of CI runs, which name their pull request: their `person` is empty.
    """
    buckets: dict[_Bucket, dict[_Place, list[Allocation]]] = defaultdict(lambda: defaultdict(list))
    for allocation in allocations:
        record = records[allocation.usage_id]
        if record.person is not None or _in_ci(record):
            buckets[_bucket(record)][_place(allocation, priced=record.cost_usd is not None)].append(allocation)
    return [row for bucket in sorted(buckets) for row in _rows(bucket, buckets[bucket])]


class _Bucket(msgspec.Struct, frozen=True, order=True):
    person: str
    source: str
    scope: str
    product: str
    model: str
    start: datetime
    grain: str


class _Place(msgspec.Struct, frozen=True, order=True):
    repository: str
    pr_number: int
    evidence: str
    reason: str


def _bucket(record: UsageRecord) -> _Bucket:
    start = floor_hour(record.start)
    by_day = record.end - record.start > HOUR
    return _Bucket(
        person=record.person or "",
        source=record.source,
        scope=_scope(record),
        product=record.product,
        model=record.model,
        start=start.replace(hour=0) if by_day else start,
        grain="day" if by_day else "hour",
    )


def _in_ci(record: UsageRecord) -> bool:
    return record.source == RECEIPT_SOURCE and record.person is None and record.pr_number is not None


def _scope(record: UsageRecord) -> str:
    if record.source != RECEIPT_SOURCE:
        return ""
    return f"{record.repository}#{record.pr_number}" if _in_ci(record) else record.repository or ""


NO_PRICE = "(no price)"
"""Ends the reason of usage for which no price is known, so that its $0 is not taken for a price."""


def _place(allocation: Allocation, *, priced: bool) -> _Place:
    reason = "" if allocation.pr_number is not None else allocation.reason
    return _Place(
        repository=allocation.repository or "",
        pr_number=allocation.pr_number or 0,
        evidence=str(allocation.evidence or ""),
        reason=reason if priced else f"{reason} {NO_PRICE}".strip(),
    )


def _rows(bucket: _Bucket, places: Mapping[_Place, Sequence[Allocation]]) -> Iterable[dict[str, Any]]:
    ordered = sorted(places)
    costs = units_that_add_up([sum((a.cost_usd for a in places[place]), Decimal(0)) for place in ordered])
    known = [place for place in ordered if _billed(places[place]) is not None]
    billed = dict(zip(known, units_that_add_up([_billed(places[place]) or Decimal(0) for place in known]), strict=True))
    for place, cost in zip(ordered, costs, strict=True):
        shares = places[place]
        tokens: Tokens = sum((a.tokens for a in shares), NO_TOKENS)
        yield {
            "person": bucket.person,
            "source": bucket.source,
            "scope": bucket.scope,
            "product": bucket.product,
            "model": bucket.model,
            "bucket_start": rfc3339(bucket.start),
            "grain": bucket.grain,
            "repository": place.repository or None,
            "pr_number": place.pr_number or None,
            "evidence": place.evidence,
            "reason": place.reason,
            "requests": sum(a.requests for a in shares),
            "input_tokens": tokens.input,
            "cache_read_tokens": tokens.cache_read,
            "cache_write_tokens": tokens.cache_write,
            "output_tokens": tokens.output,
            "cost_usd": exact_dollars(from_units(cost)),
            "billed_usd": exact_dollars(from_units(billed[place])) if place in billed else None,
        }


def _billed(shares: Iterable[Allocation]) -> Decimal | None:
    return total_billed(share.billed_usd for share in shares)
