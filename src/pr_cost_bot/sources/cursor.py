"""Cursor's Admin API: one event per request, with the person's e-mail address and what it cost.

Source: https://cursor.com/docs/account/teams/admin-api.md. Amounts are fractional cents, times are epoch milliseconds with
both ends of a window inclusive. Figures are aggregated by the hour, so only completed hours are read.
"""

import base64
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from pr_cost_bot.config import SourceSettings
from pr_cost_bot.hours import HOUR, floor_hour
from pr_cost_bot.http import Connection, HttpSession, Limits, Rate, SourceError, Vendor
from pr_cost_bot.model import SourceResult, Tokens, UsageQuery, UsageRecord, reference_of
from pr_cost_bot.ports import Inspection
from pr_cost_bot.sources.events import Events
from pr_cost_bot.sources.people import Names
from pr_cost_bot.sources.reading import Chunk, Count, Tally, cents, one_request
from pr_cost_bot.sources.spans import Span, windows

VENDOR = Vendor(
    title="Cursor",
    key_input="cursor_admin_key",
    needs="an Admin API key of a Cursor team whose plan includes the Admin API",
    rates=(Rate(path="/teams/filtered-usage-events", per_minute=60), Rate(path="/teams/", per_minute=20)),  # of the whole team
)
URL = "https://api.cursor.com"
SETTLES_AFTER = timedelta(days=2)
_LONGEST = timedelta(days=30)  # the widest window that one call may ask for
_PAGE_SIZE = 1000
_MOST_PAGES = 200  # per person and window: 200,000 events
_EVENTS = "/teams/filtered-usage-events"

Millis = Annotated[int, Meta(ge=0, le=253402300799999)]


class TokenUsage(msgspec.Struct, frozen=True, rename="camel"):
    """The four counts are disjoint. `total_cents` is before discount and without Cursor's own fee."""

    input_tokens: Count | None = None
    output_tokens: Count | None = None
    cache_write_tokens: Count | None = None
    cache_read_tokens: Count | None = None
    total_cents: Decimal | None = None
    discount_percent_off: Decimal | None = None


class Event(msgspec.Struct, frozen=True, rename="camel"):
    """One request. Nearly everything can be missing, depending on plan and age."""

    timestamp: Millis
    model: str | None = None
    user_email: str | None = None
    kind: str | None = None
    conversation_id: str | None = None
    service_account_id: str | None = None
    cloud_agent_id: str | None = None
    automation_id: str | None = None
    is_chargeable: bool | None = None
    charged_cents: Decimal | None = None
    cursor_token_fee: Decimal | None = None
    token_usage: TokenUsage | None = None


class Pagination(msgspec.Struct, frozen=True, rename="camel"):
    """Where a page stands."""

    num_pages: Count | None = None
    has_next_page: bool | None = None


class EventsPage(msgspec.Struct, frozen=True, rename="camel"):
    """A page of events. An empty one may lack the list."""

    total_usage_events_count: Count | None = None
    pagination: Pagination | None = None
    usage_events: tuple[Event, ...] | None = None


class Member(msgspec.Struct, frozen=True):
    """A team member, removed ones included."""

    email: str | None = None


class Members(msgspec.Struct, frozen=True, rename="camel"):
    """Answer of `/teams/members`; it is not paged."""

    team_members: tuple[Member, ...]


class Cursor(Events):
    """Reads a Cursor team's usage events."""

    name = "cursor"
    title = VENDOR.title
    settles_after = SETTLES_AFTER

    def fetch(self, query: UsageQuery) -> SourceResult:
        """Read the events of these people in completed hours."""
        session, names, tally = self._connection.session(), Names(query.people, self.name), Tally()
        fresh_until = floor_hour(query.now)
        span = Span(query.start, min(query.end, fresh_until))
        filters = [{"email": email} for email in names.emails()]
        filters += [{"serviceAccountId": name} for name in names.configured()]
        reads = [partial(_read, session, who, window) for who in filters for window in windows(span, _LONGEST)]
        # The list of members only tells who is unknown: a failure there is no failure of the figure.
        (members, *_), chunks = session.both([partial(_members, session)], reads)
        events = tally.rows(_unless_unknown(chunk) for chunk in chunks)
        if not isinstance(members, SourceError):
            # The filter is documented as exact, and people write their addresses with capitals.
            spelled = [email for email in members if email != email.lower() and names.actor(email)]
            again = [
                partial(_read, session, {"email": email}, window) for email in spelled for window in windows(span, _LONGEST)
            ]
            events += tally.rows(session.gather(again))
        if isinstance(members, SourceError) and not reads:
            tally.fail(members)
        records = _records(events, names, span)
        known = {record.actor for record in records}
        known |= set(names.emails()) if isinstance(members, SourceError) else members
        return self.told(records, tally, fresh_until, names.unknown(known))

    def inspect(self, now: datetime) -> Inspection:
        """Ask for the members and one event of the last day."""
        session = self._connection.session()
        span = Span(floor_hour(now) - 24 * HOUR, floor_hour(now))
        body = _body({}, span, 1) | {"pageSize": 1}
        (members, *_), (page, *_) = session.both(
            [partial(_members, session)], [partial(session.post, _EVENTS, EventsPage, body)]
        )
        if isinstance(page, SourceError):
            return Inspection(title=self.title, problem=page.problem)
        emails = None if isinstance(members, SourceError) else frozenset(email.lower() for email in members)
        return Inspection(
            title=self.title,
            sees=(f"every request with person, model and cost, complete to {floor_hour(now):%H:%M} UTC",),
            emails=emails,
        )


