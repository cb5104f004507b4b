"""`POST /analytics/query`: cost by hour or minute, where `GET /analytics/meta` offers it.

Sources: https://openrouter.ai/docs/api/api-reference/analytics and the schema and query pages of OpenRouterTeam/skills: at most
2 dimensions, 10,000 rows and 64 requests a minute; minutes only in windows of at most 3 hours. Rows show names where filters
take ids: `api_key_id` is the key's name. Counts come as text, amounts as floats of dollars; `total_usage` holds own
keys' use too.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import msgspec

from pr_cost_bot.hours import HOUR
from pr_cost_bot.http import HttpSession, SourceError
from pr_cost_bot.model import Tokens, UsageRecord
from pr_cost_bot.sources.callers import parse_iso
from pr_cost_bot.sources.openrouter.people import Who, tags_of
from pr_cost_bot.sources.openrouter.shapes import Meta, Queried
from pr_cost_bot.sources.reading import Chunk, Count, Tally, as_dollars, record_id
from pr_cost_bot.sources.spans import DAY, Span
from pr_cost_bot.sources.tags import placed

Width = Literal["hour", "minute"]
WIDEST = {"hour": 7 * DAY, "minute": 3 * HOUR}
_STEP = {"hour": HOUR, "minute": timedelta(minutes=1)}
_MOST_ROWS = 10_000


class Plan(msgspec.Struct, frozen=True):
    """Names of what is asked for; empty: not offered."""

    spend: str
    billed: str
    prompt: str
    cached: str
    completion: str
    requests: str
    dimensions: tuple[str, ...]
    has_minutes: bool

    @property
    def metrics(self) -> list[str]:
        names = (self.spend, self.billed, self.prompt, self.cached, self.completion, self.requests)
        return [name for name in names if name]


class Row(msgspec.Struct, frozen=True):
    """One bucket of one filter, model and key. `key`: its name."""

    who: Who
    at: datetime
    model: str
    key: str
    spend: Decimal
    billed: Decimal | None
    tokens: Tokens
    requests: int


def plan_of(meta: Meta) -> Plan | None:
    """How to ask for spend by person, model and hour; None when that is not offered."""
    metrics, dimensions, widths = (
        {each.name for each in kind} for kind in (meta.data.metrics, meta.data.dimensions, meta.data.granularities)
    )

    def first(*names: str) -> str:
        return next((name for name in names if name in metrics), "")

    spend = first("total_usage", "usage", "total_cost", "cost", "spend")
    if not spend or "hour" not in widths or not {"user", "model"} <= dimensions:
        return None
    return Plan(
        spend=spend,
        billed=first("credits_usage"),
        prompt=first("tokens_prompt", "prompt_tokens"),
        cached=first("cached_tokens"),
        completion=first("tokens_completion", "completion_tokens"),
        requests=first("request_count", "requests"),
        dimensions=("model", "api_key_id") if "api_key_id" in dimensions else ("model",),
        has_minutes="minute" in widths,
    )


def read(session: HttpSession, plan: Plan, who: Who, span: Span, width: Width) -> Chunk[Row]:
    """Rows of one filter in `[start, end)`; one that was cut off is asked for again in two halves. Raises: SourceError."""
    body = {
        "metrics": plan.metrics,
        "dimensions": list(plan.dimensions),
        "granularity": width,
        "filters": [{"field": who.field, "operator": "eq", "value": who.value}],
        "time_range": {"start": _text(span.start), "end": _text(span.end)},
        "limit": _MOST_ROWS,
    }
    table = session.post("/v1/analytics/query", Queried, body).data
    if table.metadata and table.metadata.truncated:
        return _halves(session, plan, who, span, width)
    try:
        rows = [_row(each, plan, who, width) for each in table.data]
    except (ValueError, ArithmeticError, msgspec.DecodeError, KeyError) as error:
        raise session.malformed(str(error)) from None
    return Chunk(row for row in rows if span.start <= row.at < span.end and row.key not in who.without)


def _halves(session: HttpSession, plan: Plan, who: Who, span: Span, width: Width) -> Chunk[Row]:
    steps = (span.end - span.start) // _STEP[width]
    if steps < 2:
        raise session.malformed("more rows than it hands out")
    middle = span.start + steps // 2 * _STEP[width]
    tally = Tally()
    halves: list[Chunk[Row] | SourceError] = []
    for half in (Span(span.start, middle), Span(middle, span.end)):
        try:
            halves.append(read(session, plan, who, half, width))
        except SourceError as error:
            halves.append(error)
    rows = tally.rows(halves)
    return Chunk(rows, tally.errors[0] if tally.errors else None)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _row(row: dict[str, msgspec.Raw], plan: Plan, who: Who, width: Width) -> Row:
    cached = _count(row, plan.cached)
    return Row(
        who=who,
        at=parse_iso(_value(row, f"date__{width}", str)),
        model=_value(row, "model", str | None) or "unknown",
        key=_value(row, "api_key_id", str | None) or "" if "api_key_id" in row else (who.key and who.key.name) or "",
        spend=as_dollars(_value(row, plan.spend, Decimal | None) or Decimal(0)),
        billed=as_dollars(_value(row, plan.billed, Decimal | None) or Decimal(0)) if plan.billed else None,
        tokens=Tokens(max(_count(row, plan.prompt), cached), cached, 0, _count(row, plan.completion)),
        requests=_count(row, plan.requests),
    )


def _value(row: dict[str, msgspec.Raw], name: str, kind: Any) -> Any:
    if name not in row:
        raise ValueError(f"a row without {name}")
    return msgspec.json.decode(row[name], type=kind, strict=False)


def _count(row: dict[str, msgspec.Raw], name: str) -> int:
    return _value(row, name, Count | None) or 0 if name else 0


def to_records(rows: Iterable[Row], width: Width) -> tuple[UsageRecord, ...]:
    """Records by person, bucket, model and key."""
    found: dict[tuple[str, datetime, str, str], list[Row]] = {}
    for row in rows:
        if row.spend or row.tokens:
            found.setdefault((row.who.actor, row.at, row.model, row.key), []).append(row)
    ordered = sorted(found, key=lambda key: (key[1], key))
    return tuple(_record(key, found[key], _STEP[width]) for key in ordered)


def _record(key: tuple[str, datetime, str, str], rows: list[Row], step: timedelta) -> UsageRecord:
    actor, at, model, name = key
    billed = [row.billed for row in rows if row.billed is not None]
    record = UsageRecord(
        id=record_id("openrouter", *key, step),
        source="openrouter",
        actor=actor,
        start=at,
        end=at + step,
        model=model,
        tokens=sum((row.tokens for row in rows), Tokens()),
        requests=sum(row.requests for row in rows),
        cost_usd=sum((row.spend for row in rows), Decimal(0)),
        billed_usd=sum(billed, Decimal(0)) if len(billed) == len(rows) else None,
        provider="openrouter",
    )
    return placed(record, tags_of(name))
