"""What the readers of the formats hand on: receipts that are not on their commit yet, and how they get there."""

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from pr_cost_bot.model import NO_TOKENS, GitCommit, Receipt, Tokens

_EARLIEST = timedelta(days=14)  # before its commit, that a claim's usage may have begun


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """See `model.Receipt`. `key`: an id of the usage that survives rebase and squash; empty when the format has none."""

    format: str
    tool: str = ""
    model: str = ""
    tokens: Tokens = NO_TOKENS
    requests: int = 0
    cost_usd: Decimal | None = None
    start: datetime | None = None
    end: datetime | None = None
    session: str | None = None
    key: str = ""

    def __bool__(self) -> bool:
        return bool(self.cost_usd or self.tokens)


Refusals = list[str]
"""Reasons why something was not counted, as ends of a sentence that begins with the commit."""


class ReceiptReading(msgspec.Struct, frozen=True):
    """Receipts, and plain sentences about what was refused and why. Both come from anybody who can push."""

    receipts: tuple[Receipt, ...] = ()
    notes: tuple[str, ...] = ()


def receipt_of(claim: Claim, commit: GitCommit, person: str, key: str) -> Receipt:
    """Put a claim on its commit.

    Its times are claims too: usage that is said to have begun weeks before or ended after the commit is put at the commit.
    """
    earliest = commit.authored_at - _EARLIEST
    end = claim.end if claim.end and earliest <= claim.end <= commit.authored_at else commit.authored_at
    start = claim.start if claim.start and earliest <= claim.start < end else None
    return Receipt(
        format=claim.format,
        repository=commit.repository,
        commit=commit.sha,
        person=person,
        end=end,
        start=start,
        tool=claim.tool,
        model=claim.model,
        tokens=claim.tokens,
        requests=claim.requests,
        cost_usd=claim.cost_usd,
        session=claim.session,
        usage_key=key,
    )
