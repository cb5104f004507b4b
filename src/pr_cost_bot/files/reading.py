"""A file's lines as usage: the format is recognised, and every row gives usage, nothing, or a row to complain about."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

from pr_cost_bot.files.anthropic import ANTHROPIC_COST, ANTHROPIC_SPEND, ANTHROPIC_USAGE
from pr_cost_bot.files.bedrock import BEDROCK
from pr_cost_bot.files.ccusage import CCUSAGE
from pr_cost_bot.files.copilot import COPILOT
from pr_cost_bot.files.cursor import CURSOR
from pr_cost_bot.files.documents import values
from pr_cost_bot.files.focus import FOCUS
from pr_cost_bot.files.google import GOOGLE
from pr_cost_bot.files.openai import OPENAI_COST, OPENAI_USAGE
from pr_cost_bot.files.otlp import OTLP
from pr_cost_bot.files.shapes import BadRow, Format, JsonFormat, TableFormat, Usage, read_row
from pr_cost_bot.files.table import Table
from pr_cost_bot.files.usage_lines import USAGE_LINES
from pr_cost_bot.files.vertex import VERTEX
from pr_cost_bot.model import Problem

TABLE_FORMATS = (CURSOR, COPILOT, OPENAI_USAGE, OPENAI_COST, ANTHROPIC_USAGE, ANTHROPIC_COST, ANTHROPIC_SPEND, FOCUS)
JSON_FORMATS = (USAGE_LINES, OTLP, CCUSAGE, BEDROCK, GOOGLE, VERTEX)
FORMATS: dict[str, Format] = {known.name: known for known in (*TABLE_FORMATS, *JSON_FORMATS)}
"""Every format by its name, as `sources.files` and `import --format` take it."""

_LOOKED_AT = 20  # values of a JSON file among which one must be recognised


class UnrecognisedError(Exception):
    """The file is of no known format, or not of the one that was named. `problem` tells the user."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class Reading:
    """One file. `format` is None for an empty file; iterating gives usage and bad rows in the file's order."""

    def __init__(self, lines: Iterable[str], called: str, format_name: str | None = None, name: str = "") -> None:
        """`called` is how messages call it; `name` is the file's own name, if that is another. Raises UnrecognisedError."""
        self._called = called
        self._name = name or called
        self.format: Format | None = None
        self._found: Iterator[Usage | BadRow] = iter(())
        numbered = enumerate(lines, 1)
        number, first = next(((number, line) for number, line in numbered if line.strip("\ufeff \t\r\n")), (1, ""))
        if first:
            rest = (line for _, line in numbered)
            self._open(first.removeprefix("\ufeff"), rest, number, format_name)

    def __iter__(self) -> Iterator[Usage | BadRow]:
        return self._found

    def _open(self, first: str, rest: Iterable[str], number: int, format_name: str | None) -> None:
        if first.lstrip()[:1] in {"{", "["}:
            read = values(first, rest, number)
            seen = list(islice(read, _LOOKED_AT))
            objects = [item[1] for item in seen if not isinstance(item, BadRow)]
            known = next((known for item in objects for known in JSON_FORMATS if known.matches(item)), None)
            self.format = self._agreed(known, format_name, any_row=bool(objects))
            if isinstance(self.format, JsonFormat):
                self._found = _from_values(self.format, chain(seen, read))
            return
        table = Table(self._name, first, rest, number)
        self.format = self._agreed(
            next((k for k in TABLE_FORMATS if k.matches(table.columns)), None), format_name, any_row=True
        )
        if isinstance(self.format, TableFormat):
            self._found = _from_table(self.format, table)

    def _agreed(self, known: Format | None, format_name: str | None, *, any_row: bool) -> Format:
        if known is not None and format_name in {None, known.name}:
            return known
        if known is None and not any_row and format_name in FORMATS:
            return FORMATS[format_name]  # nothing in it can be read: its bad rows say so
        looks = f"It looks like a {known.title} ({known.name})." if known else "Its first lines look like none."
        wanted = f"the format {format_name}" if format_name else "any known format"
        raise UnrecognisedError(
            Problem(
                f"{self._called} is not a file of {wanted}.",
                looks,
                f"Export it again without changing its header. Known formats: {', '.join(FORMATS)}.",
            )
        )


def _from_table(known: TableFormat, table: Table) -> Iterator[Usage | BadRow]:
    for row in table.rows():
        if isinstance(row, BadRow):
            yield row
            continue
        line, cells = row
        yield from read_row(known.usage, cells, line)


def _from_values(known: JsonFormat, read: Iterable[tuple[int, Any] | BadRow]) -> Iterator[Usage | BadRow]:
    for item in read:
        if isinstance(item, BadRow):
            yield item
            continue
        line, value = item
        if not isinstance(value, dict):
            yield BadRow(line, "", "a JSON object")
            continue
        for part in known.parts(value):
            yield from read_row(known.usage, part, line)
