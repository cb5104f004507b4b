"""A GitHub on loopback with a memory: repositories, pull requests, comments, labels, branches, tokens and their limits."""

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

from pr_cost_bot.simulator import github_graphql as graphql
from pr_cost_bot.simulator.github_objects import View
from pr_cost_bot.simulator.github_repository import FakeRepository
from pr_cost_bot.simulator.github_rest import Routes, refuse
from pr_cost_bot.simulator.github_state import Access, Commit, Repository, Token, User, Work, World, digest, now
from pr_cost_bot.simulator.github_writes import Mutations, RefusedError
from pr_cost_bot.simulator.server import Exchange, Request, Response, Server

__all__ = ["Access", "FakeGitHub", "FakeRepository", "Trouble", "Work"]

ACTIONS_BOT = "github-actions[bot]"
_OPERATION = re.compile(r"\s*(?:query|mutation)\s+(\w+)")


@dataclass
class Trouble:
    """What happens to the next `times` requests whose name matches.

    A request's name is its GraphQL operation (`AddComment`) or method and path (`PATCH /repos/...`). `response`: answered
    instead, or, with `stored`, after it was carried out. `act`: somebody else does this just before.
    """

    name: str
    response: Response | None = None
    times: int = 1
    stored: bool = False
    act: Callable[[], Any] | None = None


class FakeGitHub:
    """Serves until the `with` block ends. `enterprise`: addresses as on Enterprise Server."""

    def __init__(self, *, enterprise: bool = False, latency: float = 0.0, port: int = 0) -> None:
        self.world = World()
        self.world.user(ACTIONS_BOT)
        self.troubles: list[Trouble] = []
        self._prefix = "/api/v3" if enterprise else ""
        self._graphql = "/api/graphql" if enterprise else "/graphql"
        self._lock = threading.RLock()
        self.server = Server(self._handle, latency=latency, port=port)

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.server.__exit__(kind, error, trace)

    @property
    def url(self) -> str:
        """GITHUB_SERVER_URL."""
        return self.server.url

    @property
    def api_url(self) -> str:
        """GITHUB_API_URL."""
        return self.server.url + self._prefix

    @property
    def graphql_url(self) -> str:
        """GITHUB_GRAPHQL_URL."""
        return self.server.url + self._graphql

    @property
    def exchanges(self) -> list[Exchange]:
        return self.server.exchanges

    def add_user(self, login: str, *, name: str = "", emails: Sequence[str] = ()) -> User:
        """An account with its e-mail addresses; a bot's login ends in `[bot]`. Unknown logins get one by themselves."""
        with self._lock:
            user = self.world.user(login)
            user.name, user.emails = name or user.name, tuple(emails) or user.emails
            return user

    def add_token(
        self,
        token: str,
        login: str = ACTIONS_BOT,
        *,
        contents: Access = "write",
        pull_requests: Access = "write",
        issues: Access = "write",
        repositories: Sequence[str] | None = None,
        scopes: Sequence[str] | None = None,
    ) -> None:
        """A token and what it may do. Of private repositories it sees only `repositories` (None: all).

        `scopes`: it is a classic one, which GitHub tells with every answer.
        """
        allowed = None if repositories is None else frozenset(repositories)
        known = None if scopes is None else tuple(scopes)
        self.world.tokens[token] = Token(login, contents, pull_requests, issues, allowed, known)

    def add_repository(
        self,
        full_name: str,
        *,
        private: bool = True,
        files: Mapping[str, str] | None = None,
        default_branch: str = "main",
        at: datetime | None = None,
    ) -> FakeRepository:
        """A repository with one commit that holds `files`."""
        with self._lock:
            number = 100 + len(self.world.repositories)
            repo = Repository(number, full_name, private, default_branch)
            time = at or now() - timedelta(days=400)
            first = Commit(
                digest(full_name),
                "Founder",
                "founder@example.com",
                time,
                time,
                "Begin",
                (),
                files={"README.md": "", **(files or {})},
            )
            repo.commits[first.oid] = first
            repo.branches[default_branch] = first.oid
            self.world.repositories[full_name.lower()] = repo
            return FakeRepository(self.world, repo, self._lock, lambda: self.url)

    def trouble(
        self,
        name: str,
        *,
        status: int | None = None,
        message: str = "Server Error",
        headers: Mapping[str, str] | None = None,
        times: int = 1,
        stored: bool = False,
        act: Callable[[], Any] | None = None,
    ) -> None:
        """See Trouble. `stored` with status 502: carried out, but the answer says otherwise."""
        response = None if status is None else refuse(RefusedError(status, message), headers)
        self.troubles.append(Trouble(name, response, times, stored, act))

    def limit(self, name: str, *, status: int = 403, retry_after: int | None = 0, times: int = 1) -> None:
        """A secondary rate limit, as GitHub words it."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
        self.trouble(name, status=status, message=message, headers=headers, times=times)

    def _handle(self, request: Request) -> Response:
        name = _name_of(request)
        trouble = self._next_trouble(name)
        if trouble and trouble.act:
            trouble.act()
        if trouble and trouble.response and not trouble.stored:
            return trouble.response
        with self._lock:
            response = self._answer(request)
        return trouble.response if trouble and trouble.response else response

    def _next_trouble(self, name: str) -> Trouble | None:
        with self._lock:
            for trouble in self.troubles:
                if trouble.times > 0 and re.match(trouble.name, name):
                    trouble.times -= 1
                    return trouble
        return None

    def _answer(self, request: Request) -> Response:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        token = self.world.tokens.get(secret) if scheme.lower() in {"token", "bearer"} else None
        if token is None:
            return refuse(RefusedError(401, "Bad credentials"))
        response = self._routed(View(self.world, token, self.url), request)
        if token.scopes is None:
            return response
        return replace(response, headers={**response.headers, "X-OAuth-Scopes": ", ".join(token.scopes)})

    def _routed(self, view: View, request: Request) -> Response:
        if request.path == self._graphql:
            return self._run(view, request)
        if not request.path.startswith(self._prefix):
            return refuse(RefusedError(404, "Not Found"))
        return Routes(view).answer(request, request.path.removeprefix(self._prefix))

    @staticmethod
    def _run(view: View, request: Request) -> Response:
        given = request.json()
        document = graphql.parse(given["query"])
        root = Mutations(view).root() if document.kind == "mutation" else view.root()
        return Response.of(graphql.execute(document, root, given.get("variables") or {}))


def _name_of(request: Request) -> str:
    if request.method == "POST" and request.path.endswith("/graphql"):
        found = _OPERATION.match(str(json.loads(request.body or b"{}").get("query", "")))
        return found[1] if found else ""
    return f"{request.method} {request.path}"
