"""The lasting table in a database: any that SQLAlchemy reaches, SQLite without an extra (interface section 6)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from pr_cost_bot.ledger.rows import LINE_FIELDS, MONEY_FIELDS, ROW_FIELDS, TIME_FIELDS, dollars, rfc3339
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import PublishError, Row


class _Money(sa.types.TypeDecorator[Decimal]):
    """Exact decimals: NUMERIC where the database has it, text in SQLite, whose NUMERIC is a binary float."""

    impl = sa.Numeric(38, 18)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.engine.Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.String(64) if dialect.name == "sqlite" else sa.Numeric(38, 18))

    def process_bind_param(self, value: Decimal | None, dialect: sa.engine.Dialect) -> Any:
        return dollars(value) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: sa.engine.Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class _Moment(sa.types.TypeDecorator[datetime]):
    """UTC, whatever the database does with zones."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: sa.engine.Dialect) -> datetime | None:
        return None if value is None else (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC))


_WHOLE = {"pr_number", "commits", "additions", "deletions", "schema_version", "requests"}
_FLAGS = {"complete", "settled"}
_OPTIONAL = {"first_commit_at", "merged_at", "closed_at", "ticket", "purpose", "billed_usd", "cost_label", "estimate_usd"}
_NAMES = {"repository": 255, "source": 64, "product": 128, "model": 255, "person": 255, "evidence": 16}


def _column(name: str, key: Iterable[str]) -> sa.Column[Any]:
    kind: sa.types.TypeEngine[Any]
    if name in MONEY_FIELDS:
        kind = _Money()
    elif name in TIME_FIELDS:
        kind = _Moment()
    elif name in _FLAGS:
        kind = sa.Boolean()
    elif name in _WHOLE or name.endswith("_tokens"):
        kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    else:
        kind = sa.String(_NAMES[name]) if name in _NAMES else sa.Text()
    return sa.Column(name, kind, primary_key=name in key, nullable=name in _OPTIONAL, autoincrement=False)


METADATA = sa.MetaData()
PR_COSTS = sa.Table("pr_costs", METADATA, *(_column(name, ("repository", "pr_number")) for name in ROW_FIELDS))
PR_COST_LINES = sa.Table(
    "pr_cost_lines",
    METADATA,
    *(_column(name, ("repository", "pr_number", "source", "product", "model", "person", "evidence")) for name in LINE_FIELDS),
)


class SqlLedger:
    """`pr_costs` and `pr_cost_lines` in a database. Makes the tables when they are missing."""

    def __init__(self, url: str) -> None:
        """Take a SQLAlchemy URL. Raises PublishError when it is none or its driver is missing."""
        try:
            self._engine = _engine(url)
        except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ImportError):
            raise PublishError(
                Problem(
                    "The database_url cannot be used.",
                    "It is not a SQLAlchemy URL, or the driver it names is not installed.",
                    "Write it like sqlite:///costs.db or postgresql+psycopg://user:password@host/name, with its driver installed.",
                )
            ) from None

    def read(self, repository: str, numbers: Sequence[int]) -> dict[int, Row]:
        """The rows there are. Raises PublishError."""
        with self._transaction() as connection:
            lines = _lines_by_number(connection, repository, numbers)
            chosen = sa.select(PR_COSTS).where(PR_COSTS.c.repository == repository, PR_COSTS.c.pr_number.in_(numbers))
            return {
                row["pr_number"]: {**_to_json(row), "lines": lines.get(row["pr_number"], [])}
                for row in connection.execute(chosen).mappings()
            }

    def write(self, rows: Sequence[Row]) -> None:
        """Insert or update each row with its lines, unless the row there is newer. Raises PublishError."""
        for row in rows:
            try:
                self._write_one(row)
            except sa.exc.IntegrityError:
                # Another writer inserted the same key meanwhile: now it is there, and is updated.
                self._write_one(row)

    def _write_one(self, row: Row) -> None:
        with self._transaction() as connection:
            key = (PR_COSTS.c.repository == row["repository"]) & (PR_COSTS.c.pr_number == row["pr_number"])
            values = _from_json({name: row[name] for name in ROW_FIELDS})
            there = connection.execute(sa.select(PR_COSTS.c.computed_at).where(key).with_for_update()).scalar()
            if there is not None and there > values["computed_at"]:
                return
            connection.execute(
                sa.insert(PR_COSTS).values(values) if there is None else sa.update(PR_COSTS).where(key).values(values)
            )
            old = (PR_COST_LINES.c.repository == row["repository"]) & (PR_COST_LINES.c.pr_number == row["pr_number"])
            connection.execute(sa.delete(PR_COST_LINES).where(old))
            if row["lines"]:
                connection.execute(sa.insert(PR_COST_LINES), [_from_json(line) for line in row["lines"]])

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                if not sa.inspect(connection).has_table(PR_COST_LINES.name):
                    METADATA.create_all(connection)
                yield connection
        except sa.exc.IntegrityError:
            raise
        except sa.exc.DBAPIError as error:
            raise PublishError(
                Problem(
                    f"The database did not take the row ({type(error.orig).__name__}).",
                    "It may be out of reach from this runner, the password may be wrong, or the account may not create tables.",
                    "Try database_url with the database's own client from the same network.",
                )
            ) from None


def _engine(url: str) -> Engine:
    if not sa.make_url(url).drivername.startswith("sqlite"):
        return sa.create_engine(url, poolclass=sa.NullPool)
    engine = sa.create_engine(url, connect_args={"timeout": 30}, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    # Writers queue up at the start of their transaction instead of failing in its middle.
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    sa.event.listen(engine, "commit", lambda connection: connection.exec_driver_sql("COMMIT"))
    sa.event.listen(engine, "rollback", lambda connection: connection.exec_driver_sql("ROLLBACK"))
    return engine


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
