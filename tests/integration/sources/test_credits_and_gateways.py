"""Copilot, OpenRouter and LiteLLM against their simulators over real sockets: what is particular to each."""

from dataclasses import replace
from datetime import timedelta

import pytest
import requests
from tests.integration.sources.worlds import (
    DEV,
    NOW,
    PATIENT,
    QUERY,
    calls,
    charged,
    dollars,
    mine,
    source,
    world,
)

from pr_cost_bot.config import CopilotSettings
from pr_cost_bot.http import Limits
from pr_cost_bot.model import Identity, SourceState, UsageQuery
from pr_cost_bot.ports import Source
from pr_cost_bot.simulator.server import Server
from pr_cost_bot.simulator.vendor_copilot import Billing, copilot
from pr_cost_bot.simulator.vendor_litellm import litellm
from pr_cost_bot.simulator.vendor_openrouter import Desk, openrouter
from pr_cost_bot.simulator.vendor_world import World
from pr_cost_bot.sources.copilot import source as copilot_source


def enterprise(server: Server, over: World) -> Source:
    settings = CopilotSettings(base_url=server.url, enterprise="acme-corp")
    made = copilot_source.make(over.keys["copilot"], settings, PATIENT)
    made._connection.sleep = float  # a wait that takes no time
    return made


@pytest.mark.parametrize("count_cap", [10_000, 700])
def test_thousands_of_rows_of_litellm_are_read_completely_whether_or_not_it_counts_them(count_cap):
    over = World(now=NOW, calls=calls("litellm", 2300, step=timedelta(minutes=1, seconds=1)))
    with source("litellm", over, handler=litellm(over, count_cap)) as (made, server):
        answer = made.fetch(QUERY)
    assert answer.status.state is SourceState.OK, answer.status.problem
    assert (len(answer.records), dollars(answer.records)) == (2300, charged(over.calls))
    assert {e.response.status for e in server.exchanges} == {200}


def test_tags_on_requests_say_where_usage_belongs():
    over = World(now=NOW)
    over.add(*[replace(call, tags=("pr:acme/web#7", "User-Agent: codex/1.0")) for call in calls("litellm", 3)])
    with source("litellm", over) as (made, _):
        found = made.fetch(QUERY).records
    assert {(each.repository, each.pr_number, each.product) for each in found} == {("acme/web", 7, "codex")}


def test_names_of_keys_say_where_usage_belongs():
    over = World(now=NOW)
    over.add(*[replace(call, api_key="hash-1") for call in calls("openrouter", 3)])
    desk = Desk(keys={"hash-1": ("pr:acme/web#8", "Dev@Example.com")})
    with source("openrouter", over, handler=openrouter(over, desk)) as (made, _):
        by_hour = made.fetch(QUERY).records
        desk.analytics = False
        by_day = made.fetch(QUERY).records
    assert {(each.repository, each.pr_number) for each in by_hour} == {("acme/web", 8)}
    shown = [call for call in mine(over, "openrouter") if call.at.date() < NOW.date()]
    assert {each.pr_number for each in by_day} <= {8}
    assert dollars(by_day) == charged(shown)


def test_days_of_openrouter_hold_the_same_dollars_as_its_hours():
    over = world(["openrouter"], now=NOW + timedelta(days=1))
    asked = UsageQuery(people=(DEV,), start=QUERY.start, end=over.now, now=over.now)
    desk = Desk()
    with source("openrouter", over, handler=openrouter(over, desk)) as (made, _):
        hours = made.fetch(asked)
        desk.analytics = False
        days = made.fetch(asked)
    assert (hours.status.grain, days.status.grain) == ("hour", "day")
    assert dollars(hours.records) == dollars(days.records) == charged(mine(over, "openrouter"))


def test_an_answer_of_openrouter_that_is_cut_off_is_completed():
    over = world(["openrouter"])
    with source("openrouter", over, handler=openrouter(over, Desk(most_rows=5))) as (made, _):
        answer = made.fetch(QUERY)
    assert (answer.status.state, answer.status.grain) == (SourceState.OK, "hour")
    assert dollars(answer.records) == charged(mine(over, "openrouter"))


# --- Copilot's enterprise ---------------------------------------------------------------------------------------------


def long_history() -> tuple[World, UsageQuery]:
    """Sixty days of two people, over the change from requests to credits."""
    now = NOW.replace(month=6, day=20)
    everybody = [
        replace(call, at=call.at - (NOW - now), chargeable=number % 2 == 0, person=who, product="coding_agent")
        for who in ("dev", "Other")
        for number, call in enumerate(calls("copilot", 60, step=timedelta(days=1)))
    ]
    over = World(now=now, calls=everybody)
    other = Identity(person="other", login="other")
    return over, UsageQuery(people=(DEV, other), start=now - timedelta(days=61), end=now, now=now)


