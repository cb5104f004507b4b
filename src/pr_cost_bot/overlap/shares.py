"""Parts of records: what is left when a share of them counts elsewhere, and the bill's money in the place of a gateway's."""

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

import msgspec

from pr_cost_bot.attribution.amounts import split_count, split_money, split_tokens
from pr_cost_bot.attribution.decision import WHOLE
from pr_cost_bot.model import ZERO, UsageRecord

REST = ":rest"
"""Ends the id of what is left of a record. It is reported by nobody else, so it is never compared again."""


def cost_of(records: Iterable[UsageRecord]) -> Decimal | None:
    """Sum, or None when one is not known."""
    total = ZERO
    for record in records:
        if record.cost_usd is None:
            return None
        total += record.cost_usd
    return total


def size(record: UsageRecord) -> int:
    """Tokens of all kinds."""
    return record.tokens.input + record.tokens.output


def left_over(record: UsageRecord) -> UsageRecord:
    """The record as one that is not compared again."""
    return record if record.id.endswith(REST) else msgspec.structs.replace(record, id=record.id + REST)


def cut(records: Sequence[UsageRecord], share: Fraction) -> tuple[list[UsageRecord], list[UsageRecord]]:
    """What is left of the records (`share` of each), and what is not; together they are the records."""
    if not share:
        return [], list(records)
    if share == 1:
        return [left_over(record) for record in records], []
    weight = int(share * WHOLE)
    rest, gone = zip(*(halves(record, [weight, WHOLE - weight]) for record in records), strict=True)
    return [left_over(record) for record in rest], list(gone)


def halves(record: UsageRecord, weights: Sequence[int]) -> tuple[UsageRecord, UsageRecord]:
    """The record in two parts by these weights, which sum to `WHOLE`; both keep its id."""
    tokens = split_tokens(record.tokens, weights)
    requests = split_count(record.requests, weights)
    costs = [None, None] if record.cost_usd is None else split_money(record.cost_usd, weights)
    billed = [None, None] if record.billed_usd is None else split_money(record.billed_usd, weights)
    kept_1h = split_count(min(record.terms.cache_write_1h, record.tokens.cache_write), weights)
    left, right = (
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
    return left, right


def with_bill(
    records: Sequence[UsageRecord], bill: Sequence[UsageRecord], covered: Fraction
) -> tuple[list[UsageRecord], Decimal | None]:
    """The records with the bill's money in the place of that share of their own, and what they give up for it.

    Where a record does not know its own cost, the bill must cover it whole; else everything stays as it is.
    """
    if covered < 1 and any(record.cost_usd is None for record in records):
        return list(records), cost_of(bill)
    weights, given = _weights(records), math.ceil(covered * WHOLE)
    costs = split_money(cost_of(bill) or ZERO, weights)
    known = [record.billed_usd for record in bill if record.billed_usd is not None]
    billed = split_money(sum(known, ZERO), weights) if covered == 1 and len(known) == len(bill) else None
    given_up, changed = ZERO, []
    for i, record in enumerate(records):
        own, gone = split_money(record.cost_usd or ZERO, [WHOLE - given, given])
        given_up += gone
        money = {"cost_usd": own + costs[i], "billed_usd": billed[i] if billed else None}
        changed.append(msgspec.structs.replace(record, listed=any(each.listed for each in bill), **money))
    return changed, given_up


def _weights(records: Sequence[UsageRecord]) -> list[int]:
    """Shares of the records in one amount, summing to `WHOLE`: by cost, else by tokens, else the same for each."""
    costs = [record.cost_usd for record in records]
    amounts = [Fraction(cost) for cost in costs if cost is not None]
    if len(amounts) < len(records) or not sum(amounts):
        amounts = [Fraction(size(record)) for record in records]
    if not sum(amounts):
        amounts = [Fraction(1)] * len(records)
    total = sum(amounts)
    weights = [int(amount * WHOLE / total) for amount in amounts]
    weights[0] += WHOLE - sum(weights)
    return weights
