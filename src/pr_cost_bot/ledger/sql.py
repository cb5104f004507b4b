"""The lasting table in a database: any that SQLAlchemy reaches, SQLite without an extra (docs/ledger.md)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pr_cost_bot.ledger.database import Database
from pr_cost_bot.ledger.dialects import locked, put
from pr_cost_bot.ledger.record_store import all_records, write_records
from pr_cost_bot.ledger.records import RecordsOfPull
from pr_cost_bot.ledger.rows import exact_dollars, rfc3339, same_facts
from pr_cost_bot.ledger.tables import PR_COST_LINES, PR_COSTS
from pr_cost_bot.ledger.usage import UsageOfRun
from pr_cost_bot.ledger.usage_store import write_usage
from pr_cost_bot.ledger.usage_sync import UsagePart, merge, usage_parts
from pr_cost_bot.ports import Row
from pr_cost_bot.row_file import LINE_FIELDS, MONEY_FIELDS, ROW_FIELDS, TIME_FIELDS

_BESIDE = ("ci_usage", "unpriced", "unmatched")
"""What a row has only where there is something to say: JSON in its column, which is null else."""
_LINE_KEY = ("source", "product", "model", "person", "evidence")
_AT_ONCE = 500


class SqlLedger:
    """`pr_costs`, `pr_cost_lines`, `pr_cost_records` and `usage` in a database. Makes the tables when they are missing."""

    def __init__(self, url: str) -> None:
        """Take a SQLAlchemy URL. Raises PublishError when it is none or its driver is missing."""
        self._database = Database(url)

    def for_reading(self) -> None:
        """Make and change nothing in it from now on. Raises PublishError where there is not what is read."""
        self._database.for_reading()

    def read(self, repository: str, numbers: Sequence[int]) -> dict[int, Row]:
        """The rows there are. Raises PublishError."""
        rows: dict[int, Row] = {}
        with self._database.reading() as connection:
            for start in range(0, len(numbers), _AT_ONCE):
                rows |= _rows(connection, repository, numbers[start : start + _AT_ONCE])
        return rows

    def rows(self, since: datetime | None = None) -> Iterator[Row]:
        """All rows, by repository and number; with `since`, those that are open or were closed from then on.

        Raises PublishError.
        """
        table = PR_COSTS.c
        chosen = sa.select(table.repository, table.pr_number).order_by(table.repository, table.pr_number)
        if since is not None:
            chosen = chosen.where((table.state == "open") | (sa.func.coalesce(table.merged_at, table.closed_at) >= since))
        with self._database.reading() as connection:
            keys = connection.execute(chosen).all()
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

    def write(self, rows: Sequence[Row], records: Sequence[RecordsOfPull] = ()) -> None:
        """Insert or update each row with its lines, unless the row there is newer; and its records. Raises PublishError."""
        behind = {(one.repository, one.pr_number): one for one in records}
        for row in rows:
            of_row = behind.pop((row["repository"], row["pr_number"]), None)
            self._database.until_nobody_else_does(partial(_write_row, row=row, records=of_row))
        for rest in behind.values():  # of rows that say the same as before
            self.write_records(rest)

    def write_usage(self, usage: UsageOfRun) -> None:
        """Replace what older runs wrote about the hours that this run covers. Raises PublishError."""
        self._database.until_nobody_else_does(partial(write_usage, usage=usage))

    def write_records(self, records: RecordsOfPull) -> int:
        """Keep the vendors' records behind a pull request whose row is written. How many rows changed. Raises PublishError."""
        return self._database.until_nobody_else_does(partial(write_records, records=records))

    def records(self) -> Iterator[RecordsOfPull]:
        """All of them, by pull request. Raises PublishError."""
        with self._database.reading() as connection:
            yield from all_records(connection)

    def usage(self) -> Iterator[UsagePart]:
        """All usage, part by part. Raises PublishError."""
        with self._database.reading() as connection:
            yield from usage_parts(connection)

    def merge_usage(self, part: UsagePart) -> int:
        """Take over another database's usage where it is newer. Returns how many rows changed. Raises PublishError."""
        return self._database.until_nobody_else_does(partial(merge, part=part))


def _rows(connection: Connection, repository: str, numbers: Sequence[int]) -> dict[int, Row]:
    lines = _lines_by_number(connection, repository, numbers)
    chosen = sa.select(PR_COSTS).where(PR_COSTS.c.repository == repository, PR_COSTS.c.pr_number.in_(numbers))
    return {
        row["pr_number"]: {**_to_json(row), "lines": lines.get(row["pr_number"], [])}
        for row in map(_with_what_is_beside, connection.execute(chosen).mappings())
    }


def _with_what_is_beside(row: sa.RowMapping) -> dict[str, Any]:
    rest = {str(name): value for name, value in row.items() if name not in _BESIDE}
    return rest | {name: json.loads(row[name]) for name in _BESIDE if row[name] is not None}


def _write_row(connection: Connection, row: Row, records: RecordsOfPull | None) -> None:
    _write_row_alone(connection, row)
    if records is not None:
        write_records(connection, records)


def _write_row_alone(connection: Connection, row: Row) -> None:
    key = (PR_COSTS.c.repository == row["repository"]) & (PR_COSTS.c.pr_number == row["pr_number"])
    beside = {name: json.dumps(row[name], ensure_ascii=False, default=str) if name in row else None for name in _BESIDE}
    values = {**_from_json({name: row[name] for name in ROW_FIELDS}), **beside}
    there = connection.execute(locked(connection, sa.select(PR_COSTS.c.computed_at).where(key))).scalar()
    if there is not None and (there > values["computed_at"] or _says_the_same(connection, row)):
        return
    put(connection, PR_COSTS, key, values, there=there is not None)
    old = (PR_COST_LINES.c.repository == row["repository"]) & (PR_COST_LINES.c.pr_number == row["pr_number"])
    connection.execute(sa.delete(PR_COST_LINES).where(old))
    if row["lines"]:
        key_of_row = {name: row[name] for name in ("repository", "pr_number")}
        lines = [_from_json({name: line[name] for name in LINE_FIELDS} | key_of_row) for line in row["lines"]]
        connection.execute(sa.insert(PR_COST_LINES), lines)


def _says_the_same(connection: Connection, row: Row) -> bool:
    """As far as a database can say it."""
    held = {name: row[name] for name in (*ROW_FIELDS, "lines", *_BESIDE) if name in row}
    return same_facts(_rows(connection, row["repository"], [row["pr_number"]]).get(row["pr_number"]), held)


def _lines_by_number(connection: Connection, repository: str, numbers: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    lines: dict[int, list[dict[str, Any]]] = {}
    table = PR_COST_LINES.c
    chosen = sa.select(PR_COST_LINES).where(table.repository == repository, table.pr_number.in_(numbers))
    for line in connection.execute(chosen).mappings():
        lines.setdefault(line["pr_number"], []).append(_to_json(line))
    for mine in lines.values():  # in the order of `rows.row_of`, which no database's collation gives
        mine.sort(key=lambda line: [line[name] for name in _LINE_KEY])
    return lines


def _to_json(row: Mapping[str, Any] | sa.RowMapping) -> dict[str, Any]:
    def value(name: str) -> Any:
        if name in MONEY_FIELDS:
            return exact_dollars(row[name])
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
