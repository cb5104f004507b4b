"""Where each person's lines are in a file, so that one person at a time fits into memory, in whatever order the lines are."""

import mmap
import re
from array import array
from collections.abc import Iterable

import msgspec

Runs = dict[str | None, "array[int]"]
"""Per person the byte ranges of their lines: start, end, start, end, ..."""

_PERSON = re.compile(rb'"person"\s*:\s*(?:"([^"\\]*)"|null)')
_CHUNK = 1 << 22


class _Who(msgspec.Struct):
    person: str | None


def quick(data: mmap.mmap, start: int, end: int) -> list[tuple[str | None, int]]:
    """Person and first byte of every run of lines of one person.

    Quick because it looks for the text `"person":` only. That can be wrong (a missing field, the same text inside another
    value): whoever reads the lines must compare, and fall back to `exact`.
    """
    runs: list[tuple[str | None, int]] = [(None, start)]  # whatever comes before the first person
    last: bytes | int | None = 0
    for match in _PERSON.finditer(data, start, end):
        person = match[1]
        if person != last:
            last = person
            line = data.rfind(b"\n", start, match.start()) + 1
            runs.append((person.decode(errors="replace") if person is not None else None, max(line, start)))
    return runs


def exact(data: mmap.mmap, start: int, end: int) -> list[tuple[str | None, int]]:
    """The same by parsing every line. Lines that are not JSON end up with nobody and fail when they are read."""
    runs: list[tuple[str | None, int]] = []
    decoder = msgspec.json.Decoder(_Who)
    position = start
    while position < end:
        stop = data.find(b"\n", position, end) + 1 or end
        try:
            person = decoder.decode(data[position:stop]).person
        except (msgspec.DecodeError, UnicodeDecodeError):
            person = None
        if not runs or runs[-1][0] != person:
            runs.append((person, position))
        position = stop
    return runs


def by_person(runs: Iterable[tuple[str | None, int]], end: int) -> Runs:
    """Byte ranges by person, in the order of the file."""
    result: Runs = {}
    previous: tuple[str | None, int] | None = None
    for person, start in [*runs, (None, end)]:
        if previous is not None and start > previous[1]:
            ranges = result.get(previous[0])
            if ranges is None:
                ranges = result[previous[0]] = array("q")
            if ranges and ranges[-1] == previous[1]:
                ranges[-1] = start
            else:
                ranges.extend((previous[1], start))
        previous = (person, start)
    return result
