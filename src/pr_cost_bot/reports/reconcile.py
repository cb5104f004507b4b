"""Whether the tables agree: lines and records with their rows, and the usage with the pull requests it was put on."""

from decimal import Decimal

import msgspec
import sqlalchemy as sa

from pr_cost_bot.ledger.tables import PLACES, PR_COST_LINES, PR_COST_RECORDS, PR_COSTS, SHARES
from pr_cost_bot.ledger.units import from_units
from pr_cost_bot.model import ZERO
from pr_cost_bot.reports.usage_sums import exact_sum, units_sum

Pull = tuple[str, int]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A pull request whose row, lines, records and usage do not say the same. None: none of it is kept."""

    repository: str
    pr_number: int
    row_usd: Decimal | None
    lines_usd: Decimal
    records_usd: Decimal | None
    usage_usd: Decimal | None


def differences(connection: sa.Connection) -> list[Difference]:
    """All of them, the largest first. Runs at different times see different hours, so small ones are no fault by themselves."""
    rows, lines, records = (_sums(connection, table) for table in (PR_COSTS, PR_COST_LINES, PR_COST_RECORDS))
    usage = _usage(connection)
    found = [
        Difference(
            repository=key[0],
            pr_number=key[1],
            row_usd=rows.get(key),
            lines_usd=lines.get(key, ZERO),
            records_usd=records.get(key),
            usage_usd=usage.get(key),
        )
        for key in {*rows, *lines, *records, *usage}
    ]
    return sorted((one for one in found if _differs(one)), key=lambda one: (-_by(one), one.repository, one.pr_number))


def _sums(connection: sa.Connection, table: sa.Table) -> dict[Pull, Decimal]:
    """Added up here, for SQLite would do it with binary floats."""
    sums: dict[Pull, Decimal] = {}
    query = sa.select(table.c.repository, table.c.pr_number, table.c.cost_usd)
    for place, number, cost in connection.execute(query):
        sums[place, number] = sums.get((place, number), ZERO) + (cost or ZERO)
    return sums


def _usage(connection: sa.Connection) -> dict[Pull, Decimal]:
    inner = (
        sa.select(SHARES.c.place_id, SHARES.c.account_id, units_sum(SHARES.c.cost_units).label("units"))
        .where(SHARES.c.attributed == 1)
        .group_by(SHARES.c.place_id, SHARES.c.account_id)
        .subquery()
    )
    query = (
        sa.select(PLACES.c.repository, PLACES.c.pr_number, exact_sum(inner.c.units))
        .join(inner, inner.c.place_id == PLACES.c.id)
        .group_by(PLACES.c.repository, PLACES.c.pr_number)
    )
    return {(place, number): from_units(units) for place, number, units in connection.execute(query)}


def _differs(one: Difference) -> bool:
    behind = (amount for amount in (one.records_usd, one.usage_usd) if amount is not None)
    return one.row_usd != one.lines_usd or any(amount != one.row_usd for amount in behind)


def _by(one: Difference) -> Decimal:
    known = [amount for amount in (one.row_usd, one.lines_usd, one.records_usd, one.usage_usd) if amount is not None]
    return max(known) - min(known)
