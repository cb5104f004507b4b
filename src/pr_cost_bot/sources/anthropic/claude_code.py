"""`usage_report/claude_code`: an estimate per person, model and day, the last resort where nothing else names people.

Source: https://platform.claude.com/docs/en/manage-claude/claude-code-analytics-api. One UTC day per request; amounts are whole
cents; data older than an hour only; cache writes are not told apart.
"""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from functools import partial

from pr_cost_bot.hours import floor_hour
from pr_cost_bot.http import HttpSession, SourceError
from pr_cost_bot.model import Tokens, UsageRecord
from pr_cost_bot.sources.anthropic.reports import report
from pr_cost_bot.sources.anthropic.shapes import ClaudeCodeRow, EstimatedCost, ModelBreakdown, ModelTokens, Page
from pr_cost_bot.sources.people import Names
from pr_cost_bot.sources.reading import Chunk, cents, record_id, utc
from pr_cost_bot.sources.spans import DAY, Span

LAG = timedelta(hours=1)


def ask(session: HttpSession, span: Span) -> list[Chunk[ClaudeCodeRow] | SourceError]:
    """Ask for every day that the span touches, at once."""
    day = floor_hour(span.start).replace(hour=0)
    days = []
    while day < span.end:
        days.append(day)
        day += DAY
    return session.gather([partial(_read, session, each.strftime("%Y-%m-%d")) for each in days])


def _read(session: HttpSession, day: str) -> Chunk[ClaudeCodeRow]:
    params = [("starting_at", day), ("limit", "1000")]
    chunk = report(session, "/usage_report/claude_code", Page[ClaudeCodeRow], params, {}, _check)
    return Chunk([row for row in chunk.rows if utc(row.date).strftime("%Y-%m-%d") == day], chunk.error)


def _check(row: ClaudeCodeRow) -> None:
    if utc(row.date).year > 9000:
        raise ValueError("a day out of all bounds")
    for part in row.model_breakdown:
        cost_usd(part.estimated_cost)


def cost_usd(cost: EstimatedCost | None) -> Decimal | None:
    """Dollars of an estimate in whole cents."""
    return None if cost is None else cents(cost.amount)


def records(rows: Iterable[ClaudeCodeRow], names: Names) -> tuple[UsageRecord, ...]:
    """Records of the query's people; the same person, day, model and terminal can come more than once and adds up."""
    found: list[UsageRecord] = []
    taken: dict[str, int] = {}
    for row in rows:
        actor = names.actor(row.actor.email_address, row.actor.api_key_name)
        for part in row.model_breakdown if actor else ():
            key = record_id("anthropic", "claude_code", actor, utc(row.date), part.model, row.terminal_type, row.customer_type)
            taken[key] = taken.get(key, 0) + 1
            name = key if taken[key] == 1 else f"{key}-{taken[key]}"
            found.append(_record(name, actor or "", row, part))
    return tuple(sorted(found, key=lambda record: (record.start, record.id)))


def _record(name: str, actor: str, row: ClaudeCodeRow, part: ModelBreakdown) -> UsageRecord:
    cost = cost_usd(part.estimated_cost)
    start = utc(row.date)
    return UsageRecord(
        id=name,
        source="anthropic",
        actor=actor,
        start=start,
        end=start + DAY,
        model=part.model,
        tokens=_tokens(part.tokens),
        cost_usd=cost,
        billed_usd=Decimal(0) if row.customer_type == "subscription" else None,
        product="claude_code",
        provider="anthropic",
        listed=cost is not None,
    )


def _tokens(counts: ModelTokens) -> Tokens:
    read, written = counts.cache_read or 0, counts.cache_creation or 0
    return Tokens((counts.input or 0) + read + written, read, written, counts.output or 0)
