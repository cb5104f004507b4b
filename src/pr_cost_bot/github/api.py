"""Requests to GitHub: REST and GraphQL through PyGithub's requester, with one bounded policy for trying again."""

import json
import random
import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
import requests
from github import Auth, Github, GithubException
from github.Requester import Requester

from pr_cost_bot.github.errors import GitHubError
from pr_cost_bot.http_log import Trace, told, waiting

_TRIES = 4
_TRIES_AFTER_TIME_OUT = 2  # what was too much once is mostly too much again, and each try takes ten seconds
_LONGEST_WAIT = 90.0
_SECONDARY_WAIT = 60.0  # GitHub: "wait for at least one minute", when it does not say for how long
_TIMEOUT = 20  # GitHub itself gives up on a GraphQL query after 10 s

_OPERATION = re.compile(r"\s*(?:query|mutation)\s+(\w+)")

_STATUS_OF_TYPE = {
    "FORBIDDEN": 403,
    "INSUFFICIENT_SCOPES": 403,
    "NOT_FOUND": 404,
    "RATE_LIMITED": 429,
    "RATE_LIMIT": 429,
    "STALE_DATA": 409,
    "UNPROCESSABLE": 422,
    "INTERNAL": 500,
    "SERVICE_UNAVAILABLE": 503,
}


class Patience:
    """How many seconds one run may lose to failed requests and to waiting before it tries again, all in all."""

    def __init__(self, seconds: float = 180.0, sleep: Callable[[float], None] = time.sleep) -> None:
        self._left = seconds
        self._sleep = sleep

    def lose(self, seconds: float) -> None:
        """Count time that a failed request took."""
        self._left -= seconds

    def wait(self, seconds: float) -> bool:
        """Wait, or answer False at once when that would take too long."""
        if seconds > min(self._left, _LONGEST_WAIT):
            return False
        self._left -= seconds
        self._sleep(seconds)
        return True


class GraphQLError(msgspec.Struct, frozen=True):
    """One entry of a GraphQL answer's `errors`."""

    type: str = ""
    message: str = ""
    path: tuple[str | int, ...] = ()

    @property
    def status(self) -> int:
        """GitHub's time-outs and hiccups come without a type: "Something went wrong while executing your query"."""
        text = self.message.lower()
        if not self.type and any(words in text for words in ("something went wrong", "timeout", "timed out")):
            return 502
        return _STATUS_OF_TYPE.get(self.type.upper(), 422)


class Answer(msgspec.Struct, frozen=True):
    """What a GraphQL query brought: data, perhaps with holes, and the errors that explain them."""

    data: dict[str, Any]
    errors: tuple[GraphQLError, ...] = ()

    def errors_at(self, *keys: str) -> tuple[GraphQLError, ...]:
        """The errors whose path holds one of the response keys."""
        return tuple(error for error in self.errors if any(key in error.path for key in keys))


