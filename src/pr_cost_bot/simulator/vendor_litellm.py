"""A LiteLLM proxy's spend logs and users, after https://docs.litellm.ai/docs/proxy/cost_tracking and BerriAI/litellm.

`Call.person` is the user's e-mail address; `Call.api_key` the hash of a shared key, which belongs to nobody.
"""

from datetime import UTC, datetime
from typing import Any

from pr_cost_bot.simulator.server import Handler, Request, Response
from pr_cost_bot.simulator.vendor_world import Call, World, broken, user_id

_TYPES = {401: "auth_error", 403: "auth_error", 404: "not_found_error", 429: "throttling_error"}


def error(status: int, message: str) -> Response:
    """LiteLLM's error body."""
    kind = _TYPES.get(status, "internal_server_error")
    return Response.of({"error": {"message": message, "type": kind, "param": "None", "code": str(status)}}, status)


def litellm(world: World, count_cap: int = 10_000) -> Handler:
    """The handler for `Server`. `count_cap`: where `total` stops counting."""

    def answer(request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {world.keys['litellm']}":
            return error(401, f"Authentication Error, Invalid proxy server token: {request.headers.get('authorization')}")
        if request.path == "/user/list":
            return _users(world, request)
        return _logs(world, request, count_cap) if request.path == "/spend/logs/v2" else error(404, "Not Found")

    return lambda request: broken(world, "litellm", request, answer, error)


def _one(request: Request, name: str, default: str = "") -> str:
    return request.query.get(name, [default])[0]


def _page_of(request: Request, most: int) -> tuple[int, int]:
    """Page and size; a larger size is refused, as FastAPI refuses it."""
    page, size = int(_one(request, "page", "1")), int(_one(request, "page_size", "50"))
    if page < 1 or not 1 <= size <= most:
        raise ValueError
    return page, size


def _users(world: World, request: Request) -> Response:
    page, size = _page_of(request, 100)
    wanted = _one(request, "user_email").lower()
    found = [email for email in world.emails("litellm") if wanted in email.lower()]
    users = [
        {"user_id": user_id(email, ""), "user_email": email, "user_role": "internal_user"}
        for email in found[(page - 1) * size : page * size]
    ]
    pages = -(-len(found) // size)
    return Response.of({"users": users, "total": len(found), "page": page, "page_size": size, "total_pages": pages})


def _logs(world: World, request: Request, count_cap: int) -> Response:
    try:
        page, size = _page_of(request, 100)
    except ValueError:
        return Response.of(
            {"detail": [{"loc": ["query", "page_size"], "msg": "Input should be less than or equal to 100"}]}, 422
        )
    try:
        first, last = (
            datetime.strptime(_one(request, name), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
            for name in ("start_date", "end_date")
        )
    except ValueError:
        return error(400, "Start date and end date are required")
    calls = [call for call in world.visible("litellm") if first <= call.at <= last and _asked(call, request)]
    if _one(request, "sort_order", "desc") == "desc":
        calls.reverse()
    total = min(len(calls), count_cap)
    return Response.of(
        {
            "data": [_row(call) for call in calls[(page - 1) * size : page * size]],
            "total": total,
            "page": page,
            "page_size": size,
            "total_pages": -(-total // size),
            "total_is_capped": len(calls) > count_cap,
        }
    )


def _moment(request: Request, name: str) -> datetime:
    return datetime.strptime(_one(request, name), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)


def _owner(call: Call) -> str:
    return "shared-key-owner" if call.api_key else user_id(call.person, "")


def _asked(call: Call, request: Request) -> bool:
    user, key = _one(request, "user_id"), _one(request, "api_key")
    return (not user or user == _owner(call)) and (not key or key == call.api_key)


def _row(call: Call) -> dict[str, Any]:
    tokens, at = call.tokens, call.at.isoformat()
    usage = {"cache_read_input_tokens": tokens.cache_read, "cache_creation_input_tokens": tokens.cache_write}
    return {
        "request_id": f"chatcmpl-{user_id(f'{call.person} {at} {call.model}', '')}",
        "call_type": "acompletion",
        "api_key": call.api_key or "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",
        "user": _owner(call),
        "end_user": "",
        "model": f"anthropic/{call.model}",
        "model_group": call.model,
        "custom_llm_provider": "anthropic",
        "spend": float(call.cents / 100),
        "prompt_tokens": tokens.input,
        "completion_tokens": tokens.output,
        "total_tokens": tokens.input + tokens.output,
        "startTime": at,
        "endTime": at,
        "cache_hit": "False",
        "request_tags": list(call.tags),
        "session_id": call.session,
        "status": "success",
        "metadata": {"usage_object": usage, "spend_logs_metadata": None},
    }
