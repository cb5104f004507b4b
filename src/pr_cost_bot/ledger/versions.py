"""The tables' version: which one is there, and the way from an older one to this program's, without Alembic where it only adds.

What is missing is found by holding `tables.METADATA` against the database, so that nothing is listed twice: a version that adds
tables, columns (that may be null or have a default), indexes or the view needs no line here.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pr_cost_bot.ledger.dialects import alone, as_here, create_tables, lost_race
from pr_cost_bot.ledger.refusals import reason_of
from pr_cost_bot.ledger.tables import METADATA, PR_COSTS, REVISIONS, usage_view
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import PublishError

_VERSION = sa.Table("alembic_version", sa.MetaData(), sa.Column("version_num", sa.String(32), primary_key=True))
_HEAD = REVISIONS[-1]
_VIEW = "usage"
_WITH_VIEW_AND_INDEXES = {"sqlite", "postgresql"}

NEEDS_ALEMBIC: frozenset[str] = frozenset()
"""The versions whose migration does more than add: only `ledger migrate` goes to them. Tests hold both ways side by side."""


class Lacking(msgspec.Struct, frozen=True):
    """What this program needs and the database does not have. `strange`: tables with columns that it does not know."""

    tables: list[sa.Table]
    columns: list[sa.Column[object]]
    strange: list[str]

    def __bool__(self) -> bool:
        return bool(self.tables or self.columns)


def is_current(connection: Connection) -> bool:
    """Whether the tables are of this program's version, in one query. Where it is False, roll back before going on."""
    try:
        return bool(connection.execute(sa.select(_VERSION.c.version_num)).scalar() == _HEAD)
    except sa.exc.DBAPIError as error:
        # No such table, or what another database says of that: whoever looks closer finds out. All else stays what it is.
        if lost_race(error) or error.orig is None or reason_of(error.orig) not in {"tables", None}:
            raise
        return False


def schema_version(connection: Connection) -> str | None:
    """The version of the tables that are there; None when there are none."""
    there = sa.inspect(connection)
    if there.has_table(_VERSION.name):
        return connection.execute(sa.select(_VERSION.c.version_num)).scalar()
    return REVISIONS[0] if there.has_table(PR_COSTS.name) else None


def bring_up_to_date(connection: Connection) -> None:
    """Add what is missing and note the version, alone among writers until the transaction ends.

    Tables of a newer version are left alone where they hold all that is needed. Raises PublishError.
    """
    alone(connection)
    _stay_beside(connection, PR_COSTS)
    version = schema_version(connection)
    if version == _HEAD:
        return
    lacking = _lacking(connection)
    if is_newer(version):
        if lacking or _must_be_filled(connection, lacking.strange):
            raise PublishError(other_version(version))
        return
    if needs_alembic(version):
        raise PublishError(other_version(version))
    with changing(version):
        _add(connection, lacking)
        _note(connection)


def unreadable(connection: Connection) -> Problem | None:
    """What to do where something is missing that this program reads; the version does not matter where nothing is."""
    version = schema_version(connection)
    if version is None:
        return Problem(
            "The database has none of this program's tables.",
            "Nothing was written to it yet, or they lie in another schema.",
            "Let the Action write to it, or fill it: 'pr-cost-bot ledger sync FOLDER URL', from a checkout of the data branch.",
        )
    return other_version(version) if version != _HEAD and _lacking(connection) else None


def is_newer(version: str | None) -> bool:
    """Whether a newer program made the tables, for all that this one can know."""
    return version is not None and version not in REVISIONS


def needs_alembic(version: str | None) -> bool:
    """Whether there is more to do than to add, from this version on."""
    return version is not None and not NEEDS_ALEMBIC.isdisjoint(REVISIONS[REVISIONS.index(version) + 1 :])


