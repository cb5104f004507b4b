"""Single requests that several sources tell: matched one by one, by their tokens.

Two requests are the same when person, seller and model may be, they lie within a quarter of an hour (one source tells when a
request began, another when it ended) and both tell the same tokens. A source without cache counts may tell the input without
them. Langfuse can count by itself, so that its tokens only need to be near. Where one side has no tokens at all, money decides.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from pr_cost_bot.model import Tokens
from pr_cost_bot.overlap.seen import ESTIMATING, Seen, rank
from pr_cost_bot.overlap.shares import left_over, with_bill
from pr_cost_bot.overlap.telling import Dropped, dropped

_APART = timedelta(minutes=15)
_NEAR = Fraction(15, 100)
_NEAR_MONEY = Fraction(25, 100)

Match = Callable[[Seen, Seen], bool]


class _Slot:
    """A request: the record that stands for it, and all that tell of it."""

    def __init__(self, first: Seen) -> None:
        self.kept = first
        self.told = [first]


def settle(events: Sequence[Seen]) -> tuple[list[Seen], list[Dropped]]:
    """Each request of one person once, and what was dropped for it.

    A request that stays although another source tells one like it is marked as left over: it is not compared again.
    """
    reporters: dict[str, list[Seen]] = defaultdict(list)
    for each in sorted(events, key=lambda each: (each.record.start, each.record.id)):
        reporters[each.reporter].append(each)
    slots: list[_Slot] = []
    gone: list[Dropped] = []
    for name in sorted(reporters, key=lambda name: (name in ESTIMATING, *rank(reporters[name])[2:])):
        gone += _add(slots, reporters[name])
    return [slot.kept for slot in slots], gone


def _add(slots: list[_Slot], events: Sequence[Seen]) -> list[Dropped]:
    """Find the request that each of one source's events is; those without one are new."""
    gone: list[Dropped] = []
    taken: set[int] = set()
    alike: set[int] = set()  # slots that some event could have been as well
    left, similar, whole = list(events), set[str](), _all(slots)
    for match, index in ((_exact, _by_output(slots)), (_near, whole), (_unmeasured, whole)):
        waiting = []
        for event in left:
            found = _around(index, event, match)
            free = next((number for number in found if number not in taken), None)
            if free is None:
                waiting.append(event)
                similar |= {event.record.id} if found else set()
                continue
            alike |= set(found)
            taken.add(free)
            gone.append(_join(slots[free], event))
        left = waiting
    for number in alike - taken:
        slots[number].kept = slots[number].kept.now(left_over(slots[number].kept.record))
    slots += [_Slot(event.now(left_over(event.record)) if event.record.id in similar else event) for event in left]
    return gone


def _join(slot: _Slot, event: Seen) -> Dropped:
    """Let the better of the two stand for the request, at the bill's amount."""
    better, other = (event, slot.kept) if _says(event) > _says(slot.kept) else (slot.kept, event)
    cost = other.record.cost_usd
    if other.billed and not better.billed and cost is not None:
        (record,), cost = with_bill([better.record], [other.record], Fraction(1))
        better = better.now(record, billed=True)
    slot.kept = better
    slot.told.append(event)
    return dropped([other.record], other.reporter, better.reporter, cost, certain=True)


def _says(each: Seen) -> tuple[bool, bool]:
    """More is better: where it belongs, and how much it was."""
    return each.is_tagged, bool(each.record.tokens)


# --- finding candidates -----------------------------------------------------------------------------------------------

_Index = Callable[[Seen], tuple[list[datetime], list[tuple[Seen, int]]]]


def _timeline(told: list[tuple[Seen, int]]) -> tuple[list[datetime], list[tuple[Seen, int]]]:
    told.sort(key=lambda each: (each[0].record.start, each[1]))
    return [each.record.start for each, _ in told], told


def _all(slots: Sequence[_Slot]) -> _Index:
    line = _timeline([(each, number) for number, slot in enumerate(slots) for each in slot.told])
    return lambda _: line


def _by_output(slots: Sequence[_Slot]) -> _Index:
    by_output: dict[int, list[tuple[Seen, int]]] = defaultdict(list)
    for number, slot in enumerate(slots):
        for each in slot.told:
            by_output[each.record.tokens.output].append((each, number))
    lines = {output: _timeline(told) for output, told in by_output.items()}
    return lambda event: lines.get(event.record.tokens.output, ([], []))


def _around(index: _Index, event: Seen, match: Match) -> list[int]:
    """Slots that may be this event, earliest first: so that as many events as can be find one."""
    times, told = index(event)
    first, last = bisect_left(times, event.record.start - _APART), bisect_right(times, event.record.start + _APART)
    return list(dict.fromkeys(number for each, number in told[first:last] if _may_be(each, event) and match(each, event)))


def _may_be(one: Seen, other: Seen) -> bool:
    """Whether seller and model agree as far as they are known."""
    sellers = not one.seller or not other.seller or one.seller == other.seller
    return sellers and (not one.family or not other.family or one.family == other.family)


# --- alike ------------------------------------------------------------------------------------------------------------


def _exact(one: Seen, other: Seen) -> bool:
    a, b = one.record.tokens, other.record.tokens
    return bool(a and b) and a.output == b.output and (a.input in _inputs(b) or b.input in _inputs(a))


def _inputs(tokens: Tokens) -> tuple[int, int, int]:
    """The input as sources may count it: all, without cache reads, without both."""
    return tokens.input, tokens.input - tokens.cache_read, tokens.input - tokens.cache_read - tokens.cache_write


def _near(one: Seen, other: Seen) -> bool:
    if not {one.reporter, other.reporter} & ESTIMATING:
        return False
    a, b = one.record.tokens, other.record.tokens
    return bool(a and b) and _close(a.output, b.output) and any(_close(a.input, count) for count in _inputs(b))


def _close(one: int, other: int) -> bool:
    return abs(one - other) <= _NEAR * max(one, other)


def _unmeasured(one: Seen, other: Seen) -> bool:
    if one.record.tokens and other.record.tokens:
        return False
    a, b = one.record.cost_usd, other.record.cost_usd
    return a is None or b is None or abs(Fraction(a) - Fraction(b)) <= _NEAR_MONEY * max(Fraction(a), Fraction(b))
