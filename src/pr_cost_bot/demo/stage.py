"""Where the demo plays: one repository, three vendors, and a runner for the Action."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pr_cost_bot.demo.story import CAST, Scene
from pr_cost_bot.simulator.actions import Finished, Workflow
from pr_cost_bot.simulator.github import FakeGitHub, FakeRepository
from pr_cost_bot.simulator.vendors import TOOLS, World, inputs, serve, settings

REPOSITORY = "acme/web"
_CONFIG = """\
version: 1
comment: {show_people: false}
people:
  - {github: cleo, emails: [cleo@acme.example]}
"""


@dataclass
class Stage:
    """The servers, while they run."""

    github: FakeGitHub
    repository: FakeRepository
    vendors: World
    workspace: Path
    played: int = 0

    def play(self, scene: Scene) -> Finished:
        """Let people do what the scene says, then run the Action on the event that follows from it."""
        self.vendors.now = scene.at
        self.vendors.fail.clear()
        self.vendors.fail.update(scene.failing)
        self.vendors.add(*scene.calls)
        number = scene.act(self.repository)
        if scene.action == "schedule":
            event, payload = "schedule", self.repository.schedule_event()
        else:
            event, payload = "pull_request_target", self.repository.event(scene.action, number)
        self.played += 1
        workflow = Workflow(
            github=self.github,
            repository=REPOSITORY,
            inputs=inputs(self.vendors, TOOLS),
            workspace=self.workspace / f"{self.played:02d}",
        )
        return workflow.run(event, payload, scene.at)


@contextmanager
def open_stage(workspace: Path) -> Iterator[Stage]:
    """Start everything; it stops when the block ends."""
    vendors = World(now=CAST.opening)
    with serve(vendors) as servers, FakeGitHub() as github:
        github.add_token("ghs_simulated")
        for login, name, email in CAST.people:
            github.add_user(login, name=name, emails=[email])
        config = _CONFIG + settings({vendor: server.url for vendor, server in servers.items()})
        repository = github.add_repository(REPOSITORY, files={".github/pr-cost-bot.yml": config}, at=CAST.opening)
        vendors.members = {vendor: set(emails) for vendor, emails in CAST.members.items()}
        yield Stage(github, repository, vendors, workspace)
