"""Every source against its vendor's simulator, which refuses whatever the vendor documents to refuse."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from tests.integration.sources.worlds import (
    DEV,
    KINDS,
    NOW,
    QUERY,
    calls,
    charged,
    dollars,
    mine,
    source,
    sources,
    tokens_of,
    world,
)

from pr_cost_bot.model import Identity, Interval, SourceState
from pr_cost_bot.simulator.vendors import TOOLS, World

REFUSED = {"langfuse-old": {404}, "portkey-sums": {403}}
"""What is tried first and is not to be had from these."""


@pytest.mark.parametrize("kind", KINDS)
def test_records_sum_to_what_the_vendor_holds_of_the_person_and_no_request_is_sent_twice(kind):
    over = world([kind])
    with source(kind, over) as (made, server):
        answer = made.fetch(QUERY)
        sent = [(e.request.path, repr(e.request.query), e.request.body) for e in server.exchanges]
    assert answer.status.state is SourceState.OK, answer.status.problem
    assert {record.actor.lower() for record in answer.records} <= {"dev", "dev@example.com"}
    assert answer.status.unknown_people == ()
    assert dollars(answer.records) == (0 if kind == "openai" else charged(mine(over, kind)))  # OpenAI names tokens only
    # Cursor is asked for a second spelling of an address too, and an export is looked at until it is there.
    assert kind in {"cursor", "portkey"} or len(set(sent)) == len(sent)
    assert {e.response.status for e in server.exchanges} - {200} == REFUSED.get(kind, set())


@pytest.mark.parametrize("kind", [name for name in KINDS if name not in {"copilot", "portkey-sums"}])
def test_every_token_arrives(kind):
    """Copilot's bill and Portkey's sums name none; OpenRouter and Portkey tell not every class."""
    over = world([kind])
    with source(kind, over) as (made, _):
        found, expected = tokens_of(made.fetch(QUERY).records), tokens_of(mine(over, kind))
    assert (found.input, found.output) == (expected.input, expected.output)
    assert found.cache_read == (0 if kind == "portkey" else expected.cache_read)
    assert found.cache_write == (0 if kind in {"openrouter", "portkey"} else expected.cache_write)


@pytest.mark.parametrize("vendor", ["anthropic", "openai", "openrouter"])
def test_minutes_of_contested_hours_keep_the_sum(vendor):
    contested = [Interval("dev", NOW - timedelta(hours=3), NOW - timedelta(hours=1, minutes=30))]
    with source(vendor, world([vendor])) as (made, server):
        hours = made.fetch(QUERY)
        minutes = made.refine(QUERY, hours, contested)
        assert {e.response.status for e in server.exchanges} == {200}
    assert minutes.status.grain == "minute"
    assert len(minutes.records) > len(hours.records)
    assert tokens_of(minutes.records) == tokens_of(hours.records)
    assert dollars(minutes.records) == dollars(hours.records)


@pytest.mark.parametrize("vendor", ["anthropic", "openai"])
def test_answers_can_be_refined_in_any_order(vendor):
    other = msgspec.structs.replace(QUERY, people=(Identity(person="x", emails=("x@example.com",)),))
    span = (NOW - timedelta(hours=3), NOW - timedelta(hours=2))
    with sources(world()) as (made, _):
        asked = [(QUERY, made[vendor].fetch(QUERY)), (other, made[vendor].fetch(other))]
        refined = [made[vendor].refine(each, answer, [Interval(each.people[0].person, *span)]) for each, answer in asked]
    assert [result.status.grain for result in refined] == ["minute", "minute"]
    assert [tokens_of(result.records) for result in refined] == [tokens_of(answer.records) for _, answer in asked]


def test_the_older_reports_of_anthropic_hold_the_same_tokens_and_days_the_same_cents():
    over = world(anthropic_pair=False)
    with sources(over) as (made, _):
        older = made["anthropic"].fetch(QUERY)
        over.anthropic_messages = False
        days = made["anthropic"].fetch(QUERY)
    assert older.status.state is days.status.state is SourceState.OK
    assert tokens_of(older.records) == tokens_of(mine(over, "anthropic"))
    assert (older.status.grain, days.status.grain) == ("hour", "day")
    shown = [call for call in mine(over, "anthropic") if call.at <= NOW - timedelta(hours=1)]
    assert tokens_of(days.records) == tokens_of(shown)
    assert abs(dollars(days.records) - charged(shown)) <= Decimal("0.005") * len(days.records)  # whole cents


def test_thousands_of_rows_are_paged_completely():
    over = World(now=NOW, calls=[call for v in TOOLS for call in calls(v, 2300, step=timedelta(minutes=1, seconds=1))])
    with sources(over) as (made, servers):
        for vendor in ("cursor", "anthropic"):
            answer = made[vendor].fetch(QUERY)
            assert answer.status.state is SourceState.OK, answer.status.problem
            assert dollars(answer.records) == charged(mine(over, vendor))
    posts = [e for e in servers["cursor"].exchanges if e.request.method == "POST"]
    assert sorted(e.request.json()["page"] for e in posts if e.request.json()["email"] == "Dev@Example.com") == [1, 2, 3]


def test_a_key_counts_for_its_owner_and_a_shared_one_for_whom_the_configuration_names():
    over = World(now=NOW, api_keys={"apikey_own": "dev@example.com", "apikey_shared": None})
    for vendor in ("anthropic", "openai"):
        for key, person in (("apikey_own", "Dev@Example.com"), ("apikey_shared", "x@example.com"), (None, "Dev@Example.com")):
            over.add(*[replace(call, api_key=key) for call in calls(vendor, 5, person)])
    shared = Identity(person="bot", vendors={"anthropic": ("apikey_shared",), "openai": ("apikey_shared",)})
    asked = msgspec.structs.replace(QUERY, people=(DEV, shared))
    for pair in (True, False):
        over.anthropic_pair = pair
        with sources(over) as (made, _):
            for vendor in ("anthropic", "openai"):
                records = made[vendor].fetch(asked).records
                by_actor = {
                    name: tokens_of(r for r in records if r.actor == name) for name in ("dev@example.com", "apikey_shared")
                }
                five = tokens_of(calls(vendor, 5))
                assert by_actor == {"dev@example.com": five + five, "apikey_shared": five}


def test_what_a_vendor_does_not_show_yet_comes_later_and_the_status_says_how_fresh_it_is():
    over = world(lag={"anthropic": timedelta(hours=4)})
    with sources(over) as (made, _):
        early = made["anthropic"].fetch(QUERY)
        over.now = NOW + timedelta(hours=5)
        late = made["anthropic"].fetch(msgspec.structs.replace(QUERY, now=over.now))
    assert early.status.fresh_until == NOW - timedelta(hours=4)
    assert dollars(early.records) < dollars(late.records) == charged(mine(over, "anthropic"))


def test_calls_added_late_are_seen_by_the_next_run():
    over = world()
    late = replace(calls("cursor", 1)[0], at=NOW - timedelta(hours=10))
    with sources(over) as (made, _):
        before = dollars(made["cursor"].fetch(QUERY).records)
        over.add(late)
        assert dollars(made["cursor"].fetch(QUERY).records) - before == late.cents / 100


LISTING = {"anthropic", "openai", "cursor", "openrouter", "litellm"}


@pytest.mark.parametrize("kind", KINDS)
def test_inspect_says_what_it_sees_and_lists_the_people_whom_the_vendor_knows(kind):
    with source(kind, world([kind])) as (made, server):
        seen = made.inspect(NOW)
        assert len(server.exchanges) <= 3
    assert (seen.problem, bool(seen.sees)) == (None, True)
    assert seen.emails == ({"dev@example.com", "x@example.com"} if kind in LISTING else None)
