"""OpenAI's organisation API as in https://github.com/openai/openai-openapi and PyPI `openai` 3.54.0."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pr_cost_bot.simulator.server import Handler, Request, Response
from pr_cost_bot.simulator.vendor_world import Call, World, broken, fingerprint, floor, page_of, total, user_id

_PROJECT = "proj_sim"
_WIDTHS = {"1m": (timedelta(minutes=1), 60, 1440), "1h": (timedelta(hours=1), 24, 168), "1d": (timedelta(days=1), 7, 31)}
_DIMENSIONS = ("project_id", "user_id", "api_key_id", "model", "batch", "service_tier", "api_source")


def error(status: int, message: str) -> Response:
    """OpenAI's error body."""
    return Response.of({"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}, status)


def openai(world: World) -> Handler:
    """The handler for `Server`."""

    def answer(request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {world.keys['openai']}":
            return error(401, f"Incorrect API key provided: {request.headers.get('authorization', '')[7:]}.")
        path = request.path.removeprefix("/v1/organization")
        if path == "/users":
            wanted = {email.lower() for email in _many(request, "emails")}
            found = [email for email in world.emails("openai") if not wanted or email.lower() in wanted]
            return _listing(request, [_user(email) for email in found])
        if path == "/projects":
            return _listing(request, [{"object": "organization.project", "id": _PROJECT, "name": "Sim", "status": "active"}])
        if path == f"/projects/{_PROJECT}/api_keys":
            return _listing(request, [_key(key, owner) for key, owner in sorted(world.api_keys.items())])
        if path == "/usage/completions":
            return _usage(world, request)
        return error(404, "Not found")

    return lambda request: broken(world, "openai", request, answer, error)


def _many(request: Request, name: str) -> list[str]:
    """Values of a list parameter, with or without brackets."""
    return [*request.query.get(f"{name}[]", []), *request.query.get(name, [])]


def _user(email: str) -> dict[str, Any]:
    return {
        "object": "organization.user",
        "id": user_id(email, "user-"),
        "email": email,
        "name": email,
        "role": "reader",
        "added_at": 1711471533,
    }


def _key(key: str, owner: str | None) -> dict[str, Any]:
    holder = (
        {"type": "user", "user": _user(owner)}
        if owner
        else {"type": "service_account", "service_account": {"id": "svc_acct_sim", "name": "CI", "role": "member"}}
    )
    return {"object": "organization.project.api_key", "id": key, "name": key, "redacted_value": "sk-…", "owner": holder}


def _listing(request: Request, items: Sequence[dict[str, Any]]) -> Response:
    limit = int(request.query.get("limit", ["20"])[0])
    if not 1 <= limit <= 100:
        return error(400, "limit must be between 1 and 100")
    after = request.query.get("after", [None])[0]
    ids = [item["id"] for item in items]
    start = ids.index(after) + 1 if after in ids else 0
    shown = items[start : start + limit]
    return Response.of(
        {
            "object": "list",
            "data": list(shown),
            "first_id": shown[0]["id"] if shown else None,
            "last_id": shown[-1]["id"] if shown else None,
            "has_more": start + limit < len(items),
        }
    )


def _usage(world: World, request: Request) -> Response:
    query = request.query
    width, default, most = _WIDTHS.get(query.get("bucket_width", ["1d"])[0], (timedelta(0), 0, 0))
    limit = int(query.get("limit", [str(default)])[0])
    groups = _many(request, "group_by")
    if not width or not 1 <= limit <= most or "start_time" not in query or not set(groups) <= set(_DIMENSIONS):
        return error(400, "bucket_width, limit, start_time or group_by is not valid")
    first = floor(datetime.fromtimestamp(int(query["start_time"][0]), UTC), width)
    end = datetime.fromtimestamp(int(query["end_time"][0]), UTC) if "end_time" in query else world.now
    starts = [first + i * width for i in range(max(0, -((first - end) // width)))]
    cursor = query.get("page", ["page_0_" + fingerprint(query)])[0]
    _, offset, mark = cursor.split("_", 2)
    if mark != fingerprint(query):
        return error(400, "The cursor belongs to another query")
    shown, following = page_of(list(starts), int(offset), limit)
    calls = [call for call in world.visible("openai") if _asked(call, request)]
    return Response.of(
        {
            "object": "page",
            "data": [
                _bucket([c for c in calls if floor(c.at, width) == at], at, width, groups) for at in starts if at in shown
            ],
            "has_more": following is not None,
            "next_page": None if following is None else f"page_{following}_{fingerprint(query)}",
        }
    )


def _asked(call: Call, request: Request) -> bool:
    users, keys, models = (_many(request, name) for name in ("user_ids", "api_key_ids", "models"))
    who = _dimension(call, "user_id")
    return (not users or who in users) and (not keys or call.api_key in keys) and (not models or call.model in models)


def _dimension(call: Call, name: str) -> Any:
    """The value of a grouping: the user for signed-in use, the key alone for use with a key."""
    values = {
        "project_id": _PROJECT,
        "user_id": None if call.api_key else user_id(call.person, "user-"),
        "api_key_id": call.api_key,
        "model": call.model,
        "batch": False,
        "service_tier": "default",
    }
    return values.get(name)


def _bucket(calls: list[Call], start: datetime, width: timedelta, groups: list[str]) -> dict[str, Any]:
    results: dict[tuple[Any, ...], list[Call]] = {}
    for call in calls:
        results.setdefault(tuple(_dimension(call, name) for name in groups), []).append(call)
    return {
        "object": "bucket",
        "start_time": int(start.timestamp()),
        "end_time": int((start + width).timestamp()),
        "results": [_result(group, dict(zip(groups, values, strict=True))) for values, group in results.items()],
    }


def _result(calls: list[Call], dimensions: dict[str, Any]) -> dict[str, Any]:
    tokens, _ = total(calls)
    return {
        "object": "organization.usage.completions.result",
        "num_model_requests": len(calls),
        "input_tokens": tokens.input,
        "input_cached_tokens": tokens.cache_read,
        "input_cache_write_tokens": tokens.cache_write,
        "input_uncached_tokens": tokens.input - tokens.cache_read - tokens.cache_write,
        "output_tokens": tokens.output,
        **dict.fromkeys(_DIMENSIONS),
        **dimensions,
    }
