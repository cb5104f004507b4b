"""The pair `analytics/cost` and `analytics/usage` (beta): money and tokens per actor, model and product, to the minute.

Source: types and docstrings of PyPI `anthropic` 2.12.0. At most 31 days per request, 24 hours with minutes; at most 1000 rows
per page; amounts are strings of fractional cents after discounts.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Literal, TypeVar

import msgspec

from pr_cost_bot.http import HttpSession, SourceError
from pr_cost_bot.model import NO_TOKENS, Terms, Tokens, UsageRecord
from pr_cost_bot.sources.anthropic.reports import ORGANIZATION, report, stamp
from pr_cost_bot.sources.anthropic.shapes import Actor, CostRow, Group, Page, Usage, UsageRow
from pr_cost_bot.sources.people import Names
from pr_cost_bot.sources.reading import Chunk, cents, record_id, utc
from pr_cost_bot.sources.spans import Span, windows

BETA = "analytics-usage-cost-2026-08-24"
EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
LOOK_BACK = timedelta(days=365)
WIDEST = {"1h": timedelta(days=31), "1m": timedelta(hours=24)}
Width = Literal["1h", "1m"]
AnyRow = TypeVar("AnyRow", CostRow, UsageRow)

_ACTORS_PER_REQUEST = 50  # keeps the address below 3 KB

Key = tuple[str, datetime, datetime, str, str]


class Answer(msgspec.Struct, frozen=True):
    """What the pair said: per request, rows or an error."""

    costs: list[Chunk[CostRow] | SourceError]
    usages: list[Chunk[UsageRow] | SourceError]

    def errors(self) -> list[SourceError]:
        """Requests of which nothing came."""
        return [chunk for chunk in (*self.costs, *self.usages) if isinstance(chunk, SourceError)]

    def fresh_until(self) -> datetime | None:
        """The oldest `data_refreshed_at`: rows after it are incomplete."""
        chunks = [chunk for chunk in (*self.costs, *self.usages) if isinstance(chunk, Chunk)]
        return min((utc(chunk.fresh_until) for chunk in chunks if chunk.fresh_until), default=None)


def is_missing(error: SourceError) -> bool:
    """Whether the organisation or the key lacks the pair, as opposed to a failure."""
    return error.status in {403, 404} or (error.status == 400 and "beta" in error.detail.lower())


def ask(session: HttpSession, actor_ids: Sequence[str], spans: Iterable[Span], width: Width) -> Answer:
    """Ask both endpoints for all spans at once. No actor ids: for everybody."""
    pieces = [piece for span in spans for piece in windows(span, WIDEST[width])]
    groups = [actor_ids[i : i + _ACTORS_PER_REQUEST] for i in range(0, len(actor_ids), _ACTORS_PER_REQUEST)] or [()]
    asked = [(piece, group) for piece in pieces for group in groups]
    costs = [partial(_read, session, "/analytics/cost", Page[CostRow], _params(*each, width), each[0]) for each in asked]
    usages = [partial(_read, session, "/analytics/usage", Page[UsageRow], _params(*each, width), each[0]) for each in asked]
    return Answer(*session.both(costs, usages))


def probe(session: HttpSession, now: datetime) -> Page[CostRow]:
    """One row of the last day, to see whether the key may read. Raises: SourceError."""
    span = Span(now - timedelta(hours=24), now)
    params = [pair for pair in _params(span, (), "1h") if pair[0] != "limit"]
    return session.get(ORGANIZATION + "/analytics/cost", Page[CostRow], [*params, ("limit", "1")], _HEADERS)


_HEADERS = {"anthropic-beta": BETA}


def _params(span: Span, actor_ids: Sequence[str], width: Width) -> list[tuple[str, str]]:
    return [
        ("starting_at", stamp(span.start)),
        ("ending_at", stamp(span.end)),
        ("time_bucket_width", width),
        ("group_by[]", "actor"),
        ("group_by[]", "model"),
        ("group_by[]", "product"),
        *(("actor_ids[]", actor_id) for actor_id in actor_ids),
        ("limit", "1000"),
    ]


def _read(
    session: HttpSession, path: str, shape: type[Page[AnyRow]], params: list[tuple[str, str]], span: Span
) -> Chunk[AnyRow]:
    """All pages for one span; rows that lie outside it belong to another request."""
    chunk = report(session, path, shape, params, _HEADERS, _check)
    inside = [row for row in chunk.rows if span.start <= utc(row.starting_at) < span.end]
    return Chunk(inside, chunk.error, chunk.fresh_until)


def _check(row: CostRow | UsageRow) -> None:
    if utc(row.ending_at) < utc(row.starting_at):
        raise ValueError("a bucket that ends before it starts")
    if isinstance(row, CostRow):
        cost_usd(row)


def cost_usd(row: CostRow) -> Decimal:
    """Dollars of a row of `analytics/cost`, whose `amount` is in cents."""
    return cents(row.cost.amount)


def join(costs: Iterable[CostRow], usages: Iterable[UsageRow], names: Names) -> tuple[UsageRecord, ...]:
    """Records of the query's people from both answers, by actor, bucket, model and product.

    Rows with one key are different identities and add up. Rows without an actor belong to nobody and are left out.
    Usage without a cost row keeps its cost unknown, to be estimated from the tokens.
    """
    amounts: dict[Key, Decimal] = {}
    requests: dict[Key, int] = {}
    tokens: dict[Key, tuple[Tokens, int]] = {}
    for cost in costs:
        if key := _key(cost.starting_at, cost.ending_at, cost.group, names):
            amounts[key] = amounts.get(key, Decimal(0)) + cost_usd(cost)
            requests[key] = requests.get(key, 0) + (cost.cost.requests or 0)
    for usage in usages:
        if key := _key(usage.starting_at, usage.ending_at, usage.group, names):
            before, hour_before = tokens.get(key, (NO_TOKENS, 0))
            more, hour_more = tokens_of(usage.usage)
            tokens[key] = before + more, hour_before + hour_more
            if key not in amounts:
                requests[key] = requests.get(key, 0) + (usage.usage.requests or 0)
    records = [
        _record(key, amounts.get(key), tokens.get(key, (NO_TOKENS, 0)), requests.get(key, 0))
        for key in sorted(amounts.keys() | tokens.keys(), key=lambda key: (key[1], key))
    ]
    return tuple(records)


def _key(start: datetime, end: datetime, group: Group, names: Names) -> Key | None:
    actor = group.actor or Actor()
    name = names.actor(actor.email_address, actor.user_id, actor.service_account_id, actor.api_key_id, actor.subject)
    return (name, utc(start), utc(end), group.model or "unknown", group.product or "") if name else None


def tokens_of(usage: Usage) -> tuple[Tokens, int]:
    """The four classes, and how many of the cache writes are kept for an hour. The vendor's input counts are disjoint."""
    writes = usage.cache_creation
    one_hour = (writes and writes.ephemeral_1h_input_tokens) or 0
    written = one_hour + ((writes and writes.ephemeral_5m_input_tokens) or 0)
    read = usage.cache_read_input_tokens or 0
    total = (usage.uncached_input_tokens or 0) + read + written
    return Tokens(total, read, written, usage.output_tokens or 0), one_hour


def _record(key: Key, cost: Decimal | None, tokens: tuple[Tokens, int], requests: int) -> UsageRecord:
    actor, start, end, model, product = key
    return UsageRecord(
        id=record_id("anthropic", "analytics", *key),
        source="anthropic",
        actor=actor,
        start=start,
        end=end,
        model=model,
        tokens=tokens[0],
        requests=requests,
        cost_usd=cost,
        billed_usd=cost,
        product=product,
        provider="anthropic",
        terms=Terms(cache_write_1h=tokens[1]),
    )
