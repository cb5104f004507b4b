from urllib.parse import quote

import pytest
import sqlalchemy as sa
from tests.organisation import fill, organisation

from pr_cost_bot.ledger.database import Database
from pr_cost_bot.ledger.sql import SqlLedger


@pytest.fixture(scope="session")
def org():
    return organisation()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def organisation_url(request, tmp_path_factory):
    """A database with the whole organisation in it."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('organisation')}/costs.db"
    else:
        server = quote(str(request.getfixturevalue("postgresql_server")))
        base = f"postgresql+psycopg://postgres@/{{}}?host={server}"
        engine = sa.create_engine(base.format("postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql("CREATE DATABASE organisation")
        url = base.format("organisation")
    fill(SqlLedger(url))
    return url


@pytest.fixture
def connection(organisation_url):
    with Database(organisation_url).reading() as connection:
        yield connection
