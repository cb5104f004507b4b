"""The way to a database: engine, transactions on tables of this program's version, and errors in words that help."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from pr_cost_bot.ledger.dialects import address, lost_race
from pr_cost_bot.ledger.refusals import refusal, unusable
from pr_cost_bot.ledger.versions import bring_up_to_date, is_current, schema_version, unreadable
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import PublishError

T = TypeVar("T")
_TRIES = 6
_PATIENCE = "20"  # seconds for one address to answer; psycopg itself waits 130


class UrlError(PublishError):
    """The URL leads to no database: it is none, or its driver is missing. That is a wrong setting, unlike one out of reach."""


class Database:
    """One database, named by a SQLAlchemy URL. Connects when it is used.

    Makes the tables when they are missing, and adds what a newer version of them has: to both who only reads says
    `for_reading` first.
    """

    def __init__(self, url: str) -> None:
        """Raises UrlError when it is no URL or its driver is missing."""
        try:
            self._writer = _engine(url, "BEGIN IMMEDIATE")
            self._reader = _engine(url, "BEGIN")
        except (sa.exc.ArgumentError, ImportError, ValueError) as error:
            raise UrlError(unusable(error)) from None
        self._readable = self._writable = False  # whether the tables were looked at, for which use

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes. DBAPIError: another writer was first; begin again. Raises PublishError."""
        with self._writing("The database did not take the row") as connection:
            yield connection

    @contextmanager
    def _writing(self, what: str) -> Iterator[Connection]:
        with in_words(what), self._writer.connect() as connection:
            if not self._writable and not is_current(connection):
                connection.rollback()
                bring_up_to_date(connection)
                connection.commit()  # whatever becomes of what is written next
            self._writable = self._readable = True
            yield connection
            connection.commit()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the data from its first look to its last. Raises PublishError."""
        what = "The database could not be read"
        with in_words(what), self._reader.connect() as connection:
            if not self._readable and not is_current(connection):
                connection.rollback()
                if unreadable(connection):
                    connection.rollback()
                    _until_nobody_else_does(lambda: self._writing(what), lambda _: None)
            self._readable = True
            if not connection.in_transaction():  # else the first statement would begin one, with its own way of fetching
                connection.begin()
            yield connection

    def for_reading(self) -> "Database":
        """The same for who only reads: nothing is made or changed in it. Raises PublishError where something is missing."""
        with in_words("The database could not be read"), self._reader.connect() as connection:
            if not is_current(connection):
                connection.rollback()
                if problem := unreadable(connection):
                    raise PublishError(problem)
        self._readable = True
        return self

    def version(self) -> str | None:
        """The version of the tables that are there; None when there are none. Raises PublishError."""
        with in_words("The database could not be read"), self._reader.connect() as connection:
            return schema_version(connection)

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """A transaction on tables of whatever version, for who changes them. Raises PublishError."""
        with in_words("The database's tables could not be changed"), self._writer.begin() as connection:
            yield connection

    def until_nobody_else_does(self, write: Callable[[Connection], T]) -> T:
        """`write` in a transaction. Another writer may insert the same key meanwhile: then it is there, and `write` finds it.

        Raises PublishError.
        """
        return _until_nobody_else_does(self.writing, write)


def _until_nobody_else_does(
    transaction: Callable[[], AbstractContextManager[Connection]], write: Callable[[Connection], T]
) -> T:
    for _ in range(_TRIES):
        try:
            with transaction() as connection:
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


def not_there(url: str) -> Problem | None:
    """Why there is nothing to read: SQLite would make an empty file of a name that was mistyped."""
    try:
        parts = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        return None  # whoever opens it says so
    file = parts.database or ""
    if parts.get_backend_name() != "sqlite" or file in {"", ":memory:"} or file.startswith("file:") or Path(file).exists():
        return None
    return Problem(
        f"There is no database {file}.",
        "Its name may be mistyped, or nothing was written to it yet.",
        "'pr-cost-bot ledger sync FOLDER URL' makes one from a checkout of the data branch.",
    )


def plain_engine(url: str) -> Engine:
    """An engine for migrations, which begin and end transactions themselves."""
    made = address(url)
    if made.get_backend_name() == "postgresql" and made.get_driver_name().startswith("psycopg"):
        made = made.update_query_dict({"connect_timeout": _PATIENCE, **made.query})
    return sa.create_engine(made, poolclass=sa.NullPool)


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
    sa.event.listen(engine, "rollback", _roll_back)
    return engine


def _roll_back(connection: Connection) -> None:
    """A BEGIN that failed has begun nothing, and an error about that must not hide why it failed."""
    # An interrupted statement gives up its connection, and the transaction with it.
    if not connection.invalidated and getattr(connection.connection.dbapi_connection, "in_transaction", True):
        connection.exec_driver_sql("ROLLBACK")


def _with_room(connection: Connection) -> None:
    """Keep the sums of 50,000 pull requests off the disk, for which 4 MB are too few; compiling costs more than it saves."""
    connection.exec_driver_sql("SET LOCAL work_mem = '64MB'")
    connection.exec_driver_sql("SET LOCAL jit = off")


@contextmanager
def in_words(what: str) -> Iterator[None]:
    """Turn the database's errors into a PublishError that tells neither its address nor its password."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        if lost_race(error):
            raise
        raise PublishError(refusal(what, error)) from None
