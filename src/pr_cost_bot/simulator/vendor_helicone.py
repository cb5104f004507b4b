"""Helicone's bulk query as documented at https://docs.helicone.ai/rest/request/post-v1requestquery-clickhouse."""

from datetime import UTC, datetime
from typing import Any

from pr_cost_bot.simulator.server import Handler, Request, Response
from pr_cost_bot.simulator.vendor_world import Call, World, broken, user_id

_NAMES = {"pr": "PR", "branch": "Branch", "repo": "Repo"}


def error(status: int, message: str) -> Response:
    """Helicone's error body."""
    return Response.of({"error": message}, status)


def refused(message: str) -> Response:
    """An error inside an answer with status 200."""
    return Response.of({"data": None, "error": message})


def helicone(world: World) -> Handler:
    """The handler for `Server`."""

    def answer(request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {world.keys['helicone']}":
            return error(401, "Invalid API key")
        if (request.method, request.path) != ("POST", "/v1/request/query-clickhouse"):
            return error(404, "Not found")
        return _query(world, request.json())

    return lambda request: broken(world, "helicone", request, answer, error)


def _query(world: World, body: Any) -> Response:
    offset, limit = body.get("offset"), body.get("limit")
    if not (isinstance(offset, int) and isinstance(limit, int) and offset >= 0 and 1 <= limit <= 1000):
        return refused("invalid offset or limit")
    try:
        calls = [call for call in world.visible("helicone") if _holds(body["filter"], call)]
    except (KeyError, ValueError, TypeError):
        return refused("invalid filter")
    if body.get("sort", {}).get("created_at") != "asc":
        calls.reverse()
    return Response.of({"data": [_row(call) for call in calls[offset : offset + limit]], "error": None})


def _holds(node: Any, call: Call) -> bool:
    if node == "all":
        return True
    if "operator" in node:
        left, right = _holds(node["left"], call), _holds(node["right"], call)
        return (left and right) if node["operator"] == "and" else (left or right)
    ((column, condition),) = node["request_response_rmt"].items()
    ((operator, value),) = condition.items()
    if column == "user_id" and operator == "equals":
        return bool(call.person == value)
    if column != "request_created_at":
        raise ValueError(column)
    at = datetime.fromisoformat(value)
    return {"gte": call.at >= at, "lt": call.at < at}[operator]


def _row(call: Call) -> dict[str, Any]:
    tokens = call.tokens
    said = dict(tag.split(":", 1) for tag in call.tags)
    prompt = tokens.input - tokens.cache_read - tokens.cache_write
    return {
        "request_id": user_id(f"{call.person} {call.at.isoformat()} {call.model}", "req_"),
        "request_created_at": call.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "request_user_id": call.person,
        "request_properties": {_NAMES.get(key, key): value for key, value in said.items()},
        "model": call.model,
        "provider": "ANTHROPIC",
        "prompt_tokens": prompt,
        "prompt_cache_read_tokens": tokens.cache_read,
        "prompt_cache_write_tokens": tokens.cache_write,
        "completion_tokens": tokens.output,
        "total_tokens": prompt + tokens.output,
        "cost": float(call.cents / 100) if call.cents else None,
        "response_status": 200,
    }
