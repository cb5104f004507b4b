"""From GitHub's event to what is to be done. Pure: no environment, no network."""

from collections.abc import Mapping
from typing import Any

import msgspec

HANDLED_ACTIONS = ("opened", "synchronize", "reopened", "ready_for_review", "edited", "closed")
_HIGHEST_NUMBER = 2**31 - 1  # GraphQL's Int (https://spec.graphql.org/October2021/#sec-Int), which GitHub numbers with
_PULL_REQUEST_EVENTS = ("pull_request", "pull_request_target")

FORK_WITHOUT_KEYS = (
    "This pull request comes from a fork or from Dependabot, and under 'pull_request' GitHub hands such runs no secrets and a "
    "read-only token, so there is nothing to read the cost with. Use 'pull_request_target' instead "
    "(see examples/workflows/recommended.yml): "
    "it is safe here because pr-cost-bot never checks out or runs anything of the pull request."
)


class OnePullRequest(msgspec.Struct, frozen=True):
    """Compute and publish this pull request. `by_hand`: somebody asked for it by its number."""

    number: int
    by_hand: bool = False


class TrueUp(msgspec.Struct, frozen=True):
    """Compute again every open pull request and every closed one that is not settled yet."""


class Nothing(msgspec.Struct, frozen=True):
    """Say why, and stop."""

    notice: str


class EventError(Exception):
    """The event cannot be acted on; the text tells the user why."""


Activity = OnePullRequest | TrueUp | Nothing


def find_activity(event: str, payload: Mapping[str, Any], *, has_keys: bool) -> Activity:
    """Decide by the event's name and payload (docs/install.md). Raises EventError where a named number is not one."""
    if event in _PULL_REQUEST_EVENTS:
        return _on_pull_request(event, payload, has_keys=has_keys)
    if event == "schedule":
        return TrueUp()
    if event == "workflow_dispatch":
        return _on_dispatch(payload)
    return Nothing(
        f"Nothing to do on the event '{event}'. "
        "pr-cost-bot acts on pull_request_target (or pull_request), schedule and workflow_dispatch."
    )


def _on_pull_request(event: str, payload: Mapping[str, Any], *, has_keys: bool) -> Activity:
    action = payload.get("action")
    if action not in HANDLED_ACTIONS:
        return Nothing(f"Nothing to do when a pull request is {action}. Handled are: {', '.join(HANDLED_ACTIONS)}.")
    pull = payload.get("pull_request")
    number = pull.get("number") if isinstance(pull, Mapping) else None
    if not isinstance(pull, Mapping) or not isinstance(number, int):
        raise EventError(f"The payload of '{event}' names no pull request. Is GITHUB_EVENT_PATH the file that GitHub wrote?")
    if event == "pull_request" and not has_keys and (_from_fork(pull) or _by_dependabot(payload, pull)):
        return Nothing(FORK_WITHOUT_KEYS)
    return OnePullRequest(number)


def _on_dispatch(payload: Mapping[str, Any]) -> Activity:
    inputs = payload.get("inputs")
    given = inputs.get("pull_request") if isinstance(inputs, Mapping) else None
    text = str(given or "").strip().removeprefix("#")
    if not text:
        return TrueUp()
    # Length first: Python refuses to read a number of thousands of digits.
    if not text.isdecimal() or len(text) > len(str(_HIGHEST_NUMBER)) or not 1 <= int(text) <= _HIGHEST_NUMBER:
        raise EventError(
            "The workflow's input 'pull_request' is not a pull request's number. Give a number such as 42, or leave it empty."
        )
    return OnePullRequest(int(text), by_hand=True)


def _from_fork(pull: Mapping[str, Any]) -> bool:
    def repository(side: str) -> object:
        return ((pull.get(side) or {}).get("repo") or {}).get("id")

    return repository("head") != repository("base")


def _by_dependabot(payload: Mapping[str, Any], pull: Mapping[str, Any]) -> bool:
    logins = {(person or {}).get("login") for person in (pull.get("user"), payload.get("sender"))}
    return "dependabot[bot]" in logins
