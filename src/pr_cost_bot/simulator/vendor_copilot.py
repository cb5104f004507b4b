"""GitHub's billing of Copilot, after https://docs.github.com/en/rest/billing/usage and …/billing/usage-reports.

`Call.person` is a login, `Call.cents` the AI credits (one is a cent) or, before June 2026, the price of premium requests.
`Call.chargeable` False: inside the pool of included credits.
"""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pr_cost_bot.simulator.server import Handler, Request, Response
from pr_cost_bot.simulator.vendor_world import Call, World, broken

_COLUMNS = (
    *("date", "username", "product", "sku", "model", "quantity", "unit_type", "applied_cost_per_quantity", "gross_amount"),
    *("discount_amount", "net_amount", "total_monthly_quota", "organization", "repository", "cost_center_name"),
    *("aic_quantity", "aic_gross_amount"),
)
_JUNE = date(2026, 6, 1)
_PATHS = ("/organizations/acme/settings/billing", "/enterprises/acme-corp/settings/billing")


@dataclass
class Billing:
    """How this account is set up. `polls`: how often a report is still being made when it is asked for."""

    org_in_enterprise: bool = False
    members: set[str] = field(default_factory=set)  # others are 404; none: anybody
    polls: int = 1
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)


def error(status: int, message: str) -> Response:
    """GitHub's error body."""
    return Response.of({"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)}, status)


def copilot(world: World, billing: Billing | None = None) -> Handler:
    """The handler for `Server`. The organisation is acme, the enterprise acme-corp."""
    setup = billing or Billing()

    def answer(request: Request) -> Response:
        if request.path.startswith("/files/"):
            return _file(world, setup, request)
        if request.headers.get("authorization") != f"Bearer {world.keys['copilot']}":
            return error(401, f"Bad credentials {request.headers.get('authorization')}")
        if request.headers.get("x-github-api-version") != "2026-03-10":
            return error(400, "The API version is not supported")
        base, _, rest = request.path.partition("/settings/billing/")
        routes: dict[str, Callable[[], Response]] = {
            "ai_credit/usage": lambda: _usage(world, setup, request, base, credits_only=True),
            "premium_request/usage": lambda: _usage(world, setup, request, base, credits_only=False),
        }
        if f"{base}/settings/billing" not in _PATHS:
            return error(404, "Not Found")
        if base.startswith("/enterprises/") and rest.split("/")[0] == "reports":
            return _reports(setup, request, rest)
        return routes[rest]() if rest in routes else error(404, "Not Found")

    return lambda request: broken(world, "copilot", request, answer, error)


def _usage(world: World, setup: Billing, request: Request, base: str, *, credits_only: bool) -> Response:
    asked = {name: int(request.query[name][0]) for name in ("year", "month", "day") if name in request.query}
    user = request.query.get("user", [""])[0]
    is_organization = base.startswith("/organizations/")
    if user and is_organization and setup.org_in_enterprise:
        return error(403, "Organization admins for enterprise owned organizations cannot filter usage by user")
    if user and setup.members and user.lower() not in setup.members:
        return error(404, "Not Found")
    calls = [
        call
        for call in world.visible("copilot")
        if all(getattr(call.at, name) == value for name, value in asked.items())
        and (call.at.date() >= _JUNE) == credits_only
        and (not user or call.person.lower() == user.lower())
    ]
    groups: dict[tuple[str, str], list[Call]] = {}
    for call in calls:
        groups.setdefault((call.product, call.model), []).append(call)
    items = [_item(product, model, each, credits_only=credits_only) for (product, model), each in groups.items()]
    body = {"timePeriod": asked, "usageItems": items, **({"user": user} if user else {})}
    return Response.of(body | {"organization" if is_organization else "enterprise": base.rsplit("/", maxsplit=1)[-1]})


def _sums(calls: Sequence[Call]) -> tuple[Decimal, Decimal]:
    """Gross and net dollars."""
    gross = sum((call.cents for call in calls), Decimal(0)) / 100
    return gross, sum((call.cents for call in calls if call.chargeable), Decimal(0)) / 100


def _item(product: str, model: str, calls: Sequence[Call], *, credits_only: bool) -> dict[str, Any]:
    gross, net = _sums(calls)
    price = Decimal("0.01") if credits_only else Decimal("0.04")
    return {
        "product": "Copilot",
        "sku": f"{product}_{'ai_credit' if credits_only else 'premium_request'}",
        "model": model,
        "unitType": "ai-credits" if credits_only else "requests",
        "pricePerUnit": float(price),
        "grossQuantity": float(gross / price),
        "grossAmount": float(gross),
        "discountQuantity": float((gross - net) / price),
        "discountAmount": float(gross - net),
        "netQuantity": float(net / price),
        "netAmount": float(net),
    }


def _reports(setup: Billing, request: Request, rest: str) -> Response:
    if request.method == "POST":
        body = request.json()
        first, last = date.fromisoformat(body["start_date"]), date.fromisoformat(body["end_date"])
        if body["report_type"] not in {"ai_credit", "premium_request"} or not 0 <= (last - first).days <= 30:
            return error(400, "The date range must be at most 31 days")
        name = f"report-{len(setup.reports) + 1}"
        setup.reports[name] = {**body, "id": name, "status": "processing", "polled": 0}
        return Response.of({key: setup.reports[name][key] for key in ("id", "report_type", "status")}, 202)
    found = setup.reports.get(rest.partition("/")[2])
    if found is None:
        return error(404, "Not Found")
    found["polled"] += 1
    if found["polled"] > setup.polls:
        found["status"] = "completed"
        found["download_urls"] = [f"{request.url}/files/{found['id']}.csv?sig=secret"]
    return Response.of({key: value for key, value in found.items() if key != "polled"})


def _file(world: World, setup: Billing, request: Request) -> Response:
    if "authorization" in request.headers:  # as Azure's storage does
        return Response(400, b"<Error>InvalidAuthenticationInfo</Error>")
    found = setup.reports[request.path.removeprefix("/files/").removesuffix(".csv")]
    first, last = date.fromisoformat(found["start_date"]), date.fromisoformat(found["end_date"])
    credits_only = found["report_type"] == "ai_credit"
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for call in world.visible("copilot"):
        day = datetime.astimezone(call.at, UTC).date()
        if first <= day <= last and (day >= _JUNE) == credits_only:
            writer.writerow(_csv_row(call, day, credits_only=credits_only))
    return Response(200, b"\xef\xbb\xbf" + out.getvalue().encode(), {"Content-Type": "text/csv"})


def _csv_row(call: Call, day: date, *, credits_only: bool) -> list[object]:
    gross, net = _sums([call])
    price = Decimal("0.01") if credits_only else Decimal("0.04")
    kind, unit = ("ai_credit", "ai-credits") if credits_only else ("premium_request", "requests")
    amounts = (gross / price, unit, price, gross, gross - net, net)
    return [day, call.person, "copilot", f"{call.product}_{kind}", call.model, *amounts, 3900, "acme", "", "", 0, 0]
