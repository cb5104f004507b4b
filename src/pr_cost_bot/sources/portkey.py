"""Portkey: one record per request from a log export, or where the key may not export, sums per person and pull request.

Sources: https://portkey.ai/docs/api-reference/admin-api (analytics groups, log exports), the same in
github.com/Portkey-AI/openapi, and https://portkey.ai/docs/product/observability/logs-export. Amounts are US cents. The person
is the metadata value `_user` that the caller sent.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial

import msgspec

from pr_cost_bot.config import SourceSettings
from pr_cost_bot.http import Connection, HttpSession, Limits, SourceError, Vendor
from pr_cost_bot.model import ZERO, Interval, SourceResult, SourceStatus, Tokens, UsageQuery, UsageRecord
from pr_cost_bot.ports import Inspection
from pr_cost_bot.sources import portkey_export, tags
from pr_cost_bot.sources.callers import SPOOFABLE, moment, provider
from pr_cost_bot.sources.people import Names
from pr_cost_bot.sources.portkey_groups import PullGroup, UserGroup, pull_groups, user_groups
from pr_cost_bot.sources.portkey_shapes import Row, amount, metadata_of
from pr_cost_bot.sources.reading import Chunk, Tally, cents, record_id
from pr_cost_bot.sources.spans import DAY, Span

VENDOR = Vendor(
    title="Portkey",
    key_input="portkey_api_key",
    needs="a Portkey key that may read analytics and export logs, which takes the Enterprise plan",
)
URL = "https://api.portkey.ai"
SETTLES_AFTER = timedelta(days=1)  # Portkey states none
LAG = timedelta(minutes=5)  # Portkey states none
_COARSE = (
    "Portkey lets this key see sums only, no single requests: there are no models and tokens, and no times within the period."
)


class Portkey:
    """Reads a Portkey workspace's requests."""

    name = "portkey"
    title = VENDOR.title

    def __init__(self, connection: Connection, storage: Callable[[str], Connection]) -> None:
        """`storage`: the connection to where exports lie, by the address of its server. It must not carry the key."""
        self._connection = connection
        self._storage = storage

    def fetch(self, query: UsageQuery) -> SourceResult:
        """Find out under which names the people appear, then export the requests of each name."""
        session, names, tally = self._connection.session(), Names(query.people, self.name), Tally()
        span = Span(query.start, min(query.end, query.now))
        # Who has no usage needs no export: each leaves an entry in the customer's list of exports.
        listed = tally.rows(session.gather([partial(user_groups, session, span)]))
        users = list({group.user: group for group in listed if names.actor(group.user)}.values())
        exports = session.gather([partial(self._export, session, group.user, span) for group in users])
        coarse = any(isinstance(each, SourceError) and each.status in {403, 404} for each in exports)
        if coarse:
            tally.note(_COARSE)
            pulls = session.gather([partial(pull_groups, session, group.user, span) for group in users])
            records = _sums(users, pulls, names, span, tally)
        else:
            records = _records(tally.rows(exports), names, span)
        if records:
            tally.note(SPOOFABLE.format(title=self.title))
        status = SourceStatus(
            name=self.name,
            title=self.title,
            grain="day" if coarse else "event",
            fresh_until=query.now - LAG,
            settles_after=SETTLES_AFTER,
            unknown_people=names.unknown(group.user.lower() for group in users),
        )
        return SourceResult(status=tally.status(status, records), records=records)

    def refine(self, query: UsageQuery, result: SourceResult, contested: Sequence[Interval]) -> SourceResult:
        """Events are as fine as it gets; sums cannot be taken apart."""
        return result

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


def _records(rows: Iterable[Row], names: Names, span: Span) -> tuple[UsageRecord, ...]:
    """Records of the requests that count: once each, of these people, in the span."""
    records: dict[str, UsageRecord] = {}
    for row in rows:
        metadata = metadata_of(row)
        user = metadata.get("_user")
        actor = names.actor(user) if isinstance(user, str) else None
        if actor:
            record = _record(row, actor, tags.read((), metadata))
            if span.start <= record.start < span.end and (record.tokens or record.cost_usd):
                records[record.id] = record
    return tuple(sorted(records.values(), key=lambda record: (record.start, record.id)))


def _record(row: Row, actor: str, said: tags.Tags) -> UsageRecord:
    at = moment(row.created_at)
    tokens = Tokens(row.req_units or row.request_tokens or 0, 0, 0, row.res_units or row.response_tokens or 0)
    cost = amount(row)
    if not cost and tokens:
        cost = None  # Portkey knows no price for the model: to be priced from the tokens
    return UsageRecord(
        id=record_id("portkey", row.id),
        source="portkey",
        actor=actor,
        start=at,
        end=at,
        model=row.ai_model or "unknown",
        tokens=tokens,
        requests=1,
        cost_usd=cost,
        provider=provider(row.ai_org or row.ai_provider),
        repository=said.repository,
        branch=said.branch,
        pr_number=said.pr_number,
        commit=said.commit,
    )


def _sums(
    users: Sequence[UserGroup], pulls: Sequence[Chunk[PullGroup] | SourceError], names: Names, span: Span, tally: Tally
) -> tuple[UsageRecord, ...]:
    """One record per person and pull request, and one for the rest of what the person used."""
    records: list[UsageRecord] = []
    for user, outcome in zip(users, pulls, strict=True):
        whole = _sum(user, "", names.actor(user.user) or user.user, span)
        named = []
        for group in {group.metadata_value: group for group in tally.rows([outcome])}.values():
            said = tags.read((), {"pr": group.metadata_value})
            if said and group.cost:
                part = _sum(group, user.user, whole.actor, span)
                named.append(msgspec.structs.replace(part, repository=said.repository, pr_number=said.pr_number))
        rest = (whole.cost_usd or ZERO) - sum((part.cost_usd or ZERO for part in named), ZERO)
        if rest > 0:
            requests = max(0, whole.requests - sum(part.requests for part in named))
            named.append(msgspec.structs.replace(whole, cost_usd=rest, requests=requests))
        records += named
    return tuple(sorted(records, key=lambda record: record.id))


def _sum(group: UserGroup | PullGroup, user: str, actor: str, span: Span) -> UsageRecord:
    name = group.user if isinstance(group, UserGroup) else group.metadata_value
    return UsageRecord(
        id=record_id("portkey", "sum", user, name, span.start),
        source="portkey",
        actor=actor,
        start=span.start,
        end=span.end,
        model="unknown",
        requests=group.requests,
        cost_usd=cents(group.cost),
    )
