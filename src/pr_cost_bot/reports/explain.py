"""Every cent of one pull request: the row, its lines, and the records and hours of usage that they are made of."""

from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa

from pr_cost_bot.ledger.tables import ACCOUNTS, ITEMS, PLACES, PR_COST_LINES, PR_COST_RECORDS, PR_COSTS, SHARES
from pr_cost_bot.ledger.units import from_units
from pr_cost_bot.ledger.usage import NO_PRICE
from pr_cost_bot.model import ZERO, Problem
from pr_cost_bot.reports.amounts import Amounts
from pr_cost_bot.reports.scope import QuestionError


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """The pull request's part of one person's usage in one hour (`hour` -1: one day) at one source."""

    day: int
    hour: int
    person: str
    source: str
    product: str
    model: str
    evidence: str
    amounts: Amounts


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """`row`, `lines` and `records` with money as Decimal. `buckets`: empty where the table was filled without usage."""

    row: dict[str, Any]
    lines: list[dict[str, Any]]
    records: list[dict[str, Any]]
    buckets: list[Bucket]

    @property
    def lines_usd(self) -> Decimal:
        return sum((line["cost_usd"] for line in self.lines), ZERO)

    @property
    def records_usd(self) -> Decimal:
        """Without the unpriced, which are in no line either."""
        return sum((record["cost_usd"] for record in self.records if record["cost_usd"] is not None), ZERO)

    @property
    def buckets_usd(self) -> Decimal:
        return sum((bucket.amounts.cost_usd for bucket in self.buckets), ZERO)


def explain(connection: sa.Connection, repository: str, number: int) -> Explanation:
    """Raises QuestionError when the table has no such pull request."""
    row = connection.execute(_of(PR_COSTS, repository, number)).mappings().first()
    if row is None:
        raise QuestionError(
            Problem(
                f"The table has no pull request {repository}#{number}.",
                "The bot may not have run on it, or the table is another one.",
                "'pr-cost-bot report by pull-request' lists those it has.",
            )
        )
    columns = PR_COST_LINES.c
    lines = _of(PR_COST_LINES, repository, number).order_by(columns.source, columns.product, columns.model, columns.evidence)
    return Explanation(
        row=dict(row),
        lines=sorted((dict(line) for line in connection.execute(lines).mappings()), key=lambda line: -line["cost_usd"]),
        records=[dict(record) for record in connection.execute(_in_time(repository, number)).mappings()],
        buckets=[_bucket(share) for share in connection.execute(_shares(repository, number)).mappings()],
    )


def _of(table: sa.Table, repository: str, number: int) -> sa.Select[Any]:
    return sa.select(table).where(table.c.repository == repository, table.c.pr_number == number)


def _in_time(repository: str, number: int) -> sa.Select[Any]:
    columns = PR_COST_RECORDS.c
    return _of(PR_COST_RECORDS, repository, number).order_by(columns.started_at, columns.record_id, columns.commit_sha)


def _shares(repository: str, number: int) -> sa.Select[Any]:
    return (
        sa.select(SHARES, ACCOUNTS.c.person, ACCOUNTS.c.source, ITEMS.c.product, ITEMS.c.model, PLACES.c.evidence)
        .add_columns(PLACES.c.reason)
        .join(ACCOUNTS, ACCOUNTS.c.id == SHARES.c.account_id)
        .join(ITEMS, ITEMS.c.id == SHARES.c.item_id)
        .join(PLACES, PLACES.c.id == SHARES.c.place_id)
        .where(PLACES.c.repository == repository, PLACES.c.pr_number == number)
        .order_by(SHARES.c.day, SHARES.c.hour, ACCOUNTS.c.source, ITEMS.c.model, ACCOUNTS.c.person, PLACES.c.evidence)
    )


def _bucket(share: Any) -> Bucket:
    billed = share["billed_units"]
    cost = from_units(share["cost_units"])
    return Bucket(
        **{name: share[name] for name in ("day", "hour", "person", "source", "product", "model", "evidence")},
        amounts=Amounts(
            cost_usd=cost,
            attributed_usd=cost,
            billed_usd=ZERO if billed is None else from_units(billed),
            unknown_usd=cost if billed is None else ZERO,
            unpriced={share["model"]: share["input_tokens"] + share["output_tokens"]}
            if share["reason"].endswith(NO_PRICE)
            else {},
            requests=share["requests"],
            input_tokens=share["input_tokens"],
            cache_read_tokens=share["cache_read_tokens"],
            cache_write_tokens=share["cache_write_tokens"],
            output_tokens=share["output_tokens"],
        ),
    )
