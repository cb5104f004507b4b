"""How far long work has come, on standard error: a bar at a terminal, else a line now and then."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

_SECONDS_BETWEEN_LINES = 5.0


class Progress(Protocol):
    """Whoever wants to know how much of the work is done."""

    def __call__(self, done: float, /) -> None:
        """So much of the total is done."""


def on_terminal(total: float, what: str) -> AbstractContextManager[Progress]:
    """Show how much of `total` is done and the time left, under the name `what`, until the block ends.

    A bar takes a terminal and the extra `cli`. Lines come at most every few seconds, so work that is quick shows nothing.
    """
    bar = _bar(total, what) if sys.stderr.isatty() else None
    return bar or lines(total, what, sys.stderr, time.monotonic)


def _bar(total: float, what: str) -> AbstractContextManager[Progress] | None:
    try:
        from rich.console import Console  # noqa: PLC0415 - an extra
        from rich.progress import Progress as Bar  # noqa: PLC0415
    except ImportError:
        return None

    @contextmanager
    def shown() -> Iterator[Progress]:
        # Without a thread of its own: `attribute` forks.
        with Bar(console=Console(stderr=True), transient=True, auto_refresh=False) as bar:
            task = bar.add_task(what, total=total)
            yield lambda done: bar.update(task, completed=done, refresh=True)

    return shown()


@contextmanager
def lines(total: float, what: str, stream: TextIO, clock: Callable[[], float]) -> Iterator[Progress]:
    """Lines such as "Reading: 28 %, about 3 min left"."""
    start = last = clock()

    def show(done: float) -> None:
        nonlocal last
        now = clock()
        if now - last >= _SECONDS_BETWEEN_LINES:
            last = now
            stream.write(f"{what}: {_words(done / total if total else 1.0, now - start)}\n")
            stream.flush()

    yield show


def _words(part: float, seconds: float) -> str:
    """The part done, and the time left if the rest goes as quickly."""
    percent = f"{min(part, 1.0):.0%}".replace("%", " %")
    if not 0 < part < 1:
        return percent
    left = seconds * (1 - part) / part
    return f"{percent}, about {left / 60:.0f} min left" if left >= 90 else f"{percent}, about {left:.0f} s left"
