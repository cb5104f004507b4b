"""JSON Lines, one value at a time; or whole documents, one or several, however they are laid out."""

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import chain
from typing import Any

from pr_cost_bot.files.shapes import BadRow

_MOST_CHARACTERS = 64 * 2**20  # of a document that is not JSON Lines: it is held whole
_DECODER = json.JSONDecoder(parse_float=Decimal)
_FAULTS = (ValueError, RecursionError, ArithmeticError)
_SPACE = " \t\r\n"

Value = tuple[int, Any]  # with the line on which it begins


def values(first: str, rest: Iterable[str], line: int = 1) -> Iterator[Value | BadRow]:
    """Every value of a file whose first line that is not empty is `first`, on that line."""
    second = next(lines := iter(rest), "")
    both = (first, second)
    if any(_is_object(text) for text in both):
        yield from _by_line(chain(both, lines), line)
        return
    text, is_whole = _joined(chain(both, lines))
    if not is_whole:
        yield BadRow(line, "", "JSON Lines, or one document of at most 64 MiB")
        return
    yield from _documents(text, line)


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), (dict, list)) if text.strip() else False
    except _FAULTS:
        return False


def _by_line(lines: Iterable[str], line: int) -> Iterator[Value | BadRow]:
    for number, text in enumerate(lines, line):
        if not text.strip():
            continue
        try:
            value = _DECODER.decode(text.strip(_SPACE))
        except _FAULTS:
            yield BadRow(number, "", "JSON")
        else:
            yield from _each(number, value)


def _joined(lines: Iterable[str]) -> tuple[str, bool]:
    parts: list[str] = []
    size = 0
    for text in lines:
        size += len(text)
        if size > _MOST_CHARACTERS:
            return "", False
        parts.append(text)
    return "".join(parts), True


def _documents(text: str, line: int) -> Iterator[Value | BadRow]:
    """Values one after the other; commas between them are overlooked. What follows an unreadable one is not guessed at."""
    place = 0
    while True:
        start = place
        while place < len(text) and text[place] in _SPACE + ",":
            place += 1
        line += text.count("\n", start, place)
        if place == len(text):
            return
        try:
            value, end = _DECODER.raw_decode(text, place)
        except _FAULTS:
            yield BadRow(line, "", "JSON from here on")
            return
        yield from _each(line, value)
        line += text.count("\n", place, end)
        place = end


def _each(line: int, value: Any) -> Iterator[Value]:
    """A list at the top holds the values."""
    if isinstance(value, list):
        yield from ((line, item) for item in value)
    else:
        yield line, value
