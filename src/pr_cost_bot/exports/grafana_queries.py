"""What the Grafana dashboard asks PostgreSQL, over the views of `exports.views` alone.

`$__timeFilter`, `$__timeFrom`, `$__timeTo` and `$__timeGroupAlias` are macros of Grafana's data source for PostgreSQL;
`${…:sqlstring}` is a variable quoted as SQL text, so that nothing typed there becomes SQL. Days are in UTC, as in the reports.
"""

NO_REPOSITORY = "(no repository)"
EVERYTHING = "'(all)'"
"""What the variable `repository` is when all are chosen: a name that no repository has, so that the list need not be sent."""

_SPANS = """
WITH spans (start, stop) AS (
  SELECT CAST($__timeFrom() AS TIMESTAMPTZ) - (CAST($__timeTo() AS TIMESTAMPTZ) - CAST($__timeFrom() AS TIMESTAMPTZ)),
         CAST($__timeFrom() AS TIMESTAMPTZ) - INTERVAL '1 millisecond'
  UNION ALL
  SELECT CAST($__timeFrom() AS TIMESTAMPTZ), CAST($__timeTo() AS TIMESTAMPTZ)
)""".strip()
"""As long a time before, and the dashboard's: Grafana shows the last value and the change from the first."""

_OF_PULLS = "('(all)' IN (${repository:sqlstring}) OR p.repository IN (${repository:sqlstring}))"
_OF_DAYS = (
    f"('(all)' IN (${{repository:sqlstring}}) OR COALESCE(d.repository, '{NO_REPOSITORY}') IN (${{repository:sqlstring}}))"
)
_BUDGET = "CAST(NULLIF(${budget:sqlstring}, '') AS NUMERIC)"

REPOSITORIES = f"""
SELECT repository FROM pr_cost_pulls UNION SELECT '{NO_REPOSITORY}' ORDER BY 1
""".strip()  # noqa: S608 - made of this module's own constants

HEADLINE = f"""
{_SPANS}
SELECT s.stop AS time, AVG(p.cost_usd) AS "mean",
       percentile_cont(0.5) WITHIN GROUP (ORDER BY p.cost_usd) AS "median"
FROM spans s
LEFT JOIN pr_cost_pulls p ON p.state = 'merged' AND p.merged_at BETWEEN s.start AND s.stop AND {_OF_PULLS}
GROUP BY s.stop ORDER BY s.stop
""".strip()  # noqa: S608 - made of this module's own constants

MERGED = f"""
{_SPANS}
SELECT s.stop AS time, COUNT(p.pr_number) AS "merged"
FROM spans s
LEFT JOIN pr_cost_pulls p ON p.state = 'merged' AND p.merged_at BETWEEN s.start AND s.stop AND {_OF_PULLS}
GROUP BY s.stop ORDER BY s.stop
""".strip()  # noqa: S608 - made of this module's own constants

SPEND = f"""
{_SPANS}
SELECT s.stop AS time, COALESCE(SUM(d.cost_usd), 0) AS "spend"
FROM spans s
LEFT JOIN pr_cost_daily d ON d.day BETWEEN CAST(s.start AT TIME ZONE 'UTC' AS DATE) AND CAST(s.stop AT TIME ZONE 'UTC' AS DATE)
  AND {_OF_DAYS}
GROUP BY s.stop ORDER BY s.stop
""".strip()  # noqa: S608 - made of this module's own constants

ON_NONE = f"""
{_SPANS}
SELECT s.stop AS time, SUM(d.cost_usd) FILTER (WHERE d.attributed = 0) / NULLIF(SUM(d.cost_usd), 0) AS "on no pull request"
FROM spans s
LEFT JOIN pr_cost_daily d ON d.day BETWEEN CAST(s.start AT TIME ZONE 'UTC' AS DATE) AND CAST(s.stop AT TIME ZONE 'UTC' AS DATE)
  AND {_OF_DAYS}
GROUP BY s.stop ORDER BY s.stop
""".strip()  # noqa: S608 - made of this module's own constants

