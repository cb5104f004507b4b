"""Grafana's side of a panel's query: the macros of its PostgreSQL data source, and its variables."""

import re

DEFAULTS = {"repository": "'(all)'", "window": "'28'", "by": "'source'", "budget": "''"}


def expanded(sql, start, end, **variables):
    """The SQL as Grafana sends it for `[start, end]`. `variables`: lists of plain values; without, as the dashboard opens."""
    given = {name: ",".join("'" + one.replace("'", "''") + "'" for one in values) for name, values in variables.items()}
    texts = {**DEFAULTS, **given}
    sql = re.sub(r"\$\{(\w+):sqlstring\}", lambda found: texts[found[1]], sql)
    first, last = (f"'{moment.isoformat(timespec='milliseconds').replace('+00:00', 'Z')}'" for moment in (start, end))
    known = {
        "timeFilter": lambda column: f"{column} BETWEEN {first} AND {last}",
        "timeFrom": lambda _: first,
        "timeTo": lambda _: last,
    }
    sql = re.sub(r"\$__(\w+)\(([^)]*)\)", lambda found: known[found[1]](found[2]), sql)
    assert "$" not in sql, sql
    return sql
