"""The pull request's side of the world, as `ports.GitHub` wants it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from pr_cost_bot.github.api import Api, Patience
from pr_cost_bot.github.branch_ledger import BranchLedger
from pr_cost_bot.github.branch_notices import BranchNotices
from pr_cost_bot.github.comments import publish_comment
from pr_cost_bot.github.competing import read_competing_work
from pr_cost_bot.github.facts import read_configuration, read_many, read_one
from pr_cost_bot.github.files import read_files
from pr_cost_bot.github.inspection import GitHubInspection, inspect
from pr_cost_bot.github.labels import publish_label
from pr_cost_bot.github.recent import recent_numbers
from pr_cost_bot.github.site import Site
from pr_cost_bot.model import Author
from pr_cost_bot.ports import CommentRef, CompetingWork, ConfigText, PullRequestFacts, RepositoryFile

DATA_BRANCH = "pr-cost-data"


class GitHubClient:
    """One repository on github.com, GHE.com or Enterprise Server. Reads raise GitHubError, a `ports.ReadError`."""

    def __init__(self, site: Site, org_api: Api | None = None) -> None:
        self._site = site
        self._org_api = org_api

    @property
    def repository(self) -> str:
        return self._site.repository

    def pull_request(self, number: int, config_path: str) -> tuple[PullRequestFacts, ConfigText]:
        return read_one(self._site, number, config_path)

    def pull_requests(self, numbers: Sequence[int], config_path: str) -> tuple[PullRequestFacts, ...]:
        return read_many(self._site, numbers, config_path)

    def configuration(self, config_path: str) -> ConfigText:
        return read_configuration(self._site, config_path)

    def recent_pull_requests(self, closed_since: datetime) -> tuple[int, ...]:
        return recent_numbers(self._site, closed_since)

    def competing_work(
        self, people: Sequence[Author], repositories: Sequence[str], since: datetime, until: datetime
    ) -> CompetingWork:
        window = (since.astimezone(UTC), until.astimezone(UTC))
        return read_competing_work(self._site, self._org_api, people, repositories, window)

    def read_files(self, files: Sequence[RepositoryFile]) -> dict[RepositoryFile, str]:
        return read_files(self._site, files)

    def publish_comment(self, facts: PullRequestFacts, body: str | None, computed_at: datetime) -> CommentRef | None:
        return publish_comment(self._site, facts, body, computed_at)

    def publish_label(self, facts: PullRequestFacts, label: str | None, names: Sequence[str]) -> None:
        publish_label(self._site, facts, label, names)

    def ledger(self, branch: str = DATA_BRANCH) -> BranchLedger:
        """The table on a branch of this repository. What the facts brought of the default branch is not read twice."""
        if branch == self._site.data_branch:
            return BranchLedger(self._site)
        return BranchLedger(Site(self._site.api, self._site.repository, branch))

    def notices(self, branch: str = DATA_BRANCH) -> BranchNotices:
        """What was told already, on the same branch as the table."""
        return BranchNotices(Site(self._site.api, self._site.repository, branch))

    def inspect(self, since: datetime) -> GitHubInspection:
        """What `doctor` wants to know; `since`: whose commits are looked at."""
        return inspect(self._site, since.astimezone(UTC))


def connect(
    token: str,
    repository: str,
    *,
    api_url: str,
    graphql_url: str,
    org_token: str | None = None,
    patience: Patience | None = None,
    data_branch: str = DATA_BRANCH,
) -> GitHubClient:
    """A client for `repository` (owner/name). Nothing is sent yet.

    `org_token` reads the other repositories. `patience`: how long all waiting for limits and outages may take together.
    Raises: GitHubError without a token.
    """
    waiting = patience or Patience()
    org_api = Api(org_token, api_url, graphql_url, waiting) if org_token else None
    return GitHubClient(Site(Api(token, api_url, graphql_url, waiting), repository, data_branch), org_api)