TREND = f"""
WITH days AS (
  SELECT generate_series(date_trunc('day', CAST($__timeFrom() AS TIMESTAMPTZ), 'UTC'), CAST($__timeTo() AS TIMESTAMPTZ),
                         INTERVAL '24 hours') AS day
), merged AS (
  SELECT p.merged_at, p.cost_usd FROM pr_cost_pulls p
  WHERE p.state = 'merged' AND {_OF_PULLS} AND p.merged_at <= $__timeTo()
    AND p.merged_at >= CAST($__timeFrom() AS TIMESTAMPTZ) - CAST(${{window:sqlstring}} AS INTEGER) * INTERVAL '24 hours'
)
SELECT days.day AS time, AVG(m.cost_usd) AS "mean", percentile_cont(0.5) WITHIN GROUP (ORDER BY m.cost_usd) AS "median"
FROM days
LEFT JOIN merged m ON m.merged_at < days.day + INTERVAL '24 hours'
  AND m.merged_at >= days.day - (CAST(${{window:sqlstring}} AS INTEGER) - 1) * INTERVAL '24 hours'
GROUP BY days.day ORDER BY days.day
""".strip()  # noqa: S608 - made of this module's own constants

BY_DAY = f"""
SELECT $__timeGroupAlias(d.day, '1d'),
       CASE ${{by:sqlstring}} WHEN 'model' THEN d.model WHEN 'product' THEN d.product ELSE d.source END AS metric,
       SUM(d.cost_usd) AS "cost"
FROM pr_cost_daily d
WHERE $__timeFilter(d.day) AND {_OF_DAYS}
GROUP BY 1, 2 ORDER BY 1, 2
""".strip()  # noqa: S608 - made of this module's own constants

BUDGET = f"""
WITH days AS (
  SELECT CAST(generate_series(date_trunc('month', CAST($__timeFrom() AS TIMESTAMPTZ) AT TIME ZONE 'UTC'),
                              CAST($__timeTo() AS TIMESTAMPTZ) AT TIME ZONE 'UTC', INTERVAL '1 day') AS DATE) AS day
), spent AS (
  SELECT d.day, SUM(d.cost_usd) AS cost FROM pr_cost_daily d WHERE {_OF_DAYS} GROUP BY d.day
)
SELECT CAST(days.day AS TIMESTAMP) AT TIME ZONE 'UTC' AS time,
       SUM(COALESCE(spent.cost, 0)) OVER (PARTITION BY date_trunc('month', days.day) ORDER BY days.day) AS "spent this month",
       {_BUDGET} AS "budget"
FROM days LEFT JOIN spent ON spent.day = days.day
ORDER BY days.day
""".strip()  # noqa: S608 - made of this module's own constants

TOP = f"""
SELECT d.repository || '#' || d.pr_number AS "pull request", d.title, d.state, d.ticket, SUM(d.cost_usd) AS "spend", d.url
FROM pr_cost_pull_daily d
WHERE $__timeFilter(d.day) AND {_OF_DAYS}
GROUP BY d.repository, d.pr_number, d.title, d.state, d.ticket, d.url
ORDER BY "spend" DESC, 1 LIMIT 50
""".strip()  # noqa: S608 - made of this module's own constants

BY_REPOSITORY = f"""
WITH spent AS (
  SELECT COALESCE(d.repository, '{NO_REPOSITORY}') AS repository, SUM(d.cost_usd) AS spend,
         SUM(d.cost_usd) FILTER (WHERE d.attributed = 0) AS on_none
  FROM pr_cost_daily d WHERE $__timeFilter(d.day) AND {_OF_DAYS} GROUP BY 1
), merged AS (
  SELECT p.repository, COUNT(*) AS merged, AVG(p.cost_usd) AS mean,
         percentile_cont(0.5) WITHIN GROUP (ORDER BY p.cost_usd) AS median
  FROM pr_cost_pulls p WHERE p.state = 'merged' AND $__timeFilter(p.merged_at) AND {_OF_PULLS} GROUP BY p.repository
)
SELECT COALESCE(s.repository, m.repository) AS "repository", COALESCE(s.spend, 0) AS "spend",
       COALESCE(s.on_none, 0) AS "on no pull request", COALESCE(m.merged, 0) AS "merged",
       m.mean AS "mean per merged", m.median AS "median per merged"
FROM spent s FULL JOIN merged m ON m.repository = s.repository
ORDER BY 2 DESC, 1
""".strip()  # noqa: S608 - made of this module's own constants

