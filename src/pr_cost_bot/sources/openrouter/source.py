"""OpenRouter as a source: hours and minutes from its analytics, else completed days from its activity."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial

import msgspec

from pr_cost_bot.config import SourceSettings
from pr_cost_bot.hours import ceil_hour, floor_hour
from pr_cost_bot.http import Connection, HttpSession, Kind, Limits, SourceError, Vendor
from pr_cost_bot.model import Interval, Problem, SourceResult, SourceStatus, UsageQuery, UsageRecord
from pr_cost_bot.ports import Inspection
from pr_cost_bot.sources.minutes import contested_hours, refined, spans
from pr_cost_bot.sources.openrouter import activity, analytics, shapes
from pr_cost_bot.sources.openrouter.analytics import Plan
from pr_cost_bot.sources.openrouter.people import Who, asked_for
from pr_cost_bot.sources.openrouter.shapes import Activity, Key, Listing, Member, Meta
from pr_cost_bot.sources.people import Names
from pr_cost_bot.sources.reading import Tally
from pr_cost_bot.sources.spans import DAY, Span, windows

VENDOR = Vendor(title="OpenRouter", key_input="openrouter_management_key", needs="a management key of the organisation")
URL = "https://openrouter.ai/api"
SETTLES_AFTER = timedelta(days=1)  # OpenRouter states none
LAG = timedelta(minutes=15)  # of analytics; OpenRouter states none

NO_ANALYTICS = "OpenRouter's analytics could not be used, so its figures are by completed day."
_TOO_OLD = Problem(
    "OpenRouter shows single days of the last 30 only, so older usage is missing.",
    "Its analytics, which reach back further, could not be used.",
    "The next run tries them again.",
)


class _Last(msgspec.Struct, frozen=True):
    """What a fetch found, for `refine` to take up again."""

    names: Names
    asked: tuple[Who, ...]
    plan: Plan
    seconds_left: float


class _Lists(msgspec.Struct, frozen=True):
    """What there is to ask for. `missing`: why the members are not known."""

    members: tuple[Member, ...]
    keys: tuple[Key, ...]
    plan: Plan | None
    missing: SourceError | None


class OpenRouter:
    """Reads what the people of an organisation used."""

    name = "openrouter"
    title = VENDOR.title

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._last: _Last | None = None

    def fetch(self, query: UsageQuery) -> SourceResult:
        """Read hours where they are offered, else completed days."""
        session, names, tally = self._connection.session(), Names(query.people, self.name), Tally()
        lists = _lists(session, names, tally)
        asked = asked_for(lists.members, lists.keys, names)
        self._last = None
        today = query.now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        status = SourceStatus(name=self.name, title=self.title, grain="hour", settles_after=SETTLES_AFTER)
        hours = _hours(session, lists.plan, asked, query, tally)
        if hours is None:
            records = _days(session, asked, lists.keys, query, tally)
            status = msgspec.structs.replace(status, grain="day", fresh_until=today, notes=(NO_ANALYTICS,))
        else:
            records = hours
            status = msgspec.structs.replace(status, fresh_until=query.now - LAG)
            if lists.plan:
                self._last = _Last(names, asked, lists.plan, session.remaining())
        known = {record.actor for record in records} | {member.email for member in lists.members if member.email}
        if lists.missing:
            known |= {*names.emails(), *(who.person for who in query.people)}
        status = msgspec.structs.replace(status, unknown_people=names.unknown(known))
        return SourceResult(status=tally.status(status, records), records=records)

    def refine(self, query: UsageQuery, result: SourceResult, contested: Sequence[Interval]) -> SourceResult:
        """Read minutes for contested hours that have usage. A failure leaves the hours as they are."""
        last = self._last if self._last and self._last.names.asked_in(query) and self._last.plan.has_minutes else None
        hours = contested_hours(result.records, contested, last.names) if last else frozenset()
        if last is None or not hours:
            return result
        session, tally = self._connection.session(last.seconds_left), Tally()
        persons = {person for person, _ in hours}
        asked = [who for who in last.asked if last.names.person_of(who.actor) in persons]
        pieces = [piece for span in spans(hours) for piece in windows(span, analytics.WIDEST["minute"])]
        rows = tally.rows(
            session.gather(
                [partial(analytics.read, session, last.plan, who, each, "minute") for each in pieces for who in asked]
            )
        )
        return refined(result, analytics.to_records(rows, "minute"), hours, last.names, tally)

    def inspect(self, now: datetime) -> Inspection:
        """List the members, and try analytics and a day of activity."""
        session = self._connection.session()
        params = [("date", str((now.astimezone(UTC) - DAY).date()))]
        calls: list[Callable[[], Meta | Listing[Activity]]] = [
            partial(shapes.meta, session),
            partial(session.get, "/v1/activity", Listing[Activity], params),
        ]
        (members, *_), (offer, day) = session.both([partial(shapes.members, session)], calls)
        emails = None
        if not isinstance(members, SourceError):
            emails = frozenset(member.email.lower() for member in members if member.email)
        if isinstance(day, SourceError):
            return Inspection(title=self.title, emails=emails, problem=day.problem)
        plan = analytics.plan_of(offer) if isinstance(offer, Meta) else None
        grain = "completed day" if plan is None else "minute" if plan.has_minutes else "hour"
        return Inspection(title=self.title, sees=(f"cost per member, key, model and {grain}",), emails=emails)


def make(key: str, settings: SourceSettings, limits: Limits | None = None) -> OpenRouter:
    """The source for one key."""
    return OpenRouter(Connection(VENDOR, settings.base_url or URL, {"Authorization": f"Bearer {key}"}, limits))


def _lists(session: HttpSession, names: Names, tally: Tally) -> _Lists:
    """Members, keys and what analytics offer, all at once. What is not needed to find the people may be missing."""
    calls: list[Callable[[], tuple[Key, ...] | Meta]] = [partial(shapes.keys, session), partial(shapes.meta, session)]
    (members, *_), (keys, offer) = session.both([partial(shapes.members, session)], calls)
    configured = names.configured()
    by_id = all(who.vendors.get("openrouter") for who in names.people)
    missing = members if isinstance(members, SourceError) else None
    if missing and not by_id:
        tally.fail(missing)
    if isinstance(keys, SourceError) and any(not name.startswith("user_") for name in configured):
        tally.fail(keys)
    return _Lists(
        members=() if isinstance(members, SourceError) else members,
        keys=keys if isinstance(keys, tuple) else (),
        plan=analytics.plan_of(offer) if isinstance(offer, Meta) else None,
        missing=missing,
    )


def _hours(
    session: HttpSession, plan: Plan | None, asked: Sequence[Who], query: UsageQuery, tally: Tally
) -> tuple[UsageRecord, ...] | None:
    """Hours from analytics; None where they are not offered or refuse everything."""
    if plan is None:
        return None
    span = Span(floor_hour(query.start), ceil_hour(min(query.end, query.now)))
    pieces = windows(span, analytics.WIDEST["hour"])
    own = Tally()
    calls = [partial(analytics.read, session, plan, who, each, "hour") for each in pieces for who in asked]
    rows = own.rows(session.gather(calls))
    if calls and not own.answered and not any(error.kind is Kind.UNAUTHORIZED for error in own.errors):
        return None
    tally.absorb(own)
    return analytics.to_records(rows, "hour")


def _days(
    session: HttpSession, asked: Sequence[Who], keys: Sequence[Key], query: UsageQuery, tally: Tally
) -> tuple[UsageRecord, ...]:
    """Completed days from activity."""
    today = query.now.astimezone(UTC).date()
    end = (query.end - timedelta(microseconds=1)).astimezone(UTC).date()
    first, last = query.start.astimezone(UTC).date(), min(end, today - DAY)
    oldest = today - activity.KEPT
    days: list[date] = [last - DAY * back for back in range((last - max(first, oldest)).days + 1)]
    lines = activity.lines(session, asked, keys, days, tally)
    if asked and first < oldest:
        tally.fail(SourceError(Kind.REJECTED, _TOO_OLD))
    return activity.to_records(lines)
