"""Tables of every older version, made by its own migration and with data in them, become those of this one."""

import sys

import pytest
import sqlalchemy as sa
from tests.factories import NOON
from tests.integration.ledger.test_migrate import shape, shape_of_new_tables, tables_of
from tests.integration.ledger.test_usage_sync import everything
from tests.organisation import fill, organisation

from pr_cost_bot.alerts.book import claimed
from pr_cost_bot.ledger.database import Database, plain_engine
from pr_cost_bot.ledger.migrate import migrate
from pr_cost_bot.ledger.notices import SqlNotices
from pr_cost_bot.ledger.sql import SqlLedger
from pr_cost_bot.ledger.tables import METADATA, REVISIONS
from pr_cost_bot.reports.reconcile import differences

NOTICE = "budget/2026-11/*/100/80"
IN_CI = [{"id": "ci", "cost_usd": "1.5"}]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/costs.db"
    return request.getfixturevalue("postgresql_url")


def some():
    """A part of the organisation, which is enough."""
    org = organisation()
    pulls = org.pulls[::9]
    chosen = {(pull.repository, pull.number) for pull in pulls}
    return org._replace(pulls=pulls, shares=tuple(s for s in org.shares if (s.repository, s.pr_number) in chosen))


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Rows, usage and a notice, in tables of this version."""
    url = f"sqlite:///{tmp_path_factory.mktemp('versions')}/source.db"
    ledger = SqlLedger(url)
    fill(ledger, some())
    first = next(iter(ledger.rows()))
    ledger.write([{**first, "ci_usage": IN_CI, "computed_at": "2026-11-17T00:00:00Z"}])
    SqlNotices(url).change((NOTICE,), lambda there: claimed(there, keys=(NOTICE,), services=("slack 1",), run="a", now=NOON))
    return url


def make(url, version, source):
    """That version's tables, with what of the data they have a place for."""
    with plain_engine(url).begin() as connection, plain_engine(source).connect() as data:
        tables_of(connection, version)
        there = sa.inspect(connection)
        for table in METADATA.sorted_tables:
            if there.has_table(table.name):
                names = [column["name"] for column in there.get_columns(table.name)]
                rows = [dict(row) for row in data.execute(sa.select(*(table.c[name] for name in names))).mappings()]
                connection.execute(sa.insert(table), rows)


def rows(url, *without):
    return [{name: value for name, value in row.items() if name not in without} for row in SqlLedger(url).rows()]


def by_alembic(url, version, monkeypatch):
    assert migrate(url) == (version, REVISIONS[-1])


def by_a_writer(url, version, monkeypatch):
    """As the Action does, in whose image is no Alembic: it reads, then writes."""
    monkeypatch.setitem(sys.modules, "alembic", None)
    ledger = SqlLedger(url)
    ledger.read("acme/web0", [1])
    ledger.write(())


def by_migrate_without_alembic(url, version, monkeypatch):
    monkeypatch.setitem(sys.modules, "alembic", None)
    assert migrate(url) == (version, REVISIONS[-1])


@pytest.mark.parametrize("way", [by_alembic, by_a_writer, by_migrate_without_alembic])
@pytest.mark.parametrize("version", REVISIONS[:-1])
def test_every_older_version_keeps_its_data_and_goes_on(url, version, way, source, monkeypatch):
    new = shape_of_new_tables(url)
    make(url, version, source)
    way(url, version, monkeypatch)
    assert shape(url) == new
    assert Database(url).version() == REVISIONS[-1]
    assert rows(url, *(["ci_usage"] if version == "0001" else [])) == rows(source, *(["ci_usage"] if version == "0001" else []))
    assert (everything(url) == everything(source)) == (version >= "0002")
    assert SqlNotices(url).read([NOTICE]) == (SqlNotices(source).read([NOTICE]) if version >= "0003" else {})
    with Database(url).reading() as connection:
        assert differences(connection) == []
    fill(SqlLedger(url), some())  # the next runs write into it, and nothing twice
    assert everything(url) == everything(source)
    assert rows(url, "ci_usage") == rows(source, "ci_usage")