def make(key: str, settings: SourceSettings, limits: Limits | None = None) -> Cursor:
    """The source for one key. The key is the user name of Basic authentication, the password is empty."""
    credentials = {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}
    return Cursor(Connection(VENDOR, settings.base_url or URL, credentials, limits))


def _members(session: HttpSession) -> set[str]:
    page = session.once().get("/teams/members", Members)  # a low rate limit, and the figure does not need it
    return {member.email for member in page.team_members if member.email}


def _body(who: dict[str, str], span: Span, page: int) -> dict[str, Any]:
    return {"startDate": _millis(span.start), "endDate": _millis(span.end) - 1, "page": page, "pageSize": _PAGE_SIZE, **who}


def _millis(at: datetime) -> int:
    return (at - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)


def _read(session: HttpSession, who: dict[str, str], span: Span) -> Chunk[Event]:
    """All pages of one filter and window: the first, then the others at once, then whatever has been added since."""
    last = _page(session, who, span, 1)
    events = list(last.usage_events or ())
    number = max(1, min((last.pagination and last.pagination.num_pages) or 1, _MOST_PAGES))
    error: SourceError | None = None
    for page in session.gather([partial(_page, session, who, span, n) for n in range(2, number + 1)]):
        if isinstance(page, SourceError):
            error = error or page
        else:
            events += page.usage_events or ()
            last = page
    while error is None and last.usage_events and last.pagination and last.pagination.has_next_page:
        number += 1
        if number > _MOST_PAGES:
            return Chunk(events, session.malformed("pages without an end"))
        try:
            last = _page(session, who, span, number)
        except SourceError as failure:
            return Chunk(events, failure)
        events += last.usage_events or ()
    return Chunk(events, error)


def _page(session: HttpSession, who: dict[str, str], span: Span, number: int) -> EventsPage:
    page = session.post(_EVENTS, EventsPage, _body(who, span, number))
    count = page.total_usage_events_count
    if page.usage_events is None and (count or (count is None and page.pagination is None)):
        raise session.malformed("the list of events is missing")
    try:
        for event in page.usage_events or ():
            _money(event)
    except ValueError as error:
        raise session.malformed(str(error)) from None
    return page


def _unless_unknown(outcome: Chunk[Event] | SourceError) -> Chunk[Event] | SourceError:
    """No events where Cursor refuses an e-mail address because it is not in the team (400)."""
    unknown = isinstance(outcome, SourceError) and outcome.status in {400, 404} and "not in the team" in outcome.detail.lower()
    return Chunk() if unknown else outcome


def _records(events: list[Event], names: Names, span: Span) -> tuple[UsageRecord, ...]:
    """Records of the events that count: once each, charged or included, of these people, in the span."""
    records: dict[str, UsageRecord] = {}
    for event in events:
        actor = names.actor(event.user_email, event.service_account_id)
        if actor and not _not_charged(event):
            record = _record(event, actor)
            if span.start <= record.start < span.end:
                records[record.id] = record
    return tuple(sorted(records.values(), key=lambda record: (record.start, record.id)))


def _not_charged(event: Event) -> bool:
    """Kinds like "Errored, Not Charged": nothing is billed, whatever `chargedCents` says."""
    return "notcharged" in "".join(char for char in (event.kind or "").lower() if char.isalpha())


def _record(event: Event, actor: str) -> UsageRecord:
    at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=event.timestamp)
    cost = _money(event)
    tokens = _tokens(event.token_usage)
    if not cost and tokens:
        cost = None  # a plan that reports no money: unknown, to be estimated from the tokens
    model = event.model or "unknown"
    key = (event.timestamp, actor, model, event.kind, event.conversation_id, msgspec.structs.astuple(tokens), cost)
    return one_request(
        "cursor",
        key,
        source="cursor",
        actor=actor,
        at=at,
        model=model,
        tokens=tokens,
        cost_usd=cost,
        billed_usd=_billed(event, cost),
        product="automation" if event.automation_id else "cloud_agent" if event.cloud_agent_id else "",
        session=event.conversation_id,
        reference=reference_of(timestamp=event.timestamp, kind=event.kind, conversationId=event.conversation_id),
    )


def _tokens(usage: TokenUsage | None) -> Tokens:
    if usage is None:
        return Tokens()
    read, write = usage.cache_read_tokens or 0, usage.cache_write_tokens or 0
    return Tokens((usage.input_tokens or 0) + read + write, read, write, usage.output_tokens or 0)


def _money(event: Event) -> Decimal | None:
    """Dollars of an event. Without `chargedCents`: `totalCents` less discount, plus fee, as the numbers of the docs do."""
    if event.charged_cents is not None:
        return cents(event.charged_cents)
    usage = event.token_usage
    if usage is None or usage.total_cents is None:
        return None
    share = max(Decimal(0), 1 - cents(usage.discount_percent_off or Decimal(0)))  # percent to a share of 1
    return cents(usage.total_cents) * share + cents(event.cursor_token_fee or Decimal(0))


def _billed(event: Event, cost: Decimal | None) -> Decimal | None:
    """What lands on the invoice: nothing for included usage."""
    if event.is_chargeable is False or (event.is_chargeable is None and (event.kind or "").lower().startswith("included")):
        return Decimal(0)
    return cost if event.is_chargeable else None
