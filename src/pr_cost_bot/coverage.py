"""Which receipts speak of usage that a source reports too: that counts once, at the source's amount. Pure."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from pr_cost_bot.evidence import as_usage
from pr_cost_bot.model import ZERO, Commit, Receipt, UsageRecord
from pr_cost_bot.sellers import BEHIND_NO_GATEWAY, maker_of, seller_of

Prices = Callable[[Sequence[UsageRecord]], Sequence[UsageRecord]]
"""Puts a cost on records that have none, where a price is known."""

_IN_A_ROW = timedelta(hours=1)
"""Commits as close as this may share out the work that went before them all."""

_RUNS_ON = timedelta(minutes=15)
"""Vendors put a request at its start. One that was on its way while somebody committed can be of the next commit."""

_SECOND = timedelta(seconds=1)  # git's times have no finer
_OFF = 2  # an estimate may be off by this factor


class Claims(msgspec.Struct, frozen=True):
    """Receipts, parted: `covered` ones only say how to split what a source reports; `uncovered` ones are usage of their own."""

    covered: tuple[Receipt, ...]
    uncovered: tuple[Receipt, ...]


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """What the sources say, and what is needed to compare claims with it. `fresh_until`: by source's name."""

    records: Sequence[UsageRecord]
    commits: Sequence[Commit]
    fresh_until: Mapping[str, datetime]
    lookback: timedelta
    prices: Prices


def part_claims(receipts: Iterable[Receipt], reported: Reported) -> Claims:
    """A receipt is covered when a source reports usage of its person that can be what the receipt speaks of.

    It lies in the time that the commit's work can span, and it is of the receipt's tool. Without a tool it is of a model by the
    same maker; where one of the models says nothing, as much of it as the receipt claims is covered.
    """
    unique = _first_of_each_usage(receipts)
    if not unique:
        return Claims((), ())
    spans, times = _by_person(reported, {receipt.person for receipt in unique}), _times(reported.commits)
    covered: list[Receipt] = []
    uncovered: list[Receipt] = []
    for receipt in unique:
        begin = receipt.start or _begin(receipt.end, times.get(receipt.person, []), reported.lookback)
        told = spans[receipt.person].within(begin, receipt.end) if receipt.person in spans else []
        (covered if _is_covered(receipt, told, reported.prices) else uncovered).append(receipt)
    return Claims(tuple(covered), tuple(uncovered))


class _Spans:
    """One person's usage by time."""

    def __init__(self, spans: Iterable[tuple[datetime, datetime, UsageRecord]]) -> None:
        self._spans = sorted(spans, key=lambda span: (span[0], span[1], span[2].id))
        self._starts = [start for start, _, _ in self._spans]
        self._widest = max((end - start for start, end, _ in self._spans), default=timedelta(0))

    def within(self, begin: datetime, end: datetime) -> list[UsageRecord]:
        """Usage that may lie in `(begin, end]`."""
        first = bisect_left(self._starts, begin - self._widest)
        last = bisect_right(self._starts, end + _SECOND)
        return [record for start, until, record in self._spans[first:last] if until > begin or start == until == begin]


def _by_person(reported: Reported, persons: set[str]) -> dict[str, _Spans]:
    found: dict[str, list[tuple[datetime, datetime, UsageRecord]]] = defaultdict(list)
    for record in reported.records:
        if record.person in persons and record.person is not None:
            fresh = reported.fresh_until.get(record.source)
            # What a source does not know yet is not covered by the sum of what it knows.
            end = fresh if fresh is not None and record.start < fresh < record.end else record.end
            found[record.person].append((record.start, end, record))
    return {person: _Spans(spans) for person, spans in found.items()}


def _times(commits: Iterable[Commit]) -> dict[str, list[datetime]]:
    found: dict[str, set[datetime]] = defaultdict(set)
    for commit in commits:
        for person in (commit.person, *commit.co_authors):
            found[person].add(commit.authored_at)
    return {person: sorted(times) for person, times in found.items()}


def _begin(end: datetime, times: Sequence[datetime], lookback: timedelta) -> datetime:
    """From when on work can be in a commit: since the one before the commits in a row that it ends."""
    moment, before = end, bisect_left(times, end) - 1
    while before >= 0 and moment - times[before] <= _IN_A_ROW:
        moment, before = times[before], before - 1
    return max(times[before] - _RUNS_ON, end - lookback) if before >= 0 else end - lookback


def _is_covered(receipt: Receipt, told: Sequence[UsageRecord], prices: Prices) -> bool:
    if receipt.tool:
        return any(_is_on_bill_of(receipt.tool, record) for record in told)
    maker = maker_of(receipt.model)
    perhaps: list[UsageRecord] = []
    for record in told:
        other = maker_of(record.model)
        if maker and other == maker:
            return True
        if not (maker and other):
            perhaps.append(record)
    return bool(perhaps) and _fits(receipt, perhaps, prices)


def _is_on_bill_of(tool: str, record: UsageRecord) -> bool:
    """Whether the record may be the tool's usage: on its vendor's bill, on a cloud's, or seen by a gateway."""
    seller = seller_of(record, through_openrouter=False)
    if tool in (record.source, seller):
        return True
    return not {record.source, seller} & BEHIND_NO_GATEWAY and maker_of(record.model) == tool


def _fits(receipt: Receipt, records: Sequence[UsageRecord], prices: Prices) -> bool:
    """Whether the claim can be in these records. Where nothing can be compared it can: no usage counts twice."""
    claimed = _amounts(prices(as_usage([receipt])))
    told = _amounts(prices(records))
    for claim, amount in zip(claimed, told, strict=True):
        if claim is not None and amount is not None:
            return claim <= amount * _OFF
    return True


def _amounts(records: Sequence[UsageRecord]) -> tuple[Decimal | None, Decimal | None]:
    """Dollars, and tokens; None where one of them is not told."""
    costs = [record.cost_usd for record in records if record.cost_usd is not None]
    tokens = [record.tokens.input + record.tokens.output for record in records]
    return (
        (sum(costs, ZERO) or None) if len(costs) == len(records) else None,  # what is free of charge says nothing
        Decimal(sum(tokens)) if all(tokens) else None,
    )


def _first_of_each_usage(receipts: Iterable[Receipt]) -> list[Receipt]:
    """Squash and cherry-pick copy receipts: the same usage counts once, on the oldest commit that names it."""
    kept: dict[str, Receipt] = {}
    for number, receipt in enumerate(sorted(receipts, key=lambda r: (r.end, r.commit))):
        kept.setdefault(receipt.usage_key or f"#{number}", receipt)
    return list(kept.values())
