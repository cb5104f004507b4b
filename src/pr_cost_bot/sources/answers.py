"""One answer of a source made from several: of days that were kept, and to questions for the rest."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import get_args

import msgspec

from pr_cost_bot.model import Grain, Identity, Problem, SourceResult, SourceState, SourceStatus, UsageQuery, UsageRecord
from pr_cost_bot.sources.day_files import Day
from pr_cost_bot.sources.reading import partly

_GRAINS: tuple[Grain, ...] = get_args(Grain)  # finest first


class Answers:
    """Collects the parts of an answer."""

    def __init__(self, name: str, title: str) -> None:
        self._base = SourceStatus(name=name, title=title)
        self._records: dict[str, UsageRecord] = {}  # by id: a name that two people share is found for both
        self._fresh: list[SourceStatus] = []
        self._kept: list[SourceStatus] = []
        self._known: set[str] = set()  # people whom a part of the answer knows
        self._notes: list[str] = []

    def add(self, people: Iterable[Identity], answer: SourceResult) -> None:
        """Take the source's answer for these people."""
        self._fresh.append(answer.status)
        self._known |= {who.person for who in people} - set(answer.status.unknown_people)
        self._records |= {record.id: record for record in answer.records}

    def add_day(self, who: Identity, day: Day) -> None:
        """Take a kept day."""
        self._kept.append(
            msgspec.structs.replace(self._base, grain=day.grain, settles_after=day.settles_after, notes=day.notes)
        )
        self._known |= set() if day.unknown else {who.person}
        self._records |= {record.id: record for record in day.records}

    def note(self, text: str) -> None:
        """Add a sentence for the step summary."""
        self._notes.append(text)

    def result(self, query: UsageQuery) -> SourceResult:
        """The whole answer to the query: records that touch its time, and how the parts went together."""
        records = tuple(
            sorted(
                (record for record in self._records.values() if _touches(record, query)),
                key=lambda record: (record.start, record.id),
            )
        )
        state = self._state()
        if state is SourceState.FAILED:
            return SourceResult(status=self._fresh[0])
        parts = [*self._kept, *(status for status in self._fresh if status.state is not SourceState.FAILED)]
        grains = {status.grain for status in parts}
        status = msgspec.structs.replace(
            self._base,
            state=state,
            problem=self._problem(),
            grain=next((grain for grain in _GRAINS if grain in grains), None),
            fresh_until=self._fresh_until(query),
            settles_after=max((status.settles_after for status in parts), default=timedelta(0)),
            records=len(records),
            unknown_people=tuple(who.person for who in query.people if who.person not in self._known),
            notes=tuple(dict.fromkeys([*(note for status in parts for note in status.notes), *self._notes])),
        )
        return SourceResult(status=status, records=records)

    def _state(self) -> SourceState:
        states = {status.state for status in self._fresh}
        if states <= {SourceState.OK}:
            return SourceState.OK
        return SourceState.FAILED if states == {SourceState.FAILED} and not self._kept else SourceState.PARTIAL

    def _problem(self) -> Problem | None:
        """The first one; a part that failed altogether is now one that is missing."""
        first = next((status for status in self._fresh if status.problem), None)
        if first is None or first.problem is None:
            return None
        return partly(first.problem) if first.state is SourceState.FAILED else first.problem

    def _fresh_until(self, query: UsageQuery) -> datetime | None:
        """What the source said last; kept days are complete, whatever was asked of them."""
        if not self._fresh:
            return query.end
        return min((status.fresh_until for status in self._fresh if status.fresh_until), default=None)


def _touches(record: UsageRecord, query: UsageQuery) -> bool:
    """Whether an event lies in the query's time, or a bucket has a part of it."""
    return record.start < query.end and (record.start >= query.start or record.end > query.start)
