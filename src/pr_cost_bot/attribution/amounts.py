"""From shares to amounts that sum to the record exactly, in money and in every count."""

from collections.abc import Sequence
from decimal import Context, Decimal

from pr_cost_bot.attribution.decision import WHOLE, Decision, Share
from pr_cost_bot.model import NO_TOKENS, ZERO, Allocation, Tokens, UsageRecord

_EXACT = Context(prec=400)
_FINEST = -10
"""Shares of money are cut to this power of ten, or to the record's own last digit where that is finer."""


def split_count(total: int, weights: Sequence[int]) -> list[int]:
    """Whole numbers by largest remainder; earlier shares win ties. Weights sum to `WHOLE`."""
    parts = [total * weight // WHOLE for weight in weights]
    missing = total - sum(parts)
    if missing:
        by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % WHOLE), i))
        for i in by_remainder[:missing]:
            parts[i] += 1
    return parts


def split_money(total: Decimal, weights: Sequence[int]) -> list[Decimal]:
    """Exact parts of an amount, by largest remainder of its smallest unit."""
    exponent = _exponent(total)
    unit = min(exponent, _FINEST)
    units = int(_EXACT.scaleb(total, -unit))
    sign = -1 if units < 0 else 1
    return [_plain(_EXACT.scaleb(Decimal(sign * part), unit), exponent) for part in split_count(abs(units), weights)]


def split_tokens(total: Tokens, weights: Sequence[int]) -> list[Tokens]:
    """Each class by largest remainder; total input stays the sum of its parts."""
    uncached = total.input - total.cache_read - total.cache_write
    columns = [split_count(count, weights) for count in (uncached, total.cache_read, total.cache_write, total.output)]
    return [Tokens(fresh + read + write, read, write, output) for fresh, read, write, output in zip(*columns, strict=True)]


def allocations(record: UsageRecord, decision: Decision) -> list[Allocation]:
    """The record's shares as amounts."""
    cost = record.cost_usd if record.cost_usd is not None else ZERO
    first = decision[0]
    if first.weight == WHOLE:  # the others may only have been meant
        whole = _allocation(record, first, cost, record.tokens, record.requests, record.billed_usd)
        nothing = None if record.billed_usd is None else ZERO
        return [whole, *(_allocation(record, share, ZERO, NO_TOKENS, 0, nothing) for share in decision[1:])]
    weights = [share.weight for share in decision]
    costs = split_money(cost, weights)
    tokens = split_tokens(record.tokens, weights)
    requests = split_count(record.requests, weights)
    billed: Sequence[Decimal | None] = (
        [None] * len(weights) if record.billed_usd is None else split_money(record.billed_usd, weights)
    )
    rows = zip(decision, costs, tokens, requests, billed, strict=True)
    return [_allocation(record, share, part, count, calls, bill) for share, part, count, calls, bill in rows]


def bounds(total: Decimal, cost: Decimal, share: Share) -> tuple[Decimal, Decimal]:
    """Lowest and highest amount of a share of `total`, around `cost`, to `total`'s last digit, outwards.

    A credit (negative) is taken as certain.
    """
    if total <= 0:
        return cost, cost
    if share.high == WHOLE and (not share.low or (share.low == WHOLE and cost == total)):
        return (cost if share.low else ZERO), total
    exponent = min(_exponent(total), 0)
    units = int(_EXACT.scaleb(total, -exponent))
    low = _EXACT.scaleb(Decimal(units * share.low // WHOLE), exponent) if share.low else ZERO
    high = _EXACT.scaleb(Decimal(-(-units * share.high // WHOLE)), exponent)
    return min(cost, low), max(cost, high)


def _allocation(
    record: UsageRecord, share: Share, cost: Decimal, tokens: Tokens, requests: int, billed: Decimal | None
) -> Allocation:
    low, high = bounds(record.cost_usd or ZERO, cost, share)
    place = share.destination
    return Allocation(
        usage_id=record.id,
        repository=place.repository if place else None,
        pr_number=place.pr_number if place and share.evidence else None,
        commit=share.commit,
        evidence=share.evidence,
        cost_usd=cost,
        low_usd=low,
        high_usd=high,
        tokens=tokens,
        requests=requests,
        billed_usd=billed,
        reason=share.reason,
    )


def _exponent(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _plain(amount: Decimal, exponent: int) -> Decimal:
    """Without needless zeros behind the record's own last digit, and never in scientific notation."""
    while _exponent(amount) < min(exponent, 0) and amount.as_tuple().digits[-1] == 0:
        amount = _EXACT.scaleb(Decimal(int(_EXACT.scaleb(amount, -_exponent(amount))) // 10), _exponent(amount) + 1)
    return amount
