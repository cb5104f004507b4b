"""How wrong it can be: the lowest and highest part of a record that its evidence allows each place.

Calibrated on real data: work is misplaced mostly where a person goes back and forth between pull requests, and then within an
hour or two of the other's commits; where one follows the other, only within minutes of the change.
"""

from collections.abc import Sequence

import msgspec

from pr_cost_bot.attribution.decision import OUTSIDE, PENDING, WHOLE, Decision, Share, share
from pr_cost_bot.attribution.history import DAY, FOREVER, HOUR, MINUTE, Destination, Timeline, Work
from pr_cost_bot.attribution.records import Call
from pr_cost_bot.attribution.sharing import EVEN, Portion
from pr_cost_bot.model import Evidence

# After the other's last commit, and before its next one; where the two alternate, and where one followed the other.
_AFTER_ALTERNATING, _AFTER_CHANGE = 30 * MINUTE, 5 * MINUTE
_BEFORE_ALTERNATING, _BEFORE_CHANGE = 120 * MINUTE, 8 * MINUTE
# Windows grow with how often a person goes back and forth.
_RESTLESS = 2.5
_RESTLESS_CHANGE = 6.0
_NEARBY_COMMITS = 15
_FEW = 4
# Nothing rests on time alone without some doubt.
_DOUBT = WHOLE * 5 // 100
# Buckets: how much a part of one may be off; all of it grows where a person goes back and forth.
_LOW, _LOW_RESTLESS = 3.0, 50.0
_HIGH, _HIGH_RESTLESS, _MORE_RESTLESS = 1.0, 10.0, 0.5
_LOW_DAY, _HIGH_DAY, _HIGH_DAY_RESTLESS = 3.0, 2.0, 1.0
_SLACK, _SLACK_RESTLESS = 15 * MINUTE, 7 * HOUR
_TRACE, _TRACE_RESTLESS = 0.5, 2.0

_MATCHED = Evidence.MATCHED  # looking it up takes as long as making a share


class Rival(msgspec.Struct, eq=False, gc=False):
    """Another place that usage may belong to: until some time after its last commit, and again before its next."""

    work: Work
    until: int
    since: int


class Surroundings(msgspec.Struct, eq=False, gc=False):
    """The other places around a position on a timeline, and how often the person goes back and forth there."""

    rivals: list[Rival]
    unrest: float

    def near(self, call: Call) -> list[Rival]:
        """Rivals that a bucket may belong to, although none of their commits is in it."""
        slack = _SLACK + int(_SLACK_RESTLESS * self.unrest)
        return [rival for rival in self.rivals if call.begin <= rival.until + slack or call.finish >= rival.since - slack]


class Landscape:
    """Who else was at work around every position of a timeline, prepared once."""

    def __init__(self, timeline: Timeline) -> None:
        works, times = timeline.works, timeline.times
        count = len(works)
        # Per commit: the commits before and after it in the same place, and the ends of its run of commits in one place.
        same_before, same_after = [-1] * count, [count] * count
        run_start, run_end = list(range(count)), list(range(1, count + 1))
        returns = [0]  # how often, up to here, a place left less than a day before was returned to
        returned = 0
        last: dict[Destination, int] = {}
        for index, work in enumerate(works):
            place = work.destination
            before = last.get(place, -1)
            last[place] = index
            if before >= 0:
                same_before[index] = before
                same_after[before] = index
                if before == index - 1:
                    run_start[index] = run_start[before]
                elif times[index] - times[before] <= DAY:
                    returned += 1
            returns.append(returned)
        for index in range(count - 2, -1, -1):
            if same_after[index] == index + 1:
                run_end[index] = run_end[index + 1]

        self._works = works
        self._same_before, self._same_after, self._run_start, self._run_end = same_before, same_after, run_start, run_end
        self._returns = returns
        self._left: list[Rival | None] = [None] * count
        self._coming: list[Rival | None] = [None] * count

    def unrest(self, position: int) -> float:
        """How often, per commit, the person returns to a place left before: 0 where one piece of work follows the other."""
        returns, first, last = self._returns, position - _NEARBY_COMMITS, position + _NEARBY_COMMITS
        if first < 0 or last > len(self._works):
            first, last = max(0, first), min(len(self._works), last)
        return (returns[last] - returns[first]) / max(_FEW, last - first - 1)

    def rivals(self, position: int, target: Work) -> list[Rival]:
        """The nearest other places before and after a position, for work on its way to a target."""
        works, place = self._works, target.destination
        before, after = position - 1, position
        if before >= 0 and works[before].destination is place:
            before = self._run_start[before] - 1
        if after < len(works) and works[after].destination is place:
            after = self._run_end[after]
        rivals = []
        if before >= 0:
            rivals.append(self._left[before] or self._leaving(before))
        if after < len(works):
            coming = self._coming[after] or self._approaching(after)
            if coming.work.time < target.time:
                # The plain rule, the next commit, says otherwise than the conversation does.
                coming = Rival(coming.work, FOREVER, 0)
            rivals.append(coming)
        return rivals

    def around(self, position: int, target: Work) -> Surroundings:
        """The same with what buckets need besides."""
        return Surroundings(self.rivals(position, target), self.unrest(position))

    def target(self, index: int, rule: str, low: int) -> Decision:
        """A whole record to one commit."""
        work = self._works[index]
        place = work.destination
        if place.pr_number is None:
            return (Share(place, work.sha, None, OUTSIDE, WHOLE, low, WHOLE),)
        return (Share(place, work.sha, _MATCHED, rule, WHOLE, low, WHOLE),)

    def _leaving(self, index: int) -> Rival:
        """A place with a commit before; it alternates when another of its commits follows within a day."""
        works, unrest = self._works, self.unrest(index)
        work, again = works[index], self._same_after[index]
        if again < len(works) and works[again].time - work.time <= DAY:
            until = work.time + int(_AFTER_ALTERNATING * (1 + _RESTLESS * unrest))
            since = works[again].time - int(_BEFORE_ALTERNATING * (1 + _RESTLESS * unrest))
        else:
            until, since = work.time + int(_AFTER_CHANGE * (1 + _RESTLESS_CHANGE * unrest)), FOREVER
        rival = self._left[index] = Rival(work, until, since)
        return rival

    def _approaching(self, index: int) -> Rival:
        """A place with a commit ahead; it alternates when it had one within the day before."""
        works, unrest = self._works, self.unrest(index)
        work, earlier = works[index], self._same_before[index]
        if earlier >= 0 and work.time - works[earlier].time <= DAY:
            until = works[earlier].time + int(_AFTER_ALTERNATING * (1 + _RESTLESS * unrest))
            since = work.time - int(_BEFORE_ALTERNATING * (1 + _RESTLESS * unrest))
        else:
            until, since = 0, work.time - int(_BEFORE_CHANGE * (1 + _RESTLESS_CHANGE * unrest))
        rival = self._coming[index] = Rival(work, until, since)
        return rival


