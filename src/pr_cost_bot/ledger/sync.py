"""From one ledger to another: rows from the branch into a database, and back; between databases, what is behind them too."""

from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from itertools import islice
from typing import Protocol, TypeVar

import msgspec

from pr_cost_bot.ledger.rows import same_facts
from pr_cost_bot.ledger.tables import PR_COSTS
from pr_cost_bot.ports import Row
from pr_cost_bot.row_file import LINE_FIELDS

Part = TypeVar("Part", bound=Sized)
_AT_ONCE = 100
_TELL_EACH = 10_000


class Target(Protocol):
    """What rows go to: any ledger. It is not written to where it says the same already, and keeps what is newer."""

    def read(self, repository: str, numbers: Sequence[int]) -> dict[int, Row]:
        """See ports.Ledger."""

    def write(self, rows: Sequence[Row]) -> None:
        """See ports.Ledger."""


class Synced(msgspec.Struct, frozen=True):
    """How many rows were looked at, and how many differed from what was there."""

    rows: int
    written: int


def sync(
    rows: Iterable[Row],
    target: Target,
    both_keep: Callable[[Row], Row] = lambda row: row,
    progress: Callable[[int], None] = lambda _: None,
) -> Synced:
    """Carry every row over; running it again changes nothing.

    `both_keep`: what of a row source and target both have a place for; what only one of them has makes no difference.
    """
    looked_at = written = 0
    for chunk in _chunks(rows):
        known = {
            (repository, number): both_keep(row)
            for repository in dict.fromkeys(row["repository"] for row in chunk)
            for number, row in target.read(repository, _numbers(chunk, repository)).items()
        }
        changed = [row for row in chunk if not same_facts(known.get((row["repository"], row["pr_number"])), both_keep(row))]
        target.write(changed)
        looked_at, written = looked_at + len(chunk), written + len(changed)
        progress(looked_at)
    return Synced(looked_at, written)


def in_a_database(row: Row) -> Row:
    """What a database keeps of a row. What is null there may as well be missing in a file."""
    kept = {name: row[name] for name in PR_COSTS.columns.keys() if row.get(name) is not None}  # noqa: SIM118 - of columns
    return {**kept, "lines": [{name: line.get(name) for name in LINE_FIELDS} for line in row["lines"]]}


def sync_parts(parts: Iterable[Part], take: Callable[[Part], int], progress: Callable[[int], None] = lambda _: None) -> Synced:
    """Carry over what a database keeps behind the rows, usage or records, after them. `take`: how many rows it changed.

    Running it again changes nothing; each part is written whole, so it can be stopped.
    """
    looked_at = written = told = 0
    for part in parts:
        written += take(part)
        looked_at += len(part)
        if looked_at - told >= _TELL_EACH:
            told = looked_at
            progress(looked_at)
    return Synced(looked_at, written)


def _numbers(rows: Iterable[Row], repository: str) -> list[int]:
    return [row["pr_number"] for row in rows if row["repository"] == repository]


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    remaining = iter(rows)
    while chunk := list(islice(remaining, _AT_ONCE)):
        yield chunk
