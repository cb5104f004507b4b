"""What the pipeline needs from the outside, as protocols. The shells implement them; tests hand in their own."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

import msgspec

from pr_cost_bot.model import (
    Author,
    GitCommit,
    Interval,
    Problem,
    Pull,
    PullRequest,
    SourceResult,
    UsageQuery,
)

Row = dict[str, Any]
"""A pull request's row as JSON holds it: money as strings, times as RFC 3339, `lines` inside (docs/ledger.md)."""


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """What `doctor` learns from one source: can the key be used, what does it see, whom does the vendor know."""

    title: str
    sees: tuple[str, ...] = ()  # plain sentences: "cost per person, model and minute, current to 14:00 UTC"
    emails: frozenset[str] | None = None  # people the vendor knows, lower case; None: it cannot list them
    problem: Problem | None = None
    warnings: tuple[Problem, ...] = ()  # it can be read, but something about it is not as it should be


class Source(Protocol):
    """One vendor's usage API."""

    name: str
    title: str

    def fetch(self, query: UsageQuery) -> SourceResult:
        """Read the people's usage at the vendor's natural grain. A vendor's failure is a status, not an exception."""

    def refine(self, query: UsageQuery, result: SourceResult, contested: Sequence[Interval]) -> SourceResult:
        """Replace wide buckets in contested intervals by finer ones where the vendor has them; else return `result`."""

    def inspect(self, now: datetime) -> Inspection:
        """Try the key with as few requests as can be (`doctor`)."""


class CommentRef(msgspec.Struct, frozen=True, kw_only=True):
    """The bot's own comment, as it stands."""

    id: int  # REST id
    body: str
    url: str


class PullRequestFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What one look at GitHub tells about a pull request."""

    pull: PullRequest
    comment: CommentRef | None = None
    surplus_comments: tuple[int, ...] = ()  # own comments beyond the first, left by an old race
    row: Row | None = None  # the branch ledger's row, if that ledger was looked at
    receipt_ledger: str | None = None  # the text of .receipt/ledger.jsonl at its head
    has_agent_notes: bool = False  # the repository has refs/notes/ai
    config: "ConfigText | None" = None  # of its base branch, where several pull requests were read at once
    problems: tuple[Problem, ...] = ()  # what could not be read, e.g. more commits than GitHub would list


class ConfigText(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration file's text; None when there is none or when it may not be read (then `problem` says so)."""

    text: str | None = None
    problem: Problem | None = None


class RepositoryFile(msgspec.Struct, frozen=True):
    """A file of the repository at a ref (a branch, a full ref name or a commit)."""

    ref: str
    path: str


class CompetingWork(msgspec.Struct, frozen=True, kw_only=True):
    """Other work of the same people: commits of other pull requests and commits outside any."""

    commits: tuple[GitCommit, ...] = ()
    pulls: tuple[tuple[Pull, Author], ...] = ()  # Pull.author not resolved yet: its author as GitHub gives it
    problems: tuple[Problem, ...] = ()


class GitHub(Protocol):
    """The pull request's side of the world."""

    def pull_request(self, number: int, config_path: str) -> tuple[PullRequestFacts, ConfigText]:
        """Everything about one pull request and the configuration of its base branch, in as few requests as can be."""

    def pull_requests(self, numbers: Sequence[int], config_path: str) -> tuple[PullRequestFacts, ...]:
        """The same for many (true-up). Unknown numbers are left out."""

    def configuration(self, config_path: str) -> ConfigText:
        """The configuration file of the default branch (schedules)."""

    def recent_pull_requests(self, closed_since: datetime) -> tuple[int, ...]:
        """Numbers of all open pull requests and of those closed since then."""

    def competing_work(
        self, people: Sequence[Author], repositories: Sequence[str], since: datetime, until: datetime
    ) -> CompetingWork:
        """Commits of these people in these repositories between the two times, with their pull requests."""

    def read_files(self, files: Sequence[RepositoryFile]) -> dict[RepositoryFile, str]:
        """The texts of those that exist and can be read."""

    def publish_comment(self, facts: PullRequestFacts, body: str | None, computed_at: datetime) -> CommentRef | None:
        """Make `body` the one comment (None: write nothing, only tidy up). Never overwrites a newer one.

        Raises: PublishError.
        """

    def publish_label(self, facts: PullRequestFacts, label: str | None, names: Sequence[str]) -> None:
        """Leave exactly `label` of `names` on it; other labels are never touched. Raises: PublishError."""


class Ledger(Protocol):
    """The lasting table."""

    def read(self, repository: str, numbers: Sequence[int]) -> dict[int, Row]:
        """The rows there are."""

    def write(self, rows: Sequence[Row]) -> None:
        """Insert or update by repository and number, unless the row there is newer. Raises: PublishError."""


NoticeState = Literal["claimed", "done", "failed", "lost"]


class NoticeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an alert or a digest. `run`: whose claim it is. `unsent`: the services that are still to get it.

    `claimed`: a run is sending it. `done`: told, never again. `failed`: the next run sends it to `unsent`. `lost`: a run ended
    while it was sending; nobody knows how far it came, so it is not sent again.
    """

    state: NoticeState
    at: datetime
    run: str
    unsent: tuple[str, ...] = ()


Notices = Mapping[str, NoticeRecord]
"""Records by the key of their alert or digest."""


class NoticeBook(Protocol):
    """What was told already, in the lasting table."""

    def read(self, keys: Collection[str]) -> dict[str, NoticeRecord]:
        """The records there are. Raises: PublishError."""

    def change(self, keys: Collection[str], decide: Callable[[Notices], Notices]) -> dict[str, NoticeRecord]:
        """Write what `decide` makes of the records of these keys, and return that. Raises: PublishError.

        Of several writers at once each decides on what the one before has left; `decide` may be asked again.
        """


class PublishError(Exception):
    """Something could not be written. `problem` tells the user."""

    def __init__(self, problem: Problem, *, permission: bool = False) -> None:
        super().__init__(str(problem))
        self.problem = problem
        self.permission = permission  # the token may not do it, whatever the weather


class ReadError(Exception):
    """GitHub could not be read at all. `problem` tells the user."""

    def __init__(self, problem: Problem, *, credentials: bool = False) -> None:
        super().__init__(str(problem))
        self.problem = problem
        self.credentials = credentials  # the token is missing or wrong
