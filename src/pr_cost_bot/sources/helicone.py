"""Helicone: one record per request through its gateway or log, with what Helicone computes as its cost.

Source: https://docs.helicone.ai/rest/request/post-v1requestquery-clickhouse. Amounts are US dollars. An error can come in the
body of an answer with status 200. The person is the `Helicone-User-Id` that the caller sent, properties are its
`Helicone-Property-…` headers.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from pr_cost_bot.config import SourceSettings
from pr_cost_bot.http import Connection, HttpSession, Kind, Limits, SourceError, Vendor
from pr_cost_bot.http_errors import vendor_error
from pr_cost_bot.model import Tokens, UsageRecord, reference_of
from pr_cost_bot.ports import Inspection
from pr_cost_bot.sources import tags
from pr_cost_bot.sources.callers import iso, parse_iso, provider
from pr_cost_bot.sources.events import ByUser
from pr_cost_bot.sources.people import Names
from pr_cost_bot.sources.reading import Chunk, Count, Tally, as_dollars, one_request
from pr_cost_bot.sources.spans import DAY, Span

VENDOR = Vendor(title="Helicone", key_input="helicone_api_key", needs="a Helicone API key that may read requests")
URL = "https://api.helicone.ai"
SETTLES_AFTER = timedelta(days=1)  # Helicone states none
LAG = timedelta(minutes=5)  # Helicone states none
_PATH = "/v1/request/query-clickhouse"
_TABLE = "request_response_rmt"
_PAGE_SIZE = 1000
_MOST_PAGES = 500
_NAMES_PER_QUERY = 20
_MOST_PER_REQUEST = 10_000
"""Dollars. Helicone stores costs as integers of a much smaller unit; such a number must never pass for dollars."""
_NO_CACHE_HIT = {"", "00000000-0000-0000-0000-000000000000"}


class Row(msgspec.Struct, frozen=True):
    """One request. Nearly everything may be missing."""

    request_id: str
    request_created_at: str
    request_user_id: str | None = None
    request_properties: dict[str, Any] | None = None
    properties: dict[str, Any] | None = None
    model: str | None = None
    response_model: str | None = None
    request_model: str | None = None
    provider: str | None = None
    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    prompt_cache_read_tokens: Count | None = None
    prompt_cache_write_tokens: Count | None = None
    total_tokens: Count | None = None
    cost: Decimal | None = None
    cost_usd: Decimal | None = msgspec.field(default=None, name="costUSD")
    cache_reference_id: str | None = None

    @property
    def amount(self) -> Decimal | None:
        """Dollars: the field that says so goes first."""
        return self.cost_usd if self.cost_usd is not None else self.cost


class Page(msgspec.Struct, frozen=True):
    """Rows, or an error."""

    data: tuple[Row, ...] | None = None
    error: Any = None


class Helicone(ByUser[Row]):
    """Reads a Helicone organisation's requests."""

    name = "helicone"
    title = VENDOR.title
    lag = LAG
    settles_after = SETTLES_AFTER

    def read(self, session: HttpSession, users: Sequence[str], span: Span, tally: Tally) -> Sequence[Chunk[Row] | SourceError]:
        """See events.ByUser."""
        groups = [users[i : i + _NAMES_PER_QUERY] for i in range(0, len(users), _NAMES_PER_QUERY)]
        return session.gather([partial(self._read, session, _filter(span, group)) for group in groups])

    def records(self, rows: Iterable[Row], names: Names) -> Iterator[UsageRecord]:
        """See events.ByUser."""
        for row in rows:
            if actor := names.actor(row.request_user_id):
                yield _record(row, actor)

    def inspect(self, now: datetime) -> Inspection:
        """Ask for one request of the last day, of anybody."""
        try:
            self._page(self._connection.session(), _filter(Span(now - DAY, now), ()), 0, 1)
        except SourceError as error:
            return Inspection(title=self.title, problem=error.problem)
        return Inspection(title=self.title, sees=("every request, with the person that the caller named",))

    def _read(self, session: HttpSession, wanted: dict[str, Any]) -> Chunk[Row]:
        """All pages, oldest first so that new requests move nothing. Raises: SourceError when not even the first came."""
        rows: list[Row] = []
        for _ in range(_MOST_PAGES):
            try:
                page = self._page(session, wanted, len(rows), _PAGE_SIZE)
            except SourceError as error:
                if not rows:
                    raise
                return Chunk(rows, error)
            rows += page
            if len(page) < _PAGE_SIZE:
                return Chunk(rows)
        return Chunk(rows, session.malformed("pages without an end"))

    def _page(self, session: HttpSession, wanted: dict[str, Any], offset: int, limit: int) -> tuple[Row, ...]:
        body = {"filter": wanted, "offset": offset, "limit": limit, "sort": {"created_at": "asc"}, "isCached": False}
        page = session.post(_PATH, Page, body)
        if page.error:
            raise self._refused(page.error)
        if page.data is None:
            raise session.malformed("the list of requests is missing")
        try:
            for row in page.data:
                parse_iso(row.request_created_at)
                _cost(row)
        except ValueError as error:
            raise session.malformed(str(error)) from None
        return page.data

    def _refused(self, error: object) -> SourceError:
        """The failure that an answer with status 200 tells of."""
        message = error.get("message", error) if isinstance(error, dict) else error
        detail = self._connection.clean(message)
        unauthorized = any(word in detail.lower() for word in ("unauthorized", "api key", "authentication"))
        kind = Kind.UNAUTHORIZED if unauthorized else Kind.SERVER
        return vendor_error(self._connection.vendor, kind, "answered with an error", detail=detail)


