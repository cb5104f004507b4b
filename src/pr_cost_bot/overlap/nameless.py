"""Records whose model's name says nothing (a deployment's, a fine-tuned model's, none at all) against what is settled.

It may be any model that somebody else tells of. It is nothing that its own reporter tells by another name, nor what one who
knows that name too tells by another: nobody tells the same usage twice.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from fractions import Fraction

import msgspec

from pr_cost_bot.overlap.seen import Seen
from pr_cost_bot.overlap.shares import REST, cut, left_over, size
from pr_cost_bot.overlap.stretches import Outcome, once, stretches
from pr_cost_bot.overlap.telling import Dropped
from pr_cost_bot.sellers import name_of

_SAYS_NOTHING = frozenset({"", "unknown", "auto", "default"})
_MOMENT = timedelta(microseconds=1)
_NEARLY = Fraction(11, 10)
Side = tuple[str, str]
"""A model as a reporter of buckets tells it, or (without a name) as all requests do."""


class Told(msgspec.Struct, frozen=True):
    """Everything as it was reported, and the requests of it that are somebody else's."""

    records: Sequence[Seen]
    twins: Sequence[Dropped] = ()


def against_all(outcome: Outcome, nameless: Sequence[Seen], told: Told) -> Outcome:
    """Add the nameless records to what is settled."""
    if not nameless:
        return outcome
    settling = [*told.twins, *outcome.dropped]
    found = Outcome(dropped=list(outcome.dropped), apart=list(outcome.apart))
    names, tellers = {each.record.id for each in nameless}, _tellers(told.records)
    for stretch in stretches([*outcome.kept, *nameless]):
        settled = [each for each in stretch if each.record.id not in names]
        groups: dict[tuple[str, ...], list[Seen]] = defaultdict(list)
        for each in (each for each in stretch if each.record.id in names):
            groups[tuple(sorted(_who_tells(each, tellers)))].append(each)
        for reporters, group in sorted(groups.items()):
            others = [each for each in settled if each.reporter not in reporters]
            theirs = [each for each in settled if each.reporter in reporters]
            explained = _explained(settling, stretch, reporters)
            settled = [*theirs, *(_add(found, others, group, explained) if others else group)]
        found.kept += settled
    return found


def _tellers(told: Iterable[Seen]) -> Mapping[str, set[str]]:
    """Who uses a name."""
    found: dict[str, set[str]] = defaultdict(set)
    for each in told:
        found[name_of(each.record.model)].add(each.reporter)
    return found


def _who_tells(each: Seen, tellers: Mapping[str, set[str]]) -> set[str]:
    """The reporters that tell this usage by this name if they tell of it at all."""
    says_nothing = each.record.model.strip().lower() in _SAYS_NOTHING
    return {each.reporter} if says_nothing else {each.reporter} | tellers[name_of(each.record.model)]


def _side(each: Seen) -> Side:
    return "" if each.is_event else each.reporter, name_of(each.record.model)


def _explained(dropped: Iterable[Dropped], stretch: Sequence[Seen], reporters: Collection[str]) -> Mapping[Side, int]:
    """Tokens that others tell and these reporters tell by name too, so that no nameless record of theirs can be them.

    By way of others as well: what A left to B, and B to C, is A's usage at C.
    """
    start = min(each.record.start for each in stretch).replace(minute=0, second=0, microsecond=0)
    end = max(max(each.record.end, each.record.start + _MOMENT) for each in stretch)
    of_requests = {each.reporter for each in stretch if each.is_event}
    waiting = [each for each in dropped if start <= each.start < end]
    theirs = {(reporter, each.model) for reporter in reporters for each in waiting}
    found: dict[Side, int] = defaultdict(int)
    while told := [each for each in waiting if (each.source, each.model) in theirs]:
        waiting = [each for each in waiting if (each.source, each.model) not in theirs]
        for each in told:
            theirs.add((each.kept, each.model))
            found["" if each.kept in of_requests else each.kept, each.model] += each.tokens.input + each.tokens.output
    return found


def _add(found: Outcome, others: Sequence[Seen], group: Sequence[Seen], explained: Mapping[Side, int]) -> list[Seen]:
    """What others tell and the group, less what these may have in common."""
    group = [each.now(left_over(each.record)) for each in group]
    room = _unexplained(others, explained)
    requests = [each for each in others if each.is_event and all(one.is_event for one in group)]  # compared by `twins` already
    can, aside, parts = _parted([each for each in others if each not in requests], room)
    aside += requests
    if not can:
        return [*others, *group]
    outcome = once([can, group])
    found.dropped += outcome.dropped
    found.apart += outcome.apart
    return _rejoined([*outcome.kept, *aside], parts)


def _unexplained(others: Iterable[Seen], explained: Mapping[Side, int]) -> dict[Side, Fraction]:
    """Of each model: the tokens that nobody else tells by its name."""
    found: dict[Side, Fraction] = defaultdict(Fraction)
    for each in others:
        found[_side(each)] += size(each.record)
    return {side: max(Fraction(0), tokens - explained.get(side, 0)) for side, tokens in found.items()}


class _Part(msgspec.Struct, frozen=True):
    """A bucket in two parts: what may be told by the nameless as well, and what cannot."""

    whole: Seen
    open: Seen
    explained: Seen


def _parted(others: Iterable[Seen], room: dict[Side, Fraction]) -> tuple[list[Seen], list[Seen], list[_Part]]:
    """What may be told by the nameless as well, up to the `room` of each model; what cannot; and buckets that are both.

    A request is one or the other: the largest that fit are, as one that nearly does.
    """
    can: list[Seen] = []
    aside: list[Seen] = []
    parts: list[_Part] = []
    for each in sorted(others, key=lambda each: (not each.is_event, -size(each.record))):
        tokens, side = size(each.record), _side(each)
        left = room[side]
        if not tokens or tokens <= left * (_NEARLY if each.is_event else 1):
            can.append(each)
        elif each.is_event or left <= 0:
            aside.append(each)
            continue
        else:
            (may_be,), (explained,) = cut([each.record], left / tokens)
            may_be = msgspec.structs.replace(may_be, id=f"{each.record.id.removesuffix(REST)}:open{REST}")
            part = _Part(each, each.now(may_be), each.now(explained))
            parts.append(part)
            can.append(part.open)
            aside.append(part.explained)
        room[side] = left - tokens
    return can, aside, parts


def _rejoined(records: Iterable[Seen], parts: Iterable[_Part]) -> list[Seen]:
    """With the buckets whole again of which nothing was taken."""
    found = list(records)
    for part in parts:
        if part.open in found:
            found = [each for each in found if each not in {part.open, part.explained}]
            found.append(part.whole)
    return found
