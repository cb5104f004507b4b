"""Rows of the table for tests: every factory takes what matters and fills in the rest."""

from decimal import Decimal

from pr_cost_bot.dashboard.entries import convert, newest

NOW = "2026-11-21T18:00:00Z"


def line(cost="4.21", person="ada", model="claude-sonnet-4-6", **given):
    return {
        "source": "cursor",
        "product": "",
        "evidence": "matched",
        "model": model,
        "person": person,
        "cost_usd": cost,
        **given,
    }


def row(number=7, cost="4.21", day="2026-11-20", **given):
    """A merged pull request of that day, by Ada; `state`, `lines` and all else may be given."""
    state = given.get("state", "merged")
    repository = given.get("repository", "acme/web")
    at = f"{day}T12:00:00Z"
    return {
        "repository": repository,
        "pr_number": number,
        "title": f"Change {number}",
        "url": f"https://github.com/{repository}/pull/{number}",
        "author": "ada",
        "state": state,
        "opened_at": at,
        "merged_at": at if state == "merged" else None,
        "closed_at": None if state == "open" else at,
        "computed_at": at,
        "commits": 2,
        "cost_usd": cost,
        "billed_usd": cost,
        "input_tokens": 1000,
        "cache_read_tokens": 800,
        "output_tokens": 50,
        "complete": True,
        "settled": state != "open",
        "schema_version": 1,
        "lines": [line(cost)] if Decimal(cost) else [],
        **given,
    }


def entries(*rows):
    return newest(convert(one) for one in rows)
