"""What sources of single requests have in common: each once and in time, as fine as it gets, and whose word the person is."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from pr_cost_bot.http import Connection, HttpSession, SourceError
from pr_cost_bot.model import Grain, Interval, SourceResult, SourceStatus, UsageQuery, UsageRecord
from pr_cost_bot.sources.callers import SPOOFABLE, user_ids
from pr_cost_bot.sources.people import Names
from pr_cost_bot.sources.reading import Chunk, Tally
from pr_cost_bot.sources.spans import Span

T = TypeVar("T")


class Finest:
    """A source that has nothing finer than what it fetched. Subclasses give name, title and when it settles."""

    name: str
    title: str
    settles_after: timedelta

    def refine(self, query: UsageQuery, result: SourceResult, contested: Sequence[Interval]) -> SourceResult:
        """It is as fine as it gets."""
        return result

    def told(
        self,
        records: tuple[UsageRecord, ...],
        tally: Tally,
        fresh_until: datetime,
        unknown: tuple[str, ...],
        grain: Grain = "event",
    ) -> SourceResult:
        """What was read, as a source's answer."""
        status = SourceStatus(
            name=self.name,
            title=self.title,
            grain=grain,
            fresh_until=fresh_until,
            settles_after=self.settles_after,
            unknown_people=unknown,
        )
        return SourceResult(status=tally.status(status, records), records=records)


class Events(Finest):
    """A source of single requests behind one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection


def span_of(query: UsageQuery) -> Span:
    """The time of the query that is over."""
    return Span(query.start, min(query.end, query.now))


def within(records: Iterable[UsageRecord], span: Span) -> tuple[UsageRecord, ...]:
    """Those that count, by time: once each, in the span, with tokens or a cost."""
    found = {each.id: each for each in records if span.start <= each.start < span.end and (each.tokens or each.cost_usd)}
    return tuple(sorted(found.values(), key=lambda each: (each.start, each.id)))


class Gateway(Events):
    """A gateway or log that knows its people by what callers say. Subclasses give its lag too."""

    lag: timedelta

    def answer(
        self,
        query: UsageQuery,
        records: tuple[UsageRecord, ...],
        tally: Tally,
        unknown: tuple[str, ...],
        grain: Grain = "event",
    ) -> SourceResult:
        """What was read, as a source's answer."""
        if records:
            tally.note(SPOOFABLE.format(title=self.title))
        return self.told(records, tally, query.now - self.lag, unknown, grain)


class ByUser(Gateway, ABC, Generic[T]):
    """A gateway that gives the requests, as rows, of whom it is asked for."""

    def fetch(self, query: UsageQuery) -> SourceResult:
        """Read the requests under every name that the people may have sent."""
        session, names, tally = self._connection.session(), Names(query.people, self.name), Tally()
        span = span_of(query)
        rows = tally.rows(self.read(session, user_ids(query.people, self.name), span, tally))
        records = within(self.records(rows, names), span)
        return self.answer(query, records, tally, strangers(names, records))

    @abstractmethod
    def read(self, session: HttpSession, users: Sequence[str], span: Span, tally: Tally) -> Iterable[Chunk[T] | SourceError]:
        """What these users sent in the span. `tally`: for notes."""

    @abstractmethod
    def records(self, rows: Iterable[T], names: Names) -> Iterable[UsageRecord]:
        """Records of these people's requests."""


def strangers(names: Names, records: Iterable[UsageRecord]) -> tuple[str, ...]:
    """Persons of whom there is no request."""
    return names.unknown(record.actor for record in records)
