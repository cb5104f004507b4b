"""CSV, row by row: columns by name, whatever the delimiter, quotes or case of the header."""

import csv
from collections.abc import Iterable, Iterator

from pr_cost_bot.files.shapes import BadRow

_DELIMITERS = ",;\t|"
_LONGEST_HEADER = 200


class Row:
    """One row's cells; see `shapes.Cells`."""

    def __init__(self, file: str, places: dict[str, int], cells: list[str]) -> None:
        self.file = file
        self._places = places
        self._cells = cells

    def __call__(self, *columns: str) -> str:
        for column in columns:
            place = self._places.get(column)
            if place is not None and (text := self._cells[place].strip()):
                return text
        return ""

    def key(self, *amounts: str) -> tuple[str, ...]:
        return tuple(f"{column}={self._cells[place]}" for column, place in self._places.items() if column not in amounts)


class Table:
    """A CSV file's header, and its rows with their line numbers."""

    def __init__(self, file: str, first: str, rest: Iterable[str], line: int = 1) -> None:
        self._file = file
        delimiter = max(_DELIMITERS, key=first.count)
        self._offset = line - 1
        self._reader = csv.reader(_chained(first, rest), delimiter=delimiter, skipinitialspace=True)
        try:
            header = next(self._reader)
        except (csv.Error, StopIteration):
            header = []
        self._places: dict[str, int] = {}
        for place, column in enumerate(header[:_LONGEST_HEADER]):
            self._places.setdefault(" ".join(column.strip("\ufeff \t").lower().split()), place)
        self._width = len(header)

    @property
    def columns(self) -> frozenset[str]:
        """The header's names, in lower case."""
        return frozenset(self._places)

    def rows(self) -> Iterator[tuple[int, Row] | BadRow]:
        """Rows that have as many cells as the header; empty lines are left out."""
        while True:
            begins = self._reader.line_num + 1 + self._offset
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error:
                yield BadRow(begins, "", "closed quotes")
                continue
            if any(cell.strip() for cell in cells):
                yield self._row(begins, cells)

    def _row(self, line: int, cells: list[str]) -> tuple[int, Row] | BadRow:
        while len(cells) > self._width and not cells[-1].strip():
            cells.pop()
        if len(cells) != self._width:
            return BadRow(line, "", f"{self._width} columns as in the header, found {len(cells)}")
        return line, Row(self._file, self._places, cells)


def _chained(first: str, rest: Iterable[str]) -> Iterator[str]:
    yield first
    yield from rest
