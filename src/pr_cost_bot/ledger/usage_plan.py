"""Which usage rows a run replaces, keeps and adds. Pure.

Per account the rules are:

1. A run replaces everything that older runs wrote in the hours it covers, also where it now finds nothing.
2. An hour (or a day, at a vendor that has no less) about which a newer run has written is left to that run, whole.
3. A day's row is replaced by hours only where the whole day is covered, and hours by a day's row, so that nothing counts twice.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

HOURS = 24


class Key(msgspec.Struct, frozen=True, order=True):
    """A share within its account. `hour` -1: the whole day."""

    item: int
    day: int
    hour: int
    place: int

    @property
    def interval(self) -> tuple[int, int]:
        """`[start, end)` in hours since 1970."""
        start = self.day * HOURS
        return (start, start + HOURS) if self.hour < 0 else (start + self.hour, start + self.hour + 1)


class Share(msgspec.Struct, frozen=True):
    """What lies there. `product`: the bills of two products never speak of the same usage."""

    product: str
    amounts: tuple[int | None, ...]
    computed_at: int = 0


class Plan(msgspec.Struct, frozen=True):
    """What to do: first delete, then insert."""

    delete: tuple[Key, ...]
    insert: tuple[Key, ...]


def plan(there: Mapping[Key, Share], found: Mapping[Key, Share], covers: Sequence[tuple[int, int]], computed_at: int) -> Plan:
    """`there`: the account's shares around the time; `found`: what this run says; `covers`: in hours `[start, end)`."""
    when = _written(there)
    days = {(key.interval, share.product) for key, share in found.items() if key.hour < 0}
    stays = {
        key: share for key, share in there.items() if when[key.interval] > computed_at or not _covered(key, share, covers, days)
    }
    taken = _taken_hours(stays, when, computed_at)
    wanted = {
        key: share
        for key, share in found.items()
        if not any((hour, None) in taken or (hour, share.product) in taken for hour in range(*key.interval))
    }
    same = {key for key, share in wanted.items() if key in there and there[key].amounts == share.amounts}
    return Plan(
        delete=tuple(sorted(key for key in there if key not in stays and key not in same)),
        insert=tuple(sorted(key for key in wanted if key not in same)),
    )


def merge_plan(there: Mapping[Key, Share], found: Mapping[Key, Share]) -> Plan:
    """What to do to take over `found` from another database, both with the times at which they were computed.

    An hour, or a day in which either knows something of the whole day only, is taken over whole unless the one there is newer.
    """
    whole_days = {key.day for key in (*there, *found) if key.hour < 0}

    def bucket(key: Key) -> tuple[int, int]:
        return key.day, -1 if key.day in whole_days else key.hour

    here, others = _newest(found, bucket), _newest(there, bucket)
    taken = {one for one, at in here.items() if at >= others.get(one, at)}
    new = {key for key in found if bucket(key) in taken}
    old = {key for key in there if bucket(key) in taken}
    same = {key for key in new & old if found[key].amounts == there[key].amounts}
    return Plan(delete=tuple(sorted(old - same)), insert=tuple(sorted(new - same)))


def _newest(shares: Mapping[Key, Share], bucket: Callable[[Key], tuple[int, int]]) -> dict[tuple[int, int], int]:
    newest: dict[tuple[int, int], int] = {}
    for key, share in shares.items():
        newest[bucket(key)] = max(newest.get(bucket(key), 0), share.computed_at)
    return newest


def _written(there: Mapping[Key, Share]) -> dict[tuple[int, int], int]:
    """When each bucket was last written: a row that did not change keeps its own, older time."""
    when: dict[tuple[int, int], int] = defaultdict(int)
    for key, share in there.items():
        when[key.interval] = max(when[key.interval], share.computed_at)
    return when


def _covered(key: Key, share: Share, covers: Sequence[tuple[int, int]], days: Collection[tuple[tuple[int, int], str]]) -> bool:
    start, end = key.interval
    if any(first <= start and end <= last for first, last in covers):
        return True
    day = start - start % HOURS
    return ((day, day + HOURS), share.product) in days


def _taken_hours(
    stays: Mapping[Key, Share], when: Mapping[tuple[int, int], int], computed_at: int
) -> set[tuple[int, str | None]]:
    """Hours that this run leaves alone: with a product, only that product's; with None, all."""
    return {
        (hour, None if when[key.interval] > computed_at else share.product)
        for key, share in stays.items()
        for hour in range(*key.interval)
    }
