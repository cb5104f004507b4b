"""Views that Metabase, Grafana and the like can open: one row per question's unit, amounts as numbers, people left out.

`pr_cost_shares` and `pr_cost_places` are for sums over much usage: neither groups, and a column that is not asked for joins
nothing, for the names hang on by outer joins with unique keys. So a sum by day or by place is one scan of the shares.

SQLite has no exact decimals: there, amounts in these views are floating-point numbers, good for charts; `usage` and `pr_costs`
stay exact.
"""

from pr_cost_bot.ledger.units import DIGITS
from pr_cost_bot.ledger.usage import NO_PRICE

NAMES = ("pr_cost_daily", "pr_cost_pulls", "pr_cost_pull_daily", "pr_cost_weekly", "pr_cost_shares", "pr_cost_places")
_REASON = f"CAST(TRIM(REPLACE(p.reason, '{NO_PRICE}', '')) AS VARCHAR(128))"
"""Why usage is on no pull request, whether it has a price or not. The cast keeps the column's type."""


def view_queries(dialect: str) -> dict[str, str]:
    """What each view asks, by its name, for `sqlite` or `postgresql`."""
    makers = (_daily, _pulls, _pull_daily, _weekly, _shares, _places)
    return {name: maker(dialect).strip() for name, maker in zip(NAMES, makers, strict=True)}


def _day(dialect: str) -> str:
    return "date(s.day * 86400, 'unixepoch')" if dialect == "sqlite" else "(DATE '1970-01-01' + s.day)"


def _amount(column: str, dialect: str) -> str:
    if dialect == "sqlite":
        return f"SUM({column}) / 1e{DIGITS}"
    return f"SUM({column}) * CAST('{10**-DIGITS:.{DIGITS}f}' AS NUMERIC)"


def _number(column: str, dialect: str) -> str:
    return f"CAST({column} AS REAL)" if dialect == "sqlite" else column


def _daily(dialect: str) -> str:
    """Spend by day, source, product, model and repository; attributed and not."""
    return f"""
SELECT {_day(dialect)} AS day, a.source, i.product, i.model, NULLIF(p.repository, '') AS repository,
       s.attributed, {_REASON} AS reason, SUM(s.requests) AS requests, SUM(s.input_tokens) AS input_tokens,
       SUM(s.cache_read_tokens) AS cache_read_tokens, SUM(s.cache_write_tokens) AS cache_write_tokens,
       SUM(s.output_tokens) AS output_tokens, {_amount("s.cost_units", dialect)} AS cost_usd,
       {_amount("s.billed_units", dialect)} AS billed_usd, COUNT(DISTINCT a.person) AS people
FROM usage_shares s
JOIN usage_accounts a ON a.id = s.account_id
JOIN usage_items i ON i.id = s.item_id
JOIN usage_places p ON p.id = s.place_id
GROUP BY s.day, a.source, i.product, i.model, p.repository, s.attributed, {_REASON}
"""  # noqa: S608 - made of this module's own constants


def _pulls(dialect: str) -> str:
    """Pull requests without their author: what they cost, per commit and per changed line."""
    cost = _number("cost_usd", dialect)
    return f"""
SELECT repository, pr_number, title, url, state, opened_at, merged_at, closed_at, ticket, purpose, cost_label,
       commits, additions, deletions, {cost} AS cost_usd, {_number("billed_usd", dialect)} AS billed_usd,
       {_number("low_usd", dialect)} AS low_usd, {_number("high_usd", dialect)} AS high_usd,
       {_number("estimate_usd", dialect)} AS estimate_usd, {cost} / NULLIF(commits, 0) AS cost_per_commit_usd,
       input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, complete, settled, computed_at
FROM pr_costs
"""  # noqa: S608 - made of this module's own constants


def _pull_daily(dialect: str) -> str:
    """Spend on pull requests by the day it was used: also of those that are not in `pr_costs`."""
    return f"""
SELECT {_day(dialect)} AS day, p.repository, p.pr_number, c.title, c.url, c.state, c.ticket, c.purpose,
       SUM(s.requests) AS requests, {_amount("s.cost_units", dialect)} AS cost_usd
FROM (SELECT day, place_id, SUM(requests) AS requests, SUM(cost_units) AS cost_units
      FROM usage_shares GROUP BY day, place_id) s
JOIN usage_places p ON p.id = s.place_id
LEFT JOIN pr_costs c ON c.repository = p.repository AND c.pr_number = p.pr_number
WHERE p.pr_number <> 0
GROUP BY s.day, p.repository, p.pr_number, c.title, c.url, c.state, c.ticket, c.purpose
"""  # noqa: S608 - made of this module's own constants


def _weekly(dialect: str) -> str:
    """Merged pull requests by week of their merge (its Monday): how many, and what they cost on average."""
    week = (
        "date(merged_at, 'weekday 0', '-6 days')"
        if dialect == "sqlite"
        else "CAST(date_trunc('week', merged_at AT TIME ZONE 'UTC') AS DATE)"
    )
    cost = _number("cost_usd", dialect)
    return f"""
SELECT {week} AS week, repository, COUNT(*) AS merged, SUM({cost}) AS cost_usd, SUM({cost}) / COUNT(*) AS cost_per_merged_usd
FROM pr_costs
WHERE state = 'merged'
GROUP BY {week}, repository
"""  # noqa: S608 - made of this module's own constants


def _shares(dialect: str) -> str:
    """Every share of usage by itself. A unit is 10^-12 dollars, so that sums of units are exact everywhere.

    `day_number`: days since 1970-01-01, of which PostgreSQL can estimate how many rows a range has; of `day` it cannot.
    """
    return f"""
SELECT {_day(dialect)} AS day, s.day AS day_number, a.source, i.product, i.model, s.place_id AS place,
       NULLIF(p.repository, '') AS repository, NULLIF(p.pr_number, 0) AS pr_number, s.attributed,
       {_REASON} AS reason, s.requests, s.input_tokens, s.cache_read_tokens, s.cache_write_tokens, s.output_tokens,
       s.cost_units, s.billed_units
FROM usage_shares s
LEFT JOIN usage_accounts a ON a.id = s.account_id
LEFT JOIN usage_items i ON i.id = s.item_id
LEFT JOIN usage_places p ON p.id = s.place_id
"""  # noqa: S608 - made of this module's own constants


def _places(_dialect: str) -> str:
    """What a place of `pr_cost_shares` is: a pull request with the evidence for it, or the reason why it is none."""
    return f"""
SELECT p.id AS place, NULLIF(p.repository, '') AS repository, NULLIF(p.pr_number, 0) AS pr_number, p.evidence,
       {_REASON} AS reason
FROM usage_places p
"""  # noqa: S608 - made of this module's own constants
