"""Where each person's lines are in a file, so that one person at a time fits into memory, in whatever order the lines are."""

import mmap
import re
from array import array
from collections.abc import Callable, Iterable

import msgspec

Runs = dict[str | None, "array[int]"]
"""Per person the byte ranges of their lines: start, end, start, end, ..."""

Data = mmap.mmap | bytes

Find = Callable[[Data], list[tuple[str | None, int]]]
"""Finds person and first byte of every run of lines of one person: `quick` or `exact`."""

_PERSON = re.compile(rb'"person"\s*:\s*(?:"([^"\\]*)"|null)')
# In a file that is sorted by person, lines so far apart are compared; only where they differ, those between are looked at.
_STRIDE = 1 << 15
# So many runs of lines in one stride, and the file is not sorted there: lines of one person have others' between them.
_MIXED = 4


class _Who(msgspec.Struct):
    person: str | None


def quick(data: Data) -> list[tuple[str | None, int]]:
    """Person and first byte of every run of lines of one person.

    Quick because it looks for the text `"person":` only, and between two lines of one person only where the file is not
    sorted. That can be wrong (a missing field, the same text inside another value, somebody's lines among another's): whoever
    reads the lines must compare, and fall back to `exact`.
    """
    size = len(data)
    runs: list[tuple[str | None, int]] = []
    start, person, mixed, skipped = 0, _person_at(data, 0), True, False
    while start < size:
        end = data.find(b"\n", start + _STRIDE) + 1 or size
        following = _person_at(data, end) if end < size else None
        if person == following and person is not None and not mixed:
            runs.append((person, start))
            skipped = True
        else:
            found = _between(data, start, end)
            mixed = len(found) > _MIXED
            if mixed and skipped:  # the disorder may have begun before
                _, before = runs.pop()
                found = _between(data, before, start) + found
            runs += found
            skipped = False
        start, person = end, following
    return runs


def _person_at(data: Data, line: int) -> str | None:
    """The person of the line that begins here, as far as it can be seen."""
    match = _PERSON.search(data, line, data.find(b"\n", line) + 1 or len(data))
    return match[1].decode(errors="replace") if match and match[1] is not None else None


def _between(data: Data, start: int, end: int) -> list[tuple[str | None, int]]:
    """Runs found by looking at every line."""
    runs: list[tuple[str | None, int]] = [(None, start)]  # whatever comes before the first person
    last: bytes | int | None = 0
    for match in _PERSON.finditer(data, start, end):
        person = match[1]
        if person != last:
            last = person
            line = data.rfind(b"\n", start, match.start()) + 1
            runs.append((person.decode(errors="replace") if person is not None else None, max(line, start)))
    return runs


def exact(data: Data) -> list[tuple[str | None, int]]:
    """The same by parsing every line. Lines that are not JSON end up with nobody and fail when they are read."""
    runs: list[tuple[str | None, int]] = []
    decoder = msgspec.json.Decoder(_Who)
    position, end = 0, len(data)
    while position < end:
        stop = data.find(b"\n", position) + 1 or end
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
