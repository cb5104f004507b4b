"""What the Grafana dashboard asks PostgreSQL, over the views of `exports.views` alone.

`$__timeFilter`, `$__timeFrom` and `$__timeTo` are macros of Grafana's data source for PostgreSQL; `${…:sqlstring}` is a
variable quoted as SQL text, so that nothing typed there becomes SQL. Days are in UTC, as in the reports.

Spend is summed in units, by day, model or place, and only the sums are named and turned into dollars: one scan of the shares.
"""

from pr_cost_bot.ledger.units import DIGITS

NO_REPOSITORY = "(no repository)"
NO_PRODUCT = "(none)"
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

_DAY_OF = "CAST({} AT TIME ZONE 'UTC' AS DATE)"

_OF_PULLS = "('(all)' IN (${repository:sqlstring}) OR p.repository IN (${repository:sqlstring}))"
_OF_SHARES = (
    f"('(all)' IN (${{repository:sqlstring}}) OR COALESCE(d.repository, '{NO_REPOSITORY}') IN (${{repository:sqlstring}}))"
)
"""With all chosen PostgreSQL sees that it is always true, and joins no names for it."""

_FIRST, _LAST = (f"(CAST($__time{end}() AS DATE) - DATE '1970-01-01')" for end in ("From", "To"))
_DAYS = f"d.day_number BETWEEN {_FIRST} AND {_LAST}"
_DAYS_AND_BEFORE = f"d.day_number BETWEEN 2 * {_FIRST} - {_LAST} - 1 AND {_LAST}"
_DOLLARS = f"* {10**-DIGITS:.{DIGITS}f}"
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

_SPENT_BY_SPAN = f"""
{_SPANS}, spent AS (
  SELECT d.day, SUM(d.cost_units) AS units, SUM(d.cost_units) FILTER (WHERE d.attributed = 0) AS on_none
  FROM pr_cost_shares d
  WHERE {_DAYS_AND_BEFORE} AND {_OF_SHARES}
  GROUP BY d.day
), sums AS (
  SELECT s.stop AS time, SUM(d.units) AS units, SUM(d.on_none) AS on_none
  FROM spans s LEFT JOIN spent d ON d.day BETWEEN {_DAY_OF.format("s.start")} AND {_DAY_OF.format("s.stop")}
  GROUP BY s.stop
)
""".strip()  # noqa: S608 - made of this module's own constants

SPEND = f"""
{_SPENT_BY_SPAN}
SELECT time, COALESCE(units, 0) {_DOLLARS} AS "spend" FROM sums ORDER BY time
""".strip()  # noqa: S608 - made of this module's own constants

ON_NONE = f"""
{_SPENT_BY_SPAN}
SELECT time, COALESCE(on_none, 0) / NULLIF(units, 0) AS "on no pull request" FROM sums ORDER BY time
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
SELECT CAST(d.day AS TIMESTAMP) AT TIME ZONE 'UTC' AS time,
       CASE ${{by:sqlstring}} WHEN 'model' THEN d.model WHEN 'product' THEN COALESCE(NULLIF(d.product, ''), '{NO_PRODUCT}')
            ELSE d.source END AS metric,
       SUM(d.cost_units) {_DOLLARS} AS "cost"
FROM pr_cost_shares d
WHERE {_DAYS} AND {_OF_SHARES}
GROUP BY d.day, 2 ORDER BY 1, 2
""".strip()  # noqa: S608 - made of this module's own constants

