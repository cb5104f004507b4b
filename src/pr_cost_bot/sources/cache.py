"""A source that asks its vendor only for what is not kept on disk: days that are over and whose figures no longer change.

For long work such as a backfill, which then goes on where it stopped. The folder belongs to one organisation and its keys: what
another key would see is not kept apart.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from pr_cost_bot.hours import HOUR
from pr_cost_bot.model import Identity, Interval, SourceResult, SourceState, SourceStatus, UsageQuery, UsageRecord
from pr_cost_bot.ports import Inspection, Source
from pr_cost_bot.sources.answers import Answers
from pr_cost_bot.sources.day_files import Day, DayFiles, is_within
from pr_cost_bot.sources.people import Names
from pr_cost_bot.sources.registry import FILES
from pr_cost_bot.sources.spans import DAY, Span, windows

# Of one question: what vendors answer at once, and what is lost when the answer is not complete. A source may have its own.
_LONGEST = 30 * DAY

People = tuple[Identity, ...]
Divided = dict[tuple[str, datetime], list[UsageRecord]]
"""Records by person and day."""


def cached(sources: Sequence[Source], folder: Path, now: datetime) -> tuple[Source, ...]:
    """The sources, each with a cache in the folder. Files have none: they are on disk already, and grow."""
    return tuple(source if source.name == FILES.name else CachedSource(source, folder, now) for source in sources)


class CachedSource:
    """Any source with a cache. The records are those of the source alone; no clock but `now` and the query's is looked at."""

    def __init__(self, source: Source, folder: Path, now: datetime) -> None:
        self.name, self.title = source.name, source.title
        self._source = source
        self._files = DayFiles(folder, source.name)
        self._now = now
        self._longest: timedelta = getattr(source, "longest_question", _LONGEST)
        self._asked_last: People = ()  # the people whom the source can refine
        self._undivided = False  # its answers cannot be taken apart into days

    def fetch(self, query: UsageQuery) -> SourceResult:
        """Read what is kept, and ask for the rest in whole days where they are over."""
        span = _whole_days(query)
        if self._undivided or span.start >= span.end:
            return self._ask(query)
        answers = Answers(self.name, self.title)
        for question in self._questions(query, span, answers):
            answer = self._ask(question)
            divided = _by_person_and_day(answer.records, question, self.name)
            if divided is None:
                self._undivided = True
                return self._ask(query)
            answers.add(question.people, answer)
            if answer.status.state is SourceState.FAILED:
                break  # what failed for one piece fails for the next, and each may take its time
            self._keep(question, answer.status, divided, answers)
        return answers.result(query)

    def refine(self, query: UsageQuery, result: SourceResult, contested: Sequence[Interval]) -> SourceResult:
        """Let the source refine. It can do so for people whom it was just asked for, so where it was not, it is asked first."""
        if self._asked_last == query.people:
            return self._source.refine(query, result, contested)
        wanted = _worth_refining(query, result, contested, self.name)
        if not wanted:
            return result
        persons = {each.person for each in wanted}
        narrow = msgspec.structs.replace(
            query,
            people=tuple(who for who in query.people if who.person in persons),
            start=max(query.start, min(each.start for each in wanted)),
            end=min(query.end, max(each.end for each in wanted)),
        )
        answer = self._ask(narrow)
        if answer.status.state is SourceState.FAILED and answer.status.problem:
            notes = (*result.status.notes, f"No minutes, hours instead: {answer.status.problem.what}")
            return SourceResult(status=msgspec.structs.replace(result.status, notes=notes), records=result.records)
        return self._source.refine(narrow, result, wanted)

    def inspect(self, now: datetime) -> Inspection:
        """See what the source says."""
        return self._source.inspect(now)

    def _ask(self, query: UsageQuery) -> SourceResult:
        self._asked_last = query.people
        return self._source.fetch(query)

    def _questions(self, query: UsageQuery, span: Span, answers: Answers) -> list[UsageQuery]:
        """Add the kept days to the answers, and ask for the others: once for all people who miss the same days."""
        missing: dict[tuple[datetime, ...], list[Identity]] = {}
        for who in query.people:
            gaps = []
            for piece in windows(span, DAY):
                day: Day | None = self._files.read(who, piece.start)
                if day is None:
                    gaps.append(piece.start)
                else:
                    answers.add_day(who, day)
            missing.setdefault(tuple(gaps), []).append(who)
        return [
            msgspec.structs.replace(query, people=tuple(people), start=piece.start, end=piece.end)
            for gaps, people in missing.items()
            for piece in _pieces(gaps, span.end, self._longest)
        ]

    def _keep(self, question: UsageQuery, status: SourceStatus, divided: Divided, answers: Answers) -> None:
        """Write the days of a complete answer that are settled."""
        if status.state is not SourceState.OK:
            return
        now = min(self._now, question.now)
        settled = min(status.fresh_until or now, now - status.settles_after)
        days = [day.start for day in windows(Span(question.start, question.end), DAY) if day.start + DAY <= settled]
        try:
            for who in question.people:
                for day in days:
                    self._files.write(who, day, status, tuple(divided.get((who.person, day), ())))
        except OSError as error:
            answers.note(f"Answers of {self.title} could not be kept on disk: {error.strerror or 'unknown error'}.")


def _whole_days(query: UsageQuery) -> Span:
    """The query's time, widened to whole days of UTC as far as these are over."""
    last = _day_of(query.end)
    end = query.end if last == query.end or last + DAY > query.now else last + DAY
    return Span(_day_of(query.start), end)


def _day_of(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _pieces(days: Sequence[datetime], end: datetime, longest: timedelta) -> list[Span]:
    """Spans of adjacent days, none after `end`, none too long for one question."""
    spans: list[Span] = []
    for day in days:
        start = spans.pop().start if spans and spans[-1].end == day else day
        spans.append(Span(start, min(day + DAY, end)))
    return [piece for span in spans for piece in windows(span, longest)]


def _by_person_and_day(records: Sequence[UsageRecord], question: UsageQuery, source: str) -> Divided | None:
    """The records by the person and day that they belong to; None where one belongs to several days, or to nobody."""
    names = Names(question.people, source)
    found: Divided = {}
    for record in records:
        person, day = names.person_of(record.actor), _day_of(record.start)
        if person is None or not question.start <= day < question.end or not is_within(record, day):
            return None
        found.setdefault((person, day), []).append(record)
    return found


def _worth_refining(
    query: UsageQuery, result: SourceResult, contested: Sequence[Interval], source: str
) -> tuple[Interval, ...]:
    """The intervals in which the person has an hour's bucket: nothing wider or narrower can be refined."""
    names = Names(query.people, source)
    hours: dict[str, list[UsageRecord]] = {}
    for record in result.records:
        person = record.person or names.person_of(record.actor)
        if person and record.end - record.start == HOUR:
            hours.setdefault(person, []).append(record)
    return tuple(
        each
        for each in contested
        if any(record.start < each.end and each.start < record.end for record in hours.get(each.person, ()))
    )
