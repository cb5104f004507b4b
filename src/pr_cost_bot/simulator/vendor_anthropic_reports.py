"""Anthropic's reports with their documented limits: what is asked beyond them is answered 400."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from pr_cost_bot.model import Tokens
from pr_cost_bot.simulator.server import Request, Response
from pr_cost_bot.simulator.vendor_world import Call, World, fingerprint, floor, page_of, total, user_id

PAIR_BETA = "analytics-usage-cost-2026-08-24"
SPEED_BETA = "fast-mode-2026-02-01"
_WIDTHS = {"1m": timedelta(minutes=1), "1h": timedelta(hours=1), "1d": timedelta(days=1)}
_BUCKETS = {"1m": (60, 1440), "1h": (24, 168), "1d": (7, 31)}
_PAIR_GROUPS = frozenset(
    {
        "actor",
        "actor_type",
        "agent_id",
        "api_key_id",
        "context_window",
        "deployment_id",
        "environment_id",
        "inference_geo",
        "model",
    }
    | {"organization_id", "product", "rbac_group_id", "service_tier", "session_id", "speed", "user_profile_id", "workspace_id"}
)
_MESSAGES_GROUPS = frozenset(
    {"account_id", "api_key_id", "context_window", "inference_geo", "model", "service_account_id"}
    | {"service_tier", "speed", "workspace_id"}
)


class BadRequest(Exception):  # noqa: N818 - it becomes the answer 400
    """The request is outside the documented limits."""


def stamp(at: datetime) -> str:
    """RFC 3339."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _demand(condition: object, message: str) -> None:
    if not condition:
        raise BadRequest(message)


def _time(request: Request, name: str) -> datetime:
    try:
        at = datetime.fromisoformat(request.query[name][0])
    except (KeyError, ValueError):
        raise BadRequest(f"{name}: a valid datetime is required") from None
    _demand(at.tzinfo, f"{name}: must have a time zone")
    return at.astimezone(UTC)


def _limit(request: Request, default: int, most: int) -> int:
    limit = int(request.query.get("limit", [str(default)])[0])
    _demand(1 <= limit <= most, f"limit: must be between 1 and {most}")
    return limit


def _offset(request: Request) -> int:
    """Where the page starts. A cursor is bound to the query that gave it."""
    cursor = request.query.get("page", [f"page_0_{fingerprint(request.query)}"])[0]
    _demand(cursor.endswith("_" + fingerprint(request.query)), "page: the cursor belongs to another query")
    return int(cursor.split("_")[1])


def _envelope(request: Request, items: list[Any], limit: int, **more: Any) -> Response:
    shown, following = page_of(items, _offset(request), limit)
    cursor = None if following is None else f"page_{following}_{fingerprint(request.query)}"
    return Response.of({"data": shown, "has_more": following is not None, "next_page": cursor, **more})


def _owner(world: World, call: Call) -> str | None:
    """Whom the vendor names: the person, also behind a personal key; nobody behind a shared key."""
    return world.api_keys.get(call.api_key) if call.api_key else call.person


# --- analytics/cost and analytics/usage -------------------------------------------------------------------------------


def analytics(world: World, request: Request, *, money: bool) -> Response:
    """Rows per actor, model, product and bucket, newest money first."""
    _demand(request.headers.get("anthropic-beta") == PAIR_BETA, f"anthropic-beta: {PAIR_BETA} is required (beta header)")
    start, end = _time(request, "starting_at"), _time(request, "ending_at")
    width_name = request.query.get("time_bucket_width", [""])[0]
    _demand(width_name in _WIDTHS, "time_bucket_width: must be 1m, 1h or 1d")
    _demand(end > start and end - start <= timedelta(days=31), "the range may span at most 31 days")
    _demand(width_name != "1m" or end - start <= timedelta(hours=24), "with 1m the range may span at most 24 hours")
    _demand(start >= datetime(2026, 1, 1, tzinfo=UTC), "starting_at: not before 2026-01-01")
    _demand(start >= world.now - timedelta(days=365), "starting_at: not older than 365 days")
    groups = request.query.get("group_by[]", [])
    _demand(len(groups) <= 5 and set(groups) <= _PAIR_GROUPS, "group_by: at most 5 known dimensions")
    limit = _limit(request, 20, 1000)
    rows: dict[tuple[Any, ...], list[Call]] = {}
    wanted = set(request.query.get("actor_ids[]", []))
    for call in world.visible("anthropic"):
        actor = _actor(world, call)
        if start <= call.at < end and (not wanted or actor["id"] in wanted):
            key = (floor(call.at, _WIDTHS[width_name]), actor["id"], call.model, call.product)
            rows.setdefault(key, []).append(call)
    ordered = sorted(rows.items(), key=lambda row: (-total(row[1])[1], str(row[0])))
    data = [_row(world, key, calls, (_WIDTHS[width_name], groups, money)) for key, calls in ordered]
    return _envelope(request, data, limit, data_refreshed_at=stamp(world.fresh_until("anthropic")))


def _actor(world: World, call: Call) -> dict[str, Any]:
    owner = _owner(world, call)
    if owner is None:
        return {"id": call.api_key, "shown": {"type": "api_actor", "api_key_id": call.api_key}}
    shown = {"type": "user_actor", "user_id": user_id(owner, "user_"), "email_address": owner, "name": owner, "deleted": False}
    return {"id": shown["user_id"], "shown": shown}


