"""What the simulated GitHub remembers: accounts, tokens, repositories, commits, pull requests, comments and labels."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

Access = Literal["none", "read", "write"]
_NOREPLY = re.compile(r"(?:(?P<id>\d+)\+)?(?P<login>[^@]+)@users\.noreply\.", re.IGNORECASE)


@dataclass
class User:
    """An account; a bot's login ends in `[bot]`."""

    id: int
    login: str
    name: str = ""
    emails: tuple[str, ...] = ()

    @property
    def is_bot(self) -> bool:
        return self.login.endswith("[bot]")

    @property
    def noreply(self) -> str:
        return f"{self.id}+{self.login}@users.noreply.github.com"


@dataclass(frozen=True)
class Token:
    """What a token may do. `repositories` None: all."""

    login: str
    contents: Access = "write"
    pull_requests: Access = "write"
    issues: Access = "write"
    repositories: frozenset[str] | None = None
    scopes: tuple[str, ...] | None = None  # of a classic token


@dataclass(frozen=True)
class Work:
    """A commit to be made. `author` is a login, or `Name <e-mail>`; the time is the author's."""

    author: str
    at: datetime
    message: str = "Work"
    committed_at: datetime | None = None
    additions: int = 10
    deletions: int = 2
    merges: bool = False  # a merge commit: two parents


@dataclass
class Commit:
    """A commit with its whole tree."""

    oid: str
    name: str
    email: str
    authored_at: datetime
    committed_at: datetime
    message: str
    parents: tuple[str, ...]
    additions: int = 0
    deletions: int = 0
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Comment:
    """A comment of a pull request's conversation."""

    id: int
    number: int
    login: str
    body: str
    created_at: datetime
    updated_at: datetime


@dataclass
class Pull:
    """A pull request. `commits`: shas from the base to the head."""

    id: int
    number: int
    title: str
    body: str
    author: str
    base: str
    head: str
    commits: list[str]
    created_at: datetime
    updated_at: datetime
    is_fork: bool = False
    association: str = ""  # of its author with the repository; empty: as usual for a fork, or for a branch
    locked: bool = False
    closed_at: datetime | None = None
    merged_at: datetime | None = None
    merge_commit: str | None = None
    labels: list[str] = field(default_factory=list)
    force_pushes: list[tuple[datetime, str, str]] = field(default_factory=list)  # when, from, to

    @property
    def state(self) -> str:
        if self.merged_at:
            return "MERGED"
        return "CLOSED" if self.closed_at else "OPEN"


@dataclass
class Repository:
    """A repository's data."""

    id: int
    full_name: str
    is_private: bool
    default_branch: str
    branches: dict[str, str] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)
    trees: dict[str, Mapping[str, str]] = field(default_factory=dict)
    pulls: dict[int, Pull] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    labels: dict[str, tuple[str, str]] = field(default_factory=dict)  # lower case -> name, colour
    lost_heads: set[str] = field(default_factory=set)  # dropped by a force push and collected since
    rebased: dict[str, int] = field(default_factory=dict)  # copies of a pull request's commits on its base -> its number

    def ancestors(self, oid: str) -> Sequence[Commit]:
        """The commit and everything before it, newest commit date first."""
        seen: dict[str, Commit] = {}
        todo = [oid]
        while todo:
            current = todo.pop()
            if current in self.commits and current not in seen:
                seen[current] = self.commits[current]
                todo += self.commits[current].parents
        return sorted(seen.values(), key=lambda commit: (commit.committed_at, commit.oid), reverse=True)

    def pull_that_brought(self, oid: str) -> Pull | None:
        """The merged pull request by which a commit came to its branch."""
        for pull in self.pulls.values():
            if pull.merged_at and (oid == pull.merge_commit or oid in pull.commits or self.rebased.get(oid) == pull.number):
                return pull
        return None


@dataclass
class World:
    """All of it."""

    users: dict[str, User] = field(default_factory=dict)  # by login in lower case
    tokens: dict[str, Token] = field(default_factory=dict)
    repositories: dict[str, Repository] = field(default_factory=dict)  # by full name in lower case
    last_id: int = 3_000_000_000  # GitHub's ids no longer fit into 32 bits

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def user(self, login: str) -> User:
        """The account; made when it is named for the first time."""
        if login.lower() not in self.users:
            number = 1000 + len(self.users)
            self.users[login.lower()] = User(number, login, login.title(), (f"{login.lower()}@example.com",))
        return self.users[login.lower()]

    def user_by_email(self, email: str) -> User | None:
        """The account that a commit's address belongs to, both noreply forms included."""
        if match := _NOREPLY.match(email):
            named = self.users.get(match["login"].lower())
            by_id = next((user for user in self.users.values() if match["id"] == str(user.id)), None)
            return by_id or named
        return next((u for u in self.users.values() if email.lower() in {e.lower() for e in u.emails}), None)


def digest(*parts: object) -> str:
    """A sha of its own for everything that needs one."""
    return hashlib.sha1("\0".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()


def stamp(time: datetime) -> str:
    """A time as GitHub writes it."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def now() -> datetime:
    """The time, to the second, as GitHub keeps it."""
    return datetime.now(UTC).replace(microsecond=0)
