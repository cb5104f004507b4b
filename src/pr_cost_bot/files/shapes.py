"""What a format is, and what reading a file gives."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

import msgspec

from pr_cost_bot.files.values import BadValueError
from pr_cost_bot.model import UsageRecord

T = TypeVar("T")


class Usage(msgspec.Struct, frozen=True, gc=False):
    """A record as the file has it. `also`: further names under which its actor may be known."""

    record: UsageRecord
    also: tuple[str, ...] = ()


class BadRow(msgspec.Struct, frozen=True):
    """A row that cannot be read. `line` counts from 1; `column` is empty when the whole row is wrong."""

    line: int
    column: str
    expected: str

    def __str__(self) -> str:
        place = f"line {self.line}, {self.column}" if self.column else f"line {self.line}"
        return f"{place}: expected {self.expected}"


class Cells(Protocol):
    """A row of a table by the names of its columns (in lower case). Absent columns are empty."""

    file: str  # the file's name

    def __call__(self, *columns: str) -> str:
        """The first cell of these columns that is not empty."""

    def key(self, *amounts: str) -> tuple[str, ...]:
        """Every cell but those of `amounts`: what the row is about, which a later export of it repeats."""


class TableFormat(msgspec.Struct, frozen=True, kw_only=True):
    """A CSV format. `usage` gives None for rows that are no usage and raises BadValueError."""

    name: str
    title: str
    matches: Callable[[frozenset[str]], bool]  # the header's names, in lower case
    usage: Callable[[Cells], Usage | None]
    once: bool = False  # see JsonFormat


class JsonFormat(msgspec.Struct, frozen=True, kw_only=True):
    """A JSON format: `parts` takes a value apart, `usage` reads one part.

    `once`: a record that comes twice is the same usage.
    """

    name: str
    title: str
    matches: Callable[[Any], bool]
    parts: Callable[[Any], Iterable[Any]]
    usage: Callable[[Any], Usage | None]
    once: bool = True


Format = TableFormat | JsonFormat


def read_row(usage: Callable[[T], Usage | None], row: T, line: int) -> Iterator[Usage | BadRow]:
    """What a format makes of a row: usage, nothing, or a row to complain about."""
    try:
        found = usage(row)
    except BadValueError as error:
        yield BadRow(line, error.column, error.expected)
    else:
        if found is not None:
            yield found


def whole(value: Any) -> Sequence[Any]:
    """The only part of a value that is one record."""
    return (value,)
