"""Langfuse, Helicone and Portkey over real sockets: whose usage, of when and for which pull request."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
import requests
from tests.integration.sources.worlds import KINDS, NOW, QUERY, calls, charged, dollars, mine, source, world

from pr_cost_bot.model import Identity, SourceState
from pr_cost_bot.simulator import vendor_langfuse
from pr_cost_bot.simulator.vendors import World

GATEWAYS = ("langfuse", "langfuse-old", "helicone", "portkey", "portkey-sums")
TAGS = [("pr:acme/web#42", "branch:feat/x"), ("pr:acme/web#43",), ()]


def tagged_calls(gateway: str, count: int = 30) -> World:
    """Calls of one person on two pull requests and none, and as many of a stranger, over two days."""
    made = World(now=NOW)
    for who in ("dev@example.com", "x@example.com"):
        step = timedelta(hours=47) / count
        several = enumerate(calls(KINDS[gateway].vendor, count, who, step))
        made.add(*[replace(call, tags=TAGS[n % 3]) for n, call in several])
    return made


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_tags_lead_to_the_pull_request_with_the_amount_that_carried_them(gateway):
    over = tagged_calls(gateway)
    with source(gateway, over) as (made, _):
        records = made.fetch(QUERY).records
    for number, tags in ((42, ("pr:acme/web#42", "branch:feat/x")), (43, ("pr:acme/web#43",)), (None, ())):
        tagged = [record for record in records if record.pr_number == number]
        assert dollars(tagged) == charged(call for call in mine(over, gateway) if call.tags == tags)
        assert {record.repository for record in tagged} == ({"acme/web"} if number else {None})


@pytest.mark.parametrize("gateway", ["langfuse", "langfuse-old", "helicone", "portkey"])
def test_thousands_of_rows_are_paged_completely(gateway):
    over = tagged_calls(gateway, 2300)
    with source(gateway, over) as (made, _):
        answer = made.fetch(QUERY)
    assert answer.status.state is SourceState.OK, answer.status.problem
    assert dollars(answer.records) == charged(mine(over, gateway))


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_calls_outside_the_window_are_left_out(gateway):
    over = tagged_calls(gateway)
    narrow = msgspec.structs.replace(QUERY, start=NOW - timedelta(hours=10), end=NOW - timedelta(hours=2))
    with source(gateway, over) as (made, _):
        records = made.fetch(narrow).records
    expected = [call for call in mine(over, gateway) if narrow.start <= call.at < narrow.end]
    assert expected
    assert dollars(records) == charged(expected)


def test_portkeys_sums_lie_on_their_days_and_on_hours_where_the_window_cuts_one():
    over = tagged_calls("portkey-sums")
    starts = (QUERY.start.replace(minute=0) + timedelta(hours=shift) for shift in (0, 5))  # a run's window is whole hours
    with source("portkey-sums", over) as (made, _):
        wide, later = (made.fetch(msgspec.structs.replace(QUERY, start=start)).records for start in starts)
    days = {record.start for record in wide if record.end - record.start == timedelta(days=1)}
    assert days == {NOW.replace(hour=0, minute=0) - timedelta(days=back) for back in (0, 1)}
    cut = [record for record in wide if record.start not in days]
    assert {record.end - record.start for record in cut} == {timedelta(hours=1)}
    begun = min(record.start for record in later)
    assert later == tuple(record for record in wide if record.start >= begun)


def test_portkeys_sums_tell_of_no_more_than_the_window():
    over = tagged_calls("portkey-sums")
    narrow = msgspec.structs.replace(QUERY, start=NOW - timedelta(hours=44), end=NOW - timedelta(hours=12))
    with source("portkey-sums", over) as (made, _):
        records = made.fetch(narrow).records
    assert min(record.start for record in records) >= narrow.start.replace(minute=0)
    assert max(record.end for record in records) <= narrow.end.replace(minute=0) + timedelta(hours=1)


def test_portkeys_sums_ask_nobody_by_day_who_has_no_tags():
    over = world(["portkey"])
    with source("portkey-sums", over) as (made, server):
        made.fetch(QUERY)
    assert sum(e.request.path.endswith("/groups/metadata/pr") for e in server.exchanges) == 1


def test_portkeys_key_never_reaches_the_server_of_the_files():
    over = world(["portkey"])
    with source("portkey", over) as (made, server):
        made.fetch(QUERY)
    files = [e.request for e in server.exchanges if e.request.path.startswith("/storage/")]
    assert len(files) == 1
    assert not any(over.keys["portkey"] in value for value in files[0].headers.values())


@pytest.mark.parametrize("gateway", ["portkey", "portkey-sums"])
def test_portkey_finds_people_however_they_write_their_address(gateway):
    over = tagged_calls(gateway)
    over.calls = [replace(call, person=call.person.title()) for call in over.calls]
    with source(gateway, over) as (made, _):
        answer = made.fetch(QUERY)
    assert {record.actor for record in answer.records} == {"dev@example.com"}
    assert answer.status.unknown_people == ()


@pytest.mark.parametrize("gateway", ["langfuse", "helicone"])
def test_a_spelling_in_the_configuration_is_asked_for_as_it_is(gateway):
    over = tagged_calls(gateway)
    over.calls = [replace(call, person="Dev@Example.com") for call in mine(over, gateway)]
    spelled = Identity(person="dev", emails=("dev@example.com",), vendors={gateway: ("Dev@Example.com",)})
    with source(gateway, over) as (made, _):
        without = made.fetch(QUERY)
        answer = made.fetch(msgspec.structs.replace(QUERY, people=(spelled,)))
    assert (without.records, without.status.unknown_people) == ((), ("dev",))
    assert (len(answer.records), answer.status.unknown_people) == (30, ())


def test_nobody_is_asked_for_nobody():
    for gateway in ("langfuse", "helicone"):
        with source(gateway, world([gateway], 5)) as (made, server):
            answer = made.fetch(msgspec.structs.replace(QUERY, people=()))
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
    over, vendor = world([gateway], 1), KINDS[gateway].vendor
    secret = over.keys[vendor]
    window = {"fromStartTime": "2026-11-20T00:00:00Z", "toStartTime": "2026-11-21T00:00:00Z"}
    window |= {"time_of_generation_min": "2026-11-20T00:00:00Z", "time_of_generation_max": "2026-11-21T00:00:00Z"}
    headers = {"Authorization": f"Bearer {secret}", "x-portkey-api-key": secret}
    auth = (vendor_langfuse.PUBLIC_KEY, secret) if vendor == "langfuse" else None
    how = {**how, "params": window | how.get("params", {})}
    with source(gateway, over) as (_, server):
        answer = requests.request(method, server.url + path, headers=headers, auth=auth, timeout=5, **how)
        stranger = requests.request(method, server.url + path, timeout=5, **how)
    assert answer.status_code in {400, 404} or answer.json().get("error")
    assert stranger.status_code == 401
