"""What `ccusage --json` prints: tokens and list-price estimates by day or session, from one machine's own logs.

Source: https://github.com/ryoppippi/ccusage (docs/guide/json-output.md). It names no person. Days are the machine's own; they
are taken as UTC. Its Codex report counts cached input inside input.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from pr_cost_bot.files.shapes import JsonFormat, Usage
from pr_cost_bot.files.values import DAY, BadValueError, count, fields, items, name, period, usd
from pr_cost_bot.files.vendors import vendor_of_model
from pr_cost_bot.model import Tokens, UsageRecord
from pr_cost_bot.sources.reading import record_id

_LISTS = ("daily", "weekly", "monthly", "session", "sessions", "data")
_SINGLE = frozenset({"daily", "session", "sessions", "data"})
_DATES = ("date", "period", "lastActivity", "day")


def _matches(value: Any) -> bool:
    known = fields(value)
    if any(isinstance(known.get(key), list) for key in _LISTS) and isinstance(known.get("totals", known.get("summary")), dict):
        return True
    return any(_is_row(row) for key in _LISTS for row in items(known.get(key)))


def _is_row(row: Any) -> bool:
    return "inputTokens" in fields(row) and ("totalCost" in row or "costUSD" in row or "modelBreakdowns" in row)


def _parts(value: Any) -> Iterable[Any]:
    """A row and a model of it. Sums over weeks and months say nothing about commits."""
    known = fields(value)
    for key in _LISTS:
        for row in items(known.get(key)):
            if key not in _SINGLE:
                yield row, None
                continue
            models = _models(fields(row))
            yield from ((row, model) for model in models) if models else ((row, row),)


def _models(row: Mapping[str, Any]) -> list[Any]:
    """The row by model: Claude's `modelBreakdowns`, or Codex's `models` (an object), whose costs the row holds in one sum."""
    if breakdowns := items(row.get("modelBreakdowns")):
        return breakdowns
    models = fields(row.get("models"))
    if not models:
        return []
    one = {"cost": row.get("costUSD")} if len(models) == 1 else {}
    return [{"modelName": model, **one, **fields(counts)} for model, counts in models.items()]


def _usage(part: tuple[Any, Any]) -> Usage | None:
    row, model = fields(part[0]), part[1]
    if model is None:
        raise BadValueError("", "a report by day or session (ccusage daily --json)")
    counts = fields(model)
    start, end = _day(row)
    used = [name(each) for each in items(row.get("modelsUsed"))]
    called = name(counts.get("modelName")) or (used[0] if len(used) == 1 else "unknown")
    tokens = _tokens(counts)
    amount = usd(next((counts[key] for key in ("cost", "totalCost", "costUSD") if key in counts), None), "cost")
    if called == "<synthetic>" or not (tokens or amount):
        return None
    agent = name(row.get("agent")).lower().replace(" ", "_")
    session = name(row.get("sessionId"))
    vendor = vendor_of_model(called)
    project = name(row.get("project", row.get("projectPath")))
    return Usage(
        UsageRecord(
            id=record_id("ccusage", start, called, agent, session, project),
            source=vendor or "ccusage",
            provider=vendor,
            actor="",
            start=start,
            end=end,
            model=called,
            tokens=tokens,
            cost_usd=amount or None,
            listed=bool(amount),
            product=_product(agent, vendor),
            session=session or None,
        )
    )


def _product(agent: str, vendor: str) -> str:
    named = {"claude": "claude_code", "anthropic": "claude_code", "openai": "codex", "google": "gemini_cli"}
    return named.get(agent, agent) or named.get(vendor, "")


def _day(row: Mapping[str, Any]) -> tuple[datetime, datetime]:
    text = next((row[key] for key in _DATES if isinstance(row.get(key), str)), None)
    if text is None:
        text = fields(row.get("metadata")).get("lastActivity")
    if isinstance(text, str) and "," in text:  # the Codex report writes "Sep 16, 2025"
        try:
            day = datetime.strptime(text.strip(), "%b %d, %Y").replace(tzinfo=UTC)
        except ValueError:
            raise BadValueError("date", "a date") from None
        return day, day + DAY
    start, end = period(text, "date")
    return (start, end) if end > start else _whole_day(start)


def _whole_day(at: datetime) -> tuple[datetime, datetime]:
    start = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return start, start + DAY


def _tokens(counts: Mapping[str, Any]) -> Tokens:
    plain, output = count(counts.get("inputTokens"), "inputTokens"), count(counts.get("outputTokens"), "outputTokens")
    inside = count(counts.get("cachedInputTokens"), "cachedInputTokens")
    if inside:
        return Tokens(max(plain, inside), inside, 0, output)
    read = count(counts.get("cacheReadTokens"), "cacheReadTokens")
    write = count(counts.get("cacheCreationTokens"), "cacheCreationTokens")
    return Tokens(plain + read + write, read, write, output)


CCUSAGE = JsonFormat(name="ccusage", title="ccusage report", matches=_matches, parts=_parts, usage=_usage, once=False)
