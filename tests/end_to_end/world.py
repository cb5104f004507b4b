"""A world for whole-program tests: simulated GitHub and vendors on loopback, the Action as a process."""

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from pr_cost_bot.marker import read_marker
from pr_cost_bot.model import Tokens
from pr_cost_bot.simulator.actions import Finished, Workflow
from pr_cost_bot.simulator.github import FakeGitHub, FakeRepository, Work
from pr_cost_bot.simulator.server import Exchange, Server
from pr_cost_bot.simulator.vendors import TOOLS, VENDORS, Call, World, inputs, serve, settings
from tests.contract.checker import check

DAY = datetime(2026, 11, 16, tzinfo=UTC)
CONFIG = ".github/pr-cost-bot.yml"
EMAILS = {"ada": "ada@acme.example", "ben": "ben@acme.example", "cleo": "cleo@acme.example"}


def at(clock: str, day: int = 0) -> datetime:
    hours, minutes = map(int, clock.split(":"))
    return DAY + timedelta(days=day, hours=hours, minutes=minutes)


def work(author: str, when: datetime, message: str = "Work", lines: int = 40) -> Work:
    return Work(author, when, message, additions=lines, deletions=lines // 4)


def call(person: str, when: datetime, vendor: str = "cursor", cents: str = "150", **given) -> Call:
    models = {"cursor": "claude-4.5-sonnet", "anthropic": "claude-sonnet-4-6", "openai": "gpt-5.5"}
    return Call(
        **{
            "person": EMAILS[person],
            "at": when,
            "model": models[vendor],
            "tokens": Tokens(20_000, 15_000, 3_000, 900),
            "cents": Decimal(cents),
            "vendor": vendor,
            "product": "claude_code" if vendor == "anthropic" else "",
            **given,
        }
    )


@dataclass
class Stage:
    github: FakeGitHub
    repository: FakeRepository
    vendors: World
    servers: dict[str, Server]
    workspace: Path
    inputs: dict[str, str]
    env: dict[str, str] = field(default_factory=dict)  # what earlier steps of the job set

    @property
    def workflow(self) -> Workflow:
        return Workflow(
            github=self.github,
            repository=self.repository.full_name,
            inputs=self.inputs,
            workspace=self.workspace,
            env=self.env,
        )

    def event(self, action: str, number: int, now: datetime, event: str = "pull_request_target", **inputs: str) -> Finished:
        self.vendors.now = now
        return self.workflow.run(event, self.repository.event(action, number), now, **inputs)

    def true_up(self, now: datetime, **inputs: str) -> Finished:
        self.vendors.now = now
        return self.workflow.run("schedule", self.repository.schedule_event(), now, **inputs)

    def own_comments(self, number: int) -> list[str]:
        bodies = [c.body for c in self.repository.comments(number) if c.login == "github-actions[bot]"]
        return [body for body in bodies if read_marker(body)]

    def comment(self, number: int) -> str:
        (body,) = self.own_comments(number)
        return body

    def labels(self, number: int) -> list[str]:
        return sorted(self.repository.data.pulls[number].labels)

    def opened(self, **given: Any) -> int:
        """A pull request of ada's, in which one call of hers is found."""
        self.vendors.add(call("ada", at("09:30"), **given))
        number = self.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        assert self.event("opened", number, at("11:05")).status == 0
        return number

    def put(self, branch: str, path: str, text: str) -> None:
        """Give a file on a branch another text."""
        tip = self.repository.data.commits[self.repository.data.branches[branch]]
        tip.files = {**tip.files, path: text}

    def configure(self, change: Callable[[str], str], branch: str = "main") -> None:
        """Change main's configuration, or put a changed one on another branch."""
        self.put(branch, CONFIG, change(self.repository.files("main")[CONFIG]))

    def writes(self, before: int) -> list[Exchange]:
        """What was sent to GitHub since so many exchanges, but for questions."""
        sent = [(each, each.request) for each in self.github.exchanges[before:]]
        return [each for each, it in sent if it.method != "POST" or b"mutation" in it.body or "graphql" not in it.path]

    def row(self, number: int = 1) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.rows()[f"pr_costs/{number}.json"])
        return found

    def rows(self) -> dict[str, str]:
        return {path: text for path, text in self.repository.files("pr-cost-data").items() if path.endswith(".json")}


@contextmanager
def stage(
    *,
    sources: Sequence[str] = TOOLS,
    latency: float = 0.0,
    config: str = "",
    enterprise: bool = False,
    private: bool = True,
    **token: str,
) -> Iterator[Stage]:
    """Everything up until the block ends; then every exchange with GitHub is held against GitHub's own description.

    `config` goes on where the list of these sources ends.
    """
    vendors = World(now=at("12:00"))
    vendors.members = {vendor: set(EMAILS.values()) for vendor in VENDORS}
    with ExitStack() as stack:
        servers = stack.enter_context(serve(vendors, sources, latency=latency))
        github = stack.enter_context(FakeGitHub(latency=latency, enterprise=enterprise))
        github.add_token("ghs_simulated", **token)
        for login, email in EMAILS.items():
            github.add_user(login, name=login.title(), emails=[email])
        text = settings({name: server.url for name, server in servers.items()}) + config
        repository = github.add_repository("acme/web", private=private, files={CONFIG: text}, at=at("08:00", -30))
        workspace = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        yield Stage(github, repository, vendors, servers, workspace, inputs(vendors, sources))
        check(github.exchanges)
