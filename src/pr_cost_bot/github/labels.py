"""Exactly one of the bot's labels; nobody else's is touched."""

from collections.abc import Sequence
from urllib.parse import quote

from pr_cost_bot.github.errors import GitHubError, publish_error, sentence
from pr_cost_bot.github.site import Site
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import PublishError, PullRequestFacts

_COLOURS = ("c2e0c6", "fbca04", "d93f0b")  # low, medium, high: pale green, yellow, orange, with readable text on each
_OTHER_COLOUR = "ededed"
_DESCRIPTION = "What AI coding tools cost in this pull request"
_PERMISSIONS = "{pull-requests: write, issues: write}"


def publish_label(site: Site, facts: PullRequestFacts, label: str | None, names: Sequence[str]) -> None:
    """Add and remove singly: setting the list would lose one that somebody adds meanwhile. Raises: PublishError."""
    pull = facts.pull
    wanted = None if label is None else label.casefold()
    ours = {name.casefold() for name in names}
    present = {name.casefold(): name for name in pull.labels}
    try:
        if label is not None and wanted not in present:
            _ensure_exists(site, label, names)
            present |= {name.casefold(): name for name in _add(site, pull.number, label)}
        for folded, name in present.items():
            if folded in ours and folded != wanted:
                _remove(site, pull.number, name)
    except GitHubError as error:
        raise _explain(error, label) from error


def _ensure_exists(site: Site, label: str, names: Sequence[str]) -> None:
    """Create it with its colour when the repository lacks it: adding an unknown label would create a grey one."""
    if label.casefold() in site.labels:
        return
    position = list(names).index(label) if label in names else len(_COLOURS)
    colour = _COLOURS[position] if position < len(_COLOURS) else _OTHER_COLOUR
    body = {"name": label, "color": colour, "description": _DESCRIPTION}
    try:
        site.api.rest("POST", f"/repos/{site.repository}/labels", body, repeatable=True)
    except GitHubError as error:
        # 422: it exists, or another run was faster. 403: it may be made by a token that may only change pull requests.
        if not (error.forbidden or (error.status == 422 and "already_exists" in error.message)):
            raise
    site.labels.add(label.casefold())


def _add(site: Site, number: int, label: str) -> list[str]:
    """Returns the names of all labels there are now: another run may have set one since this one looked."""
    there = site.api.rest("POST", f"/repos/{site.repository}/issues/{number}/labels", {"labels": [label]}, repeatable=True)
    return [str(each["name"]) for each in there]


def _remove(site: Site, number: int, name: str) -> None:
    try:
        site.api.rest("DELETE", f"/repos/{site.repository}/issues/{number}/labels/{quote(name, safe='')}")
    except GitHubError as error:
        if not error.missing:
            raise


def _explain(error: GitHubError, label: str | None) -> PublishError:
    what = "The cost label could not be set."
    if error.status == 422:
        remedy = "Choose names of at most 50 characters in `labels`."
        return PublishError(
            Problem(f'GitHub does not take the label "{label}".', f"It said: {sentence(error.message)}", remedy)
        )
    return publish_error(what, error, _PERMISSIONS)
