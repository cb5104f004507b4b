"""A file's bytes, read piece by piece: what one looks at of a file that is mapped into memory counts as memory used."""

import os
from collections.abc import Iterator
from pathlib import Path

_PIECE = 1 << 22
_LOOK = 1 << 12


def same_file(one: Path, other: Path) -> bool:
    """Whether two paths lead to one file that is there, by whatever names and links; a device or a pipe can be both."""
    try:
        return one.is_file() and one.samefile(other)
    except OSError:
        return False


class Content:
    """A file that is open for reading, and stays so. Processes forked from this one may read it at the same time."""

    def __init__(self, descriptor: int) -> None:
        self._file = descriptor
        self._size = os.fstat(descriptor).st_size

    def __len__(self) -> int:
        return self._size

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` up to `end`; fewer where somebody has cut the file."""
        piece = os.pread(self._file, end - start, start)
        while len(piece) < end - start:
            more = os.pread(self._file, end - start - len(piece), start + len(piece))
            if not more:
                break
            piece += more
        return piece

    def line_end(self, position: int) -> int:
        """Where the line at `position` ends, behind its line break; the file's end for the last."""
        while position < self._size:
            found = os.pread(self._file, _LOOK, position)
            if not found:
                break
            newline = found.find(b"\n")
            if newline >= 0:
                return position + newline + 1
            position += len(found)
        return self._size

    def line(self, start: int) -> bytes:
        """The line that begins here."""
        found = os.pread(self._file, _LOOK, start)
        newline = found.find(b"\n")
        return found[:newline] if newline >= 0 else self.read(start, self.line_end(start))

    def pieces(self) -> Iterator[tuple[int, bytes]]:
        """The whole file in pieces of some megabytes, each of whole lines, with where it begins."""
        start = 0
        while start < self._size:
            end = self.line_end(start + _PIECE)
            yield start, self.read(start, end)
            start = end
