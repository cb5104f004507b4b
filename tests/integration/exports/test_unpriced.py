"""Exports of usage without a price: it is where any usage is, marked, on both databases."""

import pytest
from tests.integration.reports.test_unpriced import OCTOBER, OUTSIDE, rows, used

from pr_cost_bot.exports.charges import charges
from pr_cost_bot.exports.focus import COLUMNS, focus_row
from pr_cost_bot.exports.view_writer import write_views
from pr_cost_bot.ledger.database import Database
from pr_cost_bot.ledger.sql import SqlLedger


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    url = f"sqlite:///{tmp_path}/costs.db" if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    SqlLedger(url).write(list(rows()))
    SqlLedger(url).write_usage(used())
    return Database(url)


def test_a_charge_without_a_price_is_marked_and_has_the_reason_that_any_has(database):
    with database.reading() as connection:
        found = [focus_row(charge, "acme") for charge in charges(connection, OCTOBER, str)]
    assert all(set(row) == set(COLUMNS) for row in found)
    told = sorted((row["x_PriceKnown"], row["EffectiveCost"], row["x_UnattributedReason"] or "") for row in found)
    assert told == [("false", "0", ""), ("false", "0", ""), ("false", "0", OUTSIDE), ("true", "5", ""), ("true", "5", "")]


def test_the_views_know_no_reason_of_its_own_kind(database):
    with database.writing() as connection:
        write_views(connection)
    with database.reading() as connection:
        for view in ("pr_cost_daily", "pr_cost_shares", "pr_cost_places"):
            reasons = set(connection.exec_driver_sql(f"SELECT reason FROM {view}").scalars())
            assert reasons == {"", OUTSIDE}