class Api:
    """GitHub as one token sees it. Safe for use by several threads."""

    def __init__(self, token: str, api_url: str, graphql_url: str, patience: Patience | None = None) -> None:
        if not token:
            raise GitHubError(401, "There is no token.")
        self._patience = patience or Patience()
        self._api_url, self._graphql_url = api_url.rstrip("/"), graphql_url
        # Trying again is decided here and not by PyGithub's GithubRetry: that one knows no difference between a GraphQL
        # query and a mutation (both are POST), follows any Retry-After, and does not see errors inside a 200.
        self._requester: Requester = Github(
            auth=Auth.Token(token),
            base_url=self._api_url,
            user_agent="pr-cost-bot",
            timeout=_TIMEOUT,
            retry=None,
            per_page=100,
            lazy=True,
            seconds_between_requests=None,
            seconds_between_writes=None,
        ).requester

    def rest(
        self, method: str, path: str, body: Any = None, *, params: Mapping[str, Any] | None = None, repeatable: bool = False
    ) -> Any:
        """Send a REST request; `path` starts with `/`, its parts already quoted. Raises: GitHubError.

        A POST is not sent again after an answer that leaves open whether it was stored, unless it is `repeatable`.
        """
        return self._persist(
            lambda: self._send(method, path, body, params), after_failure=repeatable or method in {"GET", "PATCH", "DELETE"}
        )

    def query(self, document: str, variables: Mapping[str, Any]) -> Answer:
        """Read through GraphQL. Raises: GitHubError when there is no data at all."""
        answer: Answer = self._persist(
            lambda: self._graphql(document, variables), after_failure=True, after_time_out=_TRIES_AFTER_TIME_OUT
        )
        return answer

    def query_whole(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Read what must not have holes: an error beside data is tried again as if there were none. Raises: GitHubError."""
        answer: Answer = self._persist(
            lambda: _whole(self._graphql(document, variables)), after_failure=True, after_time_out=_TRIES_AFTER_TIME_OUT
        )
        return answer.data

    def mutate(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Write through GraphQL, once. Raises: GitHubError, also for the first error beside data."""
        answer: Answer = self._persist(lambda: self._graphql(document, variables), after_failure=False)
        return _whole(answer).data

    @property
    def scopes(self) -> tuple[str, ...] | None:
        """Of a classic token, as GitHub's last answer told them; None for every other kind, and before the first answer."""
        told = self._requester.oauth_scopes
        return None if told is None else tuple(scope for scope in told if scope)

    def pause(self, seconds: float) -> bool:
        """Wait within the run's patience."""
        return self._patience.wait(seconds)

    def _persist(self, send: Callable[[], Any], *, after_failure: bool, after_time_out: int = _TRIES) -> Any:
        for attempt in range(_TRIES):
            started = time.monotonic()
            try:
                return send()
            except GitHubError as error:
                self._patience.lose(time.monotonic() - started)
                again = error.rate_limited or (error.transient and after_failure)
                tries = after_time_out if error.timed_out else _TRIES
                pause = _pause_after(error, attempt)
                if not again or attempt >= tries - 1 or not self._patience.wait(pause):
                    raise
                waiting("GitHub", pause, attempt + 2)
        raise AssertionError  # the last attempt returns or raises

    def _graphql(self, document: str, variables: Mapping[str, Any]) -> Answer:
        body = self._send("POST", self._graphql_url, {"query": document, "variables": dict(variables)})
        if not isinstance(body, dict):
            raise GitHubError(502, "The answer to a GraphQL query was no object.")
        errors = tuple(_read_errors(body.get("errors") or ()))
        data = body.get("data")
        if isinstance(data, dict) and any(value is not None for value in data.values()):
            return Answer(data, errors)
        if errors:
            raise GitHubError(errors[0].status, errors[0].message)
        raise GitHubError(502, "The answer to a GraphQL query had no data.")

    def _send(self, method: str, url: str, body: Any = None, params: Mapping[str, Any] | None = None) -> Any:
        address = url if "://" in url else self._api_url + url
        operation = _OPERATION.match(body["query"]) if url == self._graphql_url else None
        asked = told(method, address, (params or {}).items(), operation[1] if operation else "")
        with Trace(asked, 1, time.monotonic) as trace:
            return self._answered(trace, method, url, body, params)

    def _answered(self, trace: Trace, method: str, url: str, body: Any, params: Mapping[str, Any] | None) -> Any:
        try:
            headers, data = self._requester.requestJsonAndCheck(method, url, parameters=dict(params or {}), input=body)
        except GithubException as error:
            trace.answered(error.status, (error.headers or {}).get("content-length"))
            raise GitHubError(error.status, _message_of(error), dict(error.headers or {})) from None
        except requests.RequestException as error:
            # The text of a connection error names addresses and nothing secret: the token travels in a header.
            raise GitHubError(0, f"{type(error).__name__}: {error}") from None
        except ValueError:
            raise GitHubError(502, "The answer was not JSON.") from None
        except (AssertionError, RuntimeError) as error:
            raise GitHubError(400, f"The address {url} does not belong to the API address. {error}") from None
        trace.answered("2xx", headers.get("content-length"))
        return data


def _whole(answer: Answer) -> Answer:
    if answer.errors:
        raise GitHubError(answer.errors[0].status, answer.errors[0].message)
    return answer


def _read_errors(errors: Iterable[Any]) -> Iterable[GraphQLError]:
    for error in errors:
        if isinstance(error, dict):
            path = tuple(error.get("path") or ())
            yield GraphQLError(str(error.get("type") or ""), str(error.get("message") or ""), path)


def _message_of(error: GithubException) -> str:
    """The message, and which fields were wrong: "Validation Failed" alone does not tell what a 422 means."""
    if not isinstance(error.data, dict):
        return str(error.data)
    details = [detail for detail in error.data.get("errors") or () if detail]
    return " ".join([str(error.data.get("message") or error.data.get("data") or ""), *map(json.dumps, details)])


def _pause_after(error: GitHubError, attempt: int) -> float:
    if not error.rate_limited:
        return float(0.5 * 2**attempt * random.uniform(0.8, 1.2))  # noqa: S311 - spreads clients, no secret
    asked = str(error.headers.get("retry-after", ""))
    if asked.isdigit():
        return float(asked)
    reset = str(error.headers.get("x-ratelimit-reset", ""))
    if error.headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return max(0.0, int(reset) - time.time()) + 1
    return min(_SECONDARY_WAIT * float(2**attempt), _LONGEST_WAIT)
