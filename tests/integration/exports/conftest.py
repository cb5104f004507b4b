import io

import pytest
from tests.organisation import fill, organisation

from pr_cost_bot.ledger.database import plain_engine
from pr_cost_bot.ledger.sql import SqlLedger
from pr_cost_bot.ledger_command import export


@pytest.fixture(scope="session")
def org():
    return organisation()


@pytest.fixture(scope="session")
def sqlite_url(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('exports')}/costs.db"
    fill(SqlLedger(url))
    return url


@pytest.fixture(scope="session")
def grafana_url(postgresql_server):
    """The organisation in PostgreSQL, with the views."""
    base = f"postgresql+psycopg://postgres@/{{}}?host={postgresql_server}"
    with plain_engine(base.format("postgres")).execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE grafana")
    fill(SqlLedger(base.format("grafana")))
    assert export(("views", "--database", base.format("grafana")), {}, io.StringIO()) == 0
    return base.format("grafana")
