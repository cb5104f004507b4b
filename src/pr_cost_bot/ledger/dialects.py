"""What databases other than SQLite and PostgreSQL can and cannot do, in one place: the rest speaks SQL that all of them know.

docs/ledger.md says how each is set up, and what was run for real. A database that is not named here gets the cautious ways.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

_AT_ONCE = 100
_LOCK = 7_246_271_530  # this program's own number among PostgreSQL's advisory locks
_WAIT = 30  # seconds


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """What it can.

    `numbers`: it numbers the rows of names itself. `locks`: it knows SELECT … FOR UPDATE. `changes`: rows are changed in place
    and taken away one by one; else a row is replaced by deleting and inserting it. `keys`: it refuses a second row of a key.
    `zones`: its times have zones. `column` makes a column what the database wants, `table` adds to a table what it cannot be
    without, `query` adds to the URL.
    """

    numbers: bool = False
    locks: bool = False
    changes: bool = False
    keys: bool = False
    zones: bool = True
    column: Callable[[sa.Column[Any]], sa.types.TypeEngine[Any]] = lambda column: column.type
    table: Callable[[sa.Table], None] = lambda _: None
    query: Mapping[str, str] = {}


def _clickhouse_type(column: sa.Column[Any]) -> sa.types.TypeEngine[Any]:
    """ClickHouse keeps no null unless told, and a plain DateTime only to the second."""
    kinds = import_module("clickhouse_connect.cc_sqlalchemy.datatypes.sqltypes")
    if isinstance(column.type, sa.types.TypeDecorator):
        named = {"Money": lambda: kinds.Decimal(38, 18), "Moment": lambda: kinds.DateTime64(6, "UTC")}
        kind = named[type(column.type).__name__]()
    elif isinstance(column.type, sa.Boolean):
        kind = kinds.Bool()
    else:
        kind = kinds.Int64() if isinstance(column.type, sa.Integer) else kinds.String()
    made: sa.types.TypeEngine[Any] = kinds.Nullable(kind) if column.nullable else kind
    return made


def _clickhouse_table(table: sa.Table) -> None:
    engines = import_module("clickhouse_connect.cc_sqlalchemy.ddl.tableengine")
    keys = tuple(column.name for column in table.primary_key)
    engine = engines.MergeTree(order_by=keys)
    engine._set_parent(table)  # noqa: SLF001 - as SQLAlchemy does with what stands in Table(…)


def _duckdb_type(column: sa.Column[Any]) -> sa.types.TypeEngine[Any]:
    """Times without zones: with them its driver wants pytz."""
    if isinstance(column.type, sa.types.TypeDecorator) and isinstance(column.type.impl, sa.DateTime):
        return sa.DateTime()
    return column.type


_MYSQL_LENGTHS = {"repository": 140, "source": 40, "product": 100, "model": 200, "scope": 160}
"""So that a key stays below MySQL's 3072 bytes. GitHub's names end at 39 + 1 + 100."""


_MYSQL_RACES = {1050, 1205, 1213}
"""The table was made meanwhile; a lock was waited for in vain; two writers waited for each other."""


def _mysql_type(column: sa.Column[Any]) -> sa.types.TypeEngine[Any]:
    """Text that is told apart by its bytes, for upper and lower case are one to MySQL; times to the microsecond."""
    kinds = import_module("sqlalchemy.dialects.mysql")  # slow, and few have it
    made: sa.types.TypeEngine[Any] = column.type
    if isinstance(column.type, sa.types.TypeDecorator) and isinstance(column.type.impl, sa.DateTime):
        made = kinds.DATETIME(fsp=6)
    elif isinstance(column.type, sa.Text):
        made = kinds.MEDIUMTEXT(collation="utf8mb4_bin")
    elif isinstance(column.type, sa.String):
        made = sa.String(_MYSQL_LENGTHS.get(column.name, column.type.length), collation="utf8mb4_bin")
    return made


DIALECTS: Mapping[str, Dialect] = {
    "sqlite": Dialect(numbers=True, locks=True, changes=True, keys=True),  # its transactions lock the whole file
    "postgresql": Dialect(numbers=True, locks=True, changes=True, keys=True),
    "mysql": Dialect(numbers=True, locks=True, changes=True, keys=True, zones=False, column=_mysql_type),
    "mariadb": Dialect(numbers=True, locks=True, changes=True, keys=True, zones=False, column=_mysql_type),
    "duckdb": Dialect(changes=True, keys=True, zones=False, column=_duckdb_type),
    "bigquery": Dialect(zones=False),
    # Unless told, its outer joins make empty texts and zeros of what is not there.
    "clickhousedb": Dialect(column=_clickhouse_type, table=_clickhouse_table, query={"join_use_nulls": "1"}),
}
_CAUTIOUS = Dialect()


def keeps_zones(name: str) -> bool:
    """Whether the dialect's times have zones; else they are in UTC."""
    return DIALECTS.get(name, _CAUTIOUS).zones


