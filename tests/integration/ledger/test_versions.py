"""Programs of several versions on one database, and accounts that may do less than all: SQLite and PostgreSQL."""

import re
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.factories import NOON, minutes, pull_request, pull_request_cost
from tests.organisation import fill, organisation

from pr_cost_bot.alerts.book import claimed
from pr_cost_bot.ledger.database import Database, plain_engine
from pr_cost_bot.ledger.migrate import migrate
from pr_cost_bot.ledger.notices import SqlNotices
from pr_cost_bot.ledger.rows import row_of
from pr_cost_bot.ledger.sql import SqlLedger
from pr_cost_bot.ledger.tables import METADATA, PR_COSTS, REVISIONS
from pr_cost_bot.ledger_command import export
from pr_cost_bot.ports import PublishError
from pr_cost_bot.report_command import OK, UNREADABLE, main

PERMISSIONS = Path(__file__).parents[3] / "docs/permissions.md"
LATER = NOON + minutes(60)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/costs.db"
    return request.getfixturevalue("postgresql_url")


def row(number=7, **given):
    return row_of(pull_request_cost(pull=pull_request(number=number), **given), show_people=True)


def change(url, *statements):
    with plain_engine(url).begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def as_third_version(url):
    """With a row in it."""
    SqlLedger(url).write([row()])
    gone = (f"ALTER TABLE pr_costs DROP COLUMN {name}" for name in NEW)
    change(url, *gone, "DROP TABLE pr_cost_records", "UPDATE alembic_version SET version_num = '0003'")


def as_newer_version(url, *statements):
    """Of which this program knows nothing, with a row in it."""
    SqlLedger(url).write([row()])
    change(url, "UPDATE alembic_version SET version_num = '9999'", *statements)


NEW_PARTS = (
    "CREATE TABLE more (id INTEGER)",
    "ALTER TABLE pr_costs ADD COLUMN more TEXT",
    "ALTER TABLE notices ADD COLUMN n TEXT",
)
NULLABLE = [column.name for column in PR_COSTS.columns if column.nullable]
NEW = ("unpriced", "unmatched")  # since the third version
GONE = ("ALTER TABLE pr_costs DROP COLUMN ci_usage", "DROP TABLE notices")
MUST_BE_FILLED = "ALTER TABLE pr_cost_lines ADD COLUMN more TEXT NOT NULL"


def test_a_newer_version_that_has_all_that_is_needed_is_worked_with_and_left_as_it_is(url):
    as_newer_version(url, *NEW_PARTS)
    SqlLedger(url).write([row(computed_at=LATER, label="cost:high")])
    assert SqlLedger(url).read("acme/web", [7]) == {7: row(computed_at=LATER, label="cost:high")}
    SqlNotices(url).change(("a",), lambda there: claimed(there, keys=("a",), services=("slack 1",), run="1", now=NOON))
    assert Database(url).version() == "9999"


@pytest.mark.parametrize("gone", GONE)
def test_a_newer_version_that_lacks_something_is_refused_to_readers_and_writers(url, gone):
    as_newer_version(url, gone)
    for action in (
        lambda: SqlLedger(url).read("acme/web", [7]),
        lambda: SqlLedger(url).write([row()]),
        lambda: Database(url).for_reading(),
    ):
        with pytest.raises(PublishError, match=r"version 9999, which this program does not know"):
            action()
    assert Database(url).version() == "9999"


def test_a_newer_version_whose_rows_need_more_is_read_and_not_written(postgresql_url):
    as_newer_version(postgresql_url, "DELETE FROM pr_cost_lines", MUST_BE_FILLED)
    assert SqlLedger(postgresql_url).read("acme/web", [7])
    with pytest.raises(PublishError, match="Use that newer version"):
        SqlLedger(postgresql_url).write([row(computed_at=LATER, label="cost:high")])


@pytest.mark.parametrize("table", [table.name for table in METADATA.sorted_tables if table.name != PR_COSTS.name])
def test_whatever_table_an_older_version_lacks_is_made_by_who_writes(url, table):
    as_third_version(url)
    change(url, *(["DROP VIEW usage"] if table.startswith("usage") else []), f"DROP TABLE IF EXISTS {table}")
    SqlLedger(url).write([row(8)])
    with plain_engine(url).connect() as connection:
        there = sa.inspect(connection)
        assert set(METADATA.tables) <= set(there.get_table_names())
        assert there.get_view_names() == ["usage"]
        assert "usage_shares_by_place" in {index["name"].replace("_of_", "_by_") for index in there.get_indexes("usage_shares")}
    assert Database(url).version() == REVISIONS[-1]


