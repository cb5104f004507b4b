"""Finer buckets for the hours in which a person's commits go to more than one place.

An hour of a person is replaced as a whole: by the vendor's minutes where it has any, else it stays. Where minutes and hour do
not agree (the vendor revised its figures between the two answers), the minutes count: they were read later.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from pr_cost_bot.hours import HOUR, floor_hour
from pr_cost_bot.model import Interval, SourceResult, UsageRecord
from pr_cost_bot.sources.people import Names
from pr_cost_bot.sources.reading import Tally
from pr_cost_bot.sources.spans import Span, cover, hours_of

PersonHour = tuple[str, datetime]

MOST_SPANS = 12
"""Each span costs one or two requests of the 60 that a vendor may allow in a minute."""


def contested_hours(records: Iterable[UsageRecord], contested: Sequence[Interval], names: Names) -> frozenset[PersonHour]:
    """Hours of persons that are contested and for which there are hour buckets."""
    wanted = {(each.person, hour) for each in contested for hour in hours_of(Span(each.start, each.end))}
    return frozenset(key for record in records if (key := hour_of(record, names)) in wanted and key is not None)


def hour_of(record: UsageRecord, names: Names) -> PersonHour | None:
    """The person and hour of an hour bucket or of a bucket inside one; None for wider ones and strangers."""
    person = record.person or names.person_of(record.actor)
    if person is None or record.end - record.start > HOUR:
        return None
    return person, floor_hour(record.start)


def spans(hours: Iterable[PersonHour]) -> tuple[Span, ...]:
    """What to ask for: few spans of at most a day that hold these hours."""
    return cover((hour for _, hour in hours), at_most=MOST_SPANS)


def replace_hours(
    records: Sequence[UsageRecord], minutes: Iterable[UsageRecord], hours: frozenset[PersonHour], names: Names
) -> tuple[UsageRecord, ...]:
    """Put the minutes in the place of those person-hours for which there are any."""
    finer = [record for record in minutes if hour_of(record, names) in hours]
    replaced = {hour_of(record, names) for record in finer}
    kept = [record for record in records if hour_of(record, names) not in replaced]
    return tuple(sorted((*kept, *finer), key=lambda record: (record.start, record.id)))


def refined(
    result: SourceResult, minutes: Iterable[UsageRecord], hours: frozenset[PersonHour], names: Names, tally: Tally
) -> SourceResult:
    """The result with minutes in these hours; as it was, with a note, when any of them could not be read."""
    if tally.errors:
        note = f"No minutes, hours instead: {tally.errors[0].problem.what}"
        status = msgspec.structs.replace(result.status, notes=(*result.status.notes, note))
        return SourceResult(status=status, records=result.records)
    records = replace_hours(result.records, minutes, hours, names)
    return SourceResult(status=msgspec.structs.replace(result.status, grain="minute", records=len(records)), records=records)
