"""Portkey's analytics groups and log exports after github.com/Portkey-AI/openapi; exported files lie on the same server."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pr_cost_bot.simulator.server import Handler, Request, Response
from pr_cost_bot.simulator.vendor_world import Call, World, broken, user_id

_EXPORTS = "/v1/logs/exports"
_STORAGE = "/storage/"


def error(status: int, message: str) -> Response:
    """Portkey's error body."""
    return Response.of({"success": False, "data": {"message": message}, "message": message}, status)


def portkey(world: World, *, exports: bool = True) -> Handler:
    """The handler for `Server`. `exports` False: the plan does not include log exports."""
    made = _Exports(world)

    def answer(request: Request) -> Response:
        if request.path.startswith(_STORAGE):
            return made.file(request)
        if request.headers.get("x-portkey-api-key") != world.keys["portkey"]:
            return error(401, "Invalid API key")
        if request.path.startswith(_EXPORTS):
            return made.answer(request) if exports else error(403, "You do not have enough permissions")
        if request.method == "GET" and request.path == "/v1/analytics/groups/users":
            return _users(world, request)
        if request.method == "GET" and request.path == "/v1/analytics/groups/metadata/pr":
            return _pulls(world, request)
        return error(404, "Not found")

    return lambda request: broken(world, "portkey", request, answer, error)


def metadata(call: Call) -> dict[str, str]:
    """What the caller sent along."""
    return {"_user": call.person, **dict(tag.split(":", 1) for tag in call.tags)}


def _in_time(world: World, first: str, last: str, said: dict[str, str]) -> list[Call]:
    start, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
    calls = [call for call in world.visible("portkey") if start <= call.at <= end]
    return [call for call in calls if said.items() <= metadata(call).items()]


def _grouped(world: World, request: Request, key: str) -> list[tuple[str, list[Call]]]:
    query = {name: values[0] for name, values in request.query.items()}
    said = json.loads(query.get("metadata", "{}"))
    groups: dict[str, list[Call]] = {}
    for call in _in_time(world, query["time_of_generation_min"], query["time_of_generation_max"], said):
        if key in metadata(call):
            groups.setdefault(metadata(call)[key], []).append(call)
    return sorted(groups.items())


def _page(request: Request, rows: list[dict[str, Any]]) -> Response:
    number, size = int(request.query.get("current_page", ["0"])[0]), int(request.query.get("page_size", ["20"])[0])
    if not 1 <= size <= 100:
        return error(400, "page_size must be at most 100")
    shown = rows[number * size : (number + 1) * size]
    return Response.of({"object": "list", "total": len(rows), "data": shown})


def _users(world: World, request: Request) -> Response:
    groups = _grouped(world, request, "_user")
    return _page(request, [{"user": user, "requests": str(len(calls)), "cost": str(_cost(calls))} for user, calls in groups])


def _pulls(world: World, request: Request) -> Response:
    groups = _grouped(world, request, "pr")
    rows = [{"metadata_value": value, "requests": len(calls), "cost": float(_cost(calls))} for value, calls in groups]
    return _page(request, rows)


def _cost(calls: Iterable[Call]) -> Decimal:
    return sum((call.cents for call in calls), Decimal(0))


class _Exports:
    """The exports that were asked for: how far each is, and what it holds."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._filters: dict[str, Any] = {}
        self._status: dict[str, str] = {}

    def answer(self, request: Request) -> Response:
        if request.path == _EXPORTS and request.method == "POST":
            return self._create(request.json())
        name, _, what = request.path.removeprefix(f"{_EXPORTS}/").partition("/")
        if name not in self._filters:
            return error(404, "No such export")
        if (request.method, what) == ("POST", "start"):
            self._status[name] = "in_progress"
            return Response.of({"message": "Export started", "object": "export"})
        if (request.method, what) == ("GET", ""):
            status = self._status[name]
            self._status[name] = "success" if status == "in_progress" else status  # by the next look
            return Response.of({"id": name, "status": status, "object": "export"})
        if (request.method, what) == ("GET", "download") and self._status[name] == "success":
            return Response.of({"signed_url": f"{request.url}{_STORAGE}{name}.jsonl?signature=abc"})
        return error(400, "The export is not ready")

    def file(self, request: Request) -> Response:
        """The file, for whoever knows its address and sends no key along."""
        name = request.path.removeprefix(_STORAGE).removesuffix(".jsonl")
        if "x-portkey-api-key" in request.headers or request.query.get("signature") != ["abc"] or name not in self._filters:
            return Response(403, b"<Error><Code>AccessDenied</Code></Error>", {"Content-Type": "application/xml"})
        lines = (json.dumps(_row(call)) + "\n" for call in self._calls(self._filters[name]))
        return Response(200, "".join(lines).encode(), {"Content-Type": "application/octet-stream"})

    def _create(self, body: Any) -> Response:
        if not body.get("requested_data") or "time_of_generation_min" not in body.get("filters", {}):
            return error(400, "filters and requested_data are required")
        name = user_id(json.dumps(body, sort_keys=True), "export_")
        self._filters[name], self._status[name] = body["filters"], "draft"
        return Response.of({"id": name, "total": len(self._calls(body["filters"])), "object": "export"})

    def _calls(self, filters: Any) -> list[Call]:
        said = filters.get("metadata", {})
        return _in_time(self._world, filters["time_of_generation_min"], filters["time_of_generation_max"], said)


def _row(call: Call) -> dict[str, Any]:
    return {
        "id": user_id(f"{call.person} {call.at.isoformat()} {call.model}", "log_"),
        "created_at": call.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "ai_org": "anthropic",
        "ai_model": call.model,
        "req_units": call.tokens.input,
        "res_units": call.tokens.output,
        "cost": float(call.cents),
        "cost_currency": "USD",
        "metadata": metadata(call),
    }
