"""A Grafana dashboard over the PostgreSQL views: cost per merged pull request and its trend first. Nobody is named in it.

Written for Grafana 11 and later. The data source is a variable, so that the same file can be imported by hand and provisioned.
"""

import json
from collections.abc import Sequence
from itertools import count
from typing import Any

from pr_cost_bot.exports import grafana_queries as queries

Json = dict[str, Any]

UID = "pr-cost-bot"
_PLUGIN = "grafana-postgresql-datasource"
_SOURCE = {"type": _PLUGIN, "uid": "${datasource}"}
_SCHEMA = 39  # Grafana 11; newer ones bring it up to theirs when they read it
_USD, _PART, _COUNT = "currencyUSD", "percentunit", "short"


def grafana_dashboard() -> str:
    """The dashboard as JSON to import."""
    return json.dumps(_dashboard(), indent=2) + "\n"


def _dashboard() -> Json:
    return {
        "__requires": [
            {"type": "grafana", "id": "grafana", "name": "Grafana", "version": "11.0.0"},
            {"type": "datasource", "id": _PLUGIN, "name": "PostgreSQL", "version": "1.0.0"},
            *({"type": "panel", "id": kind, "name": kind, "version": ""} for kind in ("stat", "table", "timeseries")),
        ],
        "uid": UID,
        "title": "AI cost of pull requests",
        "description": "From the tables of pr-cost-bot. Run 'pr-cost-bot export views' on the database first.",
        "tags": ["pr-cost-bot", "finops"],
        "schemaVersion": _SCHEMA,
        "timezone": "utc",
        "weekStart": "monday",
        "time": {"from": "now-30d/d", "to": "now/d"},
        "refresh": "",
        "editable": True,
        "graphTooltip": 1,
        "annotations": {"list": []},
        "links": [],
        "templating": {"list": _variables()},
        "panels": _numbered(_panels()),
    }


