"""A runner on this machine: runs the Action as a process with the environment that GitHub's runner would give it."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pr_cost_bot.simulator.github import FakeGitHub

_KEPT = ("PATH", "LANG", "PYTHONPATH", "PYTHONWARNINGS", "COVERAGE_PROCESS_START", "SYSTEMROOT", "TMPDIR")


@dataclass(frozen=True)
class Finished:
    """What a run left behind."""

    status: int
    log: str
    outputs: dict[str, str]
    summary: str
    workspace: Path


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """One job with one step: the Action. `inputs`: by name, as in the step's `with`. `env`: what earlier steps set."""

    github: FakeGitHub
    repository: str
    inputs: Mapping[str, str]
    workspace: Path
    token: str = "ghs_simulated"
    timeout: float = 120
    env: Mapping[str, str] = field(default_factory=dict)

    def run(self, event: str, payload: Mapping[str, Any], now: datetime | None = None, **inputs: str) -> Finished:
        """Run it to its end. Raises subprocess.TimeoutExpired."""
        with tempfile.TemporaryDirectory(prefix="pr-cost-bot-runner-") as folder:
            temp = Path(folder)
            process = self.start(event, payload, temp, now, **inputs)
            try:
                log, _ = process.communicate(timeout=self.timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                raise
            return self.finished(process.returncode, log, temp)

    def start(
        self, event: str, payload: Mapping[str, Any], temp: Path, now: datetime | None = None, **inputs: str
    ) -> "subprocess.Popen[str]":
        """Start it; `temp` is the runner's folder for this step and must outlive the process."""
        (temp / "event.json").write_text(json.dumps(payload), encoding="utf-8")
        for name in ("output", "summary"):
            (temp / name).touch()
        self.workspace.mkdir(parents=True, exist_ok=True)
        return subprocess.Popen(
            [sys.executable, "-m", "pr_cost_bot", "action"],
            env=self._environment(event, temp, now, inputs),
            cwd=self.workspace,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )

    def finished(self, status: int, log: str, temp: Path) -> Finished:
        """Read what the step wrote for the runner."""
        outputs = read_outputs((temp / "output").read_text(encoding="utf-8"))
        return Finished(status, log, outputs, (temp / "summary").read_text(encoding="utf-8"), self.workspace)

    def _environment(self, event: str, temp: Path, now: datetime | None, inputs: Mapping[str, str]) -> dict[str, str]:
        given = {"github_token": self.token, "artifact_dir": "pr-cost", **self.inputs, **inputs}
        return {
            **{name: os.environ[name] for name in _KEPT if name in os.environ},
            **{f"INPUT_{name.upper()}": value for name, value in given.items()},
            **({"PR_COST_BOT_NOW": now.isoformat()} if now else {}),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.github.api_url,
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(temp / "event.json"),
            "GITHUB_GRAPHQL_URL": self.github.graphql_url,
            "GITHUB_OUTPUT": str(temp / "output"),
            "GITHUB_REPOSITORY": self.repository,
            "GITHUB_SERVER_URL": self.github.url,
            "GITHUB_STEP_SUMMARY": str(temp / "summary"),
            "GITHUB_WORKSPACE": str(self.workspace),
            "HOME": str(temp),
            "RUNNER_OS": "Linux",
            **self.env,
        }


def read_outputs(text: str) -> dict[str, str]:
    """The `name<<DELIMITER` blocks of a GITHUB_OUTPUT file."""
    outputs: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, _, delimiter = line.partition("<<")
        value: list[str] = []
        while (following := next(lines)) != delimiter:
            value.append(following)
        outputs[name] = "\n".join(value)
    return outputs
