"""Langfuse, Helicone and Portkey over real sockets, each against a simulator that refuses what the real one refuses."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import get_args

import msgspec
import pytest
import requests
from tests.integration.sources.worlds import NOW, PATIENT, QUERY, QUICK, calls

from pr_cost_bot.config import SourceSettings
from pr_cost_bot.http import Limits
from pr_cost_bot.model import NO_TOKENS, Identity, SourceState
from pr_cost_bot.ports import Source
from pr_cost_bot.simulator import vendor_helicone, vendor_langfuse, vendor_portkey
from pr_cost_bot.simulator.server import Handler, Server
from pr_cost_bot.simulator.vendors import Failure, World
from pr_cost_bot.sources import helicone, langfuse, portkey

GATEWAYS = ("langfuse", "langfuse-old", "helicone", "portkey", "portkey-sums")
EXACT = ("langfuse", "langfuse-old", "helicone", "portkey")
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


def name_of(gateway: str) -> str:
    return gateway.partition("-")[0]


def world(gateway: str, count: int = 30, **how: object) -> World:
    """Calls of one person on two pull requests and none, and as many of a stranger."""
    name = name_of(gateway)
    made = World(now=NOW, keys={name: f"secret-of-{name}"})
    tags = [("pr:acme/web#42", "branch:feat/x"), ("pr:acme/web#43",), ()]
    for who in ("dev@example.com", "x@example.com"):
        step = timedelta(minutes=47 * 60) / count
        made.add(*[replace(call, tags=tags[n % 3]) for n, call in enumerate(calls(name, count, who, step))])
    for field, value in how.items():
        setattr(made, field, value)
    return made


def handler(gateway: str, over: World) -> Handler:
    return {
        "langfuse": lambda: vendor_langfuse.langfuse(over),
        "langfuse-old": lambda: vendor_langfuse.langfuse(over, old=True),
        "helicone": lambda: vendor_helicone.helicone(over),
        "portkey": lambda: vendor_portkey.portkey(over),
        "portkey-sums": lambda: vendor_portkey.portkey(over, exports=False),
    }[gateway]()


@contextmanager
def serving(gateway: str, over: World, limits: Limits = PATIENT) -> Iterator[tuple[Source, Server]]:
    name, key = name_of(gateway), over.keys[name_of(gateway)]
    with Server(handler(gateway, over)) as server:
        settings = SourceSettings(base_url=f"{server.url}/v1")
        if name == "langfuse":
            yield langfuse.make(vendor_langfuse.PUBLIC_KEY, key, settings, limits), server
        else:
            yield (helicone if name == "helicone" else portkey).make(key, settings, limits), server


def dollars(records: object) -> Decimal:
    return sum((record.cost_usd or Decimal(0) for record in records), Decimal(0))


def mine(over: World) -> list:
    return [call for call in over.calls if call.person == "dev@example.com"]


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_records_sum_to_what_the_gateway_holds_of_the_person(gateway):
    over = world(gateway)
    with serving(gateway, over) as (source, server):
        answer = source.fetch(QUERY)
        sent = [(e.request.path, repr(e.request.query), e.request.body) for e in server.exchanges]
    assert answer.status.state is SourceState.OK, answer.status.problem
    assert {record.actor for record in answer.records} == {"dev@example.com"}
    assert dollars(answer.records) == sum(call.cents for call in mine(over)) / 100
    looks = [each for each in sent if "/logs/exports/" in each[0]]  # an export is looked at until it is there
    assert len(set(sent)) == len(sent) or looks
    if gateway in EXACT:
        assert sum(r.tokens.input + r.tokens.output for r in answer.records) == sum(
            call.tokens.input + call.tokens.output for call in mine(over)
        )
    if gateway != "portkey-sums":
        assert len(answer.records) == 30


@pytest.mark.parametrize("gateway", ["langfuse", "langfuse-old", "helicone"])
def test_every_token_class_arrives(gateway):
    over = world(gateway)
    with serving(gateway, over) as (source, _):
        records = source.fetch(QUERY).records
    assert sum((r.tokens for r in records), NO_TOKENS) == sum((call.tokens for call in mine(over)), NO_TOKENS)


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_tags_lead_to_the_pull_request_with_the_amount_that_carried_them(gateway):
    over = world(gateway)
    with serving(gateway, over) as (source, _):
        records = source.fetch(QUERY).records
    for number, tags in ((42, ("pr:acme/web#42", "branch:feat/x")), (43, ("pr:acme/web#43",)), (None, ())):
        tagged = [record for record in records if record.pr_number == number]
        assert dollars(tagged) == sum(call.cents for call in mine(over) if call.tags == tags) / 100
        assert {record.repository for record in tagged} == ({"acme/web"} if number else {None})


@pytest.mark.parametrize("gateway", ["langfuse", "langfuse-old", "helicone", "portkey"])
def test_thousands_of_rows_are_paged_completely(gateway):
    over = world(gateway, 2300)
    with serving(gateway, over) as (source, _):
        answer = source.fetch(QUERY)
    assert answer.status.state is SourceState.OK, answer.status.problem
    assert dollars(answer.records) == sum(call.cents for call in mine(over)) / 100


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_calls_outside_the_window_are_left_out(gateway):
    over = world(gateway)
    narrow = msgspec.structs.replace(QUERY, start=NOW - timedelta(hours=10), end=NOW - timedelta(hours=2))
    with serving(gateway, over) as (source, _):
        records = source.fetch(narrow).records
    expected = [call for call in mine(over) if narrow.start <= call.at < narrow.end]
    assert expected
    assert dollars(records) == sum(call.cents for call in expected) / 100


def test_portkeys_key_never_reaches_the_server_of_the_files():
    with serving("portkey", world("portkey")) as (source, server):
        source.fetch(QUERY)
    files = [e.request for e in server.exchanges if e.request.path.startswith("/storage/")]
    assert len(files) == 1
    assert not any("secret-of-portkey" in value for value in files[0].headers.values())


@pytest.mark.parametrize("gateway", ["portkey", "portkey-sums"])
def test_portkey_finds_people_however_they_write_their_address(gateway):
    over = world(gateway)
    over.calls = [replace(call, person=call.person.title()) for call in over.calls]
    with serving(gateway, over) as (source, _):
        answer = source.fetch(QUERY)
    assert {record.actor for record in answer.records} == {"dev@example.com"}
    assert answer.status.unknown_people == ()


@pytest.mark.parametrize("gateway", ["langfuse", "helicone"])
def test_a_spelling_in_the_configuration_is_asked_for_as_it_is(gateway):
    over = world(gateway)
    over.calls = [replace(call, person="Dev@Example.com") for call in mine(over)]
    spelled = Identity(person="dev", emails=("dev@example.com",), vendors={gateway: ("Dev@Example.com",)})
    with serving(gateway, over) as (source, _):
        without = source.fetch(QUERY)
        answer = source.fetch(msgspec.structs.replace(QUERY, people=(spelled,)))
    assert (without.records, without.status.unknown_people) == ((), ("dev",))
    assert (len(answer.records), answer.status.unknown_people) == (30, ())


@pytest.mark.parametrize("gateway", GATEWAYS)
@pytest.mark.parametrize("mode", [mode for mode in get_args(Failure) if mode != "429-once"])
def test_a_failing_gateway_says_what_happened_and_what_to_do(gateway, mode):
    over = world(gateway, 5, fail={name_of(gateway): mode})
    with serving(gateway, over, QUICK) as (source, _):
        status = source.fetch(QUERY).status
        seen = source.inspect(NOW)
    for problem in (status.problem, seen.problem):
        assert problem is not None
        assert SAID[mode] in str(problem)
        assert problem.remedy
        assert "secret-of" not in str(problem)
    assert status.state is SourceState.FAILED


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_passing_refusal_leaves_no_trace(gateway):
    with serving(gateway, world(gateway, 5, fail={name_of(gateway): "429-once"}), QUICK) as (source, _):
        assert source.fetch(QUERY).status.state is SourceState.OK


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_wrong_key_is_refused_and_never_repeated(gateway):
    over = world(gateway, 5)
    with serving(gateway, over, QUICK) as (source, _):
        over.keys[name_of(gateway)] = "another"
        status = source.fetch(QUERY).status
    assert status.state is SourceState.FAILED
    assert (
        "`portkey_api_key`" in str(status.problem)
        or "`helicone_api_key`" in str(status.problem)
        or "langfuse" in str(status.problem)
    )
    assert "secret-of" not in str(status)


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_inspect_says_what_the_key_sees(gateway):
    with serving(gateway, world(gateway, 5)) as (source, server):
        seen = source.inspect(NOW)
        assert len(server.exchanges) <= 2
    assert seen.problem is None
    assert seen.sees


def test_nobody_is_asked_for_nobody():
    for gateway in ("langfuse", "helicone"):
        with serving(gateway, world(gateway, 5)) as (source, server):
            answer = source.fetch(msgspec.structs.replace(QUERY, people=()))
            assert (answer.records, answer.status.state, server.exchanges) == ((), SourceState.OK, [])


# --- the simulators themselves --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gateway", "method", "path", "how"),
    [
        ("langfuse", "GET", "/api/public/v2/observations", {"params": {"limit": "1001"}}),
        ("langfuse", "GET", "/api/public/v2/observations", {"params": {"cursor": "9.other"}}),
        ("langfuse-old", "GET", "/api/public/observations", {"params": {"limit": "101"}}),
        ("helicone", "POST", "/v1/request/query-clickhouse", {"json": {"filter": "all", "offset": 0, "limit": 1001}}),
        ("helicone", "POST", "/v1/request/query-clickhouse", {"json": {"filter": {"request": {}}, "offset": 0, "limit": 1}}),
        ("portkey", "POST", "/v1/logs/exports", {"json": {"filters": {}}}),
        ("portkey", "GET", "/v1/analytics/groups/users", {"params": {"page_size": "101"}}),
        ("portkey", "GET", "/v1/logs/exports/none", {}),
    ],
)
def test_the_simulators_refuse_what_is_documented_to_be_refused(gateway, method, path, how):
    over = world(gateway, 1)
    secret = over.keys[name_of(gateway)]
    window = {"fromStartTime": "2026-11-20T00:00:00Z", "toStartTime": "2026-11-21T00:00:00Z"}
    window |= {"time_of_generation_min": "2026-11-20T00:00:00Z", "time_of_generation_max": "2026-11-21T00:00:00Z"}
    headers = {"Authorization": f"Bearer {secret}", "x-portkey-api-key": secret}
    auth = (vendor_langfuse.PUBLIC_KEY, secret) if name_of(gateway) == "langfuse" else None
    how = {**how, "params": window | how.get("params", {})}
    with Server(handler(gateway, over)) as server:
        answer = requests.request(method, server.url + path, headers=headers, auth=auth, timeout=5, **how)
        stranger = requests.request(method, server.url + path, timeout=5, **how)
    assert answer.status_code in {400, 404} or answer.json().get("error")
    assert stranger.status_code == 401
