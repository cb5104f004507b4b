"""Cursor's Admin API as documented at https://cursor.com/docs/account/teams/admin-api.md."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

from pr_cost_bot.simulator.server import Handler, Request, Response
from pr_cost_bot.simulator.vendor_world import Call, World, broken, user_id

_TITLES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 429: "Too Many Requests"}
_EPOCH = datetime.fromtimestamp(0, UTC)


def error(status: int, message: str) -> Response:
    """Cursor's error body."""
    return Response.of({"error": _TITLES.get(status, "Internal Server Error"), "message": message}, status)


def cursor(world: World) -> Handler:
    """The handler for `Server`."""

    def answer(request: Request) -> Response:
        expected = "Basic " + base64.b64encode(f"{world.keys['cursor']}:".encode()).decode()
        if request.headers.get("authorization") != expected:
            return error(401, "Invalid API key")
        if (request.method, request.path) == ("GET", "/teams/members"):
            return _members(world)
        if (request.method, request.path) == ("POST", "/teams/filtered-usage-events"):
            return _events(world, request.json())
        return error(404, "No such endpoint")

    return lambda request: broken(world, "cursor", request, answer, error)


def _members(world: World) -> Response:
    people = [
        {"id": user_id(email, "user_"), "name": email, "email": email, "role": "member", "isRemoved": False}
        for email in world.emails("cursor")
    ]
    return Response.of({"teamMembers": people})


def _events(world: World, body: Any) -> Response:
    size, page = body.get("pageSize", 100), body.get("page", 1)
    first, last = body.get("startDate"), body.get("endDate")
    if not (isinstance(size, int) and 1 <= size <= 1000 and isinstance(page, int) and page >= 1):
        return error(400, "pageSize must be between 1 and 1000")
    if not (
        isinstance(first, int) and isinstance(last, int) and last - first <= timedelta(days=30) // timedelta(milliseconds=1)
    ):
        return error(400, "Date range cannot exceed 30 days")
    calls = [call for call in reversed(world.visible("cursor")) if first <= _millis(call.at) <= last and _asked(call, body)]
    pages = max(1, -(-len(calls) // size))
    shown = calls[(page - 1) * size : page * size]
    return Response.of(
        {
            "totalUsageEventsCount": len(calls),
            "pagination": {
                "numPages": pages,
                "currentPage": page,
                "pageSize": size,
                "hasNextPage": page < pages,
                "hasPreviousPage": page > 1,
            },
            "usageEvents": [_event(call) for call in shown],
            "period": {"startDate": first, "endDate": last},
        }
    )


def _asked(call: Call, body: Any) -> bool:
    email, account = body.get("email"), body.get("serviceAccountId")
    return (email is None or call.person.lower() == email.lower()) and (account is None or call.api_key == account)


def _millis(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)


def _event(call: Call) -> dict[str, Any]:
    tokens = call.tokens
    event: dict[str, Any] = {
        "timestamp": str(_millis(call.at)),
        "userEmail": call.person,
        "model": call.model,
        "kind": call.kind,
        "maxMode": False,
        "requestsCosts": 1,
        "isTokenBasedCall": True,
        "isChargeable": call.chargeable,
        "isHeadless": False,
        "tokenUsage": {
            "inputTokens": tokens.input - tokens.cache_read - tokens.cache_write,
            "outputTokens": tokens.output,
            "cacheWriteTokens": tokens.cache_write,
            "cacheReadTokens": tokens.cache_read,
            "totalCents": float(call.cents),
        },
        "chargedCents": float(call.cents),
    }
    if call.session:
        event["conversationId"] = call.session
    if call.api_key:
        event["serviceAccountId"] = call.api_key
    return event
