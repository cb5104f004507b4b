from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.sources.canned import Canned, at, body, fixture, query

from pr_cost_bot.config import SourceSettings
from pr_cost_bot.model import Identity, SourceState, Tokens, UsageRecord
from pr_cost_bot.sources.langfuse import Langfuse, make
from pr_cost_bot.sources.langfuse_shapes import tokens_of

V2, V1, TRACES = "/api/public/v2/observations", "/api/public/observations", "/api/public/traces"
DEV = Identity(person="dev", emails=("dev@acme.com",))
DAY = {"start": "2026-11-20T00:00:00", "end": "2026-11-21T00:00:00", "now": "2026-11-21T00:00:00"}


def observation(**fields: Any) -> dict[str, Any]:
    made = {"id": "o", "startTime": "2026-11-20T14:00:00Z", "type": "GENERATION", "userId": "dev@acme.com"}
    return {**made, "usageDetails": {"input": 10, "output": 1}, "totalCost": 0.5, **fields}


def page(*rows: dict[str, Any], **meta: Any) -> bytes:
    return body({"data": list(rows), "meta": meta})


def only(*rows: dict[str, Any]) -> UsageRecord:
    answer = Langfuse(Canned({V2: page(*rows)})).fetch(query(DEV, **DAY))
    assert answer.status.state is SourceState.OK
    (record,) = answer.records
    return record


def test_the_documented_example_is_read_in_dollars():
    answer = Langfuse(Canned({V2: fixture("langfuse/observations-v2.json")})).fetch(query(DEV, **DAY))
    known, unknown = answer.records
    assert (known.cost_usd, known.model, known.actor) == (Decimal("0.01956"), "claude-sonnet-4-5", "dev@acme.com")
    assert known.tokens == Tokens(16820, 15000, 0, 640)
    assert known.start == known.end == at("2026-11-20T14:03:22.118")
    assert (known.repository, known.pr_number, known.branch, known.session) == ("acme/api", 42, "feat/x", "acme/api#42")
    assert (unknown.cost_usd, unknown.tokens) == (None, Tokens(100, 60, 0, 30))
    assert answer.status.notes == (
        "Who used Langfuse is as the caller said: the name is sent with each request and checked by nobody.",
    )
    assert answer.status.fresh_until == at("2026-11-21T00:00:00") - timedelta(minutes=15)


def test_an_old_server_is_read_through_its_older_api_with_the_tags_of_the_traces():
    old = {V1: fixture("langfuse/observations-v1.json"), TRACES: fixture("langfuse/traces-v1.json")}
    for gone in (404, 410):
        answer = Langfuse(Canned({V2: gone, **old})).fetch(query(DEV, **DAY))
        (record,) = answer.records
        assert (record.cost_usd, record.tokens) == (Decimal("0.01956"), Tokens(16820, 15000, 0, 640))
        assert (record.repository, record.pr_number, record.session) == ("acme/api", 42, "s_1")
        assert "older one was read" in answer.status.notes[0]


def test_without_the_traces_the_older_api_says_that_something_is_missing():
    answer = Langfuse(Canned({V1: fixture("langfuse/observations-v1.json"), TRACES: 500})).fetch(query(DEV, **DAY))
    assert answer.status.state is SourceState.PARTIAL
    assert [record.pr_number for record in answer.records] == [None]


@pytest.mark.parametrize(
    ("details", "tokens"),
    [
        ({"input": 5, "output": 2}, Tokens(5, 0, 0, 2)),
        ({"input": 5, "cache_read_input_tokens": 7, "cache_creation_input_tokens": 3, "output": 2}, Tokens(15, 7, 3, 2)),
        ({"input": 5, "input_cached_tokens": 7, "output": 2, "output_reasoning_tokens": 4, "total": 18}, Tokens(12, 7, 0, 6)),
        ({"input": 12, "input_cached_tokens": 7, "output": 6, "output_reasoning_tokens": 4, "total": 18}, Tokens(12, 7, 0, 6)),
        ({"input": 5, "cache_read_input_tokens": 7, "output": 2, "total": 7}, Tokens(12, 7, 0, 2)),
        ({"input": None, "characters": 9, "output": 1}, Tokens(0, 0, 0, 1)),
        ({}, Tokens()),
    ],
)
def test_cache_counts_are_beside_the_input_unless_the_total_says_otherwise(details, tokens):
    assert tokens_of(details)[0] == tokens


