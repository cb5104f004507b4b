"""What `doctor` wants to know about GitHub."""

from collections.abc import Iterator
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
    may_read_pull_requests: bool = False
    may_write: bool | None = None  # the account, as far as the repository goes; None for the token of a job or an App
    scopes: tuple[str, ...] | None = None  # of a classic token (the header X-OAuth-Scopes); None: it is none
    has_data_branch: bool = False
    workflows: tuple[tuple[str, str], ...] = ()  # name and text of the default branch's files
    labels: tuple[str, ...] = ()
    recent_authors: tuple[Author, ...] = ()  # of the default branch and of pull requests, since the time asked for


def inspect(site: Site, since: datetime) -> GitHubInspection:
    """Look once. Raises: GitHubError."""
    variables = {**site.place, "since": since.strftime("%Y-%m-%dT%H:%M:%SZ"), "data": site.data_ref}
    answer = site.api.query(queries.INSPECTION, variables)
    home = answer.data.get("repository")
    if home is None:
        refusals = answer.errors_at("repository")
        message = refusals[0].message if refusals else f"{site.repository} was not found."
        raise GitHubError(refusals[0].status if refusals else 404, message)
    permission, pulls = home["viewerPermission"], answer.data.get("pulls")
    return GitHubInspection(
        viewer=(answer.data.get("viewer") or {}).get("login", ""),
        repository=home["nameWithOwner"],
        visibility=home["visibility"].lower(),
        archived=home["isArchived"],
        may_read_contents=not _refused(answer, "data", "defaultBranchRef"),
        # GitHub refuses either the whole list or each entry of it; what is asked of an entry is commits, and so contents.
        may_read_pull_requests=pulls is not None
        and not any(error.status == 403 and "commits" not in error.path for error in answer.errors_at("pullRequests")),
        scopes=site.api.scopes,
        may_write=None if permission is None else permission in _WRITERS,
        has_data_branch=home.get("data") is not None,
        workflows=tuple(_files(home.get("workflows"))),
        labels=tuple(label["name"] for label in nodes_of(home["labels"])),
        recent_authors=_authors(home, pulls or {}, since),
    )


def _files(tree: Node | None) -> Iterator[tuple[str, str]]:
    for entry in (tree or {}).get("entries") or ():
        text = (entry.get("object") or {}).get("text")
        if entry["name"].endswith((".yml", ".yaml")) and text:
            yield entry["name"], text


def _refused(answer: Answer, *keys: str) -> bool:
    return any(error.status == 403 for error in answer.errors_at(*keys, "commit"))


def _authors(home: Node, pulls: Node, since: datetime) -> tuple[Author, ...]:
    """People, each once by address, bots left out."""
    branch = (home.get("defaultBranchRef") or {}).get("target") or {}
    people = [author_of(commit["author"]) for commit in nodes_of(branch.get("history"))]
    for pull in nodes_of(pulls.get("pullRequests")):
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
