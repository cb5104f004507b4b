"""Anthropic's organisation APIs in the shape of PyPI `anthropic` 2.12.0 and of platform.claude.com/docs/en/manage-claude."""

from collections.abc import Callable, Sequence
from typing import Any

from pr_cost_bot.simulator.server import Handler, Request, Response
from pr_cost_bot.simulator.vendor_anthropic_reports import BadRequest, analytics, claude_code, messages, stamp
from pr_cost_bot.simulator.vendor_world import World, broken, user_id

_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}


def error(status: int, message: str) -> Response:
    """Anthropic's error body."""
    kind = _KINDS.get(status, "api_error")
    return Response.of({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_sim"}, status)


def anthropic(world: World) -> Handler:
    """The handler for `Server`."""

    def answer(request: Request) -> Response:
        if request.headers.get("x-api-key") != world.keys["anthropic"]:
            return error(401, f"invalid x-api-key {request.headers.get('x-api-key')}")
        if request.headers.get("anthropic-version") != "2023-06-01":
            return error(400, "anthropic-version: header is required")
        try:
            return _route(world, request)
        except BadRequest as problem:
            return error(400, str(problem))

    return lambda request: broken(world, "anthropic", request, answer, error)


def _route(world: World, request: Request) -> Response:
    path = request.path.removeprefix("/v1/organizations")
    lists: dict[str, Callable[[], list[dict[str, Any]]]] = {
        "/users": lambda: _users(world, request),
        "/api_keys": lambda: _keys(world),
    }
    if path in lists:
        return _listing(request, lists[path]())
    pair = path in {"/analytics/cost", "/analytics/usage"}
    if pair and not world.anthropic_pair:
        return error(403, "This organization does not have access to the usage and cost analytics API.")
    if pair:
        return analytics(world, request, money=path.endswith("/cost"))
    if path == "/usage_report/messages" and world.anthropic_messages:
        return messages(world, request)
    return claude_code(world, request) if path == "/usage_report/claude_code" else error(404, "Not found")


def _users(world: World, request: Request) -> list[dict[str, Any]]:
    wanted = request.query.get("email", [""])[0].lower()
    return [_user(world, email) for email in world.emails("anthropic") if wanted in {"", email.lower()}]


def _keys(world: World) -> list[dict[str, Any]]:
    return [_key(key, owner) for key, owner in sorted(world.api_keys.items())]


def _user(world: World, email: str) -> dict[str, Any]:
    return {
        "id": user_id(email, "user_"),
        "type": "user",
        "email": email,
        "name": email,
        "role": "developer",
        "added_at": stamp(world.now),
    }


def _key(key: str, owner: str | None) -> dict[str, Any]:
    principal = {"type": "user_actor", "user_id": user_id(owner, "user_")} if owner else None
    return {
        "id": key,
        "type": "api_key",
        "name": f"name of {key}",
        "status": "active",
        "created_by": None,
        "principal": principal,
        "scope": {"type": "organization"},
    }


def _listing(request: Request, items: Sequence[dict[str, Any]]) -> Response:
    limit = int(request.query.get("limit", ["20"])[0])
    if not 1 <= limit <= 1000:
        raise BadRequest("limit: must be between 1 and 1000")
    after = request.query.get("after_id", [None])[0]
    ids = [item["id"] for item in items]
    start = ids.index(after) + 1 if after in ids else 0
    shown = items[start : start + limit]
    return Response.of(
        {
            "data": list(shown),
            "has_more": start + limit < len(items),
            "first_id": shown[0]["id"] if shown else None,
            "last_id": shown[-1]["id"] if shown else None,
        }
    )