@pytest.mark.parametrize("column", [name for name in NULLABLE if name not in NEW])
def test_whatever_column_an_older_version_lacks_is_added_by_who_writes(url, column):
    as_third_version(url)
    change(url, f"ALTER TABLE pr_costs DROP COLUMN {column}")
    SqlLedger(url).write([row(8)])
    assert SqlLedger(url).read("acme/web", [7, 8]) == {7: {**row(), **({column: None} if column in row() else {})}, 8: row(8)}


def test_duckdb_whose_driver_cannot_list_columns_is_brought_up_to_date_too(tmp_path):
    url = f"duckdb:///{tmp_path}/costs.duckdb"
    as_third_version(url)
    change(url, "ALTER TABLE notices DROP COLUMN unsent")
    SqlLedger(url).write([row(8)])
    SqlNotices(url).read(["budget"])
    assert Database(url).version() == REVISIONS[-1]
    change(url, "UPDATE alembic_version SET version_num = '9999'")
    SqlLedger(url).write([row(9)])
    assert sorted(SqlLedger(url).read("acme/web", [7, 8, 9])) == [7, 8, 9]


def test_an_index_that_an_older_version_lacks_is_made(url):
    as_third_version(url)
    name = "usage_shares_by_place" if url.startswith("sqlite") else "usage_shares_of_place"
    change(url, f"DROP INDEX {name}")
    SqlLedger(url).write([row(8)])
    with plain_engine(url).connect() as connection:
        assert [index["name"] for index in sa.inspect(connection).get_indexes("usage_shares")] == [name]


def test_writers_at_once_bring_older_tables_up_to_date_together(url):
    as_third_version(url)

    def write(number):
        SqlLedger(url).write([row(number)])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(10, 18)))
        migrated = pool.submit(migrate, url).result()
    assert migrated == (REVISIONS[-1], REVISIONS[-1])
    assert sorted(SqlLedger(url).read("acme/web", range(1, 20))) == [7, *range(10, 18)]


def test_tables_stay_made_when_the_write_that_made_them_loses_a_race(url):
    tries = []

    def lose_once(connection):
        tries.append(connection)
        if len(tries) == 1:
            raise sa.exc.IntegrityError("INSERT", {}, Exception())
        return connection.execute(sa.select(sa.func.count()).select_from(PR_COSTS)).scalar()

    assert Database(url).until_nobody_else_does(lose_once) == 0


def statements(engine, act):
    told = []
    sa.event.listen(engine, "before_cursor_execute", lambda *given: told.append(given[2]))
    act()
    return [one for one in told if one.startswith("SELECT")]


@pytest.mark.parametrize("use", ["reading", "writing"])
def test_tables_of_this_version_cost_one_query_and_only_the_first_time(url, use):
    SqlLedger(url).write([row()])
    database = Database(url)

    def look():
        with getattr(database, use)() as connection:
            connection.execute(sa.select(PR_COSTS.c.pr_number))

    engine = database._reader if use == "reading" else database._writer
    first, second = statements(engine, look), statements(engine, look)
    assert [len(first), len(second)] == [2, 1]


