import csv
import io
import json
import sys
from collections import defaultdict
from decimal import Decimal

import pytest
import sqlalchemy as sa
from tests.organisation import fill, organisation, table_rows

from pr_cost_bot.exports.focus import COLUMNS
from pr_cost_bot.exports.views import NAMES
from pr_cost_bot.ledger.database import plain_engine
from pr_cost_bot.ledger.sql import SqlLedger
from pr_cost_bot.ledger_command import export

NOW = {"PR_COST_BOT_NOW": "2026-11-16T09:00:00Z"}
MANDATORY = (
    *("BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart"),
    *("ChargeCategory", "ChargeClass", "ChargeDescription", "ChargePeriodEnd", "ChargePeriodStart", "ContractedCost"),
    *("EffectiveCost", "InvoiceIssuerName", "ListCost", "PricingQuantity", "PricingUnit", "ServiceProviderName"),
    *("HostProviderName", "ServiceCategory", "ServiceName"),
)
NOT_NULL = set(MANDATORY) - {"ChargeClass", "PricingQuantity", "PricingUnit", "BillingAccountName", "ChargeDescription"}


def run(*arguments, **environ):
    out, err = io.StringIO(), io.StringIO()
    return export(arguments, {**NOW, **environ}, out, err), out.getvalue(), err.getvalue()


@pytest.fixture(scope="module")
def focus(sqlite_url, tmp_path_factory):
    path = tmp_path_factory.mktemp("focus") / "focus.csv"
    status, _, err = run("focus", "--database", sqlite_url, "--days", "90", "--output", str(path), "--account", "acme")
    assert status == 0, err
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_focus_has_every_mandatory_column_and_no_null_where_none_may_be(focus):
    assert set(MANDATORY) <= set(COLUMNS)
    assert list(focus[0]) == list(COLUMNS)
    assert all(row[column] for row in focus for column in NOT_NULL)


def test_focus_adds_up_to_the_usage_and_to_each_pull_request(focus, org):
    expected = defaultdict(Decimal)
    for share in org.shares:
        expected[f"{share.repository}#{share.pr_number}" if share.pr_number else ""] += share.cost
    found = defaultdict(Decimal)
    for row in focus:
        found[row["AllocatedResourceId"]] += Decimal(row["EffectiveCost"])
    assert found == expected
    assert sum(Decimal(row["BilledCost"]) for row in focus) == sum(share.billed or 0 for share in org.shares)
    assert {row["x_BilledCostKnown"] for row in focus if row["ServiceProviderName"] == "OpenAI"} == {"false"}


def test_focus_tells_how_a_charge_was_allocated_and_nothing_where_it_was_not(focus):
    for row in focus:
        allocated = bool(row["AllocatedResourceId"])
        assert bool(row["AllocatedMethodId"]) == bool(row["AllocatedTags"]) == allocated != bool(row["x_UnattributedReason"])
        if allocated:
            assert json.loads(row["AllocatedTags"])["pr-cost-bot/pull_request"] == row["AllocatedResourceId"]
        assert row["BillingPeriodStart"] <= row["ChargePeriodStart"] < row["ChargePeriodEnd"] <= row["BillingPeriodEnd"]


def test_focus_names_nobody_unless_asked(focus, sqlite_url, tmp_path):
    assert not any("dev" in row["Tags"] or "dev" in row["ResourceId"] for row in focus)
    run("focus", "--database", sqlite_url, "--people", "--output", str(tmp_path / "f.csv"))
    assert "dev01" in (tmp_path / "f.csv").read_text()


def test_parquet_keeps_exact_decimals(sqlite_url, org, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "usage.parquet"
    assert run("parquet", "--database", sqlite_url, "--days", "90", "--output", str(path))[0] == 0
    table = parquet.read_table(path).to_pydict()
    assert sum(table["cost_usd"]) == sum(share.cost for share in org.shares)
    assert str(table["start"][0].tzinfo) == "UTC"
    assert set(table["person"]) == {""}


def test_without_pyarrow_the_error_names_the_extra(sqlite_url, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    status, _, err = run("parquet", "--database", sqlite_url, "--output", str(tmp_path / "x"))
    assert status == 1
    assert "pip install pyarrow" in err


def test_a_file_that_cannot_be_written_is_said_to_be_so(sqlite_url):
    status, _, err = run("focus", "--database", sqlite_url, "--output", "/nowhere/x.csv")
    assert status == 1
    assert "/nowhere/x.csv" in err


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_views_add_up_to_the_usage(kind, request, tmp_path, org):
    url = f"sqlite:///{tmp_path}/views.db" if kind == "sqlite" else request.getfixturevalue("postgresql_url")
    fill(SqlLedger(url))
    for _ in range(2):
        status, out, err = run("views", PR_COST_BOT_DATABASE_URL=url)
        assert status == 0, err
    assert "pr_cost_daily" in out
    with plain_engine(url).connect() as connection:
        query = connection.exec_driver_sql
        total = sum(share.cost for share in org.shares)
        assert abs(Decimal(query("select sum(cost_usd) from pr_cost_daily").scalar_one()) - total) < Decimal("1e-6")
        assert abs(Decimal(query("select sum(cost_usd) from pr_cost_pulls").scalar_one()) - total) > 1
        merged = [pull for pull in org.pulls if pull.state == "merged"]
        assert query("select sum(merged) from pr_cost_weekly").scalar_one() == len(merged)
        weeks = {str(week) for (week,) in query("select distinct week from pr_cost_weekly")}
        mondays = {pull.merged_at.date().toordinal() - pull.merged_at.weekday() for pull in merged}
        assert len(weeks) == len(mondays)
        units = query("select sum(cost_units) from pr_cost_shares s join pr_cost_places p on p.place = s.place").scalar_one()
        assert Decimal(units) == total.scaleb(12)
        attributed = sum(share.cost for share in org.shares if share.pr_number)
        by_pull = query("select sum(cost_usd) from pr_cost_pull_daily").scalar_one()
        assert abs(Decimal(by_pull) - attributed) < Decimal("1e-6")
        columns = {column["name"] for view in NAMES for column in sa.inspect(connection).get_columns(view)}
    assert not {"person", "author", "account_id"} & columns


@pytest.mark.parametrize("what", ["focus", "parquet"])
def test_a_database_without_usage_is_said_to_need_the_action_or_backfill(what, sqlite_url, tmp_path):
    if what == "parquet":
        pytest.importorskip("pyarrow")
    rows_alone, output = f"sqlite:///{tmp_path}/rows.db", tmp_path / "out"
    SqlLedger(rows_alone).write(table_rows(organisation()))
    status, out, err = run(what, "--database", rows_alone, "--days", "90", "--output", str(output))
    assert (status, out) == (0, "")
    assert err.startswith(f"0 rows in {output}.\nThe database has no usage in these days.")
    assert "pr-cost-bot backfill" in err
    assert output.exists()
    assert "no usage" not in run(what, "--database", sqlite_url, "--days", "90", "--output", str(output))[2]
