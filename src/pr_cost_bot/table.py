"""The lasting table of a run: the branch or a database, whose troubles never cost the comment."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Protocol

from pr_cost_bot import github
from pr_cost_bot.config import Config
from pr_cost_bot.ledger.records import RecordsOfPull
from pr_cost_bot.ledger.usage import UsageOfRun
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import Ledger, NoticeBook, PublishError, PullRequestFacts, Row
from pr_cost_bot.settings import Settings, SettingsError

_DEFAULT_BRANCH = Config().ledger.branch


class UsageLedger(Protocol):
    """A ledger that keeps what the rows are made of, and tells at once which rows are final: a database."""

    def for_reading(self) -> None:
        """Make and change nothing in it from now on. Raises: PublishError where there is not what is read."""

    def read(self, repository: str, numbers: Sequence[int]) -> dict[int, Row]:
        """See ports.Ledger."""

    def write(self, rows: Sequence[Row], records: Sequence[RecordsOfPull] = ()) -> None:
        """See ports.Ledger; and keep the vendors' records behind pull requests, each with its row. Raises: PublishError."""

    def settled(self, repository: str) -> Collection[int]:
        """Numbers whose rows are final. Raises: PublishError."""

    def write_usage(self, usage: UsageOfRun) -> None:
        """Replace what older runs wrote about what this one covers. Raises: PublishError."""


class Table:
    """Reads and writes rows where the inputs say. `problems`: what went wrong; `failed`: the run must not end as a success."""

    def __init__(self, settings: Settings, client: github.GitHubClient, config: Config) -> None:
        """Choose the ledger. Raises SettingsError for a database_url that is none."""
        self.problems: tuple[Problem, ...] = ()
        self.failed = False
        self._repository, self._dry_run = settings.repository, settings.dry_run
        self._client, self._branch, self._database_url = client, config.ledger.branch, settings.database_url
        # The look at a pull request brings the row of the branch that is the default.
        self._came_along = settings.database_url is None and config.ledger.branch == _DEFAULT_BRANCH
        self._with_usage = _database(settings)
        self._ledger: Ledger = self._with_usage or client.ledger(config.ledger.branch)

    def rows(self, facts: Sequence[PullRequestFacts]) -> dict[int, Row]:
        """The rows of these pull requests by number."""
        if self._came_along:
            return {fact.pull.number: fact.row for fact in facts if fact.row is not None}
        try:
            if self._dry_run and self._with_usage:
                self._with_usage.for_reading()
            return self._ledger.read(self._repository, [fact.pull.number for fact in facts])
        except PublishError as error:
            self.problems, self.failed = (error.problem,), True
            return {}

    def read(self, repository: str, numbers: Sequence[int]) -> dict[int, Row]:
        """See ports.Ledger."""
        return self._ledger.read(repository, numbers)

    def write(self, rows: Sequence[Row], records: Sequence[RecordsOfPull], usage: Iterable[UsageOfRun]) -> None:
        """Write rows, and where the ledger is one that keeps it, what they are made of. Raises PublishError.

        A row comes last, for one that is final is never computed again. What could not be read is not written over.
        """
        if self.failed:
            return
        if self._with_usage is None:
            if rows:
                self._ledger.write(rows)
            return
        for part in usage:
            self._with_usage.write_usage(part)
        self._with_usage.write(rows, records)

    def notices(self) -> NoticeBook:
        """What was told already, beside the rows. Raises PublishError."""
        if not self._database_url:
            return self._client.notices(self._branch)
        from pr_cost_bot.ledger.notices import SqlNotices  # noqa: PLC0415 - SQLAlchemy takes half a second to import

        return SqlNotices(self._database_url)

    def settled(self) -> frozenset[int]:
        """Numbers whose rows are final, where the ledger tells without being asked for each; else none."""
        return frozenset(self._with_usage.settled(self._repository)) if self._with_usage else frozenset()


def _database(settings: Settings) -> UsageLedger | None:
    if not settings.database_url:
        return None
    from pr_cost_bot.ledger.sql import SqlLedger  # noqa: PLC0415 - SQLAlchemy takes half a second to import

    try:
        return SqlLedger(settings.database_url)
    except PublishError as error:
        raise SettingsError(error.problem) from None


def short_lived(environ: Mapping[str, str]) -> Problem | None:
    """What to say of an SQLite file that is lost with the job.

    Only a runner of one's own lasts, and of it what lies outside the workspace, which the next checkout empties. The Action's
    container, whose workspace is /github/workspace, sees nothing of that:
    https://docs.github.com/en/actions/reference/workflows-and-actions/variables
    """
    kind, _, file = environ.get("INPUT_DATABASE_URL", "").strip().partition(":///")
    workspace = environ.get("GITHUB_WORKSPACE", "")
    if environ.get("GITHUB_ACTIONS") != "true" or not workspace or kind.partition("+")[0] != "sqlite":
        return None
    lasts = environ.get("RUNNER_ENVIRONMENT") != "github-hosted" and workspace != "/github/workspace"
    if lasts and not (PurePosixPath(workspace) / file.partition("?")[0]).is_relative_to(workspace):
        return None
    return Problem(
        "The table is lost with this job: database_url names an SQLite file.",
        "It lies in the job's workspace or container, and neither lasts.",
        "Leave database_url out for a table on the branch pr-cost-data, or name a database server (docs/ledger.md). "
        "If a later step keeps the file, all is well.",
    )