BY_TICKET = f"""
WITH named AS (
  SELECT p.repository, p.pr_number, p.cost_usd, t.ticket, COUNT(*) OVER (PARTITION BY p.repository, p.pr_number) AS tickets
  FROM pr_cost_pulls p
  CROSS JOIN LATERAL (SELECT DISTINCT trim(n) AS ticket FROM unnest(string_to_array(p.ticket, ',')) n WHERE trim(n) <> '') t
  WHERE p.state = 'merged' AND $__timeFilter(p.merged_at) AND {_OF_PULLS}
)
SELECT ticket, COUNT(*) AS "pull requests", SUM(cost_usd / tickets) AS "cost"
FROM named GROUP BY ticket ORDER BY 3 DESC, 1
""".strip()  # noqa: S608 - made of this module's own constants

CONCENTRATION = f"""
WITH members AS (
  SELECT 'pull requests' AS kind, d.repository || '#' || d.pr_number AS name, SUM(d.cost_usd) AS cost
  FROM pr_cost_pull_daily d WHERE $__timeFilter(d.day) AND {_OF_DAYS} GROUP BY 2
  UNION ALL
  SELECT 'repositories', COALESCE(d.repository, '{NO_REPOSITORY}'), SUM(d.cost_usd)
  FROM pr_cost_daily d WHERE $__timeFilter(d.day) AND {_OF_DAYS} GROUP BY 2
), ranked AS (
  SELECT kind, cost, ROW_NUMBER() OVER ranks AS place, COUNT(*) OVER (PARTITION BY kind) AS members,
         SUM(cost) OVER ranks - cost AS before, SUM(cost) OVER (PARTITION BY kind) AS total
  FROM members WHERE cost > 0
  WINDOW ranks AS (PARTITION BY kind ORDER BY cost DESC, name ROWS UNBOUNDED PRECEDING)
)
SELECT kind AS "of", members AS "count",
       SUM(cost) FILTER (WHERE place <= CEIL(members / 10.0)) / MAX(total) AS "the top 10 % have",
       COUNT(*) FILTER (WHERE before * 2 < total) AS "make half",
       CAST(COUNT(*) FILTER (WHERE before * 2 < total) AS NUMERIC) / members AS "of all"
FROM ranked GROUP BY kind, members ORDER BY kind
""".strip()  # noqa: S608 - made of this module's own constants

UNATTRIBUTED = f"""
SELECT d.reason, SUM(d.cost_usd) AS "spend",
       SUM(d.cost_usd) / NULLIF((SELECT SUM(d.cost_usd) FROM pr_cost_daily d WHERE $__timeFilter(d.day) AND {_OF_DAYS}), 0)
       AS "of all spend"
FROM pr_cost_daily d
WHERE $__timeFilter(d.day) AND d.attributed = 0 AND {_OF_DAYS}
GROUP BY d.reason ORDER BY 2 DESC, 1
""".strip()  # noqa: S608 - made of this module's own constants

MODELS = f"""
SELECT d.model, SUM(d.cost_usd) AS "spend",
       SUM(d.cost_usd) / NULLIF(SUM(SUM(d.cost_usd)) OVER (), 0) AS "share",
       SUM(d.cache_read_tokens) / NULLIF(SUM(d.input_tokens), 0) AS "from cache"
FROM pr_cost_daily d
WHERE $__timeFilter(d.day) AND {_OF_DAYS}
GROUP BY d.model ORDER BY 2 DESC, 1
""".strip()  # noqa: S608 - made of this module's own constants

FRESH = f"""
SELECT EXTRACT(EPOCH FROM MAX(p.computed_at)) * 1000 AS "last look" FROM pr_cost_pulls p WHERE {_OF_PULLS}
""".strip()  # noqa: S608 - made of this module's own constants