def test_a_long_window_of_an_enterprise_is_read_from_reports_to_the_same_records_as_from_days():
    over, asked = long_history()
    with Server(copilot(over, Billing(polls=2))) as server:
        by_report = enterprise(server, over).fetch(asked)
        sent = len(server.exchanges)
        settings = CopilotSettings(base_url=server.url, organization="acme")
        by_day = copilot_source.make(over.keys["copilot"], settings, PATIENT).fetch(asked)
    assert by_report.status.state is by_day.status.state is SourceState.OK, by_report.status.problem
    assert by_report.records == by_day.records
    assert dollars(by_report.records) == charged(over.calls)
    paid = [call for call in over.calls if call.chargeable]
    assert sum(record.billed_usd or 0 for record in by_report.records) == charged(paid)
    assert {record.product for record in by_report.records} == {"coding_agent"}
    assert sent == 3 * (1 + 3 + 1)  # one report of requests and two of credits and requests: order, polls, file
    assert not any("authorization" in e.request.headers for e in server.exchanges if e.request.path.startswith("/files/"))


def test_a_report_that_does_not_come_in_time_leaves_the_days_and_a_note():
    over, asked = long_history()
    limits = Limits(deadline=5)  # nothing is waited for: less than the reserve and one poll are left
    with Server(copilot(over)) as server:
        made = copilot_source.make(over.keys["copilot"], CopilotSettings(base_url=server.url, enterprise="acme-corp"), limits)
        answer = made.fetch(asked)
    assert (answer.status.state, dollars(answer.records)) == (SourceState.OK, charged(over.calls))
    assert any("single days instead" in note for note in answer.status.notes)


def test_an_organisation_inside_an_enterprise_hears_the_way_out():
    over = world(["copilot"])
    with source("copilot", over, handler=copilot(over, Billing(org_in_enterprise=True))) as (made, _):
        problem = made.fetch(QUERY).status.problem
        assert problem == made.inspect(NOW).problem
    assert "sources: {copilot: {enterprise:" in str(problem)


def test_somebody_without_copilot_is_no_failure():
    over = world(["copilot"])
    with source("copilot", over, handler=copilot(over, Billing(members={"x"}))) as (made, _):
        answer = made.fetch(QUERY)
        assert (answer.status.state, answer.records) == (SourceState.OK, ())
        assert made.inspect(NOW).problem is None


# --- the simulators refuse what the vendors refuse; else the tests above would prove nothing --------------------------

SPEND = {"start_date": "2026-11-20 00:00:00", "end_date": "2026-11-21 00:00:00"}
HOURS = {"start": "2026-11-20T00:00:00Z", "end": "2026-11-20T04:00:00Z"}
MINUTES = {"metrics": ["total_usage"], "dimensions": ["model"], "granularity": "minute", "filters": [], "limit": 9}


@pytest.mark.parametrize(
    ("name", "path", "how", "status"),
    [
        ("litellm", "/spend/logs/v2", {"params": SPEND}, 200),
        ("litellm", "/spend/logs/v2", {"params": SPEND | {"page_size": "101"}}, 422),
        ("litellm", "/spend/logs/v2", {"params": SPEND | {"start_date": "2026-11-20T00:00:00Z"}}, 400),
        ("openrouter", "/v1/organization/members", {"params": {"limit": "101"}}, 400),
        ("openrouter", "/v1/analytics/query", {"json": MINUTES | {"time_range": HOURS}}, 400),
        ("openrouter", "/v1/activity", {"params": {"date": "2026-11-20"}}, 400),
        ("openrouter", "/v1/activity", {"params": {"date": "2026-10-20"}}, 400),
        ("copilot", "/organizations/acme/settings/billing/reports", {"json": {}}, 404),
        ("copilot", "/orgs/acme/settings/billing/ai_credit/usage", {}, 404),
    ],
)
def test_the_simulators_keep_the_documented_bounds(name, path, how, status):
    over = world([name], 3)
    headers = {"Authorization": f"Bearer {over.keys[name]}", "X-GitHub-Api-Version": "2026-03-10"}
    with source(name, over) as (_, server):
        method = "POST" if "json" in how else "GET"
        answer = requests.request(method, server.url + path, headers=headers, timeout=5, **how)
    assert answer.status_code == status
