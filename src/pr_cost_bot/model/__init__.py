"""The words of the field, as frozen values.

Money is `decimal.Decimal` US dollars and exact. Times are aware `datetime` in UTC. A *person* is the canonical key that
`pr_cost_bot.people` gives: the GitHub login in lower case where it is known, else the e-mail address in lower case.
"""

from pr_cost_bot.model.answers import Grain, Identity, Interval, Problem, SourceResult, SourceState, SourceStatus, UsageQuery
from pr_cost_bot.model.cost import (
    Allocation,
    CommitCost,
    CostLine,
    Kept,
    PriceInfo,
    PullRequestCost,
    RecordShare,
    Remainder,
    UnmatchedAuthor,
    Unpriced,
)
from pr_cost_bot.model.git import Author, Commit, GitCommit, Pull, PullRequest, PullState
from pr_cost_bot.model.usage import (
    NO_TOKENS,
    RECEIPT_SOURCE,
    ZERO,
    Evidence,
    Receipt,
    Terms,
    Tokens,
    UsageRecord,
    reference_of,
    total_billed,
)

__all__ = [
    "NO_TOKENS",
    "RECEIPT_SOURCE",
    "ZERO",
    "Allocation",
    "Author",
    "Commit",
    "CommitCost",
    "CostLine",
    "Evidence",
    "GitCommit",
    "Grain",
    "Identity",
    "Interval",
    "Kept",
    "PriceInfo",
    "Problem",
    "Pull",
    "PullRequest",
    "PullRequestCost",
    "PullState",
    "Receipt",
    "RecordShare",
    "Remainder",
    "SourceResult",
    "SourceState",
    "SourceStatus",
    "Terms",
    "Tokens",
    "UnmatchedAuthor",
    "Unpriced",
    "UsageQuery",
    "UsageRecord",
    "reference_of",
    "total_billed",
]
