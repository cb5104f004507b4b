"""A file of commits of which each person's are read when they are asked for."""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

import msgspec

from pr_cost_bot.model import Commit
from pr_cost_bot.offline.content import Content
from pr_cost_bot.offline.index import Find, by_person, key_of
from pr_cost_bot.offline.job import MisplacedError
from pr_cost_bot.offline.lines import decode_all

_PERSON = attrgetter("person")
_CO_AUTHORS = b'"co_authors"'


class _Authors(msgspec.Struct):
    co_authors: tuple[str, ...] = ()


class CommitFile:
    """All commits of a file (see `attribution.history.Commits`).

    Raises, wherever lines are read: BadLineError; MisplacedError when a line is not where `find` said.
    """

    def __init__(self, content: Content, name: str, find: Find) -> None:
        self._content = content
        self._name = name
        self._decoder = msgspec.json.Decoder(Commit)
        self._own = by_person(find(content), len(content))
        self._shared = self._with_others()
        self._latest: tuple[str | None, Sequence[Commit]] = (None, [])

    def of(self, person: str) -> Sequence[Commit]:
        """Commits that a person (`key_of`) wrote, alone or with others."""
        if self._latest[0] != person:
            commits = self._read(person)
            for start, end in _pairs(self._shared.get(person, ())):
                commits += [c for c in self._decoded(self._content.read(start, end)) if key_of(c.person) != person]
            self._latest = (person, commits)
        return self._latest[1]

    def __iter__(self) -> Iterator[Commit]:
        for _, piece in self._content.pieces():
            yield from self._decoded(piece)

    def check_others(self, persons: Iterable[str | None], part: int, parts: int) -> None:
        """Read what nobody asks for: of everyone else's commits one part, so that no bad line is passed over."""
        asked_for = {person for person in persons if person is not None}
        for person in sorted(self._own.keys() - asked_for, key=str)[part::parts]:
            self._read(person)

    def _read(self, person: str | None) -> list[Commit]:
        commits: list[Commit] = []
        for start, end in _pairs(self._own.get(person, ())):
            commits += self._decoded(self._content.read(start, end))
        if commits and set(map(key_of, set(map(_PERSON, commits)))) != {person}:
            raise MisplacedError
        return commits

    def _decoded(self, lines: bytes) -> list[Commit]:
        try:
            return self._decoder.decode_lines(lines)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return decode_all(self._content.read(0, len(self._content)), self._name, Commit)  # which names the first bad line

    def _with_others(self) -> dict[str, "array[int]"]:
        """Byte ranges of lines by the co-authors that they name."""
        result = defaultdict[str, "array[int]"](lambda: array("q"))
        decoder = msgspec.json.Decoder(_Authors)
        for begin, piece in self._content.pieces():
            found = piece.find(_CO_AUTHORS)
            while found >= 0:
                start, end = piece.rfind(b"\n", 0, found) + 1, piece.find(b"\n", found) + 1 or len(piece)
                try:
                    authors = decoder.decode(piece[start:end]).co_authors
                except (msgspec.DecodeError, UnicodeDecodeError):
                    authors = ()  # reading the line says what is wrong
                for author in {key for name in authors if (key := key_of(name))}:
                    result[author].extend((begin + start, begin + end))
                found = piece.find(_CO_AUTHORS, end)
        return result


def _pairs(ranges: Sequence[int]) -> Iterable[tuple[int, int]]:
    return zip(ranges[::2], ranges[1::2], strict=True)
