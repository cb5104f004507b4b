"""Shared: a bucket wide enough to hold several pieces of work, split between them.

Nobody knows when in the bucket the money was spent. What is known: work comes before its commit, mostly shortly before it; a
busy bucket reaches further back than a quiet one; larger commits took somewhat more.
"""

from collections.abc import Collection
from functools import cached_property
from itertools import pairwise
from math import exp, sqrt

import msgspec

from pr_cost_bot.attribution.history import HOUR, MINUTE, SECOND, Destination, Timeline, Work
from pr_cost_bot.attribution.options import Options
from pr_cost_bot.attribution.records import Call, milliseconds

# Within an hour or two time passes evenly; within a day it does not, and the number of requests tells how long was worked.
EVEN = 2 * HOUR
_EVEN_REACH = 3 * HOUR
_PER_REQUEST = 20 * SECOND
_LEAST_REACH, _USUAL_REACH, _MOST_REACH = 15 * MINUTE, HOUR, 150 * MINUTE
# Every commit took some work, however close to the one before it; in a day that holds many, some took none.
_MINIMUM, _MINIMUM_OF_DAY, _MINIMUM_PARTS = 5 * MINUTE, 2 * MINUTE, 12
# Some of the time before a pull request's first commit ended what was before, or was not work.
_BEGINNING = 0.75
# Lines beyond this are generated, moved or vendored more often than written.
_MANY_LINES = 60
_LINES_POWER = 0.25
# When nothing more was used right after the bucket, work towards a later commit is unlikely; when nothing was right before it,
# work on its first commit began within it.
_LATER = 0.8
_IDLE_AFTER = 0.3
_IDLE_BEFORE = 0.8
# Of the time after an open pull request's last commit; a few minutes of it are not worth telling apart.
_MOST_PENDING = 0.95
_SHORT_REST = 5 * MINUTE
# A small share is more often nothing than a little: in a day the more, the fewer requests there are for each place.
_SHARPEN = 1.1
_SHARPEN_LEAST, _SHARPEN_MOST, _SHARPEN_RANGE = 0.8, 1.2, 1.25
_MANY_REQUESTS = 25  # for one place


class Portion(msgspec.Struct, eq=False, gc=False):
    """What one place may have had of a bucket.

    `work`: its last commit that the bucket can have gone to; `chief`: the one that most of it went to.
    """

    place: Destination
    work: Work
    weight: float
    chief: Work
    most: float = 0.0  # the weight of `chief`
    pending: bool = False  # after the last commit of an open pull request: it waits for the next


