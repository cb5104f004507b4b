"""Views that Metabase, Grafana and the like can open: one row per question's unit, amounts as numbers, people left out.

SQLite has no exact decimals: there, amounts in these views are floating-point numbers, good for charts; `usage` and `pr_costs`
stay exact.
"""

from pr_cost_bot.ledger.units import DIGITS

NAMES = ("pr_cost_daily", "pr_cost_pulls", "pr_cost_pull_daily", "pr_cost_weekly")


def view_statements(dialect: str) -> tuple[str, ...]:
    """The statements that make the views anew, for `sqlite` or `postgresql`."""
    dropped = tuple(f"DROP VIEW IF EXISTS {name}" for name in NAMES)
    return (*dropped, _daily(dialect), _pulls(dialect), _pull_daily(dialect), _weekly(dialect))


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
CREATE VIEW pr_cost_daily AS
SELECT {_day(dialect)} AS day, a.source, i.product, i.model, NULLIF(p.repository, '') AS repository,
       s.attributed, p.reason, SUM(s.requests) AS requests, SUM(s.input_tokens) AS input_tokens,
       SUM(s.cache_read_tokens) AS cache_read_tokens, SUM(s.cache_write_tokens) AS cache_write_tokens,
       SUM(s.output_tokens) AS output_tokens, {_amount("s.cost_units", dialect)} AS cost_usd,
       {_amount("s.billed_units", dialect)} AS billed_usd, COUNT(DISTINCT a.person) AS people
FROM usage_shares s
JOIN usage_accounts a ON a.id = s.account_id
JOIN usage_items i ON i.id = s.item_id
JOIN usage_places p ON p.id = s.place_id
GROUP BY s.day, a.source, i.product, i.model, p.repository, s.attributed, p.reason
""".strip()  # noqa: S608 - made of this module's own constants


def _pulls(dialect: str) -> str:
    """Pull requests without their author: what they cost, per commit and per changed line."""
    cost = _number("cost_usd", dialect)
    return f"""
CREATE VIEW pr_cost_pulls AS
SELECT repository, pr_number, title, url, state, opened_at, merged_at, closed_at, ticket, purpose, cost_label,
       commits, additions, deletions, {cost} AS cost_usd, {_number("billed_usd", dialect)} AS billed_usd,
       {_number("low_usd", dialect)} AS low_usd, {_number("high_usd", dialect)} AS high_usd,
       {_number("estimate_usd", dialect)} AS estimate_usd, {cost} / NULLIF(commits, 0) AS cost_per_commit_usd,
       input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, complete, settled, computed_at
FROM pr_costs
""".strip()  # noqa: S608 - made of this module's own constants


def _pull_daily(dialect: str) -> str:
    """Spend on pull requests by the day it was used: also of those that are not in `pr_costs`."""
    return f"""
CREATE VIEW pr_cost_pull_daily AS
SELECT {_day(dialect)} AS day, p.repository, p.pr_number, c.title, c.url, c.state, c.ticket, c.purpose,
       SUM(s.requests) AS requests, {_amount("s.cost_units", dialect)} AS cost_usd
FROM usage_shares s
JOIN usage_places p ON p.id = s.place_id
LEFT JOIN pr_costs c ON c.repository = p.repository AND c.pr_number = p.pr_number
WHERE p.pr_number <> 0
GROUP BY s.day, p.repository, p.pr_number, c.title, c.url, c.state, c.ticket, c.purpose
""".strip()  # noqa: S608 - made of this module's own constants


def _weekly(dialect: str) -> str:
    """Merged pull requests by week of their merge (its Monday): how many, and what they cost on average."""
    week = (
        "date(merged_at, 'weekday 0', '-6 days')"
        if dialect == "sqlite"
        else "CAST(date_trunc('week', merged_at AT TIME ZONE 'UTC') AS DATE)"
    )
    cost = _number("cost_usd", dialect)
    return f"""
CREATE VIEW pr_cost_weekly AS
SELECT {week} AS week, repository, COUNT(*) AS merged, SUM({cost}) AS cost_usd, SUM({cost}) / COUNT(*) AS cost_per_merged_usd
FROM pr_costs
WHERE state = 'merged'
GROUP BY {week}, repository
""".strip()  # noqa: S608 - made of this module's own constants
