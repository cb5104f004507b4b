"""What the rules decide about a usage record: shares, not amounts yet."""

from collections.abc import Sequence

import msgspec

from pr_cost_bot.attribution.history import Destination
from pr_cost_bot.model import Evidence

WHOLE = 1_000_000
"""Parts that a record is divided into."""


class Share(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A part of a record. `weight`, `low` and `high` are parts of `WHOLE`; a decision's weights sum to `WHOLE`.

    `destination` None, or no `evidence`, is unattributed. A share of weight 0 is a place where some of it may belong.
    """

    destination: Destination | None
    commit: str | None = None
    evidence: Evidence | None = None
    reason: str = ""
    weight: int = WHOLE
    low: int = WHOLE
    high: int = WHOLE


Decision = tuple[Share, ...]

PENDING = "pending"
OUTSIDE = "work outside any pull request"
NOBODY = "nobody known"


def unattributed(reason: str, destination: Destination | None = None, commit: str | None = None) -> Decision:
    """The whole record goes to no pull request."""
    return (Share(destination, commit, None, reason),)


def no_commit(lookback_hours: int) -> str:
    """Why usage without a following commit is unattributed."""
    return f"no commit followed within {lookback_hours} hours"


def share(destination: Destination, commit: str | None, evidence: Evidence, reason: str, parts: tuple[int, int, int]) -> Share:
    """A share of (weight, low, high) parts. Outside a pull request there is no evidence to name."""
    if destination.pr_number is None:
        return Share(destination, commit, None, OUTSIDE, *parts)
    return Share(destination, commit, evidence, reason, *parts)


def whole_parts(weights: Sequence[float]) -> list[int]:
    """Weights as parts that sum to `WHOLE` exactly; the largest takes what rounding leaves."""
    total = sum(weights)
    parts = [int(weight * WHOLE / total) for weight in weights]
    parts[parts.index(max(parts))] += WHOLE - sum(parts)
    return parts