BUDGET = f"""
WITH days AS (
  SELECT CAST(generate_series(date_trunc('month', CAST($__timeFrom() AS TIMESTAMPTZ) AT TIME ZONE 'UTC'),
                              CAST($__timeTo() AS TIMESTAMPTZ) AT TIME ZONE 'UTC', INTERVAL '1 day') AS DATE) AS day
), spent AS (
  SELECT d.day, SUM(d.cost_units) AS units FROM pr_cost_shares d
  WHERE d.day_number BETWEEN CAST(date_trunc('month', CAST($__timeFrom() AS TIMESTAMP)) AS DATE) - DATE '1970-01-01' AND {_LAST}
    AND {_OF_SHARES}
  GROUP BY d.day
)
SELECT CAST(days.day AS TIMESTAMP) AT TIME ZONE 'UTC' AS time,
       SUM(COALESCE(spent.units, 0)) OVER (PARTITION BY date_trunc('month', days.day) ORDER BY days.day) {_DOLLARS}
       AS "spent this month",
       {_BUDGET} AS "budget"
FROM days LEFT JOIN spent ON spent.day = days.day
ORDER BY days.day
""".strip()  # noqa: S608 - made of this module's own constants

_BY_PLACE = f"""
SELECT d.place, SUM(d.cost_units) AS units FROM pr_cost_shares d
WHERE {_DAYS} AND {_OF_SHARES} GROUP BY d.place
""".strip()  # noqa: S608 - made of this module's own constants

TOP = f"""
WITH spent AS (
  {_BY_PLACE}
), top AS (
  SELECT p.repository, p.pr_number, SUM(s.units) {_DOLLARS} AS spend
  FROM spent s JOIN pr_cost_places p ON p.place = s.place WHERE p.pr_number IS NOT NULL
  GROUP BY p.repository, p.pr_number ORDER BY 3 DESC, 1, 2 LIMIT 50
)
SELECT t.repository || '#' || t.pr_number AS "pull request", c.title, c.state, c.ticket, t.spend, c.url
FROM top t LEFT JOIN pr_cost_pulls c ON c.repository = t.repository AND c.pr_number = t.pr_number
ORDER BY t.spend DESC, 1
""".strip()  # noqa: S608 - made of this module's own constants

BY_REPOSITORY = f"""
WITH by_place AS (
  {_BY_PLACE}
), spent AS (
  SELECT COALESCE(p.repository, '{NO_REPOSITORY}') AS repository, SUM(s.units) {_DOLLARS} AS spend,
         SUM(s.units) FILTER (WHERE p.pr_number IS NULL) {_DOLLARS} AS on_none
  FROM by_place s JOIN pr_cost_places p ON p.place = s.place GROUP BY 1
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
WITH spent AS (
  {_BY_PLACE}
), members AS (
  SELECT 'pull requests' AS kind, p.repository || '#' || p.pr_number AS name, SUM(s.units) AS cost
  FROM spent s JOIN pr_cost_places p ON p.place = s.place WHERE p.pr_number IS NOT NULL GROUP BY 2
  UNION ALL
  SELECT 'repositories', p.repository, SUM(s.units)
  FROM spent s JOIN pr_cost_places p ON p.place = s.place WHERE p.repository IS NOT NULL GROUP BY 2
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
WITH spent AS (
  {_BY_PLACE}
)
SELECT p.reason, SUM(s.units) {_DOLLARS} AS "spend",
       SUM(s.units) / NULLIF((SELECT SUM(units) FROM spent), 0) AS "of all spend"
FROM spent s JOIN pr_cost_places p ON p.place = s.place
WHERE p.pr_number IS NULL
GROUP BY p.reason ORDER BY 2 DESC, 1
""".strip()  # noqa: S608 - made of this module's own constants

MODELS = f"""
SELECT d.model, SUM(d.cost_units) {_DOLLARS} AS "spend",
       SUM(d.cost_units) / NULLIF(SUM(SUM(d.cost_units)) OVER (), 0) AS "share",
       SUM(d.cache_read_tokens) / NULLIF(SUM(d.input_tokens), 0) AS "from cache"
FROM pr_cost_shares d
WHERE {_DAYS} AND {_OF_SHARES}
GROUP BY d.model ORDER BY 2 DESC, 1
""".strip()  # noqa: S608 - made of this module's own constants

FRESH = f"""
SELECT EXTRACT(EPOCH FROM MAX(p.computed_at)) * 1000 AS "last look" FROM pr_cost_pulls p WHERE {_OF_PULLS}
""".strip()  # noqa: S608 - made of this module's own constants
