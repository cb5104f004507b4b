"""Which conversation made which commit: every conversation that was active shortly before a commit votes for it."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence

from pr_cost_bot.attribution.history import MINUTE, SECOND, Destination, Timeline

# A conversation silent for longer than this did not make the commit.
_ACTIVE = 30 * MINUTE
# A call's vote halves when it came this much earlier than the commit.
_HALF = 2 * MINUTE
# How much a conversation may stray from the pull request it otherwise worked for.
_STRAY = 0.15
_ROUNDS = 2

Ballots = list[tuple[int, dict[int, float]]]
"""Per commit (its index on the timeline) the weight of each conversation."""

Claims = dict[int, tuple[list[int], list[float]]]
"""Per conversation the commits (indexes, ascending) and how surely each is its own, 1 for the strongest of a commit."""

_Loyalty = dict[Destination, dict[int, float]]
"""Per place the share of each conversation's votes that went there."""


def claims(begins: Sequence[int], sessions: Sequence[int], timeline: Timeline) -> Claims:
    """Which commits each conversation made, as far as times tell.

    `begins`: times of calls, ascending; `sessions`: their conversations, -1 for none.
    """
    ballots = _active_before(begins, sessions, timeline)
    loyalty = _loyalties(ballots, timeline)
    result: Claims = {}
    for index, weights in ballots:
        if len(weights) > 1:
            loyal = loyalty[timeline.works[index].destination]
            weights = {number: weight * (loyal[number] + _STRAY) for number, weight in weights.items()}  # noqa: PLW2901
        strongest = max(weights.values())
        for number, weight in weights.items():
            own = result.get(number)
            if own is None:
                own = result[number] = ([], [])
            own[0].append(index)
            own[1].append(weight / strongest)
    return result


def _active_before(begins: Sequence[int], sessions: Sequence[int], timeline: Timeline) -> Ballots:
    """Weigh conversations by how shortly before each commit they made a call."""
    ballots: Ballots = []
    last: dict[int, int] = {}  # when each conversation made its last call
    counted = 0
    for index, time in enumerate(timeline.times):
        moment = time + SECOND - 1  # git keeps whole seconds
        reached = bisect_right(begins, moment, counted)
        if reached > counted:
            last.update(zip(sessions[counted:reached], begins[counted:reached], strict=True))
            last.pop(-1, None)
            counted = reached
        weights = {}
        for number, called in [*last.items()]:
            silence = moment - called
            if silence <= _ACTIVE:
                weights[number] = _HALF / (_HALF + silence - SECOND) if silence > SECOND else 1.0
            else:
                del last[number]
        if weights:
            ballots.append((index, weights))
    return ballots


def _loyalties(ballots: Ballots, timeline: Timeline) -> _Loyalty:
    """A conversation mostly works for one place, so its votes for that place count more: of those that ever share a commit."""
    contending = {number for _, weights in ballots if len(weights) > 1 for number in weights}
    telling = [(timeline.works[index].destination, weights) for index, weights in ballots if not contending.isdisjoint(weights)]
    loyalty: _Loyalty = {}
    for _ in range(_ROUNDS):
        loyalty = _weighed_again(telling, loyalty)
    return loyalty


def _weighed_again(ballots: Iterable[tuple[Destination, dict[int, float]]], before: _Loyalty) -> _Loyalty:
    votes: _Loyalty = defaultdict(dict)
    totals: dict[int, float] = defaultdict(float)
    for place, weights in ballots:
        there = votes[place]
        loyal = weights
        if before and len(weights) > 1:
            shares = before[place]
            loyal = {number: weight * (shares[number] + _STRAY) for number, weight in weights.items()}
        total = sum(loyal.values())
        for number, weight in loyal.items():
            vote = weight / total
            there[number] = there.get(number, 0.0) + vote
            totals[number] += vote
    for there in votes.values():
        for number in there:
            there[number] /= totals[number]
    return votes
