"""The only room that knows PyGithub, GraphQL, comments, labels and the data branch."""

from pr_cost_bot.github.api import Patience
from pr_cost_bot.github.branch_ledger import BranchLedger
from pr_cost_bot.github.client import DATA_BRANCH, GitHubClient, connect
from pr_cost_bot.github.errors import GitHubError
from pr_cost_bot.github.inspection import GitHubInspection

__all__ = ["DATA_BRANCH", "BranchLedger", "GitHubClient", "GitHubError", "GitHubInspection", "Patience", "connect"]
