"""One run of the Action against servers that answer late: what it sent, when, and how long it took."""

import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from pr_cost_bot.model import Tokens
from pr_cost_bot.simulator.actions import Workflow
from pr_cost_bot.simulator.github import FakeGitHub, FakeRepository, Work
from pr_cost_bot.simulator.server import Exchange, Server
from pr_cost_bot.simulator.vendors import TOOLS, Call, World, serve

LATENCY = 0.1  # seconds before every answer
PEOPLE = {login: f"{login}@acme.example" for login in ("ada", "ben", "cleo")}
MODELS = {"anthropic": "claude-sonnet-4-6", "openai": "gpt-5.5", "cursor": "claude-4.5-sonnet"}
START = datetime(2026, 11, 16, 9, tzinfo=UTC)
COMMITS = 40


@dataclass(frozen=True)
class MeasuredRun:
    """Times in seconds since the process was started; exchanges in the order in which they came."""

    wall: float
    started: float
    github: Sequence[Exchange]
    exchanges: Sequence[Exchange]

    @property
    def to_first_request(self) -> float:
        return self.exchanges[0].started - self.started

    @property
    def on_the_network(self) -> float:
        return max(each.ended for each in self.exchanges) - self.exchanges[0].started

    @property
    def sent_twice(self) -> int:
        """How many requests equal an earlier one in everything."""
        sent = Counter(_identity(each) for each in self.exchanges)
        return sum(times - 1 for times in sent.values())

    @property
    def chain(self) -> list[str]:
        """The most requests of which each was sent after the answer to the one before, by name.

        Requests that depend on each other are such a chain, so the longest chain of those is no longer than this one. A
        request that came late by accident could make it longer, which is why the names are shown.
        """
        best: list[list[Exchange]] = []
        for each in self.exchanges:
            before = [chain for chain in best if chain[-1].ended <= each.started]
            # Of two equally long ones the one that ends at the same server is the likelier reason.
            longest = max(before, key=lambda chain: (len(chain), chain[-1].request.url == each.request.url), default=[])
            best.append([*longest, each])
        return [_name(each) for each in max(best, key=len)]


@dataclass
class Scene:
    """A repository and three vendors, all `LATENCY` seconds away."""

    github: FakeGitHub
    repository: FakeRepository
    vendors: World
    servers: dict[str, Server]
    workspace: Path

    def open_pull_request(self, delay: timedelta = timedelta(0)) -> int:
        """Of all three people, with a commit every four minutes."""
        logins = list(PEOPLE)
        commits = [
            Work(logins[n % len(logins)], START + delay + timedelta(minutes=4 * n), f"Step {n}", additions=30, deletions=5)
            for n in range(COMMITS)
        ]
        return self.repository.open_pull_request("ada", commits)

    def run(self, number: int, now: datetime) -> MeasuredRun:
        """Run the Action on the pull request, as a process. Raises: RuntimeError when it fails."""
        servers = [self.github.server, *self.servers.values()]
        for server in servers:
            server.exchanges.clear()
        self.vendors.now = now
        keys = {f"{vendor}_admin_key": self.vendors.keys[vendor] for vendor in TOOLS}
        workflow = Workflow(
            github=self.github, repository=self.repository.full_name, inputs=keys, workspace=self.workspace, timeout=60
        )
        payload = self.repository.event("opened", number)
        started = time.monotonic()
        finished = workflow.run("pull_request_target", payload, now)
        wall = time.monotonic() - started
        if finished.status or finished.outputs["complete"] != "true":
            raise RuntimeError(finished.log)
        exchanges = sorted((each for server in servers for each in server.exchanges), key=lambda each: each.started)
        return MeasuredRun(wall, started, tuple(self.github.server.exchanges), exchanges)


@contextmanager
def open_scene() -> Iterator[Scene]:
    """Everything is up until the block ends. Each person has used each vendor every six minutes for three hours."""
    vendors = World(now=START, members={vendor: set(PEOPLE.values()) for vendor in TOOLS})
    vendors.add(
        *(
            Call(
                person=email,
                at=START + timedelta(minutes=minute),
                model=MODELS[vendor],
                tokens=Tokens(20_000, 15_000, 3_000, 900),
                cents=Decimal(150),
                vendor=vendor,
            )
            for vendor in TOOLS
            for email in PEOPLE.values()
            for minute in range(0, 180, 6)
        )
    )
    with serve(vendors, latency=LATENCY) as servers, FakeGitHub(latency=LATENCY) as github, TemporaryDirectory() as workspace:
        github.add_token("ghs_simulated")
        for login, email in PEOPLE.items():
            github.add_user(login, name=login.title(), emails=[email])
        addresses = "".join(f"  {name}: {{base_url: '{server.url}'}}\n" for name, server in servers.items())
        repository = github.add_repository(
            "acme/web", private=True, files={".github/pr-cost-bot.yml": f"sources:\n{addresses}"}, at=START - timedelta(days=30)
        )
        yield Scene(github, repository, vendors, servers, Path(workspace))


def _identity(exchange: Exchange) -> tuple[str, str, str, str, bytes]:
    request = exchange.request
    return request.url, request.method, request.path, str(sorted(request.query.items())), request.body


def _name(exchange: Exchange) -> str:
    request = exchange.request
    operation = re.search(rb"(?:query|mutation) (\w+)", request.body) if request.path.endswith("/graphql") else None
    if operation:
        return operation[1].decode()
    widths = request.query.get("time_bucket_width") or request.query.get("bucket_width") or ()
    return " ".join(["/".join(request.path.split("/")[-2:]), *widths])