def address(url: str) -> sa.URL:
    """The URL with the settings that its database needs. Raises sqlalchemy.exc.ArgumentError."""
    made = sa.make_url(url)
    return made.update_query_dict(dict(DIALECTS.get(made.get_backend_name(), _CAUTIOUS).query))


def lost_race(error: sa.exc.DBAPIError) -> bool:
    """Whether another writer was first, so that it is worth beginning again."""
    if isinstance(error, sa.exc.IntegrityError):
        return True
    code = next(iter(error.orig.args), None) if error.orig else None
    return code in _MYSQL_RACES or type(error.orig).__name__ == "TransactionException"  # DuckDB's


def dialect_of(connection: Connection) -> Dialect:
    """Its ways."""
    return DIALECTS.get(connection.dialect.name, _CAUTIOUS)


def alone(connection: Connection) -> None:
    """Wait until nobody else looks at or makes the tables: two at once would make them twice, or see half of them."""
    name = connection.dialect.name
    if name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    elif name in {"mysql", "mariadb"}:  # ends with the connection
        connection.execute(sa.select(sa.func.get_lock("pr-cost-bot", _WAIT)))


def create_tables(connection: Connection, metadata: sa.MetaData) -> None:
    """Make the tables that are missing, as this database can have them."""
    as_here(connection, metadata).create_all(connection)


def as_here(connection: Connection, metadata: sa.MetaData) -> sa.MetaData:
    """The tables as this database can have them."""
    name = connection.dialect.name
    return metadata if name in {"sqlite", "postgresql"} else _adapted(name, metadata)


@cache
def _adapted(name: str, metadata: sa.MetaData) -> sa.MetaData:
    """The same tables in the database's own types; where keys are not kept, without constraints and indexes."""
    ways, adapted = DIALECTS.get(name, _CAUTIOUS), sa.MetaData()
    numbered: Literal["auto", False] = "auto" if ways.numbers else False
    for table in metadata.sorted_tables:
        columns = [
            sa.Column(
                column.name,
                ways.column(column),
                primary_key=column.primary_key,
                nullable=bool(column.nullable),
                autoincrement=numbered if column.name == "id" else False,
            )
            for column in table.columns
        ]
        unique = [one for one in table.constraints if isinstance(one, sa.UniqueConstraint)] if ways.keys else []
        constraints = [sa.UniqueConstraint(*(column.name for column in one.columns), name=one.name) for one in unique]
        made = sa.Table(table.name, adapted, *columns, *constraints)
        for index in (one for one in table.indexes if ways.keys and one.name == f"{table.name}_of_place"):
            sa.Index(index.name, *(made.c[column.name] for column in index.columns))
        ways.table(made)
    return adapted


def locked(connection: Connection, query: sa.Select[Any]) -> sa.Select[Any]:
    """The query with its rows locked, where the database can; elsewhere the transaction, or one writer at a time, must do."""
    return query.with_for_update() if dialect_of(connection).locks else query


def insert_named(connection: Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows whose `id` the database makes, or, where it does not, this."""
    if dialect_of(connection).numbers:
        connection.execute(sa.insert(table), list(rows))
        return
    last = connection.execute(sa.select(sa.func.max(table.c.id))).scalar() or 0
    connection.execute(sa.insert(table), [{"id": last + at, **row} for at, row in enumerate(rows, 1)])


def put(connection: Connection, table: sa.Table, key: sa.ColumnElement[bool], values: dict[str, Any], *, there: bool) -> None:
    """Write the row with this key. `there`: whether there is one already."""
    if there and dialect_of(connection).changes:
        connection.execute(sa.update(table).where(key).values(values))
        return
    if there:
        connection.execute(sa.delete(table).where(key))
    connection.execute(sa.insert(table), [values])


def delete_rows(connection: Connection, table: sa.Table, keys: Sequence[Mapping[str, Any]]) -> None:
    """Take away the rows with these keys. Each holds the same columns."""
    if not keys:
        return
    if dialect_of(connection).changes:
        same = sa.and_(*(table.c[name] == sa.bindparam(f"old_{name}") for name in keys[0]))
        connection.execute(sa.delete(table).where(same), [{f"old_{name}": key[name] for name in key} for key in keys])
        return
    for start in range(0, len(keys), _AT_ONCE):
        some = keys[start : start + _AT_ONCE]
        connection.execute(
            sa.delete(table).where(sa.or_(*(sa.and_(*(table.c[name] == key[name] for name in key)) for key in some)))
        )
