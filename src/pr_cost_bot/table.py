"""The lasting table of a run: the branch or a database, whose troubles never cost the comment."""

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from pr_cost_bot import github
from pr_cost_bot.config import Config
from pr_cost_bot.ledger.usage import UsageOfRun
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import Ledger, NoticeBook, PublishError, PullRequestFacts, Row
from pr_cost_bot.settings import Settings, SettingsError

_DEFAULT_BRANCH = Config().ledger.branch


class UsageLedger(Ledger, Protocol):
    """A ledger that keeps people's usage beside the rows, and tells at once which rows are final: a database."""

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
        self._repository = settings.repository
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
            return self._ledger.read(self._repository, [fact.pull.number for fact in facts])
        except PublishError as error:
            self.problems, self.failed = (error.problem,), True
            return {}

    def read(self, repository: str, numbers: Sequence[int]) -> dict[int, Row]:
        """See ports.Ledger."""
        return self._ledger.read(repository, numbers)

    def write(self, rows: Sequence[Row]) -> None:
        """See ports.Ledger. What could not be read is not written over."""
        if not self.failed:
            self._ledger.write(rows)

    def notices(self) -> NoticeBook:
        """What was told already, beside the rows. Raises PublishError."""
        if not self._database_url:
            return self._client.notices(self._branch)
        from pr_cost_bot.ledger.notices import SqlNotices  # noqa: PLC0415 - SQLAlchemy takes half a second to import

        return SqlNotices(self._database_url)

    def settled(self) -> frozenset[int]:
        """Numbers whose rows are final, where the ledger tells without being asked for each; else none."""
        return frozenset(self._with_usage.settled(self._repository)) if self._with_usage else frozenset()

    def write_usage(self, usage: Iterable[UsageOfRun]) -> None:
        """Keep people's usage, where the ledger is one that does. Never raises: see `problems`."""
        if self._with_usage is None or self.failed:
            return
        try:
            for part in usage:
                self._with_usage.write_usage(part)
        except PublishError as error:
            self.problems, self.failed = (*self.problems, error.problem), True


def _database(settings: Settings) -> UsageLedger | None:
    if not settings.database_url:
        return None
    from pr_cost_bot.ledger.sql import SqlLedger  # noqa: PLC0415 - SQLAlchemy takes half a second to import

    try:
        return SqlLedger(settings.database_url)
    except PublishError as error:
        raise SettingsError(error.problem) from None
