"""HTTP to a vendor: one deadline for everything, bounded retries, typed bodies, and errors that say what to do.

Nothing a vendor does holds up the run: requests run on daemon threads, and what is not there at the deadline is given up.
"""

import os
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from queue import Empty, SimpleQueue
from typing import Any, TypeVar, cast

import msgspec
import requests
from requests.adapters import HTTPAdapter

from pr_cost_bot import __version__
from pr_cost_bot.http_address import normalise_base_url, proxies_for, secrets_of
from pr_cost_bot.http_budget import REAL_TIME, Budget, Clock, Limits, Rate
from pr_cost_bot.http_errors import (
    Kind,
    SourceError,
    Vendor,
    kind_of,
    quotable,
    rate_error,
    retry_after,
    vendor_error,
)
from pr_cost_bot.http_log import Trace, told, waiting
from pr_cost_bot.model import Problem

__all__ = ["Clock", "Connection", "HttpSession", "Kind", "Limits", "Rate", "SourceError", "Vendor"]

T = TypeVar("T")
U = TypeVar("U")
Params = Sequence[tuple[str, str]]

_CHUNK = 4096
_RETRIED = frozenset({408, 429, 529})
_TURNED_AWAY = 429  # the only answer that says that nothing was done


class _RetryableError(Exception):
    def __init__(self, error: SourceError, wait_seconds: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait_seconds = wait_seconds


class Connection:
    """A pool of connections to one vendor, with its credentials. Keep one per source; sessions come from `session()`."""

    def __init__(
        self,
        vendor: Vendor,
        base_url: str,
        credentials: Mapping[str, str],
        limits: Limits | None = None,
        headers: Mapping[str, str] | None = None,
        clock: Clock = REAL_TIME,
    ) -> None:
        self.vendor = vendor
        self.base_url = normalise_base_url(base_url)
        self.limits = limits or Limits()
        self.sleep, self.clock = clock.sleep, clock.now
        self._budgets = tuple(Budget(rate, clock.now) for rate in vendor.rates)
        self._secrets = secrets_of(credentials)
        self._http = requests.Session()
        self._http.headers.update({"User-Agent": f"pr-cost-bot/{__version__}", "Accept": "application/json"})
        # Environment proxies and certificates are taken over once; ~/.netrc must never replace the credentials.
        self._http.trust_env = False
        self._http.proxies.update(proxies_for(self.base_url))
        self._http.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        self._http.headers.update({**(headers or {}), **credentials})
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=self.limits.parallel)
        self._http.mount("http://", adapter)
        self._http.mount("https://", adapter)

    def __repr__(self) -> str:
        return f"Connection({self.vendor.title})"

    def session(self, seconds: float | None = None) -> "HttpSession":
        """A session with a deadline of its own."""
        return HttpSession(self, self.limits.deadline if seconds is None else seconds)

    def send(self, method: str, path: str, timeout: tuple[float, float], **how: Any) -> requests.Response:
        """Send one request. Redirects are not followed: they would take the credentials elsewhere."""
        return self._http.request(method, self.base_url + path, timeout=timeout, stream=True, allow_redirects=False, **how)

    def budget(self, path: str) -> Budget | None:
        """The limit on requests to this path that the vendor documents."""
        return next((budget for budget in self._budgets if path.startswith(budget.rate.path)), None)

    def clean(self, text: object) -> str:
        """Text of the vendor's, fit for a message."""
        return quotable(str(text), self._secrets)


