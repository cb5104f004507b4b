"""Where each person's lines are in a file, so that one person at a time fits into memory, in whatever order the lines are."""

import re
from array import array
from collections.abc import Callable, Iterable
from io import BytesIO
from itertools import chain

import msgspec

from pr_cost_bot.offline.content import Content

Runs = dict[str | None, "array[int]"]
"""Per person (`key_of`) the byte ranges of their lines: start, end, start, end, ..."""

Find = Callable[[Content], list[tuple[str | None, int]]]
"""Finds person and first byte of every run of lines of one person: `quick` or `exact`."""

_PERSON = re.compile(rb'"person"\s*:\s*(?:"([^"\\]*)"|null)')
# In a file that is sorted by person, lines so far apart are compared; only where they differ, those between are looked at.
_STRIDE = 1 << 15
# So many runs of lines in one stride, and the file is not sorted there: lines of one person have others' between them.
_MIXED = 4


class _Who(msgspec.Struct):
    person: str | None


def key_of(person: str | None) -> str | None:
    """Under which name a person's lines are kept: upper and lower case are the same, and an empty name is nobody's."""
    return (person.strip().lower() or None) if person is not None else None


def quick(content: Content) -> list[tuple[str | None, int]]:
    """Person and first byte of every run of lines of one person.

    Quick because it looks for the text `"person":` only, and between two lines of one person only where the file is not
    sorted. That can be wrong (a missing field, the same text inside another value, somebody's lines among another's): whoever
    reads the lines must compare, and fall back to `exact`.
    """
    size = len(content)
    runs: list[tuple[str | None, int]] = []
    start, person, mixed, skipped = 0, _person_at(content, 0), True, False
    while start < size:
        end = content.line_end(start + _STRIDE)
        following = _person_at(content, end) if end < size else None
        if person == following and person is not None and not mixed:
            runs.append((person, start))
            skipped = True
        else:
            found = _between(content.read(start, end), start)
            mixed = len(found) > _MIXED
            if mixed and skipped:  # the disorder may have begun before
                _, before = runs.pop()
                found = _between(content.read(before, start), before) + found
            runs += found
            skipped = False
        start, person = end, following
    return runs


def _person_at(content: Content, start: int) -> str | None:
    """The person of the line that begins here, as far as it can be seen."""
    match = _PERSON.search(content.line(start))
    return match[1].decode(errors="replace") if match and match[1] is not None else None


def _between(lines: bytes, start: int) -> list[tuple[str | None, int]]:
    """Runs found by looking at every line; `start` is where they begin in the file."""
    runs: list[tuple[str | None, int]] = [(None, start)]  # whatever comes before the first person
    last: bytes | int | None = 0
    for match in _PERSON.finditer(lines):
        person = match[1]
        if person != last:
            last = person
            line = start + lines.rfind(b"\n", 0, match.start()) + 1
            runs.append((person.decode(errors="replace") if person is not None else None, line))
    return runs


def exact(content: Content) -> list[tuple[str | None, int]]:
    """The same by parsing every line. Lines that are not JSON end up with nobody and fail when they are read."""
    runs: list[tuple[str | None, int]] = []
    decoder = msgspec.json.Decoder(_Who)
    for start, piece in content.pieces():
        position = start
        for line in BytesIO(piece):
            try:
                person = decoder.decode(line).person
            except (msgspec.DecodeError, UnicodeDecodeError):
                person = None
            if not runs or runs[-1][0] != person:
                runs.append((person, position))
            position += len(line)
    return runs


def by_person(runs: Iterable[tuple[str | None, int]], end: int) -> Runs:
    """Byte ranges by person (`key_of`), in the order of the file."""
    result = _by_spelling(runs, end)
    folded: Runs = {}
    several: set[str | None] = set()
    for spelling, ranges in result.items():  # a few for each person: the runs themselves can be as many as the lines
        key = key_of(spelling)
        if key in folded:
            folded[key].extend(ranges)
            several.add(key)
        else:
            folded[key] = ranges
    for key in several:
        ranges = folded[key]
        starts, ends = sorted(ranges[::2]), sorted(ranges[1::2])
        folded[key] = array("q", chain.from_iterable(zip(starts, ends, strict=True)))
    return folded


def _by_spelling(runs: Iterable[tuple[str | None, int]], end: int) -> Runs:
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
