"""Several processes that write one file: each piece at its place, whoever made it."""

import multiprocessing
import os
import time
from collections import deque
from collections.abc import Iterator

# What one process may have in memory while it waits for the place of a piece.
_WAITING = 64 << 20
_PAUSE = 0.002  # seconds


class InOrder:
    """A file of numbered pieces, taken one by one and written in order. Made before the processes fork, and shared by them."""

    def __init__(self, descriptor: int, pieces: int) -> None:
        self._file = descriptor
        self._pieces = pieces
        self._lock = multiprocessing.Lock()
        self._taken = multiprocessing.RawValue("q", 0)
        self._begins = multiprocessing.RawArray("q", [0, *[-1] * pieces])  # where each piece begins; -1: not known yet
        self._waiting: deque[tuple[int, bytes]] = deque()  # of this process
        self._waiting_bytes = 0

    def take(self) -> Iterator[int]:
        """Numbers of pieces that no other process makes; ends when all are taken and this one's are written."""
        while True:
            with self._lock:
                number = self._taken.value
                self._taken.value += 1
            if number >= self._pieces:
                break
            yield number
        self._write(down_to=0)

    @property
    def progress(self) -> float:
        """How much of it somebody has taken, up to 1."""
        return min(self._taken.value, self._pieces) / self._pieces if self._pieces else 1.0

    def add(self, number: int, piece: bytes) -> None:
        """Write a piece, now or when it is known where it begins."""
        self._waiting.append((number, piece))
        self._waiting_bytes += len(piece)
        self._write(down_to=_WAITING)

    def _write(self, down_to: int) -> None:
        """Write what can be written; wait for the others while more than this is left."""
        while self._waiting:
            number, piece = self._waiting[0]
            begin = self._begins[number]
            if begin < 0:
                if self._waiting_bytes <= down_to:
                    return
                time.sleep(_PAUSE)
                continue
            self._begins[number + 1] = begin + len(piece)
            self._waiting.popleft()
            self._waiting_bytes -= len(piece)
            view = memoryview(piece)
            while view:
                written = os.pwrite(self._file, view, begin)
                view, begin = view[written:], begin + written