def _row(world: World, key: tuple[Any, ...], calls: list[Call], how: tuple[timedelta, list[str], bool]) -> dict[str, Any]:
    width, groups, money = how
    group: dict[str, Any] = dict.fromkeys(sorted(_PAIR_GROUPS))
    values = {"actor": _actor(world, calls[0])["shown"], "model": key[2], "product": key[3]}
    group.update({name: value for name, value in values.items() if name in groups})
    tokens, cents = total(calls)
    row = {"starting_at": stamp(key[0]), "ending_at": stamp(key[0] + width), "group": group}
    if money:
        return {
            **row,
            "cost": {"amount": _cents(cents), "list_amount": _cents(cents), "currency": "USD", "requests": len(calls)},
        }
    counts = {
        "total_tokens": tokens.input + tokens.output,
        "requests": len(calls),
        "server_tool_use": {"web_search_requests": 0},
    }
    return {**row, "usage": {**_counts(tokens), **counts}}


def _cents(cents: Decimal) -> str:
    return f"{cents:.6f}" if cents == cents.quantize(Decimal("0.000001")) else f"{cents:f}"


def _counts(tokens: Tokens) -> dict[str, Any]:
    return {
        "uncached_input_tokens": tokens.input - tokens.cache_read - tokens.cache_write,
        "cache_creation": {"ephemeral_5m_input_tokens": tokens.cache_write, "ephemeral_1h_input_tokens": 0},
        "cache_read_input_tokens": tokens.cache_read,
        "output_tokens": tokens.output,
    }


# --- the older reports ------------------------------------------------------------------------------------------------


def messages(world: World, request: Request) -> Response:
    """Buckets with results per account or key; empty buckets come with an empty list."""
    width_name = request.query.get("bucket_width", ["1d"])[0]
    _demand(width_name in _WIDTHS, "bucket_width: must be 1m, 1h or 1d")
    width, limit = _WIDTHS[width_name], _limit(request, *_BUCKETS[width_name])
    start = floor(_time(request, "starting_at"), width)
    end = _time(request, "ending_at") if "ending_at" in request.query else world.now
    groups = request.query.get("group_by[]", [])
    _demand(set(groups) <= _MESSAGES_GROUPS, "group_by: unknown dimension")
    _demand("speed" not in groups or request.headers.get("anthropic-beta") == SPEED_BETA, "group_by: speed needs a beta header")
    calls = [call for call in world.visible("anthropic") if _asked(call, request)]
    buckets = []
    while start < end:
        inside = [call for call in calls if floor(call.at, width) == start]
        buckets.append({"starting_at": stamp(start), "ending_at": stamp(start + width), "results": _results(inside, groups)})
        start += width
    return _envelope(request, buckets, limit)


def _asked(call: Call, request: Request) -> bool:
    accounts, keys = (set(request.query.get(name, [])) for name in ("account_ids[]", "api_key_ids[]"))
    return (not accounts or _dimension(call, "account_id") in accounts) and (not keys or call.api_key in keys)


def _dimension(call: Call, name: str) -> str | None:
    values = {
        "account_id": None if call.api_key else user_id(call.person, "user_"),
        "api_key_id": call.api_key,
        "model": call.model,
        "service_tier": "standard",
        "context_window": "0-200k",
        "inference_geo": "global",
    }
    return values.get(name)


def _results(calls: list[Call], groups: list[str]) -> list[dict[str, Any]]:
    found: dict[tuple[str | None, ...], list[Call]] = {}
    for call in calls:
        found.setdefault(tuple(_dimension(call, name) for name in groups), []).append(call)
    return [
        {**dict.fromkeys(sorted(_MESSAGES_GROUPS)), **dict(zip(groups, key, strict=True)), **_counts(total(each)[0])}
        for key, each in found.items()
    ]


def claude_code(world: World, request: Request) -> Response:
    """Rows per person for one day; only what is older than an hour."""
    try:
        day = datetime.strptime(request.query["starting_at"][0], "%Y-%m-%d").replace(tzinfo=UTC)
    except (KeyError, ValueError):
        raise BadRequest("starting_at: must be a date, YYYY-MM-DD") from None
    people: dict[str, list[Call]] = {}
    for call in world.visible("anthropic"):
        if (
            floor(call.at, timedelta(days=1)) == day
            and call.at <= world.now - timedelta(hours=1)
            and call.product == "claude_code"
        ):
            people.setdefault(call.person, []).append(call)
    rows = [_day(day, person, calls) for person, calls in sorted(people.items())]
    return _envelope(request, rows, _limit(request, 20, 1000))


def _day(day: datetime, person: str, calls: list[Call]) -> dict[str, Any]:
    models: dict[str, list[Call]] = {}
    for call in calls:
        models.setdefault(call.model, []).append(call)
    return {
        "date": stamp(day),
        "actor": {"type": "user_actor", "email_address": person},
        "organization_id": "dc9f6c26-0000-4000-8000-000000000000",
        "customer_type": "api",
        "subscription_type": None,
        "terminal_type": "vscode",
        "core_metrics": {"num_sessions": 1},
        "model_breakdown": [_breakdown(model, *total(each)) for model, each in sorted(models.items())],
    }


def _breakdown(model: str, tokens: Tokens, cents: Decimal) -> dict[str, Any]:
    counts = {
        "input": tokens.input - tokens.cache_read - tokens.cache_write,
        "output": tokens.output,
        "cache_read": tokens.cache_read,
        "cache_creation": tokens.cache_write,
    }
    return {"model": model, "tokens": counts, "estimated_cost": {"currency": "USD", "amount": int(cents.to_integral_value())}}
