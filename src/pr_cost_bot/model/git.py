"""Authors, commits and pull requests: as GitHub gives them, and as attribution sees them."""

from datetime import datetime
from typing import Literal

import msgspec


class Author(msgspec.Struct, frozen=True):
    """Somebody named by a commit, as GitHub gives it: free text, but for `login`, which GitHub resolved from the e-mail."""

    name: str = ""
    email: str = ""
    login: str | None = None
    is_bot: bool = False


class GitCommit(msgspec.Struct, frozen=True, kw_only=True):
    """A commit as GitHub gives it. `authors`: the author first, then the co-authors of its trailers."""

    sha: str
    repository: str
    authors: tuple[Author, ...]
    authored_at: datetime
    committed_at: datetime | None = None
    message: str = ""
    parents: int = 1
    additions: int | None = None
    deletions: int | None = None
    pr_number: int | None = None
    branch: str | None = None


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """A commit as attribution sees it: by persons. Without `pr_number` it is work outside any pull request."""

    sha: str
    repository: str
    person: str
    authored_at: datetime
    committed_at: datetime | None = None
    pr_number: int | None = None
    branch: str | None = None
    co_authors: tuple[str, ...] = ()
    additions: int | None = None
    deletions: int | None = None
    files: tuple[str, ...] = ()
    parents: int = 1


class Pull(msgspec.Struct, frozen=True, kw_only=True):
    """A pull request as attribution sees it. `author` is a person."""

    repository: str
    pr_number: int
    author: str | None = None
    head_ref: str | None = None
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    merged_at: datetime | None = None


PullState = Literal["open", "merged", "closed"]


class PullRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A pull request with its own commits, as GitHub gives it."""

    repository: str
    number: int
    title: str
    url: str
    author: Author
    state: PullState
    base_ref: str
    head_ref: str
    head_sha: str
    opened_at: datetime
    body: str = ""
    closed_at: datetime | None = None
    merged_at: datetime | None = None
    additions: int = 0
    deletions: int = 0
    is_fork: bool = False
    is_private: bool = False  # the repository's visibility
    default_branch: str = ""
    commits: tuple[GitCommit, ...] = ()  # oldest first, by author date
    dropped_commits: tuple[GitCommit, ...] = ()  # former heads that a force push took away, where GitHub still has them
    labels: tuple[str, ...] = ()
