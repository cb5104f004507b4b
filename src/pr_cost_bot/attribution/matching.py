"""Matched: usage of a moment, put on the commit that completed it."""

from bisect import bisect_left
from collections.abc import Sequence

import msgspec

from pr_cost_bot.attribution.decision import PENDING, WHOLE, Decision, no_commit, share, unattributed
from pr_cost_bot.attribution.history import FOREVER, HOUR, MINUTE, Timeline, Work
from pr_cost_bot.attribution.options import Options
from pr_cost_bot.attribution.ranges import Landscape, Rival, Surroundings, certainty, matched
from pr_cost_bot.attribution.records import Call
from pr_cost_bot.attribution.votes import Claims, claims
from pr_cost_bot.model import Evidence

# How fast a conversation's claim on a commit fades with the other commits that come before it.
_FADE = 2 * HOUR
_CLAIM = 0.1
_CLAIMS = 30  # as many commits are looked at, ahead and behind
_NONE: tuple[list[int], list[float]] = ([], [])
# Work that goes on in a conversation after its commit finishes the same pull request, if nothing is committed for long.
_WRAP_UP = 30 * MINUTE
# The last stretch of work before a commit, and how sure it must be that the conversation made it.
_ENDING = 30 * MINUTE
_OWN = 0.9
_QUIET = 8 * HOUR


class _Choice(msgspec.Struct, eq=False, gc=False):
    """What follows for a conversation between two commits."""

    target: Work | None = None  # the commit that completes its work
    index: int = -1  # of that commit
    rule: str = ""
    rivals: list[Rival] = []
    since: int = -1  # the commit before
    until: int = FOREVER  # the commit that ends it
    begun: bool = False


class Matcher:
    """One person's commits and conversations, laid over each other."""

    def __init__(self, calls: Sequence[Call], sessions: Sequence[int], timeline: Timeline, options: Options) -> None:
        self._timeline = timeline
        self._landscape = Landscape(timeline)
        self._off = options.switched_off
        self._options = options
        self._lookback = options.lookback_hours * HOUR
        self._current: dict[int, tuple[int, int, Decision]] = {}  # by session: from, to, decision
        self._choices: dict[int, _Choice] = {}  # by session, the latest
        self._claims: Claims = {}
        if "commit-owner" not in self._off:
            self._claims = claims([call.begin for call in calls], sessions, timeline)

    def decide_all(self, calls: Sequence[Call], sessions: Sequence[int]) -> list[Decision]:
        """`decide` for many calls in the order of time. For most, what was decided for the conversation before still holds."""
        result = []
        current, decide = self._current, self._decide
        for call, session in zip(calls, sessions, strict=True):
            moment = call.begin
            known = current.get(session)
            if known is not None and known[0] <= moment <= known[1]:
                result.append(known[2])
            else:
                result.append(decide(moment, session))
        return result

    def decide(self, moment: int, session: int) -> Decision:
        """Where usage at this moment of this conversation (-1: unknown) goes. Moments of one conversation come in order."""
        known = self._current.get(session)
        if known is not None and known[0] <= moment <= known[1]:
            return known[2]
        return self._decide(moment, session)

    def _decide(self, moment: int, session: int) -> Decision:
        choice = self._choice(moment, session)
        target = choice.target
        if target is None or target.time - moment > self._lookback:
            return self._after_all(moment, session)
        if target.time - moment > _QUIET:
            finished = self._finished(moment, session)
            if finished is not None:
                return _wrap_up(finished)
        standing, until = certainty(choice.rivals, moment)
        until = min(until, choice.until)
        if standing:
            decision = matched(self._landscape.target(choice.index, choice.rule, 0)[0], choice.rivals, standing)
        else:
            decision = self._landscape.target(choice.index, choice.rule, WHOLE)
        before = [rival for rival in choice.rivals if rival.work.time < moment]
        if choice.begun or standing or not before:
            choice.begun = True
            self._current[session] = (moment, until, decision)
            return decision
        # The beginning of a stretch of work is the least certain: it may have been the end of what was before.
        choice.begun = True
        self._current[session] = (moment + 1, until, decision)
        return self._landscape.target(choice.index, choice.rule, 0)

    def around(self, position: int, target: Work) -> Surroundings:
        """The other places around a position on the timeline."""
        return self._landscape.around(position, target)

    def following(self, moment: int, session: int) -> Work | None:
        """The commit that usage at this moment would be put on, if one follows in time."""
        target = self._choice(moment, session).target
        return target if target is not None and target.time - moment <= self._lookback else None

    def is_ending(self, moment: int, session: int) -> bool:
        """Whether this is the last stretch before a commit that the conversation itself made."""
        choice = self._choice(moment, session)
        if choice.target is None or choice.target.time - moment > _ENDING:
            return False
        indexes, weights = self._claims.get(session, _NONE)
        at = bisect_left(indexes, choice.index)
        return at < len(indexes) and indexes[at] == choice.index and weights[at] >= _OWN

    def _choice(self, moment: int, session: int) -> _Choice:
        choice = self._choices.get(session)
        if choice is None or not choice.since < moment <= choice.until:
            choice = self._choices[session] = self._choose(session, self._timeline.next_index(moment))
        return choice

    def _choose(self, session: int, following: int) -> _Choice:
        works, times = self._timeline.works, self._timeline.times
        if following >= len(works):
            return _Choice(since=times[-1] if times else -1)
        target, best = following, _CLAIM
        rule = "next-commit"
        indexes, weights = self._claims.get(session, _NONE)
        ahead = bisect_left(indexes, following)
        for position in range(ahead, min(ahead + _CLAIMS, len(indexes))):
            away = times[indexes[position]] - times[following]
            if away > self._lookback:
                break
            claim = weights[position] ** 3 / (1 + away / _FADE)
            if claim > best:
                target, best, rule = indexes[position], claim, "commit-owner"
            if claim == 1:
                break
        rivals = self._landscape.rivals(following, works[target])
        since = times[following - 1] if following else -1
        return _Choice(works[target], target, rule, rivals, since, times[following])

    def _finished(self, moment: int, session: int) -> Work | None:
        """The commit that this conversation made alone and may be wrapping up."""
        if "wrap-up" in self._off:
            return None
        indexes, weights = self._claims.get(session, _NONE)
        behind = bisect_left(indexes, self._timeline.next_index(moment))
        for position in range(behind - 1, max(0, behind - _CLAIMS) - 1, -1):
            if weights[position] == 1:
                work = self._timeline.works[indexes[position]]
                return work if moment - work.time <= _WRAP_UP and moment <= work.destination.closed else None
        return None

    def _after_all(self, moment: int, session: int) -> Decision:
        """No commit follows in time: it waits for one, finishes the last one, or is lost."""
        following = self._timeline.next_index(moment)
        if following:
            finished = self._finished(moment, session)
            last = finished or self._timeline.works[following - 1]
            if moment - last.time <= self._lookback and self._timeline.waits(last.destination, moment, self._options):
                return unattributed(PENDING, last.destination, last.sha)
            if finished is not None:
                return _wrap_up(finished)
        return unattributed(no_commit(self._options.lookback_hours))


def _wrap_up(last: Work) -> Decision:
    return (share(last.destination, last.sha, Evidence.MATCHED, "wrap-up", (WHOLE, 0, WHOLE)),)
