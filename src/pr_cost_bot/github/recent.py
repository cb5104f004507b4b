"""The numbers of the pull requests that a true-up or a backfill has to look at."""

from datetime import datetime
from typing import Any

from pr_cost_bot.github import queries
from pr_cost_bot.github.nodes import nodes_of, read_time
from pr_cost_bot.github.site import Site


def recent_numbers(site: Site, closed_since: datetime) -> tuple[int, ...]:
    """All open pull requests and those closed since then. Raises: GitHubError when not all of them can be listed."""
    numbers: dict[int, None] = {}
    variables: dict[str, Any] = {**site.place, "open": True, "openAfter": None, "closed": True, "closedAfter": None}
    while variables["open"] or variables["closed"]:
        home = site.api.query_whole(queries.RECENT_PULL_REQUESTS, variables)["repository"]
        numbers |= dict.fromkeys(node["number"] for node in nodes_of(home.get("open")))
        closed = [*nodes_of(home.get("closed"))]
        numbers |= dict.fromkeys(node["number"] for node in closed if read_time(node["closedAt"]) >= closed_since)
        older = bool(closed) and read_time(closed[-1]["updatedAt"]) < closed_since
        variables |= _following("open", home.get("open"), stop=False) | _following("closed", home.get("closed"), stop=older)
    return tuple(sorted(numbers))


def _following(name: str, connection: Any, *, stop: bool) -> dict[str, Any]:
    info = (connection or {}).get("pageInfo") or {}
    more = bool(info.get("hasNextPage")) and not stop
    return {name: more, f"{name}After": info.get("endCursor") if more else None}
