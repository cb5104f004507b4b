"""What the debug log tells of an exchange over HTTP: no header, body or value of a query, which hold names and keys."""

import logging
import re
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

_TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d[\d:.]{0,12}(Z|[+-]\d\d:\d\d)?)?", re.ASCII)
_NAME = re.compile(r"[A-Za-z][\w.\[\]-]{0,40}", re.ASCII)
LOGGER = logging.getLogger("pr_cost_bot.http")


class Trace:
    """Tells of one attempt when it ends: its answer, or that there was none."""

    def __init__(self, request: str, attempt: int, clock: Callable[[], float]) -> None:
        """`request`: as `told` gives it. `clock`: seconds."""
        self._request = request
        self._attempt = attempt
        self._clock = clock
        self._outcome = ""

    def answered(self, status: object, size: int | str | None) -> None:
        """Note the answer. `size` in bytes; None: unknown."""
        self._outcome = f"{status}" if size is None else f"{status}, {size} bytes"

    def __enter__(self) -> Self:
        self._started = self._clock()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        outcome = self._outcome or f"no whole answer ({kind.__name__ if kind else 'none'})"
        again = f" (attempt {self._attempt})" if self._attempt > 1 else ""
        LOGGER.debug("%s: %s, %.0f ms%s", self._request, outcome, (self._clock() - self._started) * 1000, again)


def told(method: str, url: str, parameters: Iterable[tuple[str, object]] = (), what: str = "") -> str:
    """Method, host and path; of the query and its `parameters` the names, and times. `what`: more of what it is."""
    try:
        parts = urlsplit(url)
        host = f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"
    except ValueError:
        return f"{method} (not an address)"
    path = "/".join("…" if "@" in unquote(step) else step for step in parts.path.split("/"))
    given = (*parse_qsl(parts.query, keep_blank_values=True), *parameters)
    names = dict.fromkeys(_parameter(name, str(value)) for name, value in given)
    return f"{method} {host}{path}{'?' if names else ''}{'&'.join(names)}{f' {what}' if what else ''}"


def _parameter(name: str, value: str) -> str:
    """Its name, and of a time the value. What stands alone may be a key."""
    if not value or not _NAME.fullmatch(name):
        return "…"
    return f"{name}={value}" if _TIME.fullmatch(value) else name


def waiting(title: str, seconds: float, attempt: int) -> None:
    """Tell that a request will be tried again. `attempt`: the next."""
    LOGGER.debug("%s: waiting %.1f s before attempt %d.", title, seconds, attempt)
