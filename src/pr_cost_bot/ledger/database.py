"""The way to a database: engine, transactions, the schema's version, and errors in words that help."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from pr_cost_bot.ledger.dialects import address, alone, create_tables, lost_race
from pr_cost_bot.ledger.tables import METADATA, PR_COSTS, REVISIONS
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import PublishError

_VERSION = sa.Table("alembic_version", sa.MetaData(), sa.Column("version_num", sa.String(32), primary_key=True))
T = TypeVar("T")
_TRIES = 6


class Database:
    """One database, named by a SQLAlchemy URL. Connects when it is used. Makes the tables when they are missing."""

    def __init__(self, url: str) -> None:
        """Raises PublishError when it is no URL or its driver is missing."""
        try:
            self._writer = _engine(url, "BEGIN IMMEDIATE")
            self._reader = _engine(url, "BEGIN")
        except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ImportError):
            raise PublishError(
                Problem(
                    "The database_url cannot be used.",
                    "It is not a SQLAlchemy URL, or the driver it names is not installed.",
                    "Write it like sqlite:///costs.db or postgresql+psycopg://user:password@host/name, and install its driver.",
                )
            ) from None
        self._checked = False

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes. DBAPIError: another writer was first; begin again. Raises PublishError."""
        with in_words("The database did not take the row"), self._writer.begin() as connection:
            self._check(connection)
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the data from its first look to its last. Raises PublishError."""
        if not self._checked:
            self.until_nobody_else_does(lambda _: None)
        with in_words("The database could not be read"), self._reader.begin() as connection:
            yield connection

    def until_nobody_else_does(self, write: Callable[[Connection], T]) -> T:
        """`write` in a transaction. Another writer may insert the same key meanwhile: then it is there, and `write` finds it.

        Raises PublishError.
        """
        for _ in range(_TRIES):
            try:
                with self.writing() as connection:
                    return write(connection)
            except sa.exc.DBAPIError:  # a race that was lost; what else there is, is a PublishError
                continue
        raise PublishError(
            Problem(
                f"Other writers were first {_TRIES} times.",
                "Many runs write to the database at once.",
                "Run this again; a workflow's 'concurrency' lets one run after the other write.",
            )
        )

    def _check(self, connection: Connection) -> None:
        """The schema is ours and of this version, or is made now."""
        if self._checked:
            return
        alone(connection)
        version = schema_version(connection)
        if version is None:
            create_tables(connection, METADATA)
            stamp(connection)
        elif version != REVISIONS[-1]:
            raise other_version(version)
        self._checked = True


def not_there(url: str) -> Problem | None:
    """Why there is nothing to read: SQLite would make an empty file of a name that was mistyped."""
    try:
        parts = sa.make_url(url)
    except sa.exc.ArgumentError:
        return None  # whoever opens it says so
    file = parts.database or ""
    if parts.get_backend_name() != "sqlite" or file in {"", ":memory:"} or file.startswith("file:") or Path(file).exists():
        return None
    return Problem(
        f"There is no database {file}.",
        "Its name may be mistyped, or nothing was written to it yet.",
        "'pr-cost-bot ledger sync FOLDER URL' makes one from a checkout of the data branch.",
    )


def schema_version(connection: Connection) -> str | None:
    """The version of the tables that are there; None when there are none."""
    there = sa.inspect(connection)
    if there.has_table(_VERSION.name):
        return connection.execute(sa.select(_VERSION.c.version_num)).scalar()
    return REVISIONS[0] if there.has_table(PR_COSTS.name) else None


def stamp(connection: Connection) -> None:
    """Note the version of tables made just now, where Alembic looks for it."""
    create_tables(connection, _VERSION.metadata)
    connection.execute(sa.insert(_VERSION).values(version_num=REVISIONS[-1]))


def plain_engine(url: str) -> Engine:
    """An engine for migrations, which begin and end transactions themselves."""
    return sa.create_engine(address(url), poolclass=sa.NullPool)


def _engine(url: str, begin: str) -> Engine:
    if not sa.make_url(url).drivername.startswith("sqlite"):
        engine = plain_engine(url)
        if begin != "BEGIN" or engine.dialect.name != "postgresql":
            return engine
        sa.event.listen(engine, "begin", _with_room)
        return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    engine = sa.create_engine(url, connect_args={"timeout": 30}, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    # Writers queue up at the start of their transaction instead of failing in its middle.
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    sa.event.listen(engine, "commit", lambda connection: connection.exec_driver_sql("COMMIT"))
    sa.event.listen(engine, "rollback", lambda connection: connection.exec_driver_sql("ROLLBACK"))
    return engine


def _with_room(connection: Connection) -> None:
    """Keep the sums of 50,000 pull requests off the disk, for which 4 MB are too few; compiling costs more than it saves."""
    connection.exec_driver_sql("SET LOCAL work_mem = '64MB'")
    connection.exec_driver_sql("SET LOCAL jit = off")


def other_version(version: str) -> PublishError:
    """Why tables of another version are left alone, and what to do."""
    if version in REVISIONS:
        return PublishError(
            Problem(
                f"The database's tables have version {version}; this program needs {REVISIONS[-1]}.",
                "An older version of it made them.",
                "Run 'pr-cost-bot ledger migrate --database URL' once (it needs alembic: pip install alembic); the data stay.",
            )
        )
    return PublishError(
        Problem(
            f"The database's tables have version {version}, which this program does not know (it needs {REVISIONS[-1]}).",
            "A newer version of it made them.",
            "Use that newer version here too.",
        )
    )


@contextmanager
def in_words(what: str) -> Iterator[None]:
    """Turn the database's errors into a PublishError that tells neither its address nor its password."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        if lost_race(error):
            raise
        raise PublishError(
            Problem(
                f"{what} ({type(error.orig).__name__}).",
                "It may be out of reach from here, the password may be wrong, or the account may not create tables.",
                "Try the database URL with the database's own client from the same network.",
            )
        ) from None
