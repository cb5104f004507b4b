"""Tables of an older version become those of this one, with their data, and are the same as new ones."""

import sys

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from tests.factories import pull_request, pull_request_cost

from pr_cost_bot.ledger.database import Database, plain_engine, schema_version
from pr_cost_bot.ledger.migrate import migrate
from pr_cost_bot.ledger.rows import row_of
from pr_cost_bot.ledger.sql import SqlLedger
from pr_cost_bot.ledger.tables import METADATA, REVISIONS
from pr_cost_bot.ports import PublishError


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/costs.db"
    return request.getfixturevalue("postgresql_url")


def row():
    return row_of(pull_request_cost(pull=pull_request()), show_people=True)


def as_first_version(url):
    """The tables as the first version made them: without a version, and with a row in them."""
    SqlLedger(url).write([row()])
    with plain_engine(url).begin() as connection:
        connection.exec_driver_sql("DROP VIEW usage")
        for table in ("usage_shares", "usage_accounts", "usage_items", "usage_places", "notices", "alembic_version"):
            connection.exec_driver_sql(f"DROP TABLE {table}")
        connection.exec_driver_sql("ALTER TABLE pr_costs DROP COLUMN ci_usage")


def shape(url):
    with plain_engine(url).connect() as connection:
        there = sa.inspect(connection)
        return {
            name: (
                [(c["name"], str(c["type"]), c["nullable"]) for c in there.get_columns(name)],
                there.get_pk_constraint(name)["constrained_columns"],
                sorted(str(u["column_names"]) for u in there.get_unique_constraints(name)),
                sorted((i["name"], str(i["column_names"])) for i in there.get_indexes(name)),
            )
            for name in sorted(there.get_table_names())
        } | {"views": there.get_view_names()}


def test_old_tables_keep_their_rows_and_become_the_new_ones(url, tmp_path):
    SqlLedger(url).read("acme/web", [7])
    new = shape(url)
    with plain_engine(url).begin() as connection:
        connection.exec_driver_sql("DROP VIEW usage")
        METADATA.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE alembic_version")
    as_first_version(url)
    assert migrate(url) == ("0001", REVISIONS[-1])
    assert shape(url) == new
    assert SqlLedger(url).read("acme/web", [7]) == {7: row()}
    with plain_engine(url).connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), METADATA)
    # Alembic does not know that an index is made for some databases only; `shape` has compared those.
    assert [found for found in differences if found[0] != "add_index"] == []


def test_migrating_twice_changes_nothing_and_an_empty_database_gets_the_tables(url):
    assert migrate(url) == (None, REVISIONS[-1])
    assert migrate(url) == (REVISIONS[-1], REVISIONS[-1])


def test_old_tables_are_refused_with_the_command_that_helps(url):
    as_first_version(url)
    with pytest.raises(PublishError, match="ledger migrate"):
        SqlLedger(url).write([row()])


def test_tables_of_a_newer_program_are_left_alone(url):
    SqlLedger(url).write([row()])
    with plain_engine(url).begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for action in (lambda: SqlLedger(url).read("acme/web", [7]), lambda: migrate(url)):
        with pytest.raises(PublishError, match="newer version"):
            action()


def test_without_alembic_the_error_names_the_extra(url, monkeypatch):
    as_first_version(url)
    monkeypatch.setitem(sys.modules, "alembic", None)
    with pytest.raises(PublishError, match=r"pip install alembic"):
        migrate(url)


def test_the_tables_are_made_without_alembic(url, monkeypatch):
    monkeypatch.setitem(sys.modules, "alembic", None)
    with Database(url).writing() as connection:
        assert schema_version(connection) == REVISIONS[-1]
