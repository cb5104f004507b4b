"""The trailer `Claude-Cost-Metrics` of the plugin commit-with-costs (github.com/noahlz/claude-plugins, its README).

`{"method":"inc","cost":[{"model","cost","in","out","cacheWrites":"23k","cacheReads":"249k"}],"since":"…","sessionId":"…"}`.
Only increments since the session's last commit count. `cum` is a running total of the session, `merge` pools whole sessions,
and the oldest have no method: summing those counts the same usage again and again.
"""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from pr_cost_bot.model import Tokens
from pr_cost_bot.receipts.amounts import AmountError, amount, count, mapping, text, time_or_none
from pr_cost_bot.receipts.claims import Claim, Refusals
from pr_cost_bot.receipts.messages import Block

FORMAT = "claude-cost-metrics"
_KEY = "claude-cost-metrics"
_INCREMENTS = frozenset({"inc", "incremental"})
_LIMIT = 20_000  # characters of one trailer


def read(block: Block, refused: Refusals) -> list[Claim]:
    """One claim for each model of each increment."""
    values = [trailer.value for trailer in block if trailer.key == _KEY]
    if len(set(values)) < len(values):
        refused.append("Claude-Cost-Metrics stands there twice")
    return [claim for value in dict.fromkeys(values) for claim in _claims(value, refused)]


def _claims(value: str, refused: Refusals) -> Iterable[Claim]:
    try:
        metrics = mapping(json.loads(value, parse_float=Decimal, parse_constant=str)) if len(value) <= _LIMIT else {}
    except (ValueError, RecursionError, ArithmeticError):
        metrics = {}
    rows = metrics.get("cost")
    if not isinstance(rows, list):
        refused.append("Claude-Cost-Metrics cannot be read")
        return
    if metrics.get("method") not in _INCREMENTS:
        refused.append("Claude-Cost-Metrics is a running total and no increment")
        return
    for row in map(mapping, rows[:50]):
        try:
            claim = _claim(metrics, row)
        except AmountError as reason:
            refused.append(f"Claude-Cost-Metrics {reason}")
            continue
        if claim:
            yield claim


def _claim(metrics: dict[str, Any], row: dict[str, Any]) -> Claim:
    reads, writes = count(row.get("cacheReads")), count(row.get("cacheWrites"))
    tokens = Tokens(count(row.get("in")) + reads + writes, reads, writes, count(row.get("out")))
    model, session, since = text(row.get("model")), text(metrics.get("sessionId")), metrics.get("since")
    cost = amount(row.get("cost"))
    start = time_or_none(since)
    return Claim(
        format=FORMAT,
        tool="anthropic",
        model=model,
        tokens=tokens,
        cost_usd=cost,
        start=start,
        session=session or None,
        key=f"{session} {start.isoformat()} {model} {cost}" if session and start else "",
    )
