"""From one ledger to another: rows from the branch into a database, and back; between databases, usage too."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol

import msgspec

from pr_cost_bot.ledger.rows import same_facts
from pr_cost_bot.ledger.usage_sync import UsagePart
from pr_cost_bot.ports import Row

_AT_ONCE = 100
_TELL_EACH = 10_000


class Target(Protocol):
    """What rows go to: any ledger. One that can read is not written to where it says the same already."""

    def write(self, rows: Sequence[Row]) -> None:
        """See ports.Ledger."""


class Synced(msgspec.Struct, frozen=True):
    """How many rows were looked at, and how many differed from what was there."""

    rows: int
    written: int


def sync(
    rows: Iterable[Row],
    target: Target,
    read: Callable[[str, Sequence[int]], dict[int, Row]],
    progress: Callable[[int], None] = lambda _: None,
) -> Synced:
    """Carry every row over. Running it again changes nothing; the target keeps what is newer. `read`: what it has."""
    looked_at = written = 0
    for chunk in _chunks(rows):
        known = {
            (repository, number): row
            for repository in dict.fromkeys(row["repository"] for row in chunk)
            for number, row in read(repository, [one["pr_number"] for one in chunk if one["repository"] == repository]).items()
        }
        changed = [row for row in chunk if not same_facts(known.get((row["repository"], row["pr_number"])), row)]
        target.write(changed)
        looked_at, written = looked_at + len(chunk), written + len(changed)
        progress(looked_at)
    return Synced(looked_at, written)


class UsageSource(Protocol):
    """A database that keeps usage."""

    def usage(self) -> Iterator[UsagePart]:
        """All of it."""


class UsageTarget(Protocol):
    """A database that takes usage."""

    def merge_usage(self, part: UsagePart) -> int:
        """Take over what is newer; how many rows changed."""


def sync_usage(source: UsageSource, target: UsageTarget, progress: Callable[[int], None] = lambda _: None) -> Synced:
    """Carry all usage over. Running it again changes nothing; each part is written whole, so it can be stopped."""
    looked_at = written = told = 0
    for part in source.usage():
        written += target.merge_usage(part)
        looked_at += len(part.shares)
        if looked_at - told >= _TELL_EACH:
            told = looked_at
            progress(looked_at)
    return Synced(looked_at, written)


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    remaining = iter(rows)
    while chunk := list(islice(remaining, _AT_ONCE)):
        yield chunk
