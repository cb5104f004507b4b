"""Pull requests that cost many times what is usual where they were made. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from pr_cost_bot.reports.pulls import PullRow, median

FACTOR = 8
ENOUGH = 5
"""Pull requests with any cost that make a median worth having; with fewer, everybody's is taken."""


class Outlier(msgspec.Struct, frozen=True):
    """A pull request, the median it is held against, and how many times that it cost."""

    pull: PullRow
    median_usd: Decimal
    times: Decimal


def outliers(pulls: Sequence[PullRow], usual: Sequence[PullRow], factor: int = FACTOR) -> list[Outlier]:
    """Those of `pulls` at `factor` times the median of their team or more, the most extreme first.

    A team is a repository. `usual`: the pull requests that make the medians; those without cost are left out, or a team where
    few use AI would have outliers only.
    """
    costs: dict[str, list[Decimal]] = defaultdict(list)
    for pull in usual:
        if pull.cost_usd > 0:
            costs[pull.repository].append(pull.cost_usd)
    everybody = median([cost for some in costs.values() for cost in some])
    found = []
    for pull in pulls:
        own = costs.get(pull.repository, [])
        middle = median(own) if len(own) >= ENOUGH else everybody
        if middle and pull.cost_usd >= factor * middle:
            found.append(Outlier(pull, middle, pull.cost_usd / middle))
    return sorted(found, key=lambda outlier: (-outlier.times, outlier.pull.name))
