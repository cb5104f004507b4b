"""Pull requests that cost many times what is usual where they were made. Pure."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
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


def by_repository(pull: PullRow) -> str:
    """A team, as long as nobody has named any."""
    return pull.repository


def outliers(
    pulls: Sequence[PullRow],
    usual: Sequence[PullRow],
    factor: int = FACTOR,
    *,
    team: Callable[[PullRow], str] = by_repository,
    few: Collection[str] = (),
) -> list[Outlier]:
    """Those of `pulls` at `factor` times the median of their team or more, the most extreme first.

    `usual`: the pull requests that make the medians; those without cost are left out, or a team where few use AI would have
    outliers only. `few`: teams of so few people that their own median is not to be told; everybody's is taken.
    """
    costs: dict[str, list[Decimal]] = defaultdict(list)
    for pull in usual:
        if pull.cost_usd > 0:
            costs[team(pull)].append(pull.cost_usd)
    everybody = median([cost for some in costs.values() for cost in some])
    medians = {name: median(own) for name, own in costs.items() if len(own) >= ENOUGH and name not in few}
    found = []
    for pull in pulls:
        middle = medians.get(team(pull), everybody)
        if middle and pull.cost_usd >= factor * middle:
            found.append(Outlier(pull, middle, pull.cost_usd / middle))
    return sorted(found, key=lambda outlier: (-outlier.times, outlier.pull.name))
