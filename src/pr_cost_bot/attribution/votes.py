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


def active_before(begins: Sequence[int], sessions: Sequence[int], timeline: Timeline) -> Ballots:
    """Weigh conversations by how shortly before each commit they made a call.

    `begins`: times of calls, ascending; `sessions`: their conversations, -1 for none.
    """
    ballots: Ballots = []
    last: dict[int, int] = {}
    counted = 0
    for index, time in enumerate(timeline.times):
        moment = time + SECOND - 1  # git keeps whole seconds
        reached = bisect_right(begins, moment, counted)
        if reached > counted:
            last.update(zip(sessions[counted:reached], begins[counted:reached], strict=True))
            last.pop(-1, None)
            counted = reached
        if last:
            _vote(ballots, index, moment, last)
    return ballots


def _vote(ballots: Ballots, index: int, moment: int, last: dict[int, int]) -> None:
    """One commit's ballot. `last`: when each conversation made its last call; those that fell silent are dropped."""
    weights = {}
    for number in sorted(last) if len(last) > 1 else [*last]:
        silence = moment - last[number]
        if silence <= _ACTIVE:
            weights[number] = 1 / (1 + max(0, silence - SECOND) / _HALF)
        else:
            del last[number]
    if weights:
        ballots.append((index, weights))


def owners(ballots: Ballots, timeline: Timeline) -> Ballots:
    """Weigh again by loyalty: a conversation mostly works for one place, so its votes for that place count more."""
    contending = {number for _, weights in ballots if len(weights) > 1 for number in weights}
    telling = [ballot for ballot in ballots if not contending.isdisjoint(ballot[1])]
    loyalty: dict[tuple[int, Destination], float] = {}
    for _ in range(_ROUNDS):
        loyalty = _loyalty(telling, timeline, loyalty)
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
