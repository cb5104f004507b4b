"""Portkey: one record per request from a log export, or where the key may not export, sums per person, pull request and day.

Sources: https://portkey.ai/docs/api-reference/admin-api (analytics groups, log exports), the same in
github.com/Portkey-AI/openapi, and https://portkey.ai/docs/product/observability/logs-export. Amounts are US cents. The person
is the metadata value `_user` that the caller sent.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial

from pr_cost_bot.config import SourceSettings
from pr_cost_bot.http import Connection, HttpSession, Limits, SourceError, Vendor
from pr_cost_bot.model import SourceResult, Tokens, UsageQuery, UsageRecord, reference_of
from pr_cost_bot.ports import Inspection
from pr_cost_bot.sources import portkey_export, portkey_sums, tags
from pr_cost_bot.sources.callers import parse_iso, provider
from pr_cost_bot.sources.events import Gateway, span_of, within
from pr_cost_bot.sources.people import Names
from pr_cost_bot.sources.portkey_groups import user_groups
from pr_cost_bot.sources.portkey_shapes import Row, amount, metadata_of
from pr_cost_bot.sources.reading import Chunk, Tally, one_request
from pr_cost_bot.sources.spans import DAY, Span

VENDOR = Vendor(
    title="Portkey",
    key_input="portkey_api_key",
    needs="a Portkey key that may read analytics and export logs, which takes the Enterprise plan",
)
URL = "https://api.portkey.ai"
SETTLES_AFTER = timedelta(days=1)  # Portkey states none
LAG = timedelta(minutes=5)  # Portkey states none


class Portkey(Gateway):
    """Reads a Portkey workspace's requests."""

    name = "portkey"
    title = VENDOR.title
    lag = LAG
    settles_after = SETTLES_AFTER

    def __init__(self, connection: Connection, storage: Callable[[str], Connection]) -> None:
        """`storage`: the connection to where exports lie, by the address of its server. It must not carry the key."""
        super().__init__(connection)
        self._storage = storage

    def fetch(self, query: UsageQuery) -> SourceResult:
        """Find out under which names the people appear, then export the requests of each name."""
        session, names, tally = self._connection.session(), Names(query.people, self.name), Tally()
        span = span_of(query)
        # Who has no usage needs no export: each leaves an entry in the customer's list of exports.
        listed = tally.rows(session.gather([partial(user_groups, session, span)]))
        users = list({group.user: group for group in listed if names.actor(group.user)}.values())
        exports = session.gather([partial(self._export, session, group.user, span) for group in users])
        coarse = any(isinstance(each, SourceError) and each.status in {403, 404} for each in exports)
        if coarse:
            tally.note(portkey_sums.COARSE)
            records = portkey_sums.read(session, names, span, query.now, tally)
        else:
            records = within(_records(tally.rows(exports), names), span)
        unknown = names.unknown(group.user.lower() for group in users)
        return self.answer(query, records, tally, unknown, "day" if coarse else "event")

    def inspect(self, now: datetime) -> Inspection:
        """Ask who used it in the last day. Whether the key may export is not tried: that would leave an export behind."""
        session = self._connection.session()
        try:
            users = user_groups(session, Span(now - DAY, now))
        except SourceError as error:
            return Inspection(title=self.title, problem=error.problem)
        sees = f"cost per person that the caller named ({len(users.rows)} in the last day)"
        return Inspection(title=self.title, sees=(sees,))

    def _export(self, session: HttpSession, user: str, span: Span) -> Chunk[Row]:
        return portkey_export.read(self._connection, session, self._storage, user, span)


def make(key: str, settings: SourceSettings, limits: Limits | None = None) -> Portkey:
    """The source for one key."""
    connection = Connection(VENDOR, settings.base_url or URL, {"x-portkey-api-key": key}, limits)
    return Portkey(connection, lambda address: Connection(VENDOR, address, {}, limits))


def _records(rows: Iterable[Row], names: Names) -> Iterator[UsageRecord]:
    """Records of these people's requests."""
    for row in rows:
        metadata = metadata_of(row)
        user = metadata.get("_user")
        if actor := names.actor(user) if isinstance(user, str) else None:
            yield _record(row, actor, tags.read((), metadata))


def _record(row: Row, actor: str, said: tags.Tags) -> UsageRecord:
    at = parse_iso(row.created_at)
    tokens = Tokens(row.req_units or row.request_tokens or 0, 0, 0, row.res_units or row.response_tokens or 0)
    cost = amount(row)
    if not cost and tokens:
        cost = None  # Portkey knows no price for the model: to be priced from the tokens
    record = one_request(
        "portkey",
        (row.id,),
        source="portkey",
        actor=actor,
        at=at,
        model=row.ai_model or "unknown",
        tokens=tokens,
        cost_usd=cost,
        provider=provider(row.ai_org or row.ai_provider),
        reference=reference_of(id=row.id),
    )
    return tags.placed(record, said)
