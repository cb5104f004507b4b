"""The lasting table in a database: any that SQLAlchemy reaches, SQLite without an extra (docs/ledger.md)."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pr_cost_bot.ledger.database import Database
from pr_cost_bot.ledger.rows import MONEY_FIELDS, ROW_FIELDS, TIME_FIELDS, dollars, rfc3339
from pr_cost_bot.ledger.tables import PR_COST_LINES, PR_COSTS
from pr_cost_bot.ledger.usage import UsageOfRun
from pr_cost_bot.ledger.usage_store import write_usage
from pr_cost_bot.ports import Row

_CI_USAGE = "ci_usage"
_AT_ONCE = 500
_TRIES = 6


class SqlLedger:
    """`pr_costs`, `pr_cost_lines` and `usage` in a database. Makes the tables when they are missing."""

    def __init__(self, url: str) -> None:
        """Take a SQLAlchemy URL. Raises PublishError when it is none or its driver is missing."""
        self._database = Database(url)

    def read(self, repository: str, numbers: Sequence[int]) -> dict[int, Row]:
        """The rows there are. Raises PublishError."""
        rows: dict[int, Row] = {}
        with self._database.reading() as connection:
            for start in range(0, len(numbers), _AT_ONCE):
                rows |= _rows(connection, repository, numbers[start : start + _AT_ONCE])
        return rows

    def rows(self) -> Iterator[Row]:
        """All rows, by repository and number. Raises PublishError."""
        with self._database.reading() as connection:
            keys = connection.execute(
                sa.select(PR_COSTS.c.repository, PR_COSTS.c.pr_number).order_by(PR_COSTS.c.repository, PR_COSTS.c.pr_number)
            ).all()
            for start in range(0, len(keys), _AT_ONCE):
                chunk = keys[start : start + _AT_ONCE]
                for repository in dict.fromkeys(key.repository for key in chunk):
                    numbers = [key.pr_number for key in chunk if key.repository == repository]
                    found = _rows(connection, repository, numbers)
                    yield from (found[number] for number in numbers)

    def settled(self, repository: str) -> set[int]:
        """Numbers of the pull requests whose figure no source can still change. Raises PublishError."""
        chosen = sa.select(PR_COSTS.c.pr_number).where(PR_COSTS.c.repository == repository, PR_COSTS.c.settled.is_(True))
        with self._database.reading() as connection:
            return set(connection.execute(chosen).scalars())

    def write(self, rows: Sequence[Row]) -> None:
        """Insert or update each row with its lines, unless the row there is newer. Raises PublishError."""
        for row in rows:
            self._until_nobody_else_does(partial(_write_row, row=row))

    def write_usage(self, usage: UsageOfRun) -> None:
        """Replace what older runs wrote about the hours that this run covers. Raises PublishError."""
        self._until_nobody_else_does(partial(write_usage, usage=usage))

    def _until_nobody_else_does(self, write: Callable[[Connection], None]) -> None:
        """Another writer may insert the same key meanwhile: then it is there, and is updated."""
        for _ in range(_TRIES - 1):
            try:
                with self._database.writing() as connection:
                    write(connection)
            except sa.exc.IntegrityError:
                continue
            return
        with self._database.writing() as connection:
            write(connection)


def _rows(connection: Connection, repository: str, numbers: Sequence[int]) -> dict[int, Row]:
    lines = _lines_by_number(connection, repository, numbers)
    chosen = sa.select(PR_COSTS).where(PR_COSTS.c.repository == repository, PR_COSTS.c.pr_number.in_(numbers))
    return {
        row["pr_number"]: {**_to_json(row), "lines": lines.get(row["pr_number"], [])}
        for row in map(_with_ci_usage, connection.execute(chosen).mappings())
    }


def _with_ci_usage(row: sa.RowMapping) -> dict[str, Any]:
    """A row says what AI cost in CI only where there is something to say."""
    kept = row[_CI_USAGE]
    rest = {str(name): value for name, value in row.items() if name != _CI_USAGE}
    return rest if kept is None else {**rest, _CI_USAGE: json.loads(kept)}


def _write_row(connection: Connection, row: Row) -> None:
    key = (PR_COSTS.c.repository == row["repository"]) & (PR_COSTS.c.pr_number == row["pr_number"])
    kept = json.dumps(row[_CI_USAGE], ensure_ascii=False) if _CI_USAGE in row else None
    values = {**_from_json({name: row[name] for name in ROW_FIELDS}), _CI_USAGE: kept}
    there = connection.execute(sa.select(PR_COSTS.c.computed_at).where(key).with_for_update()).scalar()
    if there is not None and there > values["computed_at"]:
        return
    connection.execute(sa.insert(PR_COSTS).values(values) if there is None else sa.update(PR_COSTS).where(key).values(values))
    old = (PR_COST_LINES.c.repository == row["repository"]) & (PR_COST_LINES.c.pr_number == row["pr_number"])
    connection.execute(sa.delete(PR_COST_LINES).where(old))
    if row["lines"]:
        connection.execute(sa.insert(PR_COST_LINES), [_from_json(line) for line in row["lines"]])


def _lines_by_number(connection: Connection, repository: str, numbers: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    lines: dict[int, list[dict[str, Any]]] = {}
    table = PR_COST_LINES.c
    chosen = (
        sa.select(PR_COST_LINES)
        .where(table.repository == repository, table.pr_number.in_(numbers))
        .order_by(table.source, table.product, table.model, table.person, table.evidence)
    )
    for line in connection.execute(chosen).mappings():
        lines.setdefault(line["pr_number"], []).append(_to_json(line))
    return lines


def _to_json(row: Mapping[str, Any] | sa.RowMapping) -> dict[str, Any]:
    def value(name: str) -> Any:
        if name in MONEY_FIELDS:
            return dollars(row[name])
        return rfc3339(row[name]) if name in TIME_FIELDS else row[name]

    return {str(name): value(str(name)) for name in row}


def _from_json(row: Mapping[str, Any]) -> dict[str, Any]:
    def value(name: str) -> Any:
        if row[name] is None:
            return None
        if name in MONEY_FIELDS:
            return Decimal(row[name])
        return datetime.fromisoformat(row[name]) if name in TIME_FIELDS else row[name]

    return {name: value(name) for name in row}
