"""Which pull requests a true-up computes again. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from pr_cost_bot.model import PullRequest
from pr_cost_bot.ports import PullRequestFacts, Row
from pr_cost_bot.windows import window_of

TRUE_UP_REACH = timedelta(days=35)
"""How long after its last usage a pull request is looked at again: the slowest source settles after 30 days."""


def due(facts: Sequence[PullRequestFacts], rows: Mapping[int, Row], now: datetime) -> tuple[PullRequestFacts, ...]:
    """Those whose figure can have changed by itself: open ones that are not idle, and closed ones that are not settled."""

    def may_change(pull: PullRequest) -> bool:
        row = rows.get(pull.number)
        return not (_is_idle(row, pull, now) if pull.state == "open" else _is_settled(row))

    return tuple(fact for fact in facts if may_change(fact.pull))


def is_final(row: Row | None, pull: PullRequest) -> bool:
    """Whether nothing has happened to the pull request since its figure settled."""
    return _is_settled(row) and _speaks_of(row, pull)


def _is_settled(row: Row | None) -> bool:
    return row is not None and row.get("settled") is True


def _is_idle(row: Row | None, pull: PullRequest, now: datetime) -> bool:
    """Whether all usage that can be its own is older than what sources still correct. A push is an event of its own."""
    if row is None or row.get("complete") is not True or not _speaks_of(row, pull):
        return False
    return window_of(pull, 0, now).end + TRUE_UP_REACH < now


def _speaks_of(row: Row | None, pull: PullRequest) -> bool:
    return row is not None and row.get("state") == pull.state and row.get("head_sha") == pull.head_sha