class HttpSession:
    """Requests to one vendor until one deadline. Safe to use from several threads."""

    def __init__(self, connection: Connection, deadline_seconds: float, *, attempts: int | None = None) -> None:
        self._connection = connection
        self._attempts = attempts or connection.limits.attempts
        self._limits = connection.limits
        self._deadline = connection.clock() + deadline_seconds
        self._slots = threading.BoundedSemaphore(self._limits.parallel)

    def remaining(self) -> float:
        """Seconds left."""
        return max(0.0, self._deadline - self._connection.clock())

    def get(self, path: str, shape: type[T], params: Params = (), headers: Mapping[str, str] | None = None) -> T:
        """GET and decode the body into `shape`. Raises: SourceError."""
        return self._ask("GET", path, shape, params=list(params), headers=dict(headers or {}))

    def once(self) -> "HttpSession":
        """The same session for requests that nothing depends on: they are not tried again, so nobody waits for them."""
        single = HttpSession(self._connection, 0, attempts=1)
        single._deadline, single._slots = self._deadline, self._slots
        return single

    def post(self, path: str, shape: type[T], body: Any) -> T:
        """POST `body` as JSON to an endpoint that only reads (it may be sent again). Raises: SourceError."""
        return self._ask("POST", path, shape, json=body)

    def create(self, path: str, shape: type[T], body: Any) -> T:
        """POST `body` as JSON to an endpoint that makes or starts something: sent again after 429 only. Raises: SourceError.

        After any other failure nobody knows whether it was done, and doing it twice leaves something behind at the vendor.
        """
        return self._decode(self._body("POST", path, frozenset({_TURNED_AWAY}), json=body), shape)

    def download(self, path: str) -> bytes:
        """GET a body that need not be JSON. Raises: SourceError."""
        return self._body("GET", path)

    def gather(self, calls: Sequence[Callable[[], T]]) -> list[T | SourceError]:
        """Run calls at once, results in their order. Whatever has not come by the deadline is a timeout error."""
        jobs: SimpleQueue[tuple[Future[T], Callable[[], T]]] = SimpleQueue()
        futures: list[Future[T]] = []
        for call in calls:
            futures.append(Future())
            jobs.put((futures[-1], call))
        for _ in range(min(self._limits.parallel, len(futures))):
            threading.Thread(target=_work, args=(jobs,), daemon=True).start()
        wait(futures, timeout=self.remaining() + 0.1)
        outcomes: list[T | SourceError] = []
        for future in futures:
            outcome = self._outcome(future)
            outcomes.append(outcome)
        return outcomes

    def both(
        self, ones: Sequence[Callable[[], T]], others: Sequence[Callable[[], U]]
    ) -> tuple[list[T | SourceError], list[U | SourceError]]:
        """`gather` two kinds of calls at once."""
        kinds: list[Callable[[], T | U]] = [*ones, *others]
        results = self.gather(kinds)
        return cast("list[T | SourceError]", results[: len(ones)]), cast("list[U | SourceError]", results[len(ones) :])

    def _outcome(self, future: "Future[T]") -> T | SourceError:
        if not future.done():
            return self._timed_out()
        error = future.exception()
        if error is None:
            return future.result()
        if isinstance(error, SourceError):
            return error
        raise error

    def _ask(self, method: str, path: str, shape: type[T], **how: Any) -> T:
        return self._decode(self._body(method, path, **how), shape)

    def _body(self, method: str, path: str, only_after: frozenset[int] = frozenset(), **how: Any) -> bytes:
        """The answer's body. `only_after`: the statuses after which it may be sent again; none: whatever can be tried again."""
        for attempt in range(1, self._attempts + 1):
            try:
                self._wait_turn(path)
                with self._slots:
                    return self._exchange(method, path, attempt, **how)
            except _RetryableError as failure:
                if only_after and failure.error.status not in only_after:
                    raise failure.error from None
                self._pause(failure, attempt)
        raise AssertionError("the last attempt raises")

    def _wait_turn(self, path: str) -> None:
        """Wait until the vendor's documented limit allows one more request, or raise when there is no time for that."""
        budget, left = self._connection.budget(path), self.remaining()
        seconds = budget.take(left) if budget else 0.0
        if budget and seconds > left:
            raise rate_error(self._connection.vendor, budget.rate.per_minute, seconds)
        if seconds:
            self._connection.sleep(seconds)

    def _pause(self, failure: _RetryableError, attempt: int) -> None:
        """Wait before the next attempt, or raise when there is none or no time for it."""
        if attempt == self._attempts:
            raise failure.error from None
        asked = failure.wait_seconds
        backoff = self._limits.backoff * 2 ** (attempt - 1)
        seconds = backoff * (1 + random.random() / 4) if asked is None else asked  # noqa: S311 - jitter, not a secret
        if seconds >= self.remaining():
            if asked is None:
                raise failure.error from None
            problem = failure.error.problem
            why = f"It asks to wait {asked:.0f} s, longer than this run can."
            raise SourceError(
                failure.error.kind, Problem(problem.what, why, problem.remedy), status=failure.error.status
            ) from None
        waiting(self._connection.vendor.title, seconds, attempt + 1)
        self._connection.sleep(seconds)

    def _exchange(self, method: str, path: str, attempt: int, **how: Any) -> bytes:
        left = self.remaining()
        if left <= 0:
            raise self._timed_out()
        timeout = (min(self._limits.connect, left), min(self._limits.read, left))
        link = self._connection
        asked = link.clean(told(method, link.base_url + path, how.get("params", ())))
        try:
            with Trace(asked, attempt, link.clock) as trace, link.send(method, path, timeout, **how) as response:
                body = self._read(response)
                trace.answered(response.status_code, len(body))
                self._check(response, body)
                return body
        except (requests.exceptions.InvalidHeader, UnicodeError):
            raise self._error(Kind.UNAUTHORIZED, "cannot be asked: the key holds characters that no key has") from None
        except requests.Timeout:
            raise _RetryableError(self._timed_out()) from None
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema):
            raise self._error(Kind.NETWORK, "cannot be reached: its address is not valid") from None
        except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError):
            raise _RetryableError(self._error(Kind.NETWORK, "broke off in the middle of its answer")) from None
        except requests.RequestException as error:
            # A name lookup, TLS or connection error; its text can hold the whole address, so only its kind is told.
            timed_out = "timed out" in str(error).lower()
            kind, what = (Kind.TIMEOUT, "did not answer in time") if timed_out else (Kind.NETWORK, "cannot be reached")
            raise _RetryableError(self._error(kind, what)) from None

    def _read(self, response: requests.Response) -> bytes:
        parts: list[bytes] = []
        size = 0
        for chunk in response.iter_content(_CHUNK):
            parts.append(chunk)
            size += len(chunk)
            if self.remaining() <= 0:
                raise self._timed_out()
            if size > self._limits.max_bytes:
                raise self._error(Kind.MALFORMED, "sent an answer that is too large")
        announced = response.headers.get("Content-Length", "")
        if announced.isdecimal() and "Content-Encoding" not in response.headers and size < int(announced):
            raise _RetryableError(self._error(Kind.NETWORK, "broke off in the middle of its answer"))
        return b"".join(parts)

    def _check(self, response: requests.Response, body: bytes) -> None:
        """Raise unless the status is 2xx."""
        status = response.status_code
        if 200 <= status < 300:
            return
        meant, said = self._connection.vendor.refusal(status, body)
        detail = self._connection.clean(said)
        error = self._error(kind_of(meant), f"answered {status}", status=meant, detail=detail)
        if meant in _RETRIED or meant >= 500:
            raise _RetryableError(error, retry_after(response.headers))
        raise error

    def _decode(self, body: bytes, shape: type[T]) -> T:
        try:
            return msgspec.json.decode(body, type=shape, strict=False)
        except msgspec.ValidationError as error:
            text = f"sent data of an unexpected shape ({self._connection.clean(error)})"
            raise self._error(Kind.MALFORMED, text) from None
        except (msgspec.DecodeError, ValueError, ArithmeticError, RecursionError):
            raise self._error(Kind.MALFORMED, "sent something that is not JSON") from None

    def malformed(self, reason: str) -> SourceError:
        """The error for data that decodes but makes no sense."""
        return self._error(Kind.MALFORMED, f"sent data of an unexpected shape ({self._connection.clean(reason)})")

    def _timed_out(self) -> SourceError:
        return self._error(Kind.TIMEOUT, "did not answer in time")

    def _error(self, kind: Kind, text: str, *, status: int = 0, detail: str = "") -> SourceError:
        return vendor_error(self._connection.vendor, kind, text, status=status, detail=detail)


def _work(jobs: "SimpleQueue[tuple[Future[T], Callable[[], T]]]") -> None:
    while True:
        try:
            future, call = jobs.get_nowait()
        except Empty:
            return
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - handed to whoever reads the future
            future.set_exception(error)
