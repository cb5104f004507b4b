"""Which conversation made which commit: every conversation that was active shortly before a commit votes for it."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence

from pr_cost_bot.attribution.history import MINUTE, SECOND, Destination, Timeline

# A conversation silent for longer than this did not make the commit.
_ACTIVE = 30 * MINUTE
# A call's vote halves when it came this much earlier than the commit.
_HALF = 2 * MINUTE
# How much a conversation may stray from the pull request it otherwise worked for.
_STRAY = 0.15
_ROUNDS = 2

Ballots = list[tuple[int, dict[int, float]]]
"""Per commit (its index on the timeline) the weight of each conversation, the strongest 1."""


def active_before(sessions: Mapping[int, Sequence[int]], timeline: Timeline) -> Ballots:
    """Weigh conversations by how shortly before each commit they made a call. `sessions`: times of calls, ascending."""
    waiting = sorted(sessions.items(), key=lambda item: (item[1][0], item[0]))
    active: list[tuple[int, Sequence[int]]] = []
    begun = 0
    ballots: Ballots = []
    for index, committed in enumerate(timeline.times):
        moment = committed + SECOND - 1  # git keeps whole seconds
        while begun < len(waiting) and waiting[begun][1][0] <= moment:
            active.append(waiting[begun])
            begun += 1
        active = [item for item in active if item[1][-1] >= moment - _ACTIVE]
        weights = {}
        for number, times in active:
            silence = moment - times[bisect_right(times, moment) - 1]
            if silence <= _ACTIVE:
                weights[number] = 1 / (1 + max(0, silence - SECOND) / _HALF)
        if weights:
            ballots.append((index, weights))
    return ballots


def owners(ballots: Ballots, timeline: Timeline) -> Ballots:
    """Weigh again by loyalty: a conversation mostly works for one place, so its votes for that place count more."""
    loyalty: dict[tuple[int, Destination], float] = {}
    for _ in range(_ROUNDS):
        loyalty = _loyalty(ballots, timeline, loyalty)
    result = []
    for index, weights in ballots:
        if len(weights) == 1:
            result.append((index, dict.fromkeys(weights, 1.0)))
            continue
        place = timeline.works[index].destination
        loyal = {number: weight * (loyalty[number, place] + _STRAY) for number, weight in weights.items()}
        strongest = max(loyal.values())
        result.append((index, {number: weight / strongest for number, weight in loyal.items()}))
    return result


def _loyalty(
    ballots: Ballots, timeline: Timeline, before: Mapping[tuple[int, Destination], float]
) -> dict[tuple[int, Destination], float]:
    """Share of each conversation's votes that went to each place."""
    votes: dict[tuple[int, Destination], float] = defaultdict(float)
    totals: dict[int, float] = defaultdict(float)
    for index, weights in ballots:
        place = timeline.works[index].destination
        if len(weights) == 1:
            (number,) = weights
            votes[number, place] += 1
            totals[number] += 1
            continue
        loyal = (
            {number: weight * (before.get((number, place), 0) + _STRAY) for number, weight in weights.items()}
            if before
            else weights
        )
        total = sum(loyal.values())
        for number, weight in loyal.items():
            votes[number, place] += weight / total
            totals[number] += weight / total
    return {(number, place): vote / totals[number] for (number, place), vote in votes.items()}