def other_version(version: str | None) -> Problem:
    """Why tables of another version are left alone, and what to do."""
    if is_newer(version):
        return Problem(
            f"The database's tables have version {version}, which this program does not know (it needs {_HEAD}).",
            "A newer version of it made them, and what is there is not all that this one needs, or wants more of it.",
            "Use that newer version here too.",
        )
    return Problem(
        f"The database's tables have version {version}; this program needs {_HEAD}.",
        "An older version of it made them, and this one has not written to them yet.",
        "Let the Action's next run with this version bring them up to date, or run 'pr-cost-bot ledger migrate --database URL' "
        "with an account that may change tables. The data stay.",
    )


@contextmanager
def changing(version: str | None) -> Iterator[None]:
    """Say what an account lacks that may not make or change tables. Raises PublishError."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        if error.orig is None or reason_of(error.orig) != "permission":
            raise
        known = f"; they have version {version}, and this program needs {_HEAD}" if version else ""
        raise PublishError(
            Problem(
                f"The database account may not {'change' if version else 'make'} the tables{known}.",
                "Only their owner may change them, and new ones take the right to create in the schema.",
                "Run 'pr-cost-bot ledger migrate --database URL' once with an account that may, then grant this one its rights "
                "on the tables (docs/permissions.md). The data stay.",
            )
        ) from None


def _stay_beside(connection: Connection, table: sa.Table) -> None:
    """In PostgreSQL an account may look into several schemas: what is made goes where the table is."""
    if connection.dialect.name != "postgresql":
        return
    schema = sa.text(
        "SELECT quote_ident(nspname) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace "
        "WHERE pg_class.oid = to_regclass(:name)"
    )
    found = connection.execute(schema, {"name": table.name}).scalar()
    if found is not None:
        connection.execute(sa.select(sa.func.set_config("search_path", found, sa.true())))


def _lacking(connection: Connection) -> Lacking:
    there = set(sa.inspect(connection).get_table_names())
    tables: list[sa.Table] = []
    columns: list[sa.Column[object]] = []
    strange: list[str] = []
    for table in as_here(connection, METADATA).sorted_tables:
        if table.name not in there:
            tables.append(table)
            continue
        # Not every dialect can list columns, but every database says what the columns of an answer are.
        everything = sa.select(sa.text("*")).select_from(sa.table(table.name)).where(sa.text("1 = 0"))
        found = set(connection.execute(everything).keys())
        columns += (column for column in table.columns if column.name not in found)
        strange += [table.name] if found - set(table.columns.keys()) else []
    return Lacking(tables, columns, strange)


def _must_be_filled(connection: Connection, tables: list[str]) -> bool:
    """Whether a table has a column of which this program knows nothing and that takes no row without it."""
    there = sa.inspect(connection)
    try:
        columns = [(column, METADATA.tables[name]) for name in tables for column in there.get_columns(name)]
    except sa.exc.DBAPIError:  # DuckDB's driver cannot list them
        return True
    return any(
        not column["nullable"] and column.get("default") is None and column["name"] not in table.columns
        for column, table in columns
    )


def _add(connection: Connection, lacking: Lacking) -> None:
    if connection.dialect.name == "postgresql":  # who waits for a lock on a table holds up all who come after
        connection.exec_driver_sql("SET LOCAL lock_timeout = '20s'")
    quote = connection.dialect.identifier_preparer
    for column in lacking.columns:
        added = sa.schema.CreateColumn(column).compile(dialect=connection.dialect)
        connection.exec_driver_sql(f"ALTER TABLE {quote.format_table(column.table)} ADD COLUMN {added}")
    new = {table.name for table in lacking.tables}
    for table in lacking.tables:
        table.create(connection)
    if connection.dialect.name in _WITH_VIEW_AND_INDEXES:
        for index in (index for table in METADATA.sorted_tables if table.name not in new for index in table.indexes):
            index.create(connection, checkfirst=True)
        if _VIEW not in sa.inspect(connection).get_view_names():
            connection.exec_driver_sql(usage_view(connection.dialect.name))


def _note(connection: Connection) -> None:
    """Write the version down where Alembic looks for it."""
    create_tables(connection, _VERSION.metadata)
    connection.execute(sa.delete(_VERSION).where(_VERSION.c.version_num != _HEAD))  # some databases want a condition
    connection.execute(sa.insert(_VERSION).values(version_num=_HEAD))
