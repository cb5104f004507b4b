"""The lasting table of a run: the branch or a database, whose troubles never cost the comment."""

from collections.abc import Sequence

from pr_cost_bot import github
from pr_cost_bot.config import Config
from pr_cost_bot.ledger.usage import UsageOfRun
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import Ledger, PublishError, PullRequestFacts, Row
from pr_cost_bot.settings import Settings, SettingsError

_DEFAULT_BRANCH = Config().ledger.branch


class Table:
    """Reads and writes rows where the inputs say. `problems`: what went wrong; `failed`: the run must not end as a success."""

    def __init__(self, settings: Settings, client: github.GitHubClient, config: Config) -> None:
        """Choose the ledger. Raises SettingsError for a database_url that is none."""
        self.problems: tuple[Problem, ...] = ()
        self.failed = False
        self._repository = settings.repository
        # The look at a pull request brings the row of the branch that is the default.
        self._came_along = settings.database_url is None and config.ledger.branch == _DEFAULT_BRANCH
        self._ledger = _ledger(settings, client, config)

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

    def settled(self) -> frozenset[int]:
        """Numbers whose rows are final, where the ledger tells without being asked for each; else none."""
        tell = getattr(self._ledger, "settled", None)
        return frozenset(tell(self._repository)) if tell else frozenset()

    def write_usage(self, usage: UsageOfRun | None) -> None:
        """Keep people's usage, where the ledger is one that does. Never raises: see `problems`."""
        keep = getattr(self._ledger, "write_usage", None)
        if keep is None or usage is None or self.failed:
            return
        try:
            keep(usage)
        except PublishError as error:
            self.problems, self.failed = (*self.problems, error.problem), True


def _ledger(settings: Settings, client: github.GitHubClient, config: Config) -> Ledger:
    if not settings.database_url:
        return client.ledger(config.ledger.branch)
    from pr_cost_bot.ledger.sql import SqlLedger  # noqa: PLC0415 - SQLAlchemy takes half a second to import

    try:
        return SqlLedger(settings.database_url)
    except PublishError as error:
        raise SettingsError(error.problem) from None
