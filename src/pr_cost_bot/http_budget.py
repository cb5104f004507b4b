"""How many requests a vendor allows: a token bucket for each documented limit."""

import threading
from collections.abc import Callable

import msgspec


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
