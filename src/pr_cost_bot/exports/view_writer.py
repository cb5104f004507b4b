"""Making the views in a database that may have older ones: who may read them, and what rests on them, stays."""

import sqlalchemy as sa

from pr_cost_bot.exports.views import view_queries
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import PublishError

_KIND = "SELECT relkind FROM pg_class WHERE relname = :name AND relnamespace = CAST(current_schema() AS regnamespace)"
_GRANTS = """
SELECT granted.privilege_type,
       CASE granted.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(granted.grantee)) END AS grantee
FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) AS granted
WHERE c.relname = :name AND c.relnamespace = CAST(current_schema() AS regnamespace) AND granted.grantee <> c.relowner
"""


def write_views(connection: sa.Connection) -> tuple[str, ...]:
    """Make the views, or bring them up to date. Returns those left alone: a table or materialized view has their name.

    Raises PublishError when the database is neither SQLite nor PostgreSQL, or when a view cannot be replaced.
    """
    dialect = connection.dialect.name
    if dialect not in {"sqlite", "postgresql"}:
        raise PublishError(
            Problem(
                f"There are no views for {dialect}.",
                "They are written for SQLite and PostgreSQL.",
                "Load the Parquet export there: pr-cost-bot export parquet.",
            )
        )
    queries = view_queries(dialect)
    if dialect == "sqlite":
        for name, query in queries.items():
            connection.exec_driver_sql(f"DROP VIEW IF EXISTS {name}")
            connection.exec_driver_sql(f"CREATE VIEW {name} AS\n{query}")
        return ()
    return tuple(name for name, query in queries.items() if not _replaced(connection, name, query))


def _replaced(connection: sa.Connection, name: str, query: str) -> bool:
    """False: something else has the name."""
    if connection.execute(sa.text(_KIND), {"name": name}).scalar() not in {None, "v", b"v"}:
        return False
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(f"CREATE OR REPLACE VIEW {name} AS\n{query}")
    except sa.exc.ProgrammingError:  # other columns, or columns of other types: PostgreSQL only adds some at the end
        _make_anew(connection, name, query)
    return True


def _make_anew(connection: sa.Connection, name: str, query: str) -> None:
    grants = connection.execute(sa.text(_GRANTS), {"name": name}).all()
    try:
        connection.exec_driver_sql(f"DROP VIEW {name}")
    except sa.exc.DBAPIError:
        raise PublishError(
            Problem(
                f"The view {name} could not be replaced.",
                "Its columns have changed, and a view of yours may rest on it; or another account made it.",
                "Drop what rests on it, run this again with the account that made the views, and make yours anew.",
            )
        ) from None
    connection.exec_driver_sql(f"CREATE VIEW {name} AS\n{query}")
    for privilege, grantee in grants:
        connection.exec_driver_sql(f"GRANT {privilege} ON {name} TO {grantee}")
