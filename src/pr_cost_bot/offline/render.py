"""Allocations out, as JSON Lines (docs/attribution.md)."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec

from pr_cost_bot.attribution import Call
from pr_cost_bot.attribution.amounts import allocations
from pr_cost_bot.attribution.decision import WHOLE, Decision, Share
from pr_cost_bot.model import Evidence, Tokens, UsageRecord

_ENCODER = msgspec.json.Encoder()
_UNSET = msgspec.UNSET


class _Line(msgspec.Struct, gc=False):
    """An allocation as it is written; amounts are decimal text."""

    usage_id: str
    repository: str | None
    pr_number: int | None
    commit: str | None
    evidence: Evidence | None
    reason: str
    cost_usd: str
    low_usd: str
    high_usd: str
    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    unpriced: bool | msgspec.UnsetType = _UNSET  # true where the price is not known: `cost_usd` says 0 then


def lines(calls: Sequence[Call], decisions: Sequence[Decision]) -> bytes:
    """The allocations of one person's records, one line each. Costs are plain decimal text, or None."""
    result: list[_Line] = []
    add = result.append
    known: Decision = ()
    for call, decision in zip(calls, decisions, strict=True):
        if decision is not known:  # one decision often stands for many records
            known, first = decision, decision[0]
            place, commit, evidence, reason, low = first.destination, first.commit, first.evidence, first.reason, first.low
            repository = None if place is None else place.repository
            number = None if place is None or evidence is None else place.pr_number
            others = decision[1:]
            whole = not others or _is_whole(decision)
        cost = call.cost_usd or "0"
        if not whole:
            result += _parts(call, decision)
            continue
        # Most records go to one place as they are; their numbers are written as they were read.
        add(
            _Line(
                call.id,
                repository,
                number,
                commit,
                evidence,
                reason,
                cost,
                cost if low == WHOLE else part_of(cost, low) if low else "0",
                cost,
                call.input_tokens,
                call.cache_read_tokens,
                call.cache_write_tokens,
                call.output_tokens,
                _UNSET if call.cost_usd is not None else True,
            )
        )
        if others:
            result += [_possible(call, share, cost) for share in others]
    return _ENCODER.encode_lines(result)


def _is_whole(decision: Decision) -> bool:
    """Whether all of a record goes to the first place, and all of it may belong to any of the others."""
    return decision[0].weight == WHOLE and not any([share.high != WHOLE for share in decision[1:]])  # noqa: C419 - faster


def _possible(call: Call, share: Share, cost: str) -> _Line:
    place = share.destination
    repository = None if place is None else place.repository
    number = None if place is None or share.evidence is None else place.pr_number
    bounds = ("0", "0", cost)
    return _Line(call.id, repository, number, share.commit, share.evidence, share.reason, *bounds, unpriced=_unpriced(call))


def _unpriced(call: Call) -> bool | msgspec.UnsetType:
    return _UNSET if call.cost_usd is not None else True


def _parts(call: Call, decision: Decision) -> Iterable[_Line]:
    """The same by exact arithmetic, for whatever there is to divide."""
    for share in allocations(record_of(call), decision):
        tokens = share.tokens
        yield _Line(
            share.usage_id,
            share.repository,
            share.pr_number,
            share.commit,
            share.evidence,
            share.reason,
            format(share.cost_usd, "f"),
            format(share.low_usd, "f"),
            format(share.high_usd, "f"),
            tokens.input,
            tokens.cache_read,
            tokens.cache_write,
            tokens.output,
            _unpriced(call),
        )


def part_of(amount: str, parts: int) -> str:
    """`parts` of `WHOLE` of an amount, rounded down to its last digit."""
    point = amount.find(".") + 1
    if not point:
        return str(int(amount) * parts // WHOLE)
    digits = len(amount) - point
    whole, fraction = divmod((int(amount[: point - 1]) * 10**digits + int(amount[point:])) * parts // WHOLE, 10**digits)
    return f"{whole}.{fraction:0{digits}}"


def record_of(call: Call) -> UsageRecord:
    """The record that a line holds."""
    return UsageRecord(
        id=call.id,
        source=call.source,
        actor=call.person or "",
        start=call.start,
        end=call.end,
        model=call.model,
        tokens=Tokens(call.input_tokens, call.cache_read_tokens, call.cache_write_tokens, call.output_tokens),
        requests=call.requests,
        cost_usd=Decimal(call.cost_usd) if call.cost_usd is not None else None,
        billed_usd=Decimal(call.billed_usd) if call.billed_usd is not None else None,
        person=call.person,
        product=call.product or "",
        repository=call.repository,
        branch=call.branch,
        pr_number=call.pr_number,
        commit=call.commit,
        session=call.session,
    )
