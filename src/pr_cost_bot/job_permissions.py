"""What a repository's workflows give to the jobs that run this Action: GitHub tells it of no token, but the files do."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from pr_cost_bot.plain_yaml import Document, YamlError

_ACTION = re.compile(r"(?:^|/)pr-cost-bot(?:[@:/]|$)|^docker://\S*/pr-cost-bot-[\w.-]+(?:[@:]|$)")
_COMMAND = re.compile(r"(?:^|[\s/;&|])(?:pr-cost-bot|python3? -m pr_cost_bot) action(?:\s|$)")
_ORDER = ("none", "read", "write")


class Job(msgspec.Struct, frozen=True):
    """A job with a step of this Action. `permissions` None: the workflow names none, so that the repository's default holds."""

    workflow: str
    name: str
    permissions: Mapping[str, str] | None
    own_token: bool = True  # else a step is given another's, whose rights are its own

    def may(self, permission: str, level: str) -> bool:
        """Whether its token has at least this level. With permissions unknown: no."""
        given = (self.permissions or {}).get(permission, "none")
        return given in _ORDER and _ORDER.index(given) >= _ORDER.index(level)


def jobs_of(workflows: Iterable[tuple[str, str]]) -> Iterator[Job]:
    """Jobs that run the Action itself (not its `doctor`), from files' names and texts. What is no workflow is passed over."""
    for name, text in workflows:
        try:
            workflow = _mapping(Document(text).value)
        except YamlError:
            continue  # GitHub says what is wrong with it
        for key, job in _mapping(workflow.get("jobs")).items():
            described = _mapping(job)
            if acting := [step for step in _steps(described) if _acts(step)]:
                given = described.get("permissions", workflow.get("permissions"))
                yield Job(name, str(key), _permissions(given), all(map(_with_own_token, acting)))


def _steps(job: Mapping[Any, Any]) -> list[Any]:
    steps = job.get("steps")
    return [job, *(steps if isinstance(steps, list) else [])]  # a job itself `uses` a reusable workflow


def _acts(step: object) -> bool:
    described = _mapping(step)
    arguments = str(_mapping(described.get("with")).get("args") or "action")
    uses = bool(_ACTION.search(str(described.get("uses") or ""))) and arguments.split()[:1] == ["action"]
    return uses or bool(_COMMAND.search(str(described.get("run") or "")))


def _with_own_token(step: object) -> bool:
    described = _mapping(step)
    given = (_mapping(described.get("with")).get("github_token"), _mapping(described.get("env")).get("INPUT_GITHUB_TOKEN"))
    return all(not token or "github.token" in str(token) or "GITHUB_TOKEN" in str(token) for token in given)


def _permissions(given: object) -> Mapping[str, str] | None:
    """What is not named is `none`: https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#permissions."""
    if given in ("read-all", "write-all"):
        level = str(given).removesuffix("-all")
        return dict.fromkeys(("contents", "issues", "pull-requests"), level)
    return {str(name): str(level) for name, level in given.items()} if isinstance(given, Mapping) else None


def _mapping(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}