def _variables() -> list[Json]:
    return [
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": _PLUGIN, "refresh": 1, "hide": 0},
        {
            "name": "repository",
            "label": "Repository",
            "type": "query",
            "datasource": _SOURCE,
            "query": queries.REPOSITORIES,
            "refresh": 1,
            "sort": 1,
            "multi": True,
            "includeAll": True,
            "allValue": queries.EVERYTHING,
            "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        },
        _choice("window", "Trend looks back (days)", ("28", "7", "14", "90")),
        _choice("by", "Spend by", ("source", "model", "product")),
        {
            "name": "budget",
            "label": "Budget of a month ($)",
            "type": "textbox",
            "query": "",
            "current": {"selected": False, "text": "", "value": ""},
        },
    ]


def _choice(name: str, label: str, values: Sequence[str]) -> Json:
    """A variable of given values, the first one chosen."""
    options = [{"selected": not at, "text": value, "value": value} for at, value in enumerate(values)]
    return {
        "name": name,
        "label": label,
        "type": "custom",
        "query": ",".join(values),
        "options": options,
        "current": options[0],
    }


def _panels() -> list[Json]:
    """In rows of 24 columns."""
    before = "Against as long a time before."
    return [
        _stat("Cost per merged pull request", queries.HEADLINE, _USD, (0, 0, 8, 5), before, graph="area"),
        _stat("Merged", queries.MERGED, _COUNT, (8, 0, 4, 5), before, color="standard"),
        _stat("Spend", queries.SPEND, _USD, (12, 0, 4, 5), before),
        _stat("On no pull request", queries.ON_NONE, _PART, (16, 0, 4, 5), f"Part of the spend. {before}"),
        _fresh((20, 0, 4, 5)),
        _lines("Cost per merged pull request, looking back $window days", queries.TREND, (0, 5, 12, 9)),
        _bars("Spend by $by", queries.BY_DAY, (12, 5, 12, 9)),
        _lines("Spend of the month against its budget", queries.BUDGET, (0, 14, 12, 9)),
        _table("Models", queries.MODELS, (12, 14, 12, 9), {"spend": _USD, "share": _PART, "from cache": _PART}),
        _top((0, 23, 24, 11)),
        _table(
            "Repositories",
            queries.BY_REPOSITORY,
            (0, 34, 14, 10),
            {"spend": _USD, "on no pull request": _USD, "merged": _COUNT, "mean per merged": _USD, "median per merged": _USD},
        ),
        _table("Tickets of merged pull requests", queries.BY_TICKET, (14, 34, 10, 10), {"pull requests": _COUNT, "cost": _USD}),
        _table(
            "How much of the spend is how few",
            queries.CONCENTRATION,
            (0, 44, 12, 6),
            {"count": _COUNT, "the top 10 % have": _PART, "make half": _COUNT, "of all": _PART},
        ),
        _table("On no pull request, and why", queries.UNATTRIBUTED, (12, 44, 12, 6), {"spend": _USD, "of all spend": _PART}),
    ]


def _numbered(panels: Sequence[Json]) -> list[Json]:
    numbers = count(1)
    return [{"id": next(numbers), **panel} for panel in panels]


def _panel(kind: str, title: str, query: str, place: tuple[int, int, int, int], form: str) -> Json:
    """`form`: how Grafana reads the answer, `time_series` or `table`."""
    x, y, width, height = place
    target = {"refId": "A", "datasource": _SOURCE, "format": form, "rawQuery": True, "editorMode": "code", "rawSql": query}
    return {
        "type": kind,
        "title": title,
        "datasource": _SOURCE,
        "gridPos": {"x": x, "y": y, "w": width, "h": height},
        "targets": [target],
    }


def _stat(
    title: str,
    query: str,
    unit: str,
    place: tuple[int, int, int, int],
    description: str,
    *,
    graph: str = "none",
    color: str = "inverted",
) -> Json:
    """The last value with its change from the first. `color`: `inverted` where less is better."""
    return {
        **_panel("stat", title, query, place, "time_series"),
        "description": description,
        "fieldConfig": {"defaults": {"unit": unit, "color": {"mode": "fixed", "fixedColor": "text"}}, "overrides": []},
        "options": {
            "colorMode": "value",
            "graphMode": graph,
            "justifyMode": "auto",
            "orientation": "auto",
            "textMode": "auto",
            "wideLayout": True,
            "showPercentChange": True,
            "percentChangeColorMode": color,
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        },
    }


def _fresh(place: tuple[int, int, int, int]) -> Json:
    panel = _stat("Last look", queries.FRESH, "dateTimeFromNow", place, "When a run last wrote a row.", color="standard")
    panel["targets"][0]["format"] = "table"
    panel["options"]["showPercentChange"] = False
    return panel


def _lines(title: str, query: str, place: tuple[int, int, int, int]) -> Json:
    drawn = {"drawStyle": "line", "lineWidth": 2, "fillOpacity": 0, "showPoints": "auto", "spanNulls": True}
    return _over_time(title, query, place, drawn)


def _bars(title: str, query: str, place: tuple[int, int, int, int]) -> Json:
    day = {"drawStyle": "bars", "barAlignment": 1}  # 1: the bar begins where its day does
    drawn = {**day, "lineWidth": 0, "fillOpacity": 80, "stacking": {"mode": "normal", "group": "A"}}
    return _over_time(title, query, place, drawn)


def _over_time(title: str, query: str, place: tuple[int, int, int, int], drawn: Json) -> Json:
    defaults = {"unit": _USD, "min": 0, "custom": drawn, "color": {"mode": "palette-classic"}}
    return {
        **_panel("timeseries", title, query, place, "time_series"),
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
    }


def _table(title: str, query: str, place: tuple[int, int, int, int], units: dict[str, str]) -> Json:
    """`units`: of the columns that are numbers."""
    return {
        **_panel("table", title, query, place, "table"),
        "fieldConfig": {"defaults": {}, "overrides": [_override(name, unit=unit) for name, unit in units.items()]},
        "options": {"showHeader": True, "cellHeight": "sm", "frameIndex": 0},
    }


def _top(place: tuple[int, int, int, int]) -> Json:
    """With a link made of a column that is not shown: by `hidden` up to Grafana 11, by `hideFrom` from 12 on."""
    panel = _table("Pull requests", queries.TOP, place, {"spend": _USD})
    link = {"title": "Open the pull request", "url": "${__data.fields.url}", "targetBlank": True}
    panel["fieldConfig"]["overrides"] += [
        _override("pull request", links=[link]),
        _override("url", **{"custom.hidden": True, "custom.hideFrom": {"legend": True, "tooltip": True, "viz": True}}),
    ]
    return panel


def _override(column: str, **properties: Any) -> Json:
    values = [{"id": name, "value": value} for name, value in properties.items()]
    return {"matcher": {"id": "byName", "options": column}, "properties": values}
