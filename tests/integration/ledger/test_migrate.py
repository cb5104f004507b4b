"""Tables of an older version become those of this one, with their data, and are the same as new ones."""

import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from tests.factories import pull_request, pull_request_cost

from pr_cost_bot.ledger import migrations, versions
from pr_cost_bot.ledger.database import Database, plain_engine
from pr_cost_bot.ledger.migrate import migrate
from pr_cost_bot.ledger.notices import SqlNotices
from pr_cost_bot.ledger.rows import row_of
from pr_cost_bot.ledger.sql import SqlLedger, _from_json
from pr_cost_bot.ledger.tables import METADATA, PR_COST_LINES, PR_COSTS, REVISIONS
from pr_cost_bot.ledger.versions import schema_version
from pr_cost_bot.ports import PublishError


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/costs.db"
    return request.getfixturevalue("postgresql_url")


def row():
    return row_of(pull_request_cost(pull=pull_request()), show_people=True)


def tables_of(connection, version):
    """As that version's own migrations make them."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, version)


def as_first_version(url):
    """The tables as the first version made them: without a version, and with a row in them."""
    written = row()
    values = [written, *written["lines"]]
    with plain_engine(url).begin() as connection:
        tables_of(connection, "0001")
        connection.exec_driver_sql("DROP TABLE alembic_version")
        for table, given in zip((PR_COSTS, *[PR_COST_LINES] * len(written["lines"])), values, strict=True):
            there = {column["name"] for column in sa.inspect(connection).get_columns(table.name)}
            connection.execute(sa.insert(table).values(_from_json({name: given[name] for name in there})))


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


def shape_of_new_tables(url):
    """Leaves the database empty."""
    SqlLedger(url).read("acme/web", [7])
    new = shape(url)
    with plain_engine(url).begin() as connection:
        connection.exec_driver_sql("DROP VIEW usage")
        METADATA.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE alembic_version")
    return new


def test_old_tables_keep_their_rows_and_become_the_new_ones(url, tmp_path):
    new = shape_of_new_tables(url)
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


def test_tables_of_a_newer_program_are_not_migrated(url):
    SqlLedger(url).write([row()])
    with plain_engine(url).begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(PublishError, match="newer version"):
        migrate(url)


def test_what_only_alembic_can_do_is_left_to_it_and_without_it_the_error_names_the_extra(url, monkeypatch):
    as_first_version(url)
    monkeypatch.setattr(versions, "NEEDS_ALEMBIC", frozenset({"0003"}))
    with pytest.raises(PublishError, match="ledger migrate"):
        SqlLedger(url).write([row()])
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "alembic", None)
        with pytest.raises(PublishError, match=r"pip install alembic"):
            migrate(url)
    assert migrate(url) == ("0001", REVISIONS[-1])
    assert SqlLedger(url).read("acme/web", [7]) == {7: row()}


def test_an_older_version_beyond_which_nothing_needs_alembic_does_without(url, monkeypatch):
    SqlLedger(url).write([row()])
    with plain_engine(url).begin() as connection:
        connection.exec_driver_sql("DROP TABLE notices")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0002'")
    monkeypatch.setattr(versions, "NEEDS_ALEMBIC", frozenset({"0002"}))
    monkeypatch.setitem(sys.modules, "alembic", None)
    SqlNotices(url).read(["budget"])
    assert Database(url).version() == REVISIONS[-1]


def test_the_tables_are_made_without_alembic(url, monkeypatch):
    monkeypatch.setitem(sys.modules, "alembic", None)
    with Database(url).writing() as connection:
        assert schema_version(connection) == REVISIONS[-1]
