"""The way to a database: engine, transactions, the schema's version, and errors in words that help."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from pr_cost_bot.ledger.tables import METADATA, PR_COSTS, REVISIONS
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import PublishError

_VERSION = sa.table("alembic_version", sa.column("version_num", sa.String))
_LOCK = 7_246_271_530  # this program's own number among PostgreSQL's advisory locks


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
        """A transaction that writes. IntegrityError: somebody else inserted the same key; begin again. Raises PublishError."""
        with in_words("The database did not take the row"), self._writer.begin() as connection:
            self._check(connection)
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the data from its first look to its last. Raises PublishError."""
        if not self._checked:
            with self.writing():
                pass
        with in_words("The database could not be read"), self._reader.begin() as connection:
            yield connection

    def _check(self, connection: Connection) -> None:
        """The schema is ours and of this version, or is made now."""
        if self._checked:
            return
        if connection.dialect.name == "postgresql":  # two at once would make the tables twice
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        version = schema_version(connection)
        if version is None:
            METADATA.create_all(connection)
            stamp(connection)
        elif version != REVISIONS[-1]:
            raise other_version(version)
        self._checked = True


def schema_version(connection: Connection) -> str | None:
    """The version of the tables that are there; None when there are none."""
    there = sa.inspect(connection)
    if there.has_table(_VERSION.name):
        return connection.execute(sa.select(_VERSION.c.version_num)).scalar()
    return REVISIONS[0] if there.has_table(PR_COSTS.name) else None


def stamp(connection: Connection) -> None:
    """Note the version of tables made just now, where Alembic looks for it."""
    connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    connection.execute(sa.insert(_VERSION).values(version_num=REVISIONS[-1]))


def plain_engine(url: str) -> Engine:
    """An engine for migrations, which begin and end transactions themselves."""
    return sa.create_engine(url, poolclass=sa.NullPool)


def _engine(url: str, begin: str) -> Engine:
    if not sa.make_url(url).drivername.startswith("sqlite"):
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        snapshot = begin == "BEGIN" and engine.dialect.name == "postgresql"
        return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True) if snapshot else engine
    engine = sa.create_engine(url, connect_args={"timeout": 30}, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    # Writers queue up at the start of their transaction instead of failing in its middle.
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    sa.event.listen(engine, "commit", lambda connection: connection.exec_driver_sql("COMMIT"))
    sa.event.listen(engine, "rollback", lambda connection: connection.exec_driver_sql("ROLLBACK"))
    return engine


def other_version(version: str) -> PublishError:
    """Why tables of another version are left alone, and what to do."""
    if version in REVISIONS:
        return PublishError(
            Problem(
                f"The database's tables have version {version}; this program needs {REVISIONS[-1]}.",
                "An older version of it made them.",
                "Run 'pr-cost-bot ledger migrate --database URL' once (pip install 'pr-cost-bot[sql]'); the data stay.",
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
    except sa.exc.IntegrityError:
        raise
    except sa.exc.DBAPIError as error:
        raise PublishError(
            Problem(
                f"{what} ({type(error.orig).__name__}).",
                "It may be out of reach from here, the password may be wrong, or the account may not create tables.",
                "Try the database URL with the database's own client from the same network.",
            )
        ) from None
