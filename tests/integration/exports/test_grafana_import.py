"""What could break an import into Grafana 11 or later, or leave a panel empty there, held against what its plugins take.

Queries: `macros.go` and `sql_engine.go` of grafana/grafana; variables: `MultiValueVariable.ts` of grafana/scenes.
"""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from pr_cost_bot.exports.grafana import grafana_dashboard
from pr_cost_bot.exports.views import NAMES
from pr_cost_bot.ledger.database import plain_engine

from .grafana_macros import expanded

START, END = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC) - timedelta(milliseconds=1)
DASHBOARD = json.loads(grafana_dashboard())
PANELS = {panel["title"]: panel for panel in DASHBOARD["panels"]}
VARIABLES = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
QUERIES = {title: panel["targets"][0]["rawSql"] for title, panel in PANELS.items()} | {"": VARIABLES["repository"]["query"]}
SERIES = [title for title, panel in PANELS.items() if panel["targets"][0]["format"] == "time_series"]
TABLES = [title for title, panel in PANELS.items() if panel["type"] == "table"]
TIMESTAMPTZ, TEXTS, NUMBERS = 1184, {25, 1043}, {20, 23, 701, 1700}  # PostgreSQL's numbers of its types


@pytest.fixture(scope="module")
def connection(grafana_url):
    """As an account that may read the views and nothing else."""
    with plain_engine(grafana_url).connect() as connection:
        connection.exec_driver_sql("CREATE ROLE grafana_reader")
        for name in NAMES:
            connection.exec_driver_sql(f"GRANT SELECT ON {name} TO grafana_reader")
        connection.exec_driver_sql("SET ROLE grafana_reader")
        yield connection
        connection.rollback()


def answer(connection, title):
    """The columns by name, with the types that the database says they have, and the rows."""
    sql = expanded(QUERIES[title], START, END, budget=["2000"])
    result = connection.exec_driver_sql(sql.replace("%", "%%"))
    return {column[0]: column[1] for column in result.cursor.description}, result.all()


def test_panels_have_numbers_of_their_own_and_do_not_overlap():
    panels = DASHBOARD["panels"]
    numbers = [panel["id"] for panel in panels]
    assert len(set(numbers)) == len(PANELS) == len(panels)
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24
    assert {y for _, y in cells} == set(range(max(y for _, y in cells) + 1))


def test_everything_asks_the_data_source_that_is_chosen_at_the_top():
    (source,) = (one for one in VARIABLES.values() if one["type"] == "datasource")
    assert source["query"] == "grafana-postgresql-datasource"
    assert next(iter(VARIABLES)) == source["name"]  # the others are asked of it

    def sources(part):
        if isinstance(part, dict):
            yield from (value for name, value in part.items() if name == "datasource" and isinstance(value, dict))
            part = list(part.values())
        if isinstance(part, list):
            yield from (found for one in part for found in sources(one))

    found = list(sources(DASHBOARD))
    assert len(found) == 2 * len(PANELS) + 1
    assert all(one == {"type": source["query"], "uid": f"${{{source['name']}}}"} for one in found)


def test_it_is_of_a_version_that_grafana_11_reads_and_belongs_to_no_server():
    assert DASHBOARD["schemaVersion"] == 39  # of Grafana 11.0
    assert not {"id", "version", "__inputs", "__elements"} & set(DASHBOARD)
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", DASHBOARD["uid"])
    assert {panel["type"] for panel in PANELS.values()} == {
        one["id"] for one in DASHBOARD["__requires"] if one["type"] == "panel"
    }


@pytest.mark.parametrize("title", QUERIES)
def test_a_query_uses_only_macros_and_variables_that_there_are(title):
    sql = QUERIES[title]
    macros = re.findall(r"\$(__\w+)\(([^)]*)\)", sql)  # so does Grafana: an argument ends at the first ")"
    assert {name for name, _ in macros} <= {"__timeFilter", "__timeFrom", "__timeTo"}
    assert all(re.fullmatch(r"[a-z.]+_at", given) if name == "__timeFilter" else not given for name, given in macros)
    variables = re.findall(r"\$\{(\w+):sqlstring\}", sql)
    assert set(variables) <= set(VARIABLES)
    assert sql.count("$") == len(macros) + len(variables)
    assert set(re.findall(r"\$(\w+)", title)) <= set(VARIABLES)


def test_a_choice_stands_where_its_variable_says_and_all_is_a_value_for_sql():
    for variable in VARIABLES.values():
        if variable["type"] == "custom":
            assert [one["value"] for one in variable["options"]] == variable["query"].split(",")
            assert variable["current"] == variable["options"][0]
    repository = VARIABLES["repository"]
    assert (repository["multi"], repository["includeAll"], repository["refresh"]) == (True, True, 1)
    assert re.fullmatch(r"'[^']+'", repository["allValue"])  # Grafana puts it into the query as it is


@pytest.mark.parametrize("title", SERIES)
def test_a_series_has_times_in_order_and_numbers_or_one_name(connection, title):
    columns, rows = answer(connection, title)
    assert next(iter(columns)) == "time"
    assert columns.pop("time") == TIMESTAMPTZ
    if "metric" in columns:
        assert columns.pop("metric") in TEXTS
        assert len(columns) == 1  # else the series would be named "metric column"
        assert all(row.metric for row in rows)
    assert set(columns.values()) <= NUMBERS
    times = [row.time for row in rows]
    assert times == sorted(times)


@pytest.mark.parametrize("title", TABLES)
def test_what_a_table_says_of_its_columns_is_of_columns_that_there_are(connection, title):
    columns, rows = answer(connection, title)
    assert rows
    panel = PANELS[title]
    overrides = [(one["matcher"]["options"], one["properties"]) for one in panel["fieldConfig"]["overrides"]]
    assert {name for name, _ in overrides} <= set(columns)
    units = {name: one["value"] for name, properties in overrides for one in properties if one["id"] == "unit"}
    assert set(units) == {name for name, kind in columns.items() if kind in NUMBERS}
    assert set(units.values()) <= {"currencyUSD", "percentunit", "short"}
    assert set(re.findall(r"__data\.fields\.(\w+)", json.dumps(panel))) <= set(columns)


def test_the_last_look_is_in_milliseconds(connection):
    panel = PANELS["Last look"]
    assert (panel["type"], panel["fieldConfig"]["defaults"]["unit"]) == ("stat", "dateTimeFromNow")
    columns, ((moment,),) = answer(connection, "Last look")
    assert set(columns.values()) <= NUMBERS
    assert datetime.fromtimestamp(int(moment) / 1000, UTC).year == 2026


def test_the_first_variable_that_is_asked_for_answers_in_one_column_of_text(connection):
    columns, rows = answer(connection, "")
    assert [kind in TEXTS for kind in columns.values()] == [True]
    assert all(name for (name,) in rows)
