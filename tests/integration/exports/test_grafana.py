"""The Grafana dashboard: every query runs on a real PostgreSQL, and says what the reports say."""

import io
import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
import sqlalchemy as sa
from tests.organisation import NOW

from pr_cost_bot.exports.grafana import grafana_dashboard
from pr_cost_bot.exports.views import NAMES
from pr_cost_bot.ledger.database import Database
from pr_cost_bot.ledger_command import export
from pr_cost_bot.reports import concentration_page, pages
from pr_cost_bot.reports.asked import Asked
from pr_cost_bot.reports.headline import headline, ticket_costs
from pr_cost_bot.reports.privacy import Privacy
from pr_cost_bot.reports.pulls import merged_pulls
from pr_cost_bot.reports.scope import Filters, Period, Scope
from pr_cost_bot.reports.spend import spend

from .grafana_macros import expanded

ROOT = Path(__file__).parents[3]
START, END = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC) - timedelta(milliseconds=1)
MONTH = Period(START.date(), (END + timedelta(days=1)).date())
DASHBOARD = json.loads(grafana_dashboard())
PANELS = {panel["title"]: panel for panel in DASHBOARD["panels"]}
SCHEMA = json.loads((ROOT / "tests/contract/data/grafana-dashboard.json").read_text())
SOME = ("acme/web0", "acme/api1", "acme/data2")


@pytest.fixture
def connection(grafana_url):
    with Database(grafana_url).reading() as connection:
        yield connection


def answer(connection, title, start=START, end=END, **variables):
    (target,) = PANELS[title]["targets"]
    sql = expanded(target["rawSql"], start, end, **variables)
    return [dict(row) for row in connection.exec_driver_sql(sql.replace("%", "%%")).mappings()]


def about(one, other):
    return one is not None and abs(Decimal(one) - Decimal(other)) <= Decimal("1e-9") * max(1, abs(Decimal(other)))


def scope(*repositories, period=MONTH):
    return Scope(period, Filters(repository=repositories))


def asked(connection, *repositories):
    return Asked(connection=connection, scope=scope(*repositories), privacy=Privacy(), now=NOW, prices=lambda _: None)


@pytest.mark.parametrize("title", PANELS)
@pytest.mark.parametrize("given", [{}, {"repository": SOME, "by": ["model"], "budget": ["2000"], "window": ["7"]}])
def test_every_panel_answers(connection, title, given):
    assert answer(connection, title, **given)


def test_every_panel_stands_a_hostile_variable(connection):
    hostile = "'); DROP TABLE pr_costs; --"
    for title in PANELS:
        answer(connection, title, repository=[hostile])
    with pytest.raises(sa.exc.DataError):  # no number, and no SQL either
        answer(connection, "Spend of the month against its budget", budget=[hostile])


def test_the_variables_list_every_repository(connection, org):
    (query,) = (one["query"] for one in DASHBOARD["templating"]["list"] if one["type"] == "query")
    listed = connection.exec_driver_sql(query).scalars().all()
    assert set(listed) == {pull.repository for pull in org.pulls} | {"(no repository)"}


@pytest.mark.parametrize("repositories", [(), SOME])
def test_the_headline_is_the_reports_with_the_period_before(connection, repositories):
    given = {"repository": repositories} if repositories else {}
    now = headline(connection, scope(*repositories))
    before = headline(connection, scope(*repositories, period=MONTH.before))
    for said, row in zip((before, now), answer(connection, "Cost per merged pull request", **given), strict=True):
        assert about(row["mean"], said.mean_usd)
        assert about(row["median"], said.median_usd)
    assert [row["merged"] for row in answer(connection, "Merged", **given)] == [before.merged, now.merged]
    spent = [row["spend"] for row in answer(connection, "Spend", **given)]
    assert spent == [before.spent.cost_usd, now.spent.cost_usd]
    on_none = [row["on no pull request"] for row in answer(connection, "On no pull request", **given)]
    for found, said in zip(on_none, (before, now), strict=True):
        assert about(found, said.spent.unattributed_usd / said.spent.cost_usd)


def test_the_trend_looks_back_as_many_days_as_it_says(connection):
    rows = answer(connection, "Cost per merged pull request, looking back $window days", window=["14"])
    assert len(rows) == MONTH.days
    for row in rows[::6]:
        day = row["time"].astimezone(UTC).date()
        said = headline(connection, scope(period=Period(day - timedelta(days=13), day + timedelta(days=1))))
        assert about(row["mean"], said.mean_usd)
        assert about(row["median"], said.median_usd)


