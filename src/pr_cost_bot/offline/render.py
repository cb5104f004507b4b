"""Allocations out, as JSON Lines (interface section 7)."""

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

import msgspec

from pr_cost_bot.attribution import Call
from pr_cost_bot.attribution.amounts import allocations
from pr_cost_bot.attribution.decision import WHOLE, Decision, Share
from pr_cost_bot.model import Allocation, Tokens, UsageRecord

_NEEDS_ESCAPES = re.compile(r'["\\\x00-\x1f]')
_POSSIBLE = '"cost_usd":"0","low_usd":"0","high_usd":"'
_NO_TOKENS = '"input_tokens":0,"cache_read_tokens":0,"cache_write_tokens":0,"output_tokens":0}\n'


class _Form(msgspec.Struct, gc=False):
    """What the lines of all records with one decision have in common, where the whole record goes to one place."""

    head: str
    low: int
    possible: tuple[str, ...]


def lines(calls: Sequence[Call], decisions: Sequence[Decision]) -> list[str]:
    """The allocations of one person's records, one line each. Costs are plain decimal text, or None."""
    forms, heads = dict[int, "_Form | None"](), dict[int, str]()
    result: list[str] = []
    add = result.append
    escaped = _NEEDS_ESCAPES.search("".join([call.id for call in calls])) is not None
    for call, decision in zip(calls, decisions, strict=True):
        key = id(decision)
        form = forms[key] if key in forms else forms.setdefault(key, _form(decision, heads))
        cost = call.cost_usd or "0"
        if form is None or cost[0] == "-":
            result += [_line(allocation) for allocation in allocations(record_of(call), decision)]
            continue
        name = call.id if not escaped else _json(call.id)[1:-1]
        low = cost if form.low == WHOLE else part_of(cost, form.low) if form.low else "0"
        add(
            f'{{"usage_id":"{name}",{form.head}"cost_usd":"{cost}","low_usd":"{low}","high_usd":"{cost}",'
            f'"input_tokens":{call.input_tokens},"cache_read_tokens":{call.cache_read_tokens},'
            f'"cache_write_tokens":{call.cache_write_tokens},"output_tokens":{call.output_tokens}}}\n'
        )
        for head in form.possible:
            add(f'{{"usage_id":"{name}",{head}{cost}",{_NO_TOKENS}')
    return result


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


def _form(decision: Decision, heads: dict[int, str]) -> _Form | None:
    first, *others = decision
    if first.weight != WHOLE or first.high != WHOLE:
        return None
    if not others:
        return _Form(_share_head(first, heads), first.low, ())
    if any([share.high != WHOLE for share in others]):  # noqa: C419 - a list is faster here
        return None
    possible = tuple([_share_head(share, heads, _POSSIBLE) for share in others])
    return _Form(_share_head(first, heads), first.low, possible)


def _share_head(share: Share, heads: dict[int, str], more: str = "") -> str:
    """The beginning of a share's lines. `heads`: those known, by the share's identity."""
    head = heads.get(id(share))
    if head is None:
        place = share.destination
        number = place.pr_number if place is not None and share.evidence else None
        repository = place.repository if place is not None else None
        head = heads[id(share)] = _head(repository, number, share.commit, share.evidence, share.reason) + more
    return head


def _head(repository: str | None, number: int | None, commit: str | None, evidence: str | None, reason: str) -> str:
    sha = "null" if commit is None else f'"{commit}"' if commit.isalnum() and commit.isascii() else _json(commit)
    return f'{_place(repository, number)}"commit":{sha},{_ground(evidence, reason)}'


@lru_cache(maxsize=4096)
def _place(repository: str | None, number: int | None) -> str:
    return f'"repository":{_json(repository)},"pr_number":{_json(number)},'


@lru_cache(maxsize=64)
def _ground(evidence: str | None, reason: str) -> str:
    return f'"evidence":{_json(evidence)},"reason":{_json(reason)},'


def _line(allocation: Allocation) -> str:
    head = _head(allocation.repository, allocation.pr_number, allocation.commit, allocation.evidence, allocation.reason)
    tokens = allocation.tokens
    return (
        f'{{"usage_id":{_json(allocation.usage_id)},{head}"cost_usd":"{allocation.cost_usd:f}","low_usd":"{allocation.low_usd:f}",'
        f'"high_usd":"{allocation.high_usd:f}","input_tokens":{tokens.input},"cache_read_tokens":{tokens.cache_read},'
        f'"cache_write_tokens":{tokens.cache_write},"output_tokens":{tokens.output}}}\n'
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
