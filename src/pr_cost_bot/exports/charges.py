"""One charge per share of usage, with the pull request that it lies on: what every export is made of."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa

from pr_cost_bot.ledger.tables import ACCOUNTS, ITEMS, PLACES, PR_COSTS, SHARES
from pr_cost_bot.ledger.units import from_units
from pr_cost_bot.ledger.usage import NO_PRICE
from pr_cost_bot.reports.scope import Period
from pr_cost_bot.reports.unpriced import plain_reason

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AT_ONCE = 5_000


class Charge(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`[start, end)` is an hour or a day. `pr_number` None: on no pull request, and `reason` says why.

    `priced` false: no price is known, and `cost_usd` is 0 for want of one.
    """

    start: datetime
    end: datetime
    person: str
    source: str
    product: str
    model: str
    repository: str | None
    pr_number: int | None
    evidence: str
    reason: str
    ticket: str | None
    purpose: str | None
    cost_label: str | None
    requests: int
    input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    output_tokens: int
    cost_usd: Decimal
    billed_usd: Decimal | None
    priced: bool = True


def charges(connection: sa.Connection, period: Period, name: Callable[[str], str]) -> Iterator[Charge]:
    """Those of the period, by day. `name`: a person as the export may show them."""
    first, last = period.numbers
    same = (PR_COSTS.c.repository == PLACES.c.repository) & (PR_COSTS.c.pr_number == PLACES.c.pr_number)
    query = (
        sa.select(SHARES, ACCOUNTS.c.person, ACCOUNTS.c.source, ITEMS.c.product, ITEMS.c.model)
        .add_columns(PLACES.c.repository, PLACES.c.pr_number, PLACES.c.evidence, PLACES.c.reason)
        .add_columns(PR_COSTS.c.ticket, PR_COSTS.c.purpose, PR_COSTS.c.cost_label)
        .select_from(SHARES)
        .join(ACCOUNTS, ACCOUNTS.c.id == SHARES.c.account_id)
        .join(ITEMS, ITEMS.c.id == SHARES.c.item_id)
        .join(PLACES, PLACES.c.id == SHARES.c.place_id)
        .outerjoin(PR_COSTS, same)
        .where(SHARES.c.day.between(first, last))
        .order_by(SHARES.c.day, SHARES.c.hour, SHARES.c.account_id, SHARES.c.item_id, SHARES.c.place_id)
    )
    for row in connection.execution_options(yield_per=_AT_ONCE).execute(query).mappings():
        yield _charge(row, name)


def _charge(row: sa.RowMapping, name: Callable[[str], str]) -> Charge:
    start = _EPOCH + timedelta(days=row["day"], hours=max(0, row["hour"]))
    billed = row["billed_units"]
    plain = ("source", "product", "model", "evidence", "ticket", "purpose", "cost_label", "requests")
    tokens = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")
    values: dict[str, Any] = {column: row[column] for column in (*plain, *tokens)}
    return Charge(
        start=start,
        end=start + (timedelta(days=1) if row["hour"] < 0 else timedelta(hours=1)),
        person=name(row["person"]),
        repository=row["repository"] or None,
        pr_number=row["pr_number"] or None,
        cost_usd=from_units(row["cost_units"]),
        billed_usd=None if billed is None else from_units(billed),
        reason=plain_reason(row["reason"]),
        priced=not row["reason"].endswith(NO_PRICE),
        **values,
    )
