import pytest
from tests.organisation import fill, organisation

from pr_cost_bot.ledger.sql import SqlLedger


@pytest.fixture(scope="session")
def org():
    return organisation()


@pytest.fixture(scope="session")
def sqlite_url(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('exports')}/costs.db"
    fill(SqlLedger(url))
    return url
