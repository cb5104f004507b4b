"""The ledger of the tool Receipt: `.receipt/ledger.jsonl`, one row for each call (github.com/noah-thing/receipt, src/types.ts).

`{"ts","source","provider","costUsd","model","inputTokens","outputTokens","cacheReadTokens","cacheWrite5mTokens",
"cacheWrite1hTokens","git":{"branch","repo","sha"},"requestId"}`. `inputTokens` is the uncached part; `costUsd` is Receipt's own
list price and null where it knows none. Rows name no person; they name branch and repository.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec

from pr_cost_bot.model import RECEIPT_SOURCE, Terms, Tokens, UsageRecord, reference_of
from pr_cost_bot.receipts.amounts import AmountError, amount, count, mapping, text, time_or_none, without_noise

FORMAT = "receipt-ledger"
PATH = ".receipt/ledger.jsonl"
_ROWS = 100_000


class LedgerReading(msgspec.Struct, frozen=True):
    """Usage, tagged with repository and branch, and plain sentences about rows that were left out."""

    records: tuple[UsageRecord, ...] = ()
    notes: tuple[str, ...] = ()


def read_ledger(ledger: str, repository: str) -> LedgerReading:
    """Read the file's text. `repository` is where it lies: rows that name another one are left out.

    The same call imported twice (same request id, or the same row again) counts once.
    """
    records: dict[str, UsageRecord] = {}
    bad = foreign = 0
    for row in _rows(ledger):
        git = mapping(row.get("git"))
        if (text(git.get("repo")) or repository).lower() != repository.lower():
            foreign += 1
            continue
        record = _record(row, git, repository)
        if record is None:
            bad += 1
        else:
            records.setdefault(record.id, record)
    notes = []
    if bad:
        notes.append(f"{bad} rows of {PATH} cannot be read and are not counted.")
    if foreign:
        notes.append(f"{foreign} rows of {PATH} name another repository and are not counted.")
    return LedgerReading(tuple(records.values()), tuple(notes))


def _rows(ledger: str) -> Iterator[dict[str, Any]]:
    for line in ledger.split("\n", _ROWS)[:_ROWS]:
        if line.strip():
            try:
                yield mapping(json.loads(line, parse_float=Decimal, parse_constant=str))
            except (ValueError, RecursionError, ArithmeticError):
                yield {}


def _record(row: dict[str, Any], git: dict[str, Any], repository: str) -> UsageRecord | None:
    when = time_or_none(row.get("ts"))
    if when is None:
        return None
    try:
        read, hour = count(row.get("cacheReadTokens")), count(row.get("cacheWrite1hTokens"))
        write = count(row.get("cacheWrite5mTokens")) + hour
        tokens = Tokens(count(row.get("inputTokens")) + read + write, read, write, count(row.get("outputTokens")))
        cost = None if row.get("costUsd") is None else without_noise(amount(row["costUsd"]))
    except AmountError:
        return None
    model, branch = text(row.get("model")), text(git.get("branch"), 250)
    identity = text(row.get("requestId")) or f"{when.isoformat()}:{model}:{branch}:{tokens}"
    provider = text(row.get("provider"))
    return UsageRecord(
        id=f"{RECEIPT_SOURCE}:{FORMAT}:{identity}",
        source=RECEIPT_SOURCE,
        product=FORMAT,
        actor="",
        start=when,
        end=when,
        model=model or "unknown",
        tokens=tokens,
        requests=1,
        cost_usd=cost,
        provider="" if provider == "unknown" else provider,
        terms=Terms(cache_write_1h=hour),
        repository=repository,
        branch=branch or None,
        commit=text(git.get("sha")) or None,
        reference=reference_of(requestId=text(row.get("requestId"))),
    )
