"""Anthropic's own exports (CSV): the Console's tokens, the Console's costs, and Claude Enterprise's spend report.

Headers are those of real exports, see tests/fixtures/files/README.md. The Console gives tokens without dollars in one file and
dollars without tokens in the other; `halves` joins them. API keys stand there by name.
"""

import re
from datetime import datetime

from pr_cost_bot.files.shapes import Cells, TableFormat, Usage
from pr_cost_bot.files.values import DAY, BadValueError, count, name, period, usd
from pr_cost_bot.model import Terms, Tokens, UsageRecord
from pr_cost_bot.sources.reading import record_id

_CONSOLE = "anthropic-console"  # both halves are one reporter's: neither repeats the other
_TOKEN_COLUMNS = (
    "usage_input_tokens_no_cache",
    "usage_input_tokens_cache_write_5m",
    "usage_input_tokens_cache_write_1h",
    "usage_input_tokens_cache_read",
    "usage_output_tokens",
    "web_search_count",
)
_RANGE = re.compile(r"(\d{4}-\d{2}-\d{2})-to-(\d{4}-\d{2}-\d{2})")
_TIERS = frozenset({"batch", "priority", "priority_on_demand", "flex", "flex_discount"})


def _matches_usage(columns: frozenset[str]) -> bool:
    return {"usage_date_utc", "usage_input_tokens_no_cache", "usage_output_tokens"} <= columns


def _usage(cells: Cells) -> Usage | None:
    uncached, short, long, read, output = (count(cells(column), column) for column in _TOKEN_COLUMNS[:5])
    tokens = Tokens(uncached + short + long + read, read, short + long, output)
    if not tokens:
        return None
    start, end = _bucket(cells)
    names = _names(cells)
    record = UsageRecord(
        id=record_id(_CONSOLE, "usage", *cells.key(*_TOKEN_COLUMNS)),
        source="anthropic",
        provider="anthropic",
        actor=names[0] if names else "",
        start=start,
        end=end,
        model=name(cells("model_version", "model")) or "unknown",
        tokens=tokens,
        product=_product(cells),
        terms=_terms(cells, long),
    )
    return Usage(record, names[1:])


def _terms(cells: Cells, long: int) -> Terms:
    tier = cells("service_tier", "usage_type").lower()
    geography = cells("inference_geo").lower()
    window = cells("context_window").lower()
    return Terms(
        cache_write_1h=long,
        service_tier=tier if tier in _TIERS else "",
        speed="fast" if cells("speed").lower() == "fast" else "",
        inference_geo="us" if geography == "us" else "",
        long_context=window.startswith((">", "200k-")),
    )


def _matches_cost(columns: frozenset[str]) -> bool:
    return {"usage_date_utc", "model", "cost_usd"} <= columns


def _cost(cells: Cells) -> Usage | None:
    amount = usd(cells("cost_usd"), "cost_usd")
    if not amount:
        return None
    start, end = _bucket(cells)
    names = _names(cells)
    record = UsageRecord(
        id=record_id(_CONSOLE, "cost", *cells.key("cost_usd", "list_price_usd", "api_key_status")),
        source="anthropic",
        provider="anthropic",
        actor=names[0] if names else "",
        start=start,
        end=end,
        model=name(cells("model")) or "unknown",
        cost_usd=amount,
        billed_usd=amount,
        product=_product(cells),
    )
    return Usage(record, names[1:])


def _bucket(cells: Cells) -> tuple[datetime, datetime]:
    """A day, or an hour where the export has hours."""
    start, end = period(cells("usage_date_utc"), "usage_date_utc")
    return (start, end) if end > start else (start, start + DAY / 24)


def _product(cells: Cells) -> str:
    return "claude_code" if cells("workspace") == "Claude Code" or cells("api_key").startswith("claude_code_key") else ""


def _names(cells: Cells) -> tuple[str, ...]:
    """The API key by name and, where the export has it, by id."""
    return tuple(dict.fromkeys(found for column in ("api_key", "api_key_id") if (found := name(cells(column)))))


def _matches_spend(columns: frozenset[str]) -> bool:
    return {"user_email", "model", "total_net_spend_usd"} <= columns


def _spend(cells: Cells) -> Usage | None:
    """Totals of the whole range, which only the file's name tells."""
    match = _RANGE.search(cells.file)
    if not match:
        raise BadValueError("the file's name", "the report's range, as in spend-report-…-2026-11-20-to-2026-11-20.csv")
    (start, _), (_, end) = period(match[1], "the file's name"), period(match[2], "the file's name")
    net, gross = (usd(cells(column), column) for column in ("total_net_spend_usd", "total_gross_spend_usd"))
    tokens, long = _spend_tokens(cells)
    if not (net or gross or tokens) or end <= start:
        return None
    email = name(cells("user_email"))
    record = UsageRecord(
        id=record_id("anthropic-spend", start, end, email, *(cells(c) for c in ("account_uuid", "product", "model"))),
        source="anthropic",
        provider="anthropic",
        actor=email if "@" in email else "",
        start=start,
        end=end,
        model=name(cells("model")) or "unknown",
        tokens=tokens,
        requests=count(cells("total_requests"), "total_requests"),
        cost_usd=net or gross or None,
        billed_usd=net,
        product=name(cells("product")).lower().replace(" ", "_"),
        terms=Terms(cache_write_1h=long),
    )
    return Usage(record, tuple(found for column in ("user_id", "account_uuid") if (found := name(cells(column)))))


def _spend_tokens(cells: Cells) -> tuple[Tokens, int]:
    """Tokens and how many of them were written to the cache for an hour. Older reports have prompt tokens only."""
    read = count(cells("total_cache_read_tokens"), "total_cache_read_tokens")
    short = count(cells("total_cache_write_5m_tokens"), "total_cache_write_5m_tokens")
    long = count(cells("total_cache_write_1h_tokens"), "total_cache_write_1h_tokens")
    uncached = count(cells("total_uncached_input_tokens"), "total_uncached_input_tokens")
    prompt = count(cells("total_prompt_tokens"), "total_prompt_tokens")
    total = max(prompt, uncached + read + short + long)
    return Tokens(total, read, short + long, count(cells("total_completion_tokens"), "total_completion_tokens")), long


ANTHROPIC_USAGE = TableFormat(name="anthropic-usage", title="Claude Console usage export", matches=_matches_usage, usage=_usage)
ANTHROPIC_COST = TableFormat(name="anthropic-cost", title="Claude Console cost export", matches=_matches_cost, usage=_cost)
ANTHROPIC_SPEND = TableFormat(
    name="anthropic-spend", title="Claude Enterprise spend report", matches=_matches_spend, usage=_spend
)
