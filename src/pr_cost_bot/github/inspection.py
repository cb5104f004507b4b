"""What `doctor` wants to know about GitHub."""

from datetime import datetime

import msgspec

from pr_cost_bot.github import queries
from pr_cost_bot.github.api import Answer
from pr_cost_bot.github.errors import GitHubError
from pr_cost_bot.github.nodes import Node, author_of, author_of_actor, nodes_of, read_time
from pr_cost_bot.github.site import Site
from pr_cost_bot.model import Author

_WRITERS = frozenset({"WRITE", "MAINTAIN", "ADMIN"})


class GitHubInspection(msgspec.Struct, frozen=True, kw_only=True):
    """What the token is and may do, as far as GitHub tells without writing. None: it cannot be known from outside."""

    viewer: str
    repository: str
    visibility: str  # "public", "private", "internal"
    archived: bool = False
    may_read_contents: bool = False
    may_write: bool | None = None  # contents, comments, labels; None for the token of a job or an App: see the workflow
    has_data_branch: bool = False
    labels: tuple[str, ...] = ()
    recent_authors: tuple[Author, ...] = ()  # of the default branch and of pull requests, since the time asked for


def inspect(site: Site, since: datetime) -> GitHubInspection:
    """Look once. Raises: GitHubError."""
    variables = {**site.place, "since": since.strftime("%Y-%m-%dT%H:%M:%SZ"), "data": site.data_ref}
    answer = site.api.query(queries.INSPECTION, variables)
    home = answer.data.get("repository")
    if home is None:
        message = answer.errors[0].message if answer.errors else f"{site.repository} was not found."
        raise GitHubError(404, message)
    permission = home["viewerPermission"]
    return GitHubInspection(
        viewer=(answer.data.get("viewer") or {}).get("login", ""),
        repository=home["nameWithOwner"],
        visibility=home["visibility"].lower(),
        archived=home["isArchived"],
        may_read_contents=_may_read(answer),
        may_write=None if permission is None else permission in _WRITERS,
        has_data_branch=home.get("data") is not None,
        labels=tuple(label["name"] for label in nodes_of(home["labels"])),
        recent_authors=_authors(home, since),
    )


def _may_read(answer: Answer) -> bool:
    return not any(error.status == 403 for error in answer.errors_at("data", "defaultBranchRef", "commit"))


def _authors(home: Node, since: datetime) -> tuple[Author, ...]:
    """People, each once by address, bots left out."""
    branch = (home.get("defaultBranchRef") or {}).get("target") or {}
    people = [author_of(commit["author"]) for commit in nodes_of(branch.get("history"))]
    for pull in nodes_of(home.get("pullRequests")):
        if read_time(pull["updatedAt"]) < since:
            continue
        people += [author_of(item["commit"]["author"]) for item in nodes_of(pull["commits"]) if item["commit"]]
        people.append(author_of_actor(pull["author"]))
    logins = {person.login for person in people if person.email}
    known: dict[str, Author] = {}
    for person in people:
        if not person.is_bot and (person.email or (person.login and person.login not in logins)):
            known.setdefault((person.email or person.login or "").casefold(), person)
    return tuple(known.values())