def make(key: str, settings: SourceSettings, limits: Limits | None = None) -> Helicone:
    """The source for one key."""
    return Helicone(Connection(VENDOR, settings.base_url or URL, {"Authorization": f"Bearer {key}"}, limits))


def _filter(span: Span, users: Sequence[str]) -> dict[str, Any]:
    """The requests of the span by these users, or by anybody, as Helicone's tree of two-armed nodes."""
    time = _joined(
        "and", [_leaf("request_created_at", "gte", iso(span.start)), _leaf("request_created_at", "lt", iso(span.end))]
    )
    return _joined("and", [time, _joined("or", [_leaf("user_id", "equals", user) for user in users])]) if users else time


def _leaf(column: str, operator: str, value: str) -> dict[str, Any]:
    return {_TABLE: {column: {operator: value}}}


def _joined(operator: str, nodes: list[dict[str, Any]]) -> dict[str, Any]:
    tree = nodes[0]
    for node in nodes[1:]:
        tree = {"left": tree, "operator": operator, "right": node}
    return tree


def _record(row: Row, actor: str) -> UsageRecord:
    at = parse_iso(row.request_created_at)
    model = row.model or row.response_model or row.request_model or "unknown"
    seller = provider(row.provider)
    tokens = tokens_of(row, disjoint=seller == "anthropic" or "claude" in model.lower())
    cost = _cost(row)
    if not cost and tokens and (row.cache_reference_id or "") in _NO_CACHE_HIT:
        cost = None  # Helicone knows no price for the model: to be priced from the tokens
    said = tags.read((), {**(row.properties or {}), **(row.request_properties or {})})
    record = one_request(
        "helicone",
        (row.request_id,),
        source="helicone",
        actor=actor,
        at=at,
        model=model,
        tokens=tokens,
        cost_usd=cost,
        provider=seller,
        reference=reference_of(request_id=row.request_id),
    )
    return tags.placed(record, said)


def _cost(row: Row) -> Decimal | None:
    """Dollars of a request. Raises ValueError for an amount that makes no sense."""
    if row.amount is None:
        return None
    cost = as_dollars(row.amount)
    if cost > _MOST_PER_REQUEST:
        raise ValueError("an amount that no single request costs")
    return cost


def tokens_of(row: Row, *, disjoint: bool) -> Tokens:
    """Tokens of a request. `disjoint`: the vendor counts cache tokens beside `prompt_tokens`, and not as a part of them.

    A total that holds the cache counts, or more of them than prompt tokens, says so as well.
    """
    prompt, output = row.prompt_tokens or 0, row.completion_tokens or 0
    read, write = row.prompt_cache_read_tokens or 0, row.prompt_cache_write_tokens or 0
    beside = disjoint or read + write > prompt or row.total_tokens == prompt + read + write + output
    return Tokens(prompt + read + write if beside else prompt, read, write, output)
