"""The table `pr_cost_records`: the vendors' records behind each pull request (docs/ledger.md). Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from pr_cost_bot.ledger.rows import token_fields
from pr_cost_bot.model import PullRequestCost, RecordShare

RECORD_FIELDS = (
    "repository",
    "pr_number",
    "record_number",
    "record_id",
    "source",
    "product",
    "model",
    "person",
    "actor",
    "reference",
    "started_at",
    "ended_at",
    "commit_sha",
    "evidence",
    "rule",
    "requests",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "output_tokens",
    "cost_usd",
    "low_usd",
    "high_usd",
    "billed_usd",
    "record_usd",
    "computed_at",
)
"""`record_number` only serves as a key, beside the pull request. `cost_usd` to `billed_usd` are its share of the record, and
`record_usd` is the whole of it; None: no price is known."""

RECORD_KEY = RECORD_FIELDS[:3]
FACTS = RECORD_FIELDS[3:-1]


class RecordsOfPull(msgspec.Struct, frozen=True, kw_only=True):
    """All records of one pull request, as a run saw them. `rows`: the values of FACTS, money as Decimal, times as datetime."""

    repository: str
    pr_number: int
    computed_at: datetime
    rows: Sequence[tuple[Any, ...]]

    def __len__(self) -> int:
        return len(self.rows)


def records_of(cost: PullRequestCost) -> RecordsOfPull:
    """What adds up to the row: in cost, range, tokens and requests, and line by line."""
    pull = cost.pull
    return RecordsOfPull(
        repository=pull.repository,
        pr_number=pull.number,
        computed_at=cost.computed_at,
        rows=[_facts(one) for one in cost.records],
    )


def _facts(one: RecordShare) -> tuple[Any, ...]:
    record, share = one.record, one.share
    known = {
        "record_id": record.id,
        "source": record.source,
        "product": record.product,
        "model": record.model,
        "person": record.person or "",
        "actor": record.actor,
        "reference": record.reference,
        "started_at": record.start,
        "ended_at": record.end,
        "commit_sha": share.commit or "",
        "evidence": str(share.evidence or ""),
        "rule": share.reason,
        "requests": share.requests,
        **token_fields(share.tokens),
        "cost_usd": share.cost_usd,
        "low_usd": share.low_usd,
        "high_usd": share.high_usd,
        "billed_usd": share.billed_usd,
        "record_usd": record.cost_usd,
    }
    if record.cost_usd is None:
        known |= {"cost_usd": None, "low_usd": None, "high_usd": None}
    return tuple(known[name] for name in FACTS)