def test_writes_kept_for_an_hour_are_told_apart():
    tokens, terms = tokens_of({"input": 1, "input_cache_creation_5m": 4, "input_cache_creation_1h": 6})
    assert (tokens.cache_write, terms.cache_write_1h) == (10, 6)


def test_no_price_is_unknown_and_not_free():
    assert only(observation(totalCost=0)).cost_usd is None
    assert only(observation(totalCost=None)).cost_usd is None
    assert only(observation(totalCost="0.25")).cost_usd == Decimal("0.25")


def test_a_session_names_a_pull_request_only_in_full():
    assert only(observation(sessionId="acme/api#7")).pr_number == 7
    assert only(observation(sessionId="pr:acme/api#7")).pr_number == 7
    assert only(observation(sessionId="42", metadata={"repo": "acme/api"})).pr_number is None


def test_metadata_may_be_a_string():
    assert only(observation(metadata='{"pr": "acme/api#7"}')).pr_number == 7
    assert only(observation(metadata="{broken")).pr_number is None


def test_other_kinds_strangers_other_times_and_repetitions_are_left_out():
    others = [
        observation(id="a", type="SPAN"),
        observation(id="b", userId="x@acme.com"),
        observation(id="c", startTime="2026-11-19T23:59:59Z"),
        observation(id="d", usageDetails={}, totalCost=0),
    ]
    assert only(*others, observation(), observation()).cost_usd == Decimal("0.5")


def test_every_name_of_a_person_is_asked_for_as_it_is_written():
    canned = Canned({V2: page()})
    who = Identity(person="dev", emails=("dev@acme.com",), login="dev", vendors={"langfuse": ("Dev@Acme.com",)})
    answer = Langfuse(canned).fetch(query(who, **DAY))
    asked = [dict(how["params"]) for _, how in canned.asked]
    assert sorted(params["userId"] for params in asked) == ["Dev@Acme.com", "dev", "dev@acme.com"]
    assert {(p["type"], p["limit"], p["fromStartTime"]) for p in asked} == {("GENERATION", "1000", "2026-11-20T00:00:00.000Z")}
    assert "usage" in asked[0]["fields"].split(",")
    assert answer.status.unknown_people == ("dev",)


def test_pages_are_followed_and_never_for_ever():
    def paged(how: dict[str, Any]) -> bytes:
        cursor = dict(how["params"]).get("cursor", "0")
        return page(observation(id=cursor), cursor={"0": "1", "1": "2"}.get(cursor))

    answer = Langfuse(Canned({V2: paged})).fetch(query(DEV, **DAY))
    assert (len(answer.records), answer.status.state) == (3, SourceState.OK)
    endless = Langfuse(Canned({V2: page(observation(), cursor="same")})).fetch(query(DEV, **DAY))
    assert (len(endless.records), endless.status.state) == (1, SourceState.PARTIAL)


def test_a_page_that_fails_leaves_the_others():
    def paged(how: dict[str, Any]) -> bytes | int:
        return 500 if "cursor" in dict(how["params"]) else page(observation(), cursor="next")

    answer = Langfuse(Canned({V2: paged})).fetch(query(DEV, **DAY))
    assert (len(answer.records), answer.status.state) == (1, SourceState.PARTIAL)


def test_an_amount_that_is_none_fails_the_page():
    for wrong in ("NaN", -1, "1e999"):
        answer = Langfuse(Canned({V2: page(observation(totalCost=wrong))})).fetch(query(DEV, **DAY))
        assert (answer.records, answer.status.state) == ((), SourceState.FAILED)


@pytest.mark.parametrize(
    "given", ["https://lf.acme.com", "https://lf.acme.com/api/public/", "https://lf.acme.com/api/public/v2"]
)
def test_the_address_may_hold_the_apis_path(given):
    assert make("pk", "sk", SourceSettings(base_url=given))._connection.base_url == "https://lf.acme.com"


def test_neither_key_is_ever_repeated():
    connection = make("pk-lf-1234", "sk-lf-5678", SourceSettings())._connection
    assert connection.clean("no access with sk-lf-5678 of pk-lf-1234") == "no access with *** of ***"


def test_inspect_says_what_the_key_sees():
    now = at("2026-11-21T00:00:00")
    assert Langfuse(Canned({V2: page()})).inspect(now).sees
    assert "older" in Langfuse(Canned({V1: page()})).inspect(now).sees[0]
    assert Langfuse(Canned({})).inspect(now).problem is not None
    assert Langfuse(Canned({V2: 401})).inspect(now).problem is not None
