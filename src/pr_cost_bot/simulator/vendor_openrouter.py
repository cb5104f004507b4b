"""OpenRouter's management API, after https://openrouter.ai/openapi/openapi.yaml and the pages of OpenRouterTeam/skills.

`Call.person` is a member's e-mail address; `Call.api_key` the hash of the key, with its name and maker in `Desk.keys`.
`Call.chargeable` False: made with a key of the customer's own at the vendor (BYOK).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pr_cost_bot.simulator.server import Handler, Request, Response
from pr_cost_bot.simulator.vendor_world import Call, World, broken, floor, total, user_id

_STEPS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_METRICS = ("request_count", "total_usage", "credits_usage", "tokens_prompt", "tokens_completion", "cached_tokens")
_DIMENSIONS = ("model", "user", "api_key_id", "workspace")


@dataclass
class Desk:
    """How this organisation is set up. `keys`: hash to name and maker's e-mail address."""

    keys: dict[str, tuple[str, str]] = field(default_factory=dict)
    analytics: bool = True
    most_rows: int = 10_000


def error(status: int, message: str) -> Response:
    """OpenRouter's error body."""
    return Response.of({"error": {"code": status, "message": message}}, status)


def openrouter(world: World, desk: Desk | None = None) -> Handler:
    """The handler for `Server`."""
    setup = desk or Desk()

    def answer(request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {world.keys['openrouter']}":
            return error(401, f"Invalid key {request.headers.get('authorization')}")
        routes: dict[tuple[str, str], Callable[[], Response]] = {
            ("GET", "/v1/organization/members"): lambda: _members(world, request),
            ("GET", "/v1/keys"): lambda: _keys(setup, request),
            ("GET", "/v1/activity"): lambda: _activity(world, setup, request),
        }
        if setup.analytics:
            routes["GET", "/v1/analytics/meta"] = _meta
            routes["POST", "/v1/analytics/query"] = lambda: _query(world, setup, request.json())
        route = routes.get((request.method, request.path))
        return route() if route else error(404, "Not Found")

    return lambda request: broken(world, "openrouter", request, answer, error)


def _member(email: str) -> str:
    return user_id(email, "user_")


def _members(world: World, request: Request) -> Response:
    start, size = int(request.query.get("offset", ["0"])[0]), int(request.query.get("limit", ["50"])[0])
    if not 1 <= size <= 100:
        return error(400, "limit must be at most 100")
    people = world.emails("openrouter")
    shown = [
        {"id": _member(email), "email": email, "first_name": "", "last_name": "", "role": "org:member"}
        for email in people[start : start + size]
    ]
    return Response.of({"data": shown, "total_count": len(people)})


def _keys(setup: Desk, request: Request) -> Response:
    start = int(request.query.get("offset", ["0"])[0])
    rows = [
        {"hash": key, "name": name, "label": "sk-or-v1-…", "disabled": False, "usage": 1.5, "creator_user_id": _member(maker)}
        for key, (name, maker) in setup.keys.items()
    ]
    return Response.of({"data": rows[start : start + 100]})


def _meta() -> Response:
    def named(names: Sequence[str]) -> list[dict[str, str]]:
        return [{"name": name, "display_label": name} for name in names]

    offer = {"metrics": named(_METRICS), "dimensions": named(_DIMENSIONS), "granularities": named([*_STEPS])}
    return Response.of({"data": {**offer, "operators": [{"name": "eq", "value_type": "scalar"}]}})


def _query(world: World, setup: Desk, body: Any) -> Response:
    step = _STEPS[body["granularity"]]
    start, end = (datetime.fromisoformat(body["time_range"][name]) for name in ("start", "end"))
    known = set(body["metrics"]) <= set(_METRICS) and set(body["dimensions"]) <= set(_DIMENSIONS)
    if not known or len(body["dimensions"]) > 2 or not 1 <= body["limit"] <= 10_000:
        return error(400, "Unknown metric or dimension")
    if body["granularity"] == "minute" and end - start > timedelta(hours=3):
        return error(400, "Minute granularity is only available for windows of up to 3 hours")
    calls = [call for call in world.visible("openrouter") if start <= call.at < end and _passes(call, setup, body["filters"])]
    groups: dict[tuple[Any, ...], list[Call]] = {}
    for call in calls:
        values = {"model": call.model, "api_key_id": _name(call, setup), "user": _maker(call, setup)}
        groups.setdefault((floor(call.at, step), *(values[name] for name in body["dimensions"])), []).append(call)
    rows = [
        {f"date__{body['granularity']}": f"{key[0]:%Y-%m-%d %H:%M:%S}"}
        | dict(zip(body["dimensions"], key[1:], strict=True))
        | {name: value for name, value in _sums(each).items() if name in body["metrics"]}
        for key, each in sorted(groups.items(), key=lambda group: str(group[0]), reverse=True)
    ]
    most = min(setup.most_rows, body["limit"])
    metadata = {"query_time_ms": 1, "row_count": len(rows[:most]), "truncated": len(rows) > most}
    return Response.of({"data": {"data": rows[:most], "metadata": metadata}})


def _sums(calls: Sequence[Call]) -> dict[str, Any]:
    """Counts are text, amounts are numbers."""
    tokens, cents = total(calls)
    return {
        "request_count": str(len(calls)),
        "total_usage": float(cents / 100),
        "credits_usage": float(total(_charged(calls))[1] / 100),
        "tokens_prompt": str(tokens.input),
        "tokens_completion": str(tokens.output),
        "cached_tokens": str(tokens.cache_read),
    }


def _charged(calls: Sequence[Call]) -> list[Call]:
    """Those that were not made with a key of the customer's own."""
    return [call for call in calls if call.chargeable]


def _name(call: Call, setup: Desk) -> str:
    return setup.keys[call.api_key][0] if call.api_key else f"{call.person}'s key"


def _maker(call: Call, setup: Desk) -> str:
    return _member(setup.keys[call.api_key][1] if call.api_key else call.person)


def _passes(call: Call, setup: Desk, filters: Sequence[dict[str, str]]) -> bool:
    values = {"user": _maker(call, setup), "api_key_id": call.api_key, "model": call.model}
    return all(values[each["field"]] == each["value"] for each in filters)


def _activity(world: World, setup: Desk, request: Request) -> Response:
    day = request.query["date"][0]
    age = (world.now.astimezone(UTC).date() - datetime.fromisoformat(day).date()).days
    if not 1 <= age <= 30:
        return error(400, "Date must be within the last 30 (completed) UTC days")
    fields = {"user_id": "user", "api_key_hash": "api_key_id"}
    filters = [{"field": fields[name], "value": value[0]} for name, value in request.query.items() if name in fields]
    calls = [call for call in world.visible("openrouter") if f"{call.at:%Y-%m-%d}" == day and _passes(call, setup, filters)]
    models: dict[str, list[Call]] = {}
    for call in calls:
        models.setdefault(call.model, []).append(call)
    return Response.of({"data": [_day(day, model, each) for model, each in models.items()]})


def _day(day: str, model: str, calls: Sequence[Call]) -> dict[str, Any]:
    (tokens, cents), (_, charged) = total(calls), total(_charged(calls))
    return {
        "date": day,
        "model": model,
        "model_permaslug": model,
        "endpoint_id": "550e8400-e29b-41d4-a716-446655440000",
        "provider_name": "OpenAI",
        "usage": float(charged / 100),
        "byok_usage_inference": float((cents - charged) / 100),
        "requests": len(calls),
        "prompt_tokens": tokens.input,
        "completion_tokens": tokens.output,
        "reasoning_tokens": 0,
    }
