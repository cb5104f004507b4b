"""The vendors' records in the database: what differs from what is there is written, and no more."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pr_cost_bot.ledger.dialects import delete_rows, locked
from pr_cost_bot.ledger.records import FACTS, RECORD_FIELDS, RECORD_KEY, RecordsOfPull
from pr_cost_bot.ledger.tables import PR_COST_RECORDS, PR_COSTS


def write_records(connection: Connection, records: RecordsOfPull) -> int:
    """Make them the pull request's records, unless those there, or its row, are of a newer run. How many rows changed.

    Of thousands of records a push adds a few, so rows that stay are not written again.
    """
    place = (records.repository, records.pr_number)
    last_run = connection.execute(locked(connection, _of(sa.select(PR_COSTS.c.computed_at), PR_COSTS, *place))).scalar()
    if last_run is None:
        return 0
    there: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    columns = [PR_COST_RECORDS.c[name] for name in (RECORD_KEY[-1], "computed_at", *FACTS)]
    last_number = -1
    for number, at, *facts in connection.execute(_of(sa.select(*columns), PR_COST_RECORDS, *place)):
        there[tuple(facts)].append(number)
        last_number, last_run = max(last_number, number), max(last_run, at)
    if last_run > records.computed_at:
        return 0
    new = [facts for facts in records.rows if not _taken(there, facts)]
    gone = [dict(zip(RECORD_KEY, (*place, number), strict=True)) for numbers in there.values() for number in numbers]
    delete_rows(connection, PR_COST_RECORDS, gone)
    if new:
        rows = [(*place, number, *facts, records.computed_at) for number, facts in enumerate(new, last_number + 1)]
        connection.execute(sa.insert(PR_COST_RECORDS), [dict(zip(RECORD_FIELDS, row, strict=True)) for row in rows])
    return len(new) + len(gone)


def all_records(connection: Connection) -> Iterator[RecordsOfPull]:
    """Pull request by pull request, as of its row's run or of a later one."""
    columns, rows = PR_COST_RECORDS.c, PR_COSTS.c
    chosen = (
        sa.select(rows.repository, rows.pr_number, rows.computed_at, sa.func.max(columns.computed_at))
        .join(PR_COST_RECORDS, (columns.repository == rows.repository) & (columns.pr_number == rows.pr_number))
        .group_by(rows.repository, rows.pr_number, rows.computed_at)
        .order_by(rows.repository, rows.pr_number)
    )
    facts = sa.select(*(columns[name] for name in FACTS))
    for repository, number, *times in connection.execute(chosen).all():
        found = [tuple(row) for row in connection.execute(_of(facts, PR_COST_RECORDS, repository, number))]
        yield RecordsOfPull(repository=repository, pr_number=number, computed_at=max(times), rows=found)


def _taken(there: dict[tuple[Any, ...], list[int]], facts: tuple[Any, ...]) -> bool:
    """Whether it is there; each row that is there stands for one."""
    positions = there.get(facts)
    if positions:
        positions.pop()
        return True
    return False


def _of(query: sa.Select[Any], table: sa.Table, repository: str, number: int) -> sa.Select[Any]:
    return query.where(table.c.repository == repository, table.c.pr_number == number)
