"""The exported files, read by DuckDB, against `usage` in the database: every sum is the same to the last digit."""

import io
from decimal import Decimal

import duckdb
import pytest

from pr_cost_bot.ledger.database import plain_engine
from pr_cost_bot.ledger_command import export

USAGE = (
    "SELECT bucket_start, source, repository, pr_number, cost_usd, billed_usd, requests, input_tokens, output_tokens FROM usage"
)
PARQUET = """
SELECT CAST(CAST("start" AS DATE) AS VARCHAR), source, COALESCE(repository || '#' || pr_number, ''), SUM(cost_usd),
       COALESCE(SUM(billed_usd), 0), COUNT(*), COUNT(billed_usd), SUM(requests), SUM(input_tokens), SUM(output_tokens)
FROM read_parquet(?) GROUP BY ALL
"""
FOCUS = """
SELECT ChargePeriodStart[:10], split_part(ResourceId, '/', 1), COALESCE(AllocatedResourceId, ''),
       SUM(CAST(EffectiveCost AS DECIMAL(38, 12))), SUM(CAST(BilledCost AS DECIMAL(38, 12))), COUNT(*),
       COUNT(*) FILTER (WHERE x_BilledCostKnown = 'true'), SUM(CAST(x_Requests AS BIGINT)),
       SUM(CAST(x_InputTokens AS BIGINT)), SUM(CAST(x_OutputTokens AS BIGINT))
FROM read_csv(?, all_varchar = true, header = true) GROUP BY ALL
"""


@pytest.fixture(scope="module", params=["sqlite_url", "grafana_url"])
def url(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def expected(url):
    """By day, source and pull request: cost, billed, rows, of these with a known bill, requests, input and output tokens."""
    found = {}
    with plain_engine(url).connect() as connection:
        for start, source, repository, number, cost, billed, *counts in connection.exec_driver_sql(USAGE):
            key = (str(start)[:10], source, f"{repository}#{number}" if number else "")
            sums = found.setdefault(key, [Decimal(0), Decimal(0), 0, 0, 0, 0, 0])
            amounts = (Decimal(cost), Decimal(billed or 0), 1, int(billed is not None), *counts)
            found[key] = [old + new for old, new in zip(sums, amounts, strict=True)]
    return found


@pytest.mark.parametrize(("kind", "query"), [("parquet", PARQUET), ("focus", FOCUS)])
def test_by_day_source_and_pull_request_the_file_is_the_usage(url, expected, tmp_path, kind, query):
    path, err = tmp_path / f"usage.{kind}", io.StringIO()
    arguments = (kind, "--database", url, "--from", "2026-08-24", "--to", "2026-11-16", "--output", str(path))
    assert export(arguments, {"PR_COST_BOT_NOW": "2026-11-16T09:00:00Z"}, io.StringIO(), err) == 0, err.getvalue()
    with duckdb.connect() as files:
        files.execute("SET TimeZone = 'UTC'")
        rows = files.execute(query, [str(path)]).fetchall()
    found = {(day, source, pull): sums for day, source, pull, *sums in rows}
    assert len(found) == len(rows) == len(expected)
    assert found == expected
    assert f"{sum(sums[2] for sums in expected.values())} rows" in err.getvalue()
