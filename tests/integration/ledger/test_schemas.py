"""An account of PostgreSQL that looks into several schemas."""

from urllib.parse import quote

from tests.integration.ledger.test_versions import as_third_version, change

from pr_cost_bot.ledger.database import plain_engine
from pr_cost_bot.ledger.sql import SqlLedger
from pr_cost_bot.ledger.tables import METADATA, REVISIONS


def test_what_older_tables_lack_is_made_beside_them(postgresql_url):
    as_third_version(postgresql_url)
    change(postgresql_url, "CREATE SCHEMA postgres")  # "$user", which the account looks into first
    assert SqlLedger(postgresql_url).read("acme/web", [7])
    with plain_engine(postgresql_url).connect() as connection:
        asked = "SELECT tablename FROM pg_tables WHERE schemaname = 'postgres'"
        assert connection.exec_driver_sql(asked).all() == []
    elsewhere = postgresql_url + "&options=" + quote("-csearch_path=public")
    assert list(SqlLedger(elsewhere).records()) == []
    with plain_engine(elsewhere).connect() as connection:
        found = connection.exec_driver_sql("SELECT version_num FROM public.alembic_version").scalars().all()
        tables = set(connection.exec_driver_sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").scalars())
    assert found == [REVISIONS[-1]]
    assert set(METADATA.tables) <= tables
