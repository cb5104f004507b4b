"""Where minutes are worth asking for: hours that could belong to more than one place."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from pr_cost_bot.attribution.history import HOUR, SECOND, CommitList, Destination, History, Timeline
from pr_cost_bot.attribution.options import Options
from pr_cost_bot.attribution.records import milliseconds
from pr_cost_bot.model import Commit, Interval, Pull


def contested_hours(
    commits: Sequence[Commit], pulls: Sequence[Pull], people: Iterable[str], start: datetime, end: datetime, options: Options
) -> tuple[Interval, ...]:
    """Whole UTC hours between `start` and `end` in which a bucket could go to several places, merged, by person and time.

    An hour is contested when its commits and the first commit after it (within the lookback) do not all lead to one place,
    be that a pull request or work outside any; and when what came after its last commit waits for the next.
    """
    history = History(CommitList(commits), pulls, options)
    first, last = milliseconds(start), milliseconds(end)
    result = []
    for person in sorted(set(people)):
        hours = [hour for hour in _hours(history.timeline(person), options) if first < hour + HOUR and hour < last]
        result += [Interval(person, _moment(begin), _moment(until)) for begin, until in _merged(hours)]
    return tuple(result)


def _hours(timeline: Timeline, options: Options) -> list[int]:
    """Beginnings of contested hours. Only hours that hold a commit can be contested."""
    lookback = options.lookback_hours * HOUR
    result = []
    for hour in sorted({moment // HOUR * HOUR for moment in timeline.times}):
        index = timeline.next_index(hour)
        places: set[Destination | None] = set()
        while index < len(timeline.times) and timeline.times[index] - (hour + HOUR) <= lookback:
            places.add(timeline.works[index].destination)
            if timeline.times[index] >= hour + HOUR:
                break
            index += 1
        else:
            if index == len(timeline.times) and timeline.waits(timeline.works[-1].destination, hour + HOUR, options):
                places.add(None)
        if len(places) > 1:
            result.append(hour)
    return result


def _merged(hours: list[int]) -> list[tuple[int, int]]:
    result: list[tuple[int, int]] = []
    for hour in hours:
        if result and result[-1][1] == hour:
            result[-1] = (result[-1][0], hour + HOUR)
        else:
            result.append((hour, hour + HOUR))
    return result


def _moment(milliseconds_: int) -> datetime:
    return datetime.fromtimestamp(milliseconds_ // SECOND, UTC)
