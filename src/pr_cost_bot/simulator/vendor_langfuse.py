"""Langfuse's public API after github.com/langfuse/langfuse, `fern/apis/server/definition`: v2 or the first one."""

import base64
from datetime import UTC, datetime
from typing import Any

from pr_cost_bot.simulator.server import Handler, Request, Response
from pr_cost_bot.simulator.vendor_world import Call, World, broken, fingerprint, user_id

PUBLIC_KEY = "pk-lf-simulated"


def error(status: int, message: str) -> Response:
    """Langfuse's error body."""
    return Response.of({"message": message, "error": "LangfuseSimulatedError"}, status)


def langfuse(world: World, *, old: bool = False) -> Handler:
    """The handler for `Server`. `old`: a self-hosted server before version 4, which lacks the newer API."""
    routes = {"/api/public/v2/observations": _observations}
    if old:
        routes = {"/api/public/observations": _old_observations, "/api/public/traces": _old_traces}

    def answer(request: Request) -> Response:
        pair = f"{PUBLIC_KEY}:{world.keys['langfuse']}"
        if request.headers.get("authorization") != "Basic " + base64.b64encode(pair.encode()).decode():
            return error(401, "Invalid credentials. Confirm that you've configured the correct host.")
        route = routes.get(request.path) if request.method == "GET" else None
        return route(world, request) if route else error(404, "Not found")

    return lambda request: broken(world, "langfuse", request, answer, error)


def _one(request: Request, name: str, default: str = "") -> str:
    return request.query.get(name, [default])[0]


def _asked(world: World, request: Request, first: str, last: str) -> list[Call]:
    """Calls of the user (any without one) from the first time on and before the last, newest first."""
    start, end = (datetime.fromisoformat(_one(request, name)) for name in (first, last))
    user = _one(request, "userId")
    shown = [call for call in world.visible("langfuse") if start <= call.at < end and (not user or call.person == user)]
    return shown[::-1]


def _observations(world: World, request: Request) -> Response:
    size = int(_one(request, "limit", "50"))
    if not 1 <= size <= 1000:
        return error(400, "limit must be at most 1000")
    groups = _one(request, "fields", "core,basic").split(",")
    start, _, mark = _one(request, "cursor", f"0.{_print(request)}").partition(".")
    if mark != _print(request):
        return error(400, "The cursor belongs to another query")
    calls = _asked(world, request, "fromStartTime", "toStartTime")
    end = int(start) + size
    meta = {"cursor": f"{end}.{_print(request)}"} if end < len(calls) else {}
    return Response.of({"data": [_row(call, groups) for call in calls[int(start) : end]], "meta": meta})


def _print(request: Request) -> str:
    return fingerprint({name: values for name, values in request.query.items() if name != "cursor"})


def _row(call: Call, groups: list[str]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": _id(call, "obs_"),
        "traceId": _id(call, "trace_"),
        "startTime": _iso(call.at),
        "endTime": _iso(call.at),
        "projectId": "proj_simulated",
        "parentObservationId": None,
        "type": "GENERATION",
    }
    if "basic" in groups:
        row |= {"name": "chat", "userId": call.person, "sessionId": call.session, "environment": "default"}
    if "model" in groups:
        row |= {"providedModelName": call.model}
    if "usage" in groups:
        row |= {"usageDetails": _usage(call), "totalCost": _dollars(call), "costDetails": {"total": _dollars(call)}}
    if "metadata" in groups:
        row |= {"metadata": {}}
    if "trace_context" in groups:
        row |= {"tags": list(call.tags), "release": None, "traceName": "chat"}
    return row


def _old_observations(world: World, request: Request) -> Response:
    rows = [
        {
            "id": _id(call, "obs_"),
            "traceId": _id(call, "trace_"),
            "startTime": _iso(call.at),
            "type": "GENERATION",
            "model": call.model,
            "metadata": None,
            "usageDetails": _usage(call),
            "calculatedTotalCost": _dollars(call),
        }
        for call in _asked(world, request, "fromStartTime", "toStartTime")
    ]
    return _numbered(request, rows)


def _old_traces(world: World, request: Request) -> Response:
    rows: list[dict[str, Any]] = [
        {
            "id": _id(call, "trace_"),
            "timestamp": _iso(call.at),
            "sessionId": call.session,
            "metadata": {},
            "tags": list(call.tags),
        }
        for call in _asked(world, request, "fromTimestamp", "toTimestamp")
    ]
    return _numbered(request, rows)


def _numbered(request: Request, rows: list[dict[str, Any]]) -> Response:
    size, number = int(_one(request, "limit", "50")), int(_one(request, "page", "1"))
    if not (1 <= size <= 100 and number >= 1):
        return error(400, "limit must be at most 100")
    meta = {"page": number, "limit": size, "totalItems": len(rows), "totalPages": -(-len(rows) // size)}
    return Response.of({"data": rows[(number - 1) * size : number * size], "meta": meta})


def _usage(call: Call) -> dict[str, int]:
    tokens = call.tokens
    return {
        "input": tokens.input - tokens.cache_read - tokens.cache_write,
        "cache_read_input_tokens": tokens.cache_read,
        "cache_creation_input_tokens": tokens.cache_write,
        "output": tokens.output,
        "total": tokens.input + tokens.output,
    }


def _dollars(call: Call) -> float | None:
    return float(call.cents / 100) if call.cents else None


def _id(call: Call, prefix: str) -> str:
    return user_id(f"{call.person} {call.at.isoformat()} {call.model}", prefix)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
