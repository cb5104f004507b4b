"""GitHub's JSON, GraphQL nodes and REST objects, as values of the model."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pr_cost_bot.model import Author, GitCommit, Pull, PullRequest, PullState
from pr_cost_bot.trailers import co_authors_of

Node = Mapping[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STATES: dict[str, PullState] = {"OPEN": "open", "CLOSED": "closed", "MERGED": "merged"}
_BOT_NOREPLY = re.compile(r"^(?:\d+\+)?(?P<login>[^@+]+\[bot\])@users\.noreply\.", re.IGNORECASE)


def read_time(text: str) -> datetime:
    """RFC 3339 as GitHub writes it (`Z`, or the author's own offset), in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def read_git_time(text: str) -> datetime:
    """The same for a time in a commit. Whoever commits chooses it; what no clock can show is the beginning of time."""
    try:
        return max(read_time(text), _EPOCH)
    except (ValueError, OverflowError):
        return _EPOCH


def read_time_or_none(text: str | None) -> datetime | None:
    """The same; None where GitHub says null: it has not happened."""
    return None if text is None else read_time(text)


def nodes_of(connection: Node | None) -> Iterator[Node]:
    """The nodes that are there; GitHub puts null for those that may not be seen."""
    for node in (connection or {}).get("nodes") or ():
        if node is not None:
            yield node


def account_of(actor: Node | None) -> str:
    """An account's login as REST spells it: GraphQL leaves out a bot's `[bot]`. Empty for a deleted account."""
    if actor is None:
        return ""
    login = str(actor.get("login") or "")
    is_bot = "Bot" in {actor.get("__typename"), actor.get("type")}
    return f"{login}[bot]" if is_bot and not login.endswith("[bot]") else login


def author_of_actor(actor: Node | None) -> Author:
    """Who opened something: an account, or nobody when it was deleted."""
    login = account_of(actor)
    return Author(name=login, login=login or None, is_bot=login.endswith("[bot]"))


def author_of(git_actor: Node | None) -> Author:
    """Somebody a commit names: GraphQL's GitActor, or REST's author with a `user` put into it."""
    actor = git_actor or {}
    email = str(actor.get("email") or "")
    login = account_of(actor.get("user")) or None
    if login is None and (bot := _BOT_NOREPLY.match(email)):
        login = bot["login"]
    return Author(str(actor.get("name") or ""), email, login, bool(login and login.endswith("[bot]")))


def co_authors_in(message: str) -> tuple[Author, ...]:
    """The Co-authored-by trailers of a message's last paragraphs, as Git and GitHub read them, in their order."""
    return tuple(author_of({"name": name, "email": address}) for name, address in co_authors_of(message))


def commit_of(node: Node, repository: str, number: int | None = None, branch: str | None = None) -> GitCommit:
    """A GraphQL Commit. `authors` where the query has it, else `author` and the trailers."""
    message = str(node["message"])
    if "authors" in node:
        authors = tuple(author_of(author) for author in nodes_of(node["authors"]))
    else:
        authors = (author_of(node["author"]), *co_authors_in(message))
    return GitCommit(
        sha=node["oid"],
        repository=repository,
        authors=_once(authors),
        authored_at=read_git_time(node["authoredDate"]),
        committed_at=read_git_time(node["committedDate"]),
        message=message,
        parents=node["parents"]["totalCount"],
        additions=node.get("additions"),
        deletions=node.get("deletions"),
        pr_number=number,
        branch=branch,
    )


def commit_of_rest(item: Node, repository: str, number: int, branch: str) -> GitCommit:
    """An item of REST's list of a pull request's commits: no additions, co-authors only in the message."""
    git = item["commit"]
    author = author_of({**(git["author"] or {}), "user": item.get("author")})
    authored = (git["author"] or git["committer"])["date"]
    return GitCommit(
        sha=item["sha"],
        repository=repository,
        authors=_once((author, *co_authors_in(git["message"]))),
        authored_at=read_git_time(authored),
        committed_at=read_git_time((git["committer"] or git["author"])["date"]),
        message=git["message"],
        parents=len(item["parents"]),
        pr_number=number,
        branch=branch,
    )


def _once(authors: Iterable[Author]) -> tuple[Author, ...]:
    seen: dict[str, Author] = {}
    for author in authors:
        seen.setdefault((author.login or author.email or author.name).casefold(), author)
    return tuple(seen.values())


def by_author_date(commits: Iterable[GitCommit]) -> tuple[GitCommit, ...]:
    """Each commit once, oldest first."""
    return tuple(sorted({commit.sha: commit for commit in commits}.values(), key=lambda commit: commit.authored_at))


def dropped_commits(heads: Iterable[Node], pull: Node, repository: str, kept: Iterable[GitCommit]) -> tuple[GitCommit, ...]:
    """The heads that force pushes took away and that are not among those kept."""
    present = {commit.sha for commit in kept}
    commits = (commit_of(head, repository, pull["number"], pull["headRefName"]) for head in heads)
    return by_author_date(commit for commit in commits if commit.sha not in present)


def pull_request_of(
    node: Node, home: Node, repository: str, commits: Iterable[GitCommit], dropped: tuple[GitCommit, ...] = ()
) -> PullRequest:
    """A GraphQL PullRequest; `home` is its Repository."""
    return PullRequest(
        repository=repository,
        number=node["number"],
        title=node["title"],
        url=node["url"],
        author=author_of_actor(node["author"]),
        state=_STATES[node["state"]],
        base_ref=node["baseRefName"],
        head_ref=node["headRefName"],
        head_sha=node["headRefOid"],
        opened_at=read_time(node["createdAt"]),
        body=node["body"] or "",
        closed_at=read_time_or_none(node["closedAt"]),
        merged_at=read_time_or_none(node["mergedAt"]),
        additions=node["additions"],
        deletions=node["deletions"],
        is_fork=node["isCrossRepository"],
        is_private=home["visibility"] != "PUBLIC",
        default_branch=(home.get("defaultBranchRef") or {}).get("name", ""),
        commits=by_author_date(commits),
        dropped_commits=dropped,
        labels=tuple(label["name"] for label in nodes_of(node["labels"])),
    )


def pull_of(node: Node, repository: str) -> tuple[Pull, Author]:
    """A pull request as competing work, with its author as GitHub gives it."""
    pull = Pull(
        repository=repository,
        pr_number=node["number"],
        head_ref=node["headRefName"],
        opened_at=read_time(node["createdAt"]),
        closed_at=read_time_or_none(node["closedAt"]),
        merged_at=read_time_or_none(node["mergedAt"]),
    )
    return pull, author_of_actor(node["author"])
