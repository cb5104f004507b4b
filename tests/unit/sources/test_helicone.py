from decimal import Decimal
from typing import Any

import pytest
from tests.unit.sources.canned import Canned, at, body, fixture, query

from pr_cost_bot.model import Identity, SourceState, Tokens, UsageRecord
from pr_cost_bot.sources.helicone import Helicone

PATH = "/v1/request/query-clickhouse"
DEV = Identity(person="dev", emails=("dev@acme.com",))
DAY = {"start": "2026-11-20T00:00:00", "end": "2026-11-21T00:00:00", "now": "2026-11-21T00:00:00"}


def row(**fields: Any) -> dict[str, Any]:
    made = {"request_id": "r", "request_created_at": "2026-11-20T14:00:00Z", "request_user_id": "dev@acme.com", "model": "m"}
    return {**made, "prompt_tokens": 10, "completion_tokens": 1, "cost": 0.5, **fields}


def page(*rows: dict[str, Any]) -> bytes:
    return body({"data": list(rows), "error": None})


def fetch(answer: Any) -> Any:
    return Helicone(Canned({PATH: answer})).fetch(query(DEV, **DAY))


def only(*rows: dict[str, Any]) -> UsageRecord:
    answer = fetch(page(*rows))
    assert answer.status.state is SourceState.OK
    (record,) = answer.records
    return record


def test_the_documented_example_is_read_in_dollars():
    answer = fetch(fixture("helicone/query-clickhouse.json"))
    known, unpriced = answer.records
    assert (known.cost_usd, known.model, known.provider) == (Decimal("0.01956"), "claude-sonnet-4-5", "anthropic")
    assert known.tokens == Tokens(16820, 15000, 0, 640)
    assert (known.repository, known.pr_number, known.branch) == ("acme/api", 42, "feat/x")
    assert (unpriced.cost_usd, unpriced.tokens, unpriced.provider) == (None, Tokens(100, 60, 0, 30), "openai")
    assert (unpriced.repository, unpriced.pr_number, unpriced.start) == ("acme/api", 43, at("2026-11-20T14:10:00"))
    assert "as the caller said" in answer.status.notes[0]


def test_an_error_in_a_good_answer_is_an_error():
    answer = fetch(body({"data": None, "error": "Memory limit exceeded"}))
    assert answer.status.state is SourceState.FAILED
    assert "Memory limit exceeded" in str(answer.status.problem)
    unauthorized = fetch(body({"data": None, "error": {"message": "Unauthorized: sk-secret"}}))
    assert "sk-secret" not in str(unauthorized.status.problem)
    assert "valid key" in str(unauthorized.status.problem)
    assert fetch(body({"data": None, "error": None})).status.state is SourceState.FAILED


@pytest.mark.parametrize(
    ("fields", "tokens"),
    [
        ({"provider": "ANTHROPIC", "prompt_cache_read_tokens": 4, "prompt_cache_write_tokens": 2}, Tokens(16, 4, 2, 1)),
        ({"provider": "OPENAI", "prompt_cache_read_tokens": 4}, Tokens(10, 4, 0, 1)),
        ({"provider": "OPENAI", "prompt_cache_read_tokens": 4, "total_tokens": 15}, Tokens(14, 4, 0, 1)),
        ({"provider": "OPENAI", "prompt_cache_read_tokens": 40}, Tokens(50, 40, 0, 1)),
        ({"provider": "AWS", "model": "us.anthropic.claude-opus-4-7", "prompt_cache_read_tokens": 4}, Tokens(14, 4, 0, 1)),
        ({"prompt_tokens": None, "completion_tokens": None, "cost": 1}, Tokens()),
    ],
)
def test_cache_counts_are_beside_the_prompt_where_the_vendor_counts_so(fields, tokens):
    assert only(row(**fields)).tokens == tokens


def test_the_field_that_names_its_unit_goes_first():
    assert only(row(cost=500000000, costUSD=0.5)).cost_usd == Decimal("0.5")


def test_an_amount_in_a_smaller_unit_never_passes_for_dollars():
    answer = fetch(page(row(cost=19560000)))
    assert (answer.records, answer.status.state) == ((), SourceState.FAILED)
    assert "no single request costs" in str(answer.status.problem)


def test_nothing_for_tokens_is_unknown_unless_helicone_answered_from_its_cache():
    assert only(row(cost=0)).cost_usd is None
    assert only(row(cost=0, cache_reference_id="00000000-0000-0000-0000-000000000000")).cost_usd is None
    assert only(row(cost=0, cache_reference_id="3f0c1a52-0000-4000-8000-000000000001")).cost_usd == 0


def test_strangers_other_times_and_repetitions_are_left_out():
    others = [
        row(request_id="a", request_user_id="x@acme.com"),
        row(request_id="b", request_user_id=None),
        row(request_id="c", request_created_at="2026-11-19T23:59:59Z"),
        row(request_id="d", prompt_tokens=0, completion_tokens=0, cost=None),
    ]
    assert only(*others, row(), row()).cost_usd == Decimal("0.5")


def test_what_is_asked_for_is_the_time_and_every_name():
    canned = Canned({PATH: page()})
    who = Identity(person="dev", emails=("dev@acme.com",), login="dev", vendors={"helicone": ("Dev@Acme.com",)})
    Helicone(canned).fetch(query(who, **DAY))
    ((_, how),) = canned.asked
    text = str(how["json"]["filter"])
    assert all(f"{{'user_id': {{'equals': '{name}'}}}}" in text for name in ("Dev@Acme.com", "dev", "dev@acme.com"))
    assert "{'request_created_at': {'gte': '2026-11-20T00:00:00.000Z'}}" in text
    assert (how["json"]["limit"], how["json"]["sort"]) == (1000, {"created_at": "asc"})


def test_pages_are_followed_by_offset():
    def paged(how: dict[str, Any]) -> bytes:
        start = how["json"]["offset"]
        return page(*(row(request_id=str(n)) for n in range(start, min(start + 1000, 1500))))

    answer = fetch(paged)
    assert (len(answer.records), answer.status.state) == (1500, SourceState.OK)


def test_a_page_that_fails_leaves_the_others():
    def paged(how: dict[str, Any]) -> bytes:
        if how["json"]["offset"]:
            return body({"data": None, "error": "timeout"})
        return page(*(row(request_id=str(n)) for n in range(1000)))

    answer = fetch(paged)
    assert (len(answer.records), answer.status.state) == (1000, SourceState.PARTIAL)


def test_a_time_that_is_none_fails_the_page():
    assert fetch(page(row(request_created_at="soon"))).status.state is SourceState.FAILED


def test_inspect_says_what_the_key_sees():
    assert Helicone(Canned({PATH: page()})).inspect(at("2026-11-21T00:00:00")).sees
    assert Helicone(Canned({PATH: body({"error": "no"})})).inspect(at("2026-11-21T00:00:00")).problem is not None