class Spread:
    """Splits buckets of one timeline. `busy`: beginnings and last milliseconds of the person's buckets."""

    def __init__(self, timeline: Timeline, busy: Collection[int], options: Options) -> None:
        self._timeline = timeline
        self._busy = busy
        self._lookback = options.lookback_hours * HOUR
        self._options, self._off = options, options.switched_off
        self._now = milliseconds(options.now) if options.now else None

    def portions(self, call: Call) -> list[Portion]:
        """Every place with a commit in the bucket, and that of the first commit after it; empty when none follows in time."""
        times, works = self._timeline.times, self._timeline.works
        first = self._timeline.next_index(call.begin)
        last = self._timeline.next_index(call.finish)
        if last < len(times) and times[last] - call.finish <= self._lookback:
            last += 1
        if first == last:
            return []
        reach = self._reach(call, times[first:last])
        by_place: dict[Destination, Portion] = {}
        previous = call.begin
        for index in range(first, last):
            fresh = index == self._beginnings.get(works[index].destination)
            weight = self._weight(call, (previous, times[index]), reach, fresh=fresh) * self._size(works[index])
            if index == first and call.begin - 1 not in self._busy and "idle-hours" not in self._off:
                weight *= _IDLE_BEFORE
            self._add(by_place, works[index], weight)
            previous = min(times[index], call.finish)
        portions = self._sharpened(list(by_place.values()), call)
        if last == len(times):
            portions += self._pending(call, works[-1], reach, sum(portion.weight for portion in portions))
        return portions

    def _pending(self, call: Call, last: Work, reach: float, others: float) -> list[Portion]:
        """The part of an hour after the last commit of an open pull request. Nobody works evenly through a day."""
        if self._now is None or call.finish - call.begin > EVEN:
            return []
        if not self._timeline.waits(last.destination, call.finish, self._options):
            return []
        until = min(call.finish, self._now)
        if until - last.time < _SHORT_REST:
            return []
        rest = min(_MOST_PENDING, max(0, until - last.time) / max(1, until - call.begin))
        return [Portion(last.destination, last, others * rest / (1 - rest), last, pending=True)] if rest else []

    @staticmethod
    def _add(by_place: dict[Destination, Portion], work: Work, weight: float) -> None:
        portion = by_place.get(work.destination)
        if portion is None:
            by_place[work.destination] = Portion(work.destination, work, weight, work, weight)
        else:
            portion.weight += weight
            portion.work = work
            if weight > portion.most:
                portion.chief, portion.most = work, weight

    @cached_property
    def _beginnings(self) -> dict[Destination, int]:
        """Index of the first commit of every pull request; empty where the rule is left out."""
        beginnings: dict[Destination, int] = {}
        if "beginnings" not in self._off:
            for index, work in enumerate(self._timeline.works):
                if work.destination.pr_number is not None:
                    beginnings.setdefault(work.destination, index)
        return beginnings

    def _weight(self, call: Call, gap: tuple[int, int], reach: float, *, fresh: bool) -> float:
        """Time worked towards a commit since the one before it, as far as it lies in the bucket."""
        previous, moment = gap
        wide = call.finish - call.begin > EVEN
        if moment < call.finish:
            least = min(_MINIMUM_OF_DAY if wide else _MINIMUM, (call.finish - call.begin) // _MINIMUM_PARTS)
            if "decay" in self._off:
                return least
            return least + reach * (1 - exp(-(moment - previous) / reach)) * (_BEGINNING if fresh and wide else 1)
        if "decay" in self._off:
            return 1 if previous == call.begin else 0
        weight = reach * (exp(-(moment - call.finish) / reach) - exp(-(moment - previous) / reach)) * _LATER
        if call.finish not in self._busy and "idle-hours" not in self._off:
            weight *= _IDLE_AFTER
        return max(weight, 1e-9)

    def _size(self, work: Work) -> float:
        if "lines" in self._off or work.lines < 0:
            return 1.0
        return float(pow(1 + min(work.lines, _MANY_LINES), _LINES_POWER))

    def _reach(self, call: Call, moments: list[int]) -> float:
        """Time before a commit within which most of its work was done, in milliseconds."""
        if call.finish - call.begin <= EVEN:
            return _EVEN_REACH
        if not call.requests or "busy-days" in self._off:
            return _USUAL_REACH
        edges = [call.begin, *(min(moment, call.finish) for moment in moments)]
        gaps = [after - before for before, after in pairwise(edges)]
        return reach_for(call.requests * _PER_REQUEST, gaps)

    def _sharpened(self, portions: list[Portion], call: Call) -> list[Portion]:
        if "sharpen" not in self._off and len(portions) > 1:
            total = sum(portion.weight for portion in portions)
            power = _SHARPEN
            if call.finish - call.begin > EVEN and call.requests:
                each = call.requests / len(portions)
                power = min(_SHARPEN_MOST, _SHARPEN_LEAST + _SHARPEN_RANGE / (1 + each / _MANY_REQUESTS))
            for portion in portions:
                portion.weight = (portion.weight / total) ** power
        return portions


def reach_for(worked: float, gaps: list[int]) -> float:
    """The reach at which the time worked in the gaps before commits adds up to `worked`, within bounds."""
    low, high = float(_LEAST_REACH), float(_MOST_REACH)
    for _ in range(8):
        middle = sqrt(low * high)
        if sum(middle * (1 - exp(-gap / middle)) for gap in gaps) > worked:
            high = middle
        else:
            low = middle
    return sqrt(low * high)