@pytest.mark.parametrize("by", ["source", "model", "product"])
def test_spend_over_time_is_the_reports(connection, by):
    rows = answer(connection, "Spend by $by", by=[by])
    found = {(row["time"].astimezone(UTC).date().isoformat(), row["metric"]): row["cost"] for row in rows}
    said = spend(connection, scope(), "day", by)
    assert found == {(day, name or "(none)"): group.amounts.cost_usd for group in said for day, name in (group.key,)}


def test_the_month_is_added_up_day_by_day_beside_its_budget(connection):
    middle = datetime(2026, 10, 14, tzinfo=UTC)
    rows = answer(connection, "Spend of the month against its budget", start=middle, budget=["2000"])
    assert (len(rows), {row["budget"] for row in rows}) == (MONTH.days, {Decimal(2000)})
    assert rows[-1]["spent this month"] == headline(connection, scope()).spent.cost_usd
    assert {row["budget"] for row in answer(connection, "Spend of the month against its budget")} == {None}


def test_the_tables_are_the_reports(connection):
    pulls = {group.key[0]: group.amounts for group in spend(connection, scope(), "pull-request")}
    top = answer(connection, "Pull requests")
    assert [row["spend"] for row in top] == sorted((row["spend"] for row in top), reverse=True)
    assert all(pulls[row["pull request"]].cost_usd == row["spend"] for row in top)
    assert all(row["url"] == f"https://github.com/{row['pull request'].replace('#', '/pull/')}" for row in top)
    for title, column, dimension in (("Repositories", "repository", "repository"), ("Models", "model", "model")):
        found = {row[column]: row["spend"] for row in answer(connection, title)}
        assert found == {group.key[0]: group.amounts.cost_usd for group in spend(connection, scope(), dimension)}
    reasons = {row["reason"]: row["cost_usd"] for row in pages.unattributed(asked(connection)).rows}
    assert {row["reason"]: row["spend"] for row in answer(connection, "On no pull request, and why")} == reasons


def test_merged_pull_requests_are_counted_by_repository_and_by_ticket(connection):
    by_repository = defaultdict(list)
    pulls = merged_pulls(connection, scope())
    for pull in pulls:
        by_repository[pull.repository].append(pull.cost_usd)
    for row in answer(connection, "Repositories"):
        costs = by_repository[row["repository"]]
        assert row["merged"] == len(costs)
        assert row["mean per merged"] is None if not costs else about(row["mean per merged"], sum(costs) / len(costs))
    tickets = ticket_costs(pulls)
    found = {row["ticket"]: row["cost"] for row in answer(connection, "Tickets of merged pull requests")}
    assert set(found) == set(tickets)
    assert all(about(cost, tickets[name]) for name, cost in found.items())


@pytest.mark.parametrize("repositories", [(), SOME])
def test_concentration_is_the_reports(connection, repositories):
    given = {"repository": repositories} if repositories else {}
    said = {row["by"]: row for row in concentration_page.concentrations(asked(connection, *repositories)).rows}
    rows = {row["of"]: row for row in answer(connection, "How much of the spend is how few", **given)}
    for name, by in (("pull requests", "pull-request"), ("repositories", "repository")):
        assert (rows[name]["count"], rows[name]["make half"]) == (said[by]["count"], said[by]["half"])
        assert about(rows[name]["the top 10 % have"], said[by]["top_share"])


def test_no_query_asks_for_a_person(connection):
    columns = [column["name"] for view in NAMES for column in sa.inspect(connection).get_columns(view)]
    assert not {"person", "author"} & set(columns)
    text = json.dumps(DASHBOARD)
    assert not any(word in text for word in ("person", "author", "usage_", "pr_cost_lines", "pr_costs"))


def test_it_is_what_grafana_calls_a_dashboard():
    known = set(SCHEMA["dashboard"]["definitions"]["Dashboard"]["properties"])
    document = {name: value for name, value in DASHBOARD.items() if name in known}
    assert set(DASHBOARD) - known == {"__requires"}  # of the exported form
    jsonschema.validate(document, SCHEMA["dashboard"])
    for panel in PANELS.values():
        kind = SCHEMA[panel["type"]]
        jsonschema.validate(panel["options"], {**kind, "$ref": "#/definitions/Options"})
        if custom := panel["fieldConfig"]["defaults"].get("custom"):
            jsonschema.validate(custom, {**kind, "$ref": "#/definitions/FieldConfig"})


def test_the_example_is_what_the_command_writes(tmp_path):
    err = io.StringIO()
    assert export(("grafana", "--output", str(tmp_path / "grafana.json")), {}, io.StringIO(), err) == 0
    assert "export views" in err.getvalue()
    assert (tmp_path / "grafana.json").read_text() == (ROOT / "examples/grafana/pr-cost-bot.json").read_text()
