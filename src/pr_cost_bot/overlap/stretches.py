"""Buckets against each other and against requests, hour by hour: what can be the same usage counts once."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from fractions import Fraction

import msgspec

from pr_cost_bot.model import NO_TOKENS, Tokens
from pr_cost_bot.overlap.seen import ESTIMATING, Seen, rank, records_of
from pr_cost_bot.overlap.shares import cost_of, cut, left_over, size, with_bill
from pr_cost_bot.overlap.telling import Apart, Dropped, dropped, known

_HOUR = timedelta(hours=1)
_SLACK, _WIDE_SLACK = Fraction(11, 10), Fraction(5, 4)
"""How far a request may seem larger than a bucket that holds it: sources do not count alike to the last token."""


class Outcome(msgspec.Struct):
    """What stays, what was dropped for it, and what could not be the same."""

    kept: list[Seen] = []
    dropped: list[Dropped] = []
    apart: list[Apart] = []

    def add(self, other: "Outcome") -> None:
        """Take over what another comparison brought."""
        self.kept += other.kept
        self.dropped += other.dropped
        self.apart += other.apart


def stretches(records: Iterable[Seen]) -> list[list[Seen]]:
    """Records by whole hours; a longer bucket joins the hours that it covers."""
    found: list[list[Seen]] = []
    until: datetime | None = None
    for each in sorted(records, key=lambda each: (each.record.start, each.record.end, each.record.id)):
        first = each.record.start.replace(minute=0, second=0, microsecond=0)
        last = max(each.record.end, each.record.start + timedelta(microseconds=1))
        end = first + -((first - last) // _HOUR) * _HOUR
        if until is None or first >= until:
            found.append([])
            until = end
        found[-1].append(each)
        until = max(until, end)
    return found


def sides_of(records: Iterable[Seen]) -> list[list[Seen]]:
    """Sides to compare: single requests, which `twins` has settled among themselves, and the buckets of each reporter."""
    sides: dict[str, list[Seen]] = defaultdict(list)
    for each in records:
        sides["" if each.is_event else each.reporter].append(each)
    return list(sides.values())


def once(sides: Sequence[Sequence[Seen]]) -> Outcome:
    """Of one stretch: the side with the best evidence whole, of the others what cannot be the same."""
    first, *others = sorted(sides, key=rank)
    outcome = Outcome(kept=list(first))
    for side in others:
        _take_in(outcome, side)
    return outcome


def _take_in(outcome: Outcome, side: Sequence[Seen]) -> None:
    """Add what a side has beyond all that is kept already."""
    events, buckets = _parted(side)
    kept_events, kept_buckets = _parted(outcome.kept)
    if events and kept_buckets:
        fitting, others, too_many = _fitting(events, kept_buckets)
        _tell_apart(outcome, [*others, *too_many], kept_buckets)
        kept_buckets, rest = _same(outcome, kept_buckets, fitting)
        events = [*others, *(each.now(left_over(each.record)) for each in too_many), *rest]
    if buckets:
        fitting, *beyond = _fitting(kept_events, buckets)
        others = [each for part in beyond for each in part]
        _tell_apart(outcome, others, buckets)
        changed, buckets = _same(outcome, [*kept_buckets, *fitting], buckets)
        kept_buckets, kept_events = changed, others
    outcome.kept = [*kept_buckets, *kept_events, *events, *buckets]


def _parted(records: Iterable[Seen]) -> tuple[list[Seen], list[Seen]]:
    """Requests and buckets."""
    told = list(records)
    return [each for each in told if each.is_event], [each for each in told if not each.is_event]


# --- what fits ---------------------------------------------------------------------------------------------------------


def _fitting(events: Sequence[Seen], buckets: Sequence[Seen]) -> tuple[list[Seen], list[Seen], list[Seen]]:
    """Requests that may be in the buckets, those that are too large, and those that are too many (the smallest)."""
    told = _classes(sum((each.whole.tokens for each in buckets), NO_TOKENS))
    fitting: list[Seen] = []
    too_large: list[Seen] = []
    for each in events:
        (fitting if any(_holds(bucket, each, told) for bucket in buckets) else too_large).append(each)
    if not all(bucket.whole.requests for bucket in buckets):
        return fitting, too_large, []
    room = _SLACK * sum(bucket.whole.requests for bucket in buckets)
    inside: list[Seen] = []
    too_many: list[Seen] = []
    for each in sorted(fitting, key=lambda each: (-size(each.record), each.record.start, each.record.id)):
        room -= max(1, each.record.requests)
        (inside if room >= 0 else too_many).append(each)
    return inside, too_large, too_many


def _holds(bucket: Seen, event: Seen, told: Sequence[int]) -> bool:
    """Whether the bucket has the tokens of the request, in every class that it and those beside it tell."""
    inner, outer = event.record.tokens, bucket.whole.tokens
    if not inner or not outer:
        return True
    (whole, *parts), (room, *rooms) = _classes(inner), _classes(outer)
    told_parts = zip(parts, rooms, told[1:], strict=True)
    slack = _WIDE_SLACK if event.reporter in ESTIMATING else _SLACK
    return whole <= slack * room and all(part <= slack * most for part, most, any_told in told_parts if any_told)


def _classes(tokens: Tokens) -> tuple[int, int, int, int]:
    return tokens.input, tokens.cache_read, tokens.cache_write, tokens.output


def _tell_apart(outcome: Outcome, events: Iterable[Seen], buckets: Sequence[Seen]) -> None:
    other = buckets[0].reporter
    outcome.apart += [Apart(source=each.reporter, other=other, tokens=each.record.tokens) for each in events]


# --- counting it once --------------------------------------------------------------------------------------------------


def _same(outcome: Outcome, against: Sequence[Seen], can: Sequence[Seen]) -> tuple[list[Seen], list[Seen]]:
    """`against` with the bill's money, and what `can` has beyond; what it has not is dropped."""
    if not against or not can:
        return list(against), list(can)
    ratios = _ratios(against, can)
    takes_over = _takes_over(against, can)
    # Where the bill's money goes on, tokens alone say how much of it; else no token and no cent may count twice.
    beyond = max(Fraction(0), 1 - (ratios[0] if takes_over else max(ratios)))
    stays, rest, gone = list(against), [], []
    for each in can:
        left, away = cut([each.record], beyond)
        rest += [each.now(record) for record in left]
        gone += [each.now(record) for record in away]
    if takes_over:
        covered = min(Fraction(1), max(1 / ratio for ratio in ratios if ratio))
        changed, cost = with_bill(records_of(against), records_of(gone), covered)
        stays = [each.now(record, billed=True) for each, record in zip(against, changed, strict=True)]
        outcome.dropped.append(dropped(records_of(gone), gone[0].reporter, against[0].reporter, cost))
        return stays, rest
    for reporter in sorted({each.reporter for each in gone}):
        records = [each.record for each in gone if each.reporter == reporter]
        cost = known(record.cost_usd for record in records)
        outcome.dropped.append(dropped(records, reporter, against[0].reporter, cost))
    return stays, rest


def _takes_over(against: Sequence[Seen], can: Sequence[Seen]) -> bool:
    """Whether `can` is the bill for what looks on."""
    is_bill = all(each.billed for each in can) and len({each.reporter for each in can}) == 1
    return is_bill and not any(each.billed for each in against) and cost_of(records_of(can)) is not None


def _ratios(against: Sequence[Seen], can: Sequence[Seen]) -> list[Fraction]:
    """How much `against` has for each unit of `can`: by tokens and by money, as far as both sides know them.

    Neither comparable: all is the same usage.
    """
    tokens = [sum(size(each.record) for each in side) for side in (against, can)]
    costs = [cost_of(records_of(side)) for side in (against, can)]
    found = [Fraction(tokens[0], tokens[1])] if all(tokens) else []
    found += [Fraction(costs[0] or 0) / Fraction(costs[1] or 1)] if all(costs) else []
    return found or [Fraction(1)]