def certainty(others: Sequence[Rival], moment: int) -> tuple[int, int]:
    """Which rivals stand at a moment, as bits, and until when it stays so."""
    standing, until = 0, FOREVER
    for bit, rival in enumerate(others):
        if moment <= rival.until:
            standing |= 1 << bit
            until = min(until, rival.until)
        elif moment >= rival.since:
            standing |= 1 << bit
        elif rival.since <= until:
            until = rival.since - 1
    return standing, until


def matched(target: Share, others: Sequence[Rival], standing: int) -> Decision:
    """The whole record to one commit, and zero shares for the places that it may belong to instead."""
    shares, places = [target], [target.destination]
    for bit, rival in enumerate(others):
        place = rival.work.destination
        # Places are compared by identity: each is one object.
        if standing >> bit & 1 and place.pr_number is not None and place not in places:
            places.append(place)
            shares.append(Share(place, rival.work.sha, _MATCHED, "possible", 0, 0, WHOLE))
    return tuple(shares)


def possibly(work: Work) -> Decision:
    """A zero share for the commit after a record that its checked-out branch puts elsewhere."""
    if work.destination.pr_number is None:
        return ()
    return (share(work.destination, work.sha, Evidence.MATCHED, "possible", (0, 0, WHOLE)),)


def left(moved: Work, branch: Destination, rule: str) -> Decision:
    """Work with another branch still checked out, put on the commit that follows elsewhere."""
    shares = [share(moved.destination, moved.sha, Evidence.MATCHED, rule, (WHOLE, 0, WHOLE))]
    if branch.pr_number is not None:
        shares.append(share(branch, None, Evidence.MATCHED, "possible", (0, 0, WHOLE)))
    return tuple(shares)


def shared(portions: Sequence[Portion], parts: Sequence[int], around: Surroundings, call: Call) -> Decision:
    """A bucket's parts with what each may be instead, and zero shares for places just before and after it."""
    wide = call.finish - call.begin > EVEN
    near = [] if wide else around.near(call)
    # An hour that leads to one place only is put there; nothing is shared out.
    evidence = Evidence.MATCHED if len(portions) == 1 and not wide else Evidence.SHARED
    shares = []
    for portion, part in zip(portions, parts, strict=True):
        low, high = _bounds(part, around.unrest, wide=wide)
        if part == WHOLE:
            low = 0 if near else WHOLE - _DOUBT
        if portion.pending:
            shares.append(Share(portion.place, portion.work.sha, None, PENDING, part, low, high))
        else:
            shares.append(share(portion.place, portion.chief.sha, evidence, str(evidence), (part, low, high)))
    places = {portion.place for portion in portions}
    trace = min(WHOLE, int(WHOLE * (_TRACE + _TRACE_RESTLESS * around.unrest)))
    shares += [
        share(rival.work.destination, rival.work.sha, Evidence.SHARED, "possible", (0, 0, trace))
        for rival in near
        if rival.work.destination not in places and rival.work.destination.pr_number is not None
    ]
    return tuple(shares)


def _bounds(part: int, unrest: float, *, wide: bool) -> tuple[int, int]:
    """Least and most of a bucket that a place with this part of it may have."""
    rest = WHOLE - part
    if wide:
        return max(0, WHOLE - int(_LOW_DAY * rest)), min(WHOLE, int((_HIGH_DAY + _HIGH_DAY_RESTLESS * unrest) * part))
    low = WHOLE - int((_LOW + _LOW_RESTLESS * unrest) * rest)
    high = part + int(part * (_HIGH + _HIGH_RESTLESS * unrest) * rest / WHOLE + WHOLE * _MORE_RESTLESS * unrest)
    return max(0, low), min(WHOLE, max(part, high))
