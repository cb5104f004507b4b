"""Anthropic as a source: the analytics pair first, the older reports where the organisation or the key lacks it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import msgspec

from pr_cost_bot.config import SourceSettings
from pr_cost_bot.hours import ceil_hour, floor_hour
from pr_cost_bot.http import Connection, HttpSession, Kind, Limits, Rate, SourceError, Vendor
from pr_cost_bot.model import Interval, SourceResult, SourceStatus, UsageQuery, UsageRecord
from pr_cost_bot.ports import Inspection
from pr_cost_bot.sources.anthropic import analytics, claude_code, messages, older, reports
from pr_cost_bot.sources.anthropic.directory import Directory, Ids
from pr_cost_bot.sources.minutes import PersonHour, contested_hours, refined, spans
from pr_cost_bot.sources.people import Names
from pr_cost_bot.sources.reading import Chunk, Tally
from pr_cost_bot.sources.spans import Span

VENDOR = Vendor(
    title="Anthropic",
    key_input="anthropic_admin_key",
    needs="an Admin API key (`sk-ant-admin…`) of a Console organisation or an analytics key with `read:analytics`",
    # Of the whole organisation. The older reports ask for one poll a minute, and leave paging free.
    rates=(Rate(path=f"{reports.ORGANIZATION}/analytics/", per_minute=60),),
)
URL = "https://api.anthropic.com"
SETTLES_AFTER = timedelta(days=30)  # Enterprise figures are revised for that long

SEATS = "On seat-based Claude plans Anthropic's figures cover usage credits, not the usage inside the seats."
OLDER = "This organisation or key lacks Anthropic's cost analytics: its tokens are priced at list price."
BY_DAY = "Anthropic names people only in its Claude Code analytics here: estimates by day."
EVERYBODY = "Not all people can be looked up with this key, so everybody's usage was read to find theirs."


class _Answer(msgspec.Struct, frozen=True):
    """What a fetch found, for `refine` to take up again. `keys`: API keys, when the older reports answered."""

    names: Names
    ids: Ids
    status: SourceStatus
    records: tuple[UsageRecord, ...] = ()
    keys: tuple[str, ...] | None = None
    seconds_left: float = 0.0


class Anthropic:
    """Reads an Anthropic organisation's usage and cost."""

    name = "anthropic"
    title = VENDOR.title

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._directory = Directory()
        self._past: list[_Answer] = []

    def fetch(self, query: UsageQuery) -> SourceResult:
        """Read hours, or what the older reports have."""
        session, names, tally = self._connection.session(), Names(query.people, self.name), Tally()
        ids = self._directory.look_up(session, names, tally)
        refused = any(error.kind is Kind.UNAUTHORIZED for error in tally.errors)
        span = Span(floor_hour(query.start), ceil_hour(min(query.end, query.now)))
        answer = _Answer(names, ids, self._status())
        if not refused and (ids.actors() or ids.everybody):
            answer = self._newer(session, answer, span, query, tally) or self._older(session, answer, span, query, tally)
        self._past.append(msgspec.structs.replace(answer, seconds_left=session.remaining()))
        known = {record.actor for record in answer.records}
        known |= set(names.emails()) if ids.everybody or tally.errors else self._directory.known(names)
        status = msgspec.structs.replace(answer.status, unknown_people=names.unknown(known))
        return SourceResult(status=tally.status(status, answer.records), records=answer.records)

    def refine(self, query: UsageQuery, result: SourceResult, contested: Sequence[Interval]) -> SourceResult:
        """Read minutes for contested hours that have usage. A failure leaves the hours as they are."""
        last = next((past for past in reversed(self._past) if past.names.asked_in(query)), None)
        hours = contested_hours(result.records, contested, last.names) if last else frozenset()
        if last is None or not hours:
            return result
        tally = Tally()
        minutes = self._minutes(self._connection.session(last.seconds_left), last, hours, tally)
        return refined(result, minutes, hours, last.names, tally)

    def inspect(self, now: datetime) -> Inspection:
        """List the users and try the newest API that answers."""
        session = self._connection.session()
        (users, *_), (page, *_) = session.both([partial(reports.users, session)], [partial(analytics.probe, session, now)])
        emails = None
        if isinstance(users, Chunk):
            emails = frozenset(user.email.lower() for user in users.rows if user.email)
        if not isinstance(page, SourceError):
            fresh = f", current to {page.data_refreshed_at:%Y-%m-%d %H:%M} UTC" if page.data_refreshed_at else ""
            return Inspection(title=self.title, sees=(f"cost per person, model and minute{fresh}",), emails=emails)
        if not analytics.is_missing(page):
            return Inspection(title=self.title, emails=emails, problem=page.problem)
        (tokens, *_), (day, *_) = session.both(
            [partial(messages.probe, session, now)], [partial(claude_code.ask, session, Span(now - older.LAG, now))]
        )
        if not isinstance(tokens, SourceError):
            return Inspection(
                title=self.title, sees=("tokens per account or key, model and minute; list prices",), emails=emails
            )
        if analytics.is_missing(tokens) and isinstance(day, list) and not any(isinstance(each, SourceError) for each in day):
            return Inspection(title=self.title, sees=("estimates per person, model and day (Claude Code)",), emails=emails)
        return Inspection(title=self.title, emails=emails, problem=tokens.problem)

    def _newer(self, session: HttpSession, start: _Answer, span: Span, query: UsageQuery, tally: Tally) -> _Answer | None:
        """The analytics pair's answer; None where the organisation or the key lacks it."""
        earliest = max(analytics.EARLIEST, ceil_hour(query.now - analytics.LOOK_BACK))
        ids = () if start.ids.everybody else start.ids.actors()
        answer = analytics.ask(session, ids, [Span(max(span.start, earliest), span.end)], "1h")
        if any(analytics.is_missing(error) for error in answer.errors()):
            return None
        records = analytics.join(tally.rows(answer.costs), tally.rows(answer.usages), start.names)
        status = msgspec.structs.replace(
            start.status,
            fresh_until=answer.fresh_until(),
            notes=(SEATS, EVERYBODY) if start.ids.everybody else (SEATS,),
        )
        return msgspec.structs.replace(start, status=status, records=records)

    def _older(self, session: HttpSession, start: _Answer, span: Span, query: UsageQuery, tally: Tally) -> _Answer:
        found = older.read(session, start.names, start.ids, span)
        tally.absorb(found.tally)
        status = msgspec.structs.replace(
            start.status,
            grain="day" if found.by_day else "hour",
            fresh_until=query.now - (claude_code.LAG if found.by_day else older.LAG),
            settles_after=older.SETTLES_AFTER,
            notes=(BY_DAY,) if found.by_day else (OLDER,),
        )
        return msgspec.structs.replace(start, status=status, records=found.records, keys=found.keys)

    def _minutes(
        self, session: HttpSession, last: _Answer, hours: frozenset[PersonHour], tally: Tally
    ) -> tuple[UsageRecord, ...]:
        persons = {person for person, _ in hours}
        if last.keys is None:
            actors = () if last.ids.everybody else _of(last.ids.actors(), persons, last.names)
            answer = analytics.ask(session, actors, spans(hours), "1m")
            return analytics.join(tally.rows(answer.costs), tally.rows(answer.usages), last.names)
        accounts, keys = _of(last.ids.accounts, persons, last.names), _of(last.keys, persons, last.names)
        by_account, by_key = session.gather(
            [
                partial(messages.ask_accounts, session, accounts, spans(hours), "1m"),
                partial(messages.ask_keys, session, keys, spans(hours), "1m"),
            ]
        )
        if isinstance(by_account, SourceError) or isinstance(by_key, SourceError):
            tally.errors += [each for each in (by_account, by_key) if isinstance(each, SourceError)]
            return ()
        return messages.records(tally.rows(by_account), tally.rows(by_key), last.names)

    def _status(self) -> SourceStatus:
        return SourceStatus(name=self.name, title=self.title, grain="hour", settles_after=SETTLES_AFTER)


def _of(ids: Sequence[str], persons: set[str], names: Names) -> tuple[str, ...]:
    return tuple(each for each in ids if names.person_of(each) in persons)


def make(key: str, settings: SourceSettings, limits: Limits | None = None) -> Anthropic:
    """The source for one key."""
    headers = {"anthropic-version": "2023-06-01"}
    return Anthropic(Connection(VENDOR, settings.base_url or URL, {"x-api-key": key}, limits, headers))
