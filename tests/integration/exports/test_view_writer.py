"""Views made again over older ones in a real PostgreSQL, as an upgrade does it."""

import io

import pytest
import sqlalchemy as sa

from pr_cost_bot.exports.views import NAMES
from pr_cost_bot.ledger.database import plain_engine
from pr_cost_bot.ledger_command import export

READERS = """
SELECT has_table_privilege('watcher', 'pr_cost_daily', 'SELECT'), has_table_privilege('watcher', 'pr_cost_daily', 'DELETE'),
       EXISTS (SELECT FROM pg_class c, aclexplode(c.relacl) a WHERE c.relname = 'pr_cost_daily' AND a.grantee = 0)
"""


def export_views(url):
    out, err = io.StringIO(), io.StringIO()
    return export(("views", "--database", url), {}, out, err), err.getvalue()


@pytest.fixture
def connection(postgresql_url):
    """With the views, which an account `watcher` may read."""
    assert export_views(postgresql_url) == (0, "")
    with plain_engine(postgresql_url).execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        run = connection.exec_driver_sql
        run("DO $$ BEGIN CREATE ROLE watcher; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        for name in NAMES:
            run(f"GRANT SELECT ON {name} TO watcher")
        run("GRANT SELECT ON pr_cost_daily TO PUBLIC")
        yield connection
        run("DROP OWNED BY watcher")
        run("DROP ROLE watcher")


def columns(connection, view="pr_cost_daily"):
    return {column["name"]: str(column["type"]) for column in sa.inspect(connection).get_columns(view)}


def test_who_may_read_the_views_may_read_them_when_they_are_made_again(connection, postgresql_url):
    for _ in range(2):
        assert export_views(postgresql_url) == (0, "")
    assert connection.exec_driver_sql(READERS).one() == (True, False, True)


@pytest.mark.parametrize("older", ["SELECT 'text' AS day, 1 AS cost_usd", "SELECT 1 AS cost_usd, 2 AS gone"])
def test_an_older_view_with_other_columns_is_replaced_with_its_readers(connection, postgresql_url, older):
    newest = columns(connection)
    connection.exec_driver_sql("DROP VIEW pr_cost_daily")
    connection.exec_driver_sql(f"CREATE VIEW pr_cost_daily AS {older}")
    connection.exec_driver_sql("GRANT SELECT ON pr_cost_daily TO watcher, PUBLIC")
    assert export_views(postgresql_url) == (0, "")
    assert columns(connection) == newest
    assert connection.exec_driver_sql(READERS).one() == (True, False, True)


def test_a_view_of_the_users_own_stays_on_ours_while_the_columns_are_the_same(connection, postgresql_url):
    connection.exec_driver_sql("CREATE VIEW mine AS SELECT day, cost_usd FROM pr_cost_daily")
    assert export_views(postgresql_url) == (0, "")
    assert set(columns(connection, "mine")) == {"day", "cost_usd"}


def test_what_a_users_view_rests_on_is_not_dropped_under_it(connection, postgresql_url):
    connection.exec_driver_sql("DROP VIEW pr_cost_daily")
    connection.exec_driver_sql("CREATE VIEW pr_cost_daily AS SELECT 'text' AS day")
    connection.exec_driver_sql("CREATE VIEW mine AS SELECT day FROM pr_cost_daily")
    connection.exec_driver_sql("DROP VIEW pr_cost_places")
    status, err = export_views(postgresql_url)
    assert status == 1
    assert "pr_cost_daily could not be replaced" in err
    assert columns(connection, "mine") == {"day": "TEXT"}
    assert "pr_cost_places" not in sa.inspect(connection).get_view_names()  # all of them or none


def test_a_materialized_view_of_the_same_name_is_left_alone_and_named(connection, postgresql_url):
    connection.exec_driver_sql("DROP VIEW pr_cost_daily")
    connection.exec_driver_sql("CREATE MATERIALIZED VIEW pr_cost_daily AS SELECT 1 AS mine")
    status, err = export_views(postgresql_url)
    assert (status, err) == (0, "pr_cost_daily is no view here and was left as it is.\n")
    assert connection.exec_driver_sql("SELECT mine FROM pr_cost_daily").scalar_one() == 1
