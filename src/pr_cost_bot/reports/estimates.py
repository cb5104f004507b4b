"""Estimates (`AI-Budget: $2`) against what it came to: how good they are, by whoever makes them. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from decimal import Decimal

import msgspec

from pr_cost_bot.model import ZERO
from pr_cost_bot.reports.pulls import PullRow, median
from pr_cost_bot.reports.scope import NONE

CLOSE = Decimal("0.25")


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """`typical`: the median of actual over estimate; multiply the next estimate by it. `close`: within a quarter, 0 to 1."""

    name: str
    count: int
    estimated_usd: Decimal
    actual_usd: Decimal
    typical: Decimal
    close: Decimal
    over: int  # pull requests that cost more than their estimate


def calibration(pulls: Iterable[PullRow], name: Callable[[PullRow], str]) -> list[Calibration]:
    """By author, team or kind of task, those with most estimates first. Pull requests without an estimate are left out."""
    groups: dict[str, list[tuple[Decimal, Decimal]]] = defaultdict(list)
    for pull in pulls:
        if pull.estimate_usd:
            groups[name(pull) or NONE].append((pull.estimate_usd, pull.cost_usd))
    found = [_calibration(group, pairs) for group, pairs in groups.items()]
    return sorted(found, key=lambda one: (-one.count, one.name))


def _calibration(name: str, pairs: list[tuple[Decimal, Decimal]]) -> Calibration:
    ratios = [actual / estimate for estimate, actual in pairs]
    return Calibration(
        name=name,
        count=len(pairs),
        estimated_usd=sum((estimate for estimate, _ in pairs), ZERO),
        actual_usd=sum((actual for _, actual in pairs), ZERO),
        typical=median(ratios) or ZERO,
        close=Decimal(sum(abs(one - 1) <= CLOSE for one in ratios)) / len(ratios),
        over=sum(one > 1 for one in ratios),
    )