def granted(kind):
    """The grants that docs/permissions.md tells, for the account that it calls `ACCOUNT`."""
    block = re.search(rf"```sql\n-- {kind}\n(.*?)```", PERMISSIONS.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    return [statement for one in block[1].split(";") if (statement := one.strip())]


@pytest.fixture
def account(postgresql_url):
    """An account of its own, made by a function that takes what it is granted. Gives its URL."""

    def make(name, grants):
        change(postgresql_url, f"DROP ROLE IF EXISTS {name}", f"CREATE ROLE {name} LOGIN")
        change(postgresql_url, *(grant.replace("ACCOUNT", name) for grant in grants))
        made.append(name)
        return sa.make_url(postgresql_url).set(username=name).render_as_string(hide_password=False)

    made: list[str] = []
    yield make
    for name in made:
        change(postgresql_url, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def test_the_grants_of_the_documentation_are_enough_to_write_everything(postgresql_url, account):
    migrate(postgresql_url)
    url = account("versions_writer", granted("writes"))
    org = organisation()
    fill(SqlLedger(url), org._replace(pulls=org.pulls[:3], shares=org.shares[:50]))
    SqlLedger(url).write([row()])
    SqlNotices(url).change(("a",), lambda there: claimed(there, keys=("a",), services=("slack 1",), run="1", now=NOON))
    assert SqlLedger(url).read("acme/web", [7]) == {7: row()}


def test_the_grants_of_the_documentation_are_enough_to_read_everything_and_to_write_nothing(postgresql_url, account, tmp_path):
    SqlLedger(postgresql_url).write([row()])
    url, out, told = account("versions_reader", granted("reads")), StringIO(), StringIO()
    now = {"PR_COST_BOT_NOW": LATER.isoformat()}
    for question in ("overview", "reconcile", "models", "unattributed"):
        assert main([question, "--database", url], now, out, told) == OK
    assert main(["explain", "acme/web#7", "--database", url], now, out, told) == OK
    assert export(["focus", "--database", url, "--output", str(tmp_path / "focus.csv")], now, out, told) == OK, told.getvalue()
    assert list(SqlLedger(url).rows()) == [row()]
    with pytest.raises(PublishError, match="lacks a permission"):
        SqlLedger(url).write([row(computed_at=LATER, label="cost:high")])


def test_an_account_that_may_not_change_older_tables_is_told_who_has_to(postgresql_url, account):
    as_third_version(postgresql_url)
    rights = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ACCOUNT"
    url = account("versions_guest", [rights])
    with pytest.raises(PublishError) as caught:
        SqlLedger(url).write([row(8)])
    assert "may not change the tables; they have version 0003" in caught.value.problem.what
    assert "'pr-cost-bot ledger migrate --database URL' once with an account that may" in caught.value.problem.remedy
    with pytest.raises(PublishError, match="may not change the tables"):
        migrate(url)
    assert Database(postgresql_url).version() == "0003"
    assert migrate(postgresql_url) == ("0003", REVISIONS[-1])
    change(postgresql_url, rights.replace("ACCOUNT", "versions_guest"))
    SqlLedger(url).write([row(8)])


def test_an_account_that_may_not_make_tables_is_told_who_has_to(postgresql_url, account):
    url = account("versions_stranger", ["REVOKE CREATE ON SCHEMA public FROM PUBLIC"])
    with pytest.raises(PublishError, match=r"may not make the tables.*ledger migrate"):
        SqlLedger(url).write([row()])


def test_who_only_reads_changes_nothing_in_older_tables_and_says_what_to_do(url, tmp_path):
    as_third_version(url)
    for arguments in (["overview"], ["explain", "acme/web#7"]):
        told = StringIO()
        assert main([*arguments, "--database", url], {}, StringIO(), told) == UNREADABLE
        assert f"have version 0003; this program needs {REVISIONS[-1]}" in told.getvalue()
        assert "ledger migrate" in told.getvalue()
    assert Database(url).version() == "0003"


def test_a_file_that_may_only_be_read_answers_while_its_tables_are_of_this_version(tmp_path):
    url, out, told = f"sqlite:///{tmp_path}/costs.db", StringIO(), StringIO()
    only_read = f"sqlite:///file:{tmp_path}/costs.db?mode=ro&uri=true"
    SqlLedger(url).write([row()])
    assert main(["overview", "--database", only_read], {}, out, told) == OK
    change(url, *NEW_PARTS, "UPDATE alembic_version SET version_num = '9999'")
    assert main(["overview", "--database", only_read], {}, out, told) == OK
    assert list(SqlLedger(only_read).rows()) == [row()]
    change(url, *GONE[:1], "UPDATE alembic_version SET version_num = '0001'")
    assert main(["overview", "--database", only_read], {}, out, told) == UNREADABLE


def test_a_database_without_tables_is_not_read_and_stays_empty(url):
    change(url, "CREATE TABLE other (id INTEGER)")
    told = StringIO()
    assert main(["overview", "--database", url], {}, StringIO(), told) == UNREADABLE
    assert "none of this program's tables" in told.getvalue()
    assert Database(url).version() is None
