"""What sources of single requests have in common: each once and in time, as fine as it gets, and whose word the person is."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from pr_cost_bot.http import Connection
from pr_cost_bot.model import Grain, Interval, SourceResult, SourceStatus, UsageQuery, UsageRecord
from pr_cost_bot.sources.callers import SPOOFABLE
from pr_cost_bot.sources.people import Names
from pr_cost_bot.sources.reading import Tally
from pr_cost_bot.sources.spans import Span


class Finest:
    """A source that has nothing finer than what it fetched."""

    def refine(self, query: UsageQuery, result: SourceResult, contested: Sequence[Interval]) -> SourceResult:
        """It is as fine as it gets."""
        return result


def span_of(query: UsageQuery) -> Span:
    """The time of the query that is over."""
    return Span(query.start, min(query.end, query.now))


def within(records: Iterable[UsageRecord], span: Span) -> tuple[UsageRecord, ...]:
    """Those that count, by time: once each, in the span, with tokens or a cost."""
    found = {each.id: each for each in records if span.start <= each.start < span.end and (each.tokens or each.cost_usd)}
    return tuple(sorted(found.values(), key=lambda each: (each.start, each.id)))


class Gateway(Finest):
    """A gateway or log that knows its people by what callers say. Subclasses give name, title and times."""

    name: str
    title: str
    lag: timedelta
    settles_after: timedelta

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

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
        status = SourceStatus(
            name=self.name,
            title=self.title,
            grain=grain,
            fresh_until=query.now - self.lag,
            settles_after=self.settles_after,
            unknown_people=unknown,
        )
        return SourceResult(status=tally.status(status, records), records=records)


def strangers(names: Names, records: Iterable[UsageRecord]) -> tuple[str, ...]:
    """Persons of whom there is no request."""
    return names.unknown(record.actor for record in records)
