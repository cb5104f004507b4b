"""The simulated vendors refuse what the real ones document to refuse; else the contract tests would prove nothing."""

import base64

import pytest
import requests
from tests.integration.sources.worlds import NOW, calls

from pr_cost_bot.simulator.vendors import World, serve

BETA = {"anthropic-beta": "analytics-usage-cost-2026-08-24"}
HOURS = {"starting_at": "2026-11-18T00:00:00Z", "ending_at": "2026-11-20T16:00:00Z", "time_bucket_width": "1h"}
COST = "/v1/organizations/analytics/cost"
MESSAGES = "/v1/organizations/usage_report/messages"
COMPLETIONS = "/v1/organization/usage/completions"
EVENTS = "/teams/filtered-usage-events"


def ask(over: World, vendor: str, path: str, params: object = None, **how: object) -> requests.Response:
    basic = base64.b64encode(f"{over.keys['cursor']}:".encode()).decode()
    keys = {
        "anthropic": {"x-api-key": over.keys["anthropic"], "anthropic-version": "2023-06-01"},
        "openai": {"Authorization": f"Bearer {over.keys['openai']}"},
        "cursor": {"Authorization": f"Basic {basic}"},
    }[vendor]
    method = "POST" if "json" in how else "GET"
    headers = keys | how.pop("headers", {})
    with serve(over) as servers:
        return requests.request(method, servers[vendor].url + path, params=params, headers=headers, timeout=5, **how)


def made() -> World:
    return World(now=NOW, calls=[*calls("anthropic"), *calls("openai"), *calls("cursor")])


@pytest.mark.parametrize(
    ("changed", "headers"),
    [
        ({}, {}),
        ({"ending_at": "2026-12-20T16:00:00Z"}, BETA),
        ({"time_bucket_width": "1m"}, BETA),
        ({"time_bucket_width": "2h"}, BETA),
        ({"starting_at": "2025-12-31T00:00:00Z", "ending_at": "2026-01-02T00:00:00Z"}, BETA),
        ({"starting_at": "2026-11-18T00:00:00"}, BETA),
        ({"limit": "1001"}, BETA),
        ({"limit": "0"}, BETA),
        ({"group_by[]": ["actor", "model", "product", "speed", "service_tier", "inference_geo"]}, BETA),
        ({"page": "page_0_other"}, BETA),
    ],
)
def test_anthropics_analytics_keep_their_documented_bounds(changed, headers):
    assert ask(made(), "anthropic", COST, HOURS, headers=BETA).status_code == 200
    answer = ask(made(), "anthropic", COST, HOURS | changed, headers=headers)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


def test_a_cursor_is_bound_to_its_query():
    over = made()
    first = ask(over, "anthropic", COST, HOURS | {"limit": "1", "group_by[]": "actor"}, headers=BETA).json()
    assert first["has_more"]
    same = HOURS | {"limit": "1", "group_by[]": "actor", "page": first["next_page"]}
    assert ask(over, "anthropic", COST, same, headers=BETA).status_code == 200
    assert ask(over, "anthropic", COST, same | {"limit": "2"}, headers=BETA).status_code == 400


@pytest.mark.parametrize(
    ("vendor", "path", "params"),
    [
        ("anthropic", MESSAGES, {"starting_at": "2026-11-18T00:00:00Z", "bucket_width": "1h", "limit": "169"}),
        ("anthropic", MESSAGES, {"starting_at": "2026-11-18T00:00:00Z", "bucket_width": "1h", "group_by[]": "speed"}),
        ("anthropic", "/v1/organizations/usage_report/claude_code", {"starting_at": "2026-11-18T00:00:00Z"}),
        ("anthropic", "/v1/organizations/users", {"limit": "1001"}),
        ("openai", COMPLETIONS, {"bucket_width": "1h"}),
        ("openai", COMPLETIONS, {"bucket_width": "1h", "start_time": "1795183200", "limit": "169"}),
        ("openai", COMPLETIONS, {"bucket_width": "1m", "start_time": "1795183200", "limit": "1441"}),
        ("openai", "/v1/organization/users", {"limit": "101"}),
    ],
)
def test_other_reports_keep_their_documented_bounds(vendor, path, params):
    assert ask(made(), vendor, path, params).status_code == 400


@pytest.mark.parametrize("changed", [{"pageSize": 1001}, {"startDate": 1}, {"startDate": None}])
def test_cursor_keeps_its_documented_bounds(changed):
    body = {"startDate": 1795000000000, "endDate": 1795190400000, "pageSize": 1000}
    assert ask(made(), "cursor", EVENTS, json=body).status_code == 200
    assert ask(made(), "cursor", EVENTS, json=body | changed).status_code == 400


@pytest.mark.parametrize(
    ("vendor", "path"), [("anthropic", COST), ("openai", COMPLETIONS), ("cursor", "/teams/members"), ("openai", "/nonsense")]
)
def test_a_wrong_key_and_a_wrong_address_are_refused(vendor, path):
    over = made()
    with serve(over) as servers:
        assert requests.get(servers[vendor].url + path, timeout=5).status_code == 401
    assert ask(over, vendor, "/nonsense").status_code == 404


def test_windows_of_cursor_include_both_ends():
    over = World(now=NOW, calls=calls("cursor", 1))
    at = int(over.calls[0].at.timestamp() * 1000)
    for first, last, count in ((at, at, 1), (at + 1, at + 9, 0), (at - 9, at - 1, 0)):
        assert ask(over, "cursor", EVENTS, json={"startDate": first, "endDate": last}).json()["totalUsageEventsCount"] == count
