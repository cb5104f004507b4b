"""Copilot, OpenRouter and LiteLLM against their simulators over real sockets, in good times and in every bad one."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import get_args

import msgspec
import pytest
import requests
from tests.integration.sources.worlds import NOW, PATIENT, QUERY, QUICK, calls

from pr_cost_bot.config import CopilotSettings, SourceSettings
from pr_cost_bot.http import Limits
from pr_cost_bot.model import NO_TOKENS, Identity, Interval, SourceState, Tokens, UsageQuery, UsageRecord
from pr_cost_bot.ports import Source
from pr_cost_bot.simulator.server import Server
from pr_cost_bot.simulator.vendor_copilot import Billing, copilot
from pr_cost_bot.simulator.vendor_litellm import litellm
from pr_cost_bot.simulator.vendor_openrouter import Desk, openrouter
from pr_cost_bot.simulator.vendor_world import Call, Failure, World
from pr_cost_bot.sources import litellm as litellm_source
from pr_cost_bot.sources.copilot import source as copilot_source
from pr_cost_bot.sources.openrouter import source as openrouter_source

NAMES = ("copilot", "openrouter", "litellm")
INPUTS = {"copilot": "copilot_token", "openrouter": "openrouter_management_key", "litellm": "litellm_api_key"}
DEV = Identity(person="dev", emails=("dev@example.com",), login="dev")
ASKED = msgspec.structs.replace(QUERY, people=(DEV,))
SAID = {
    "401": "401",
    "403": "403",
    "404": "404",
    "429": "429",
    "429-retry-after": "asks to wait 3600 s",
    "500": "500",
    "hang": "did not answer in time",
    "half": "broke off in the middle",
    "not-json": "not JSON",
    "wrong-shape": "unexpected shape",
}


def world(count: int = 30, **how: object) -> World:
    """Calls of dev and of a stranger at each vendor; Copilot knows people by login."""
    everybody = []
    for name in NAMES:
        for who in ("Dev@Example.com", "x@example.com"):
            person = who.split("@")[0] if name == "copilot" else who
            everybody += calls(name, count, person=person)
    made = World(now=NOW, calls=everybody, keys={name: f"sim-{name}-key-1234" for name in NAMES})
    for name, value in how.items():
        setattr(made, name, value)
    return made


@contextmanager
def sources(
    over: World, limits: Limits = PATIENT, *, billing: Billing | None = None, desk: Desk | None = None, count_cap: int = 10_000
) -> Iterator[tuple[Mapping[str, Source], Mapping[str, Server]]]:
    handlers = {"copilot": copilot(over, billing), "openrouter": openrouter(over, desk), "litellm": litellm(over, count_cap)}
    with ExitStack() as stack:
        servers = {name: stack.enter_context(Server(handler)) for name, handler in handlers.items()}
        account = CopilotSettings(base_url=servers["copilot"].url, organization="acme")
        made: dict[str, Source] = {
            "copilot": copilot_source.make(over.keys["copilot"], account, limits),
            "openrouter": openrouter_source.make(
                over.keys["openrouter"], SourceSettings(base_url=f"{servers['openrouter'].url}/v1"), limits
            ),
            "litellm": litellm_source.make(over.keys["litellm"], SourceSettings(base_url=f"{servers['litellm'].url}/"), limits),
        }
        yield made, servers


def enterprise(server: Server, over: World) -> Source:
    settings = CopilotSettings(base_url=server.url, enterprise="acme-corp")
    source = copilot_source.make(over.keys["copilot"], settings, PATIENT)
    source._connection.sleep = float  # a wait that takes no time
    return source


def mine(over: World, name: str) -> list[Call]:
    return [call for call in over.calls if call.vendor == name and call.person.lower().startswith("dev")]


def tokens_of(items: Iterable[UsageRecord | Call]) -> Tokens:
    return sum((item.tokens for item in items), NO_TOKENS)


def dollars(records: Iterable[UsageRecord]) -> Decimal:
    return sum((record.cost_usd or Decimal(0) for record in records), Decimal(0))


def charged(items: Iterable[Call]) -> Decimal:
    return sum((call.cents for call in items), Decimal(0)) / 100


# --- in good times ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_records_sum_to_what_the_vendor_holds_of_the_person_and_no_request_is_sent_twice(name):
    over = world()
    with sources(over) as (made, servers):
        answer = made[name].fetch(ASKED)
        sent = [(e.request.path, repr(e.request.query), e.request.body) for e in servers[name].exchanges]
    assert answer.status.state is SourceState.OK, answer.status.problem
    assert answer.records
    assert dollars(answer.records) == charged(mine(over, name))
    assert len(set(sent)) == len(sent)
    assert {e.response.status for e in servers[name].exchanges} == {200}
    assert answer.status.unknown_people == ()


def test_litellm_and_openrouter_hold_the_tokens_too():
    over = world()
    with sources(over) as (made, _):
        assert tokens_of(made["litellm"].fetch(ASKED).records) == tokens_of(mine(over, "litellm"))
        hours = tokens_of(made["openrouter"].fetch(ASKED).records)
    expected = tokens_of(mine(over, "openrouter"))
    assert (hours.input, hours.cache_read, hours.output) == (expected.input, expected.cache_read, expected.output)


@pytest.mark.parametrize("count_cap", [10_000, 700])
def test_thousands_of_rows_of_litellm_are_read_completely_whether_or_not_it_counts_them(count_cap):
    step = timedelta(minutes=1, seconds=1)
    over = world(0, calls=calls("litellm", 2300, step=step))
    with sources(over, count_cap=count_cap) as (made, servers):
        answer = made["litellm"].fetch(ASKED)
    assert answer.status.state is SourceState.OK, answer.status.problem
    assert (len(answer.records), dollars(answer.records)) == (2300, charged(over.calls))
    assert {e.response.status for e in servers["litellm"].exchanges} == {200}


def test_tags_on_requests_and_names_of_keys_say_where_usage_belongs():
    over = world(0)
    over.add(*[replace(call, tags=("pr:acme/web#7", "User-Agent: codex/1.0")) for call in calls("litellm", 3)])
    over.add(*[replace(call, api_key="hash-1") for call in calls("openrouter", 3)])
    desk = Desk(keys={"hash-1": ("pr:acme/web#8", "Dev@Example.com")})
    with sources(over, desk=desk) as (made, _):
        found = {name: made[name].fetch(ASKED).records for name in ("litellm", "openrouter")}
        desk.analytics = False
        by_day = made["openrouter"].fetch(ASKED).records
    assert {(each.repository, each.pr_number, each.product) for each in found["litellm"]} == {("acme/web", 7, "codex")}
    assert {(each.repository, each.pr_number) for each in found["openrouter"]} == {("acme/web", 8)}
    shown = [call for call in mine(over, "openrouter") if call.at.date() < NOW.date()]
    assert {each.pr_number for each in by_day} <= {8}
    assert dollars(by_day) == charged(shown)


def test_days_of_openrouter_hold_the_same_dollars_as_its_hours():
    over = world()
    over.now = NOW + timedelta(days=1)
    asked = UsageQuery(people=(DEV,), start=ASKED.start, end=over.now, now=over.now)
    desk = Desk()
    with sources(over, desk=desk) as (made, _):
        hours = made["openrouter"].fetch(asked)
        desk.analytics = False
        days = made["openrouter"].fetch(asked)
    assert (hours.status.grain, days.status.grain) == ("hour", "day")
    assert dollars(hours.records) == dollars(days.records) == charged(mine(over, "openrouter"))


def test_an_answer_of_openrouter_that_is_cut_off_is_completed():
    over = world()
    with sources(over, desk=Desk(most_rows=5)) as (made, _):
        answer = made["openrouter"].fetch(ASKED)
    assert (answer.status.state, answer.status.grain) == (SourceState.OK, "hour")
    assert dollars(answer.records) == charged(mine(over, "openrouter"))


def test_minutes_of_contested_hours_keep_the_sum():
    contested = [Interval("dev", NOW - timedelta(hours=3), NOW - timedelta(hours=1, minutes=30))]
    over = world()
    with sources(over) as (made, servers):
        hours = made["openrouter"].fetch(ASKED)
        minutes = made["openrouter"].refine(ASKED, hours, contested)
    assert {e.response.status for e in servers["openrouter"].exchanges} == {200}
    assert (minutes.status.grain, len(minutes.records) > len(hours.records)) == ("minute", True)
    assert dollars(minutes.records) == dollars(hours.records)
    assert tokens_of(minutes.records) == tokens_of(hours.records)


@pytest.mark.parametrize("name", NAMES)
def test_inspect_says_what_it_sees(name):
    with sources(world()) as (made, _):
        seen = made[name].inspect(NOW)
    assert seen.problem is None
    assert seen.sees
    assert seen.emails == (None if name == "copilot" else {"dev@example.com", "x@example.com"})


# --- Copilot's enterprise ---------------------------------------------------------------------------------------------


def long_history() -> tuple[World, UsageQuery]:
    """Sixty days of two people, over the change from requests to credits."""
    now = NOW.replace(month=6, day=20)
    everybody = [
        replace(call, at=call.at - (NOW - now), chargeable=number % 2 == 0, person=who, product="coding_agent")
        for who in ("dev", "Other")
        for number, call in enumerate(calls("copilot", 60, step=timedelta(days=1)))
    ]
    over = world(0, calls=everybody, now=now)
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
        source = copilot_source.make(over.keys["copilot"], CopilotSettings(base_url=server.url, enterprise="acme-corp"), limits)
        answer = source.fetch(asked)
    assert (answer.status.state, dollars(answer.records)) == (SourceState.OK, charged(over.calls))
    assert any("single days instead" in note for note in answer.status.notes)


def test_an_organisation_inside_an_enterprise_hears_the_way_out():
    with sources(world(), billing=Billing(org_in_enterprise=True)) as (made, _):
        problem = made["copilot"].fetch(ASKED).status.problem
        assert problem == made["copilot"].inspect(NOW).problem
    assert "sources: {copilot: {enterprise:" in str(problem)


def test_somebody_without_copilot_is_no_failure():
    with sources(world(), billing=Billing(members={"x"})) as (made, _):
        answer = made["copilot"].fetch(ASKED)
        assert (answer.status.state, answer.records) == (SourceState.OK, ())
        assert made["copilot"].inspect(NOW).problem is None


# --- in bad times -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mode", [mode for mode in get_args(Failure) if mode != "429-once"])
def test_a_failing_vendor_says_what_happened_and_what_to_do_and_never_names_the_key(name, mode):
    over = world(3, fail={name: mode})
    with sources(over, QUICK) as (made, _):
        status = made[name].fetch(ASKED).status
    assert status.state is SourceState.FAILED
    assert status.problem is not None
    assert SAID[mode] in str(status.problem)
    assert status.problem.remedy
    assert over.keys[name] not in str(status)


@pytest.mark.parametrize("name", NAMES)
def test_a_passing_refusal_leaves_no_trace(name):
    with sources(world(3, fail={name: "429-once"}), QUICK) as (made, _):
        answer = made[name].fetch(ASKED)
    assert (answer.status.state, bool(answer.records)) == (SourceState.OK, True)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mode", ["401", "hang", "wrong-shape"])
def test_doctor_hears_of_it_too(name, mode):
    over = world(3, fail={name: mode})
    with sources(over, QUICK) as (made, _):
        seen = made[name].inspect(NOW)
    assert SAID[mode] in str(seen.problem)
    assert over.keys[name] not in str(seen)


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_key_is_refused_and_never_repeated(name):
    over = world(3)
    with sources(over, QUICK) as (made, _):
        over.keys[name] = "another"
        status = made[name].fetch(ASKED).status
    assert status.state is SourceState.FAILED
    assert INPUTS[name] in str(status.problem)
    assert "sim-" not in str(status)


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
    over = world(3)
    headers = {"Authorization": f"Bearer {over.keys[name]}", "X-GitHub-Api-Version": "2026-03-10"}
    with sources(over) as (_, servers):
        method = "POST" if "json" in how else "GET"
        answer = requests.request(method, servers[name].url + path, headers=headers, timeout=5, **how)
    assert answer.status_code == status
