"""How long each panel of the Grafana dashboard takes over five million usage rows in PostgreSQL, against scans of the table.

Run: `.venv/bin/python -m bench.panels [ROWS]` from the checkout (default 5,000,000; takes two minutes and 2 GB of disk). The
server and the account have PostgreSQL's own settings. Every try is followed by a scan, and the medians are compared.
"""

import json
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from bench.reports import SCAN, fill_postgresql, filled, postgresql
from tests.integration.exports.grafana_macros import expanded

from pr_cost_bot.exports.grafana import grafana_dashboard
from pr_cost_bot.exports.view_writer import write_views

END = datetime(2026, 11, 16, tzinfo=UTC)
DAYS = (30, 84)
TRIES = 5
CHOSEN = {"repository": ["acme/repo3", "acme/repo4", "(no repository)"]}


def seconds(connection: sa.Connection, query: str) -> float:
    start = time.perf_counter()
    connection.exec_driver_sql(query.replace("%", "%%")).all()
    return time.perf_counter() - start


def measured(connection: sa.Connection, query: str) -> tuple[float, float]:
    """The median in seconds, and in scans made in between."""
    scan = str(SCAN.compile(dialect=connection.dialect))
    tries = [(seconds(connection, query), seconds(connection, scan)) for _ in range(TRIES)]
    took, full = (statistics.median(times) for times in zip(*tries, strict=True))
    return took, took / full


def measure(connection: sa.Connection) -> None:
    spans = [(f"{days} days", days, {}) for days in DAYS] + [("84 days, chosen", 84, CHOSEN)]
    print(f"{'panel':<64}" + "".join(f"{name:>18}" for name, _, _ in spans) + "    (seconds, scans)")
    for panel in json.loads(grafana_dashboard())["panels"]:
        (target,) = panel["targets"]
        line = f"{panel['title']:<64}"
        for _, days, variables in spans:
            query = expanded(target["rawSql"], END - timedelta(days=days), END - timedelta(milliseconds=1), **variables)
            took, scans = measured(connection, query)
            line += f"{took:>10.2f} {scans:>7.1f}"
        print(line, flush=True)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000
    with tempfile.TemporaryDirectory() as folder, postgresql(Path(folder) / "pg") as url:
        with filled(url, fill_postgresql, rows).writing() as connection:
            write_views(connection)
        with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
            measure(connection)


if __name__ == "__main__":
    main()
