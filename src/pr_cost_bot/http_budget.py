"""How much a source may ask: its own patience, by which clock, and a token bucket for each limit that its vendor documents."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long to wait and how often to try. Times in seconds."""

    deadline: float = 40.0  # for everything one source does in a run
    connect: float = 5.0
    read: float = 12.0  # without a byte
    attempts: int = 5
    backoff: float = 0.5  # doubled with every attempt, plus up to a quarter of it at random
    parallel: int = 8
    max_bytes: int = 64 * 2**20


@dataclass(frozen=True)
class Clock:
    """What time it is, in seconds from anywhere, and how to wait."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


REAL_TIME: Final = Clock()


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """A limit as a vendor documents it: requests a minute to the paths that begin with `path`."""

    path: str
    per_minute: int


class Budget:
    """A full bucket goes out at once and fills up evenly in a minute. Safe to use from several threads."""

    def __init__(self, rate: Rate, clock: Callable[[], float]) -> None:
        self.rate = rate
        self._clock = clock
        self._spacing = 60 / rate.per_minute
        self._next = clock() - 60  # when the next request would go if they went evenly; a bucket's worth may go before
        self._lock = threading.Lock()

    def take(self, patience: float) -> float:
        """Seconds until the request may go. It is taken, unless that is more than `patience`: then nothing is."""
        with self._lock:
            now = self._clock()
            due = max(self._next, now - 60 + self._spacing)
            seconds = max(0.0, due - now)
            if seconds <= patience:
                self._next = due + self._spacing
            return seconds
