from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.sources.canned import Canned, at, body, fixture, query

from pr_cost_bot.config import SourceSettings
from pr_cost_bot.model import Identity, Interval, SourceState, Tokens, UsageRecord
from pr_cost_bot.sources.litellm import LiteLLM, make

LOGS, USERS = "/spend/logs/v2", "/user/list"
JANE = Identity(person="jane", emails=("jane@acme.com",), login="jane")
DEV = Identity(person="dev", emails=("dev@acme.com",))
DAY = {"start": "2026-11-20T00:00:00", "end": "2026-11-21T00:00:00", "now": "2026-11-21T09:30:00"}


def row(**fields: Any) -> dict[str, Any]:
    return {"request_id": "r1", "user": "jane", "startTime": "2026-11-20T10:00:00Z", "spend": 0.5, "model": "m", **fields}


def page(*rows: dict[str, Any], **more: Any) -> bytes:
    return body({"data": list(rows), "total": len(rows), "page": 1, "page_size": 100, "total_pages": 1, **more})


def asked(canned: Canned) -> list[dict[str, str]]:
    return [dict(how["params"]) for path, how in canned.asked if path == LOGS]


def only(*rows: dict[str, Any], who: Identity = JANE) -> UsageRecord:
    answer = LiteLLM(Canned({LOGS: page(*rows), USERS: body({"users": []})})).fetch(query(who, **DAY))
    assert answer.status.state is SourceState.OK
    (record,) = answer.records
    return record


def test_the_documented_row_is_read_to_the_last_digit():
    canned = Canned({LOGS: fixture("litellm/spend-logs-v2.json"), USERS: fixture("litellm/user-list.json")})
    answer = LiteLLM(canned).fetch(query(JANE, **DAY))
    assert (answer.status.state, answer.status.grain, answer.status.unknown_people) == (SourceState.OK, "event", ())
    paid, unpriced = answer.records
    assert (paid.actor, paid.cost_usd, paid.billed_usd) == ("jane@acme.com", Decimal("0.01956"), None)
    assert paid.tokens == Tokens(16820, 15000, 0, 640)
    assert paid.start == paid.end == at("2026-11-20T14:03:22.118")
    assert (paid.model, paid.provider, paid.product) == ("claude-sonnet-4-5", "anthropic", "claude-cli")
    assert (paid.repository, paid.pr_number, paid.session) == ("acme/api", 42, "0d8c1a52-5bd1-4a55-a7f1-2f3a8f0f2b11")
    assert (unpriced.cost_usd, unpriced.tokens) == (None, Tokens(900, 0, 0, 100))
    assert (unpriced.repository, unpriced.branch, unpriced.session) == ("acme/api", "feat/x", None)


def test_a_person_whom_only_the_caller_names_counts_with_the_master_key_alone_and_the_status_says_so():
    canned = Canned({LOGS: fixture("litellm/spend-logs-v2.json"), USERS: fixture("litellm/user-list.json")})
    answer = LiteLLM(canned).fetch(query(DEV, **DAY))
    (record,) = answer.records  # the row of jane_smith's key that claims dev@acme.com is not dev's
    assert (record.actor, record.cost_usd, record.pr_number) == ("dev@acme.com", Decimal("0.000027"), 43)
    assert "1 requests" in answer.status.notes[0]
    assert "`end_user`" in answer.status.notes[0]


def test_spend_0_is_unknown_unless_the_answer_came_from_the_cache():
    assert only(row(spend=0, prompt_tokens=9)).cost_usd is None
    assert only(row(spend=0, prompt_tokens=9, cache_hit="True")).cost_usd == 0
    assert only(row(spend=None, completion_tokens=1)).cost_usd is None


def test_noise_of_floats_is_cut_off_and_cents_are_not():
    assert only(row(spend=0.019559999999999998)).cost_usd == Decimal("0.01956")
    assert only(row(spend=1.25e-07)).cost_usd == Decimal("0.000000125")


def test_a_request_that_comes_in_two_answers_counts_once():
    assert only(row(), row(), row(request_id="other", startTime="2026-11-19T23:59:59Z")).cost_usd == Decimal("0.5")


def test_a_time_without_a_zone_is_utc():
    assert only(row(startTime="2026-11-20T10:00:00.5")).start == at("2026-11-20T10:00:00.5")
    assert only(row(startTime="2026-11-20T12:00:00+02:00")).start == at("2026-11-20T10:00:00")


def test_cached_parts_are_found_in_either_spelling_and_never_exceed_the_input():
    openai = {"usage_object": {"prompt_tokens_details": {"cached_tokens": 7}}}
    assert only(row(prompt_tokens=9, metadata=openai)).tokens == Tokens(9, 7, 0, 0)
    more = {"usage_object": {"cache_read_input_tokens": 7, "cache_creation_input_tokens": 5}}
    assert only(row(prompt_tokens=9, metadata=more)).tokens == Tokens(12, 7, 5, 0)


def test_a_shared_key_counts_for_whom_the_configuration_names():
    key = "ab" * 32
    who = Identity(person="bot", vendors={"litellm": (key, "ci-user")})
    canned = Canned({LOGS: page(row(api_key=key, user="stranger"), row(request_id="r2", user="CI-user")), USERS: 404})
    records = LiteLLM(canned).fetch(query(who, **DAY)).records
    assert {record.actor for record in records} == {key, "CI-user"}
    assert {("api_key", key), ("user_id", "ci-user")} <= {pair for params in asked(canned) for pair in params.items()}


def test_windows_are_in_utc_and_hold_the_last_second():
    canned = Canned({LOGS: page(), USERS: body({"users": []})})
    LiteLLM(canned).fetch(query(DEV, start="2026-11-20T00:00:00.7", end="2026-11-20T10:00:00.2", now="2026-11-20T10:00:00.2"))
    assert {(each["start_date"], each["end_date"]) for each in asked(canned)} == {
        ("2026-11-20 00:00:00", "2026-11-20 10:00:01")
    }
    assert {each["page_size"] for each in asked(canned)} == {"100"}


def test_pages_are_read_to_the_end_even_if_more_rows_come_than_were_counted():
    rows = [row(request_id=f"r{n}", spend=n) for n in range(1, 251)]

    def serve(how: dict[str, Any]) -> bytes:
        params = dict(how["params"])
        first = (int(params["page"]) - 1) * 100
        return page(*rows[first : first + 100] if params["user_id"] == "jane" else (), total_pages=2)

    canned = Canned({LOGS: serve, USERS: body({"users": []})})
    records = LiteLLM(canned).fetch(query(JANE, **DAY)).records
    assert sum(record.cost_usd or 0 for record in records) == sum(range(1, 251))
    assert sorted(each["page"] for each in asked(canned) if each["user_id"] == "jane") == ["1", "2", "3"]


def test_a_capped_count_is_no_count_and_the_window_is_cut():
    def serve(how: dict[str, Any]) -> bytes:
        params = dict(how["params"])
        first, last = at(params["start_date"]), at(params["end_date"])
        inside = first <= at("2026-11-20T10:00:00") <= last and params["user_id"] == "jane"
        return page(*[row()] if inside else [], total_is_capped=inside and last - first > timedelta(hours=6))

    canned = Canned({LOGS: serve, USERS: body({"users": []})})
    assert [record.cost_usd for record in LiteLLM(canned).fetch(query(JANE, **DAY)).records] == [Decimal("0.5")]
    widths = {at(each["end_date"]) - at(each["start_date"]) for each in asked(canned) if each["user_id"] == "jane"}
    assert widths == {timedelta(hours=24), timedelta(hours=12), timedelta(hours=6)}


def test_pages_without_an_end_are_given_up():
    full = page(*[row(request_id=f"r{n}") for n in range(100)])
    status = LiteLLM(Canned({LOGS: full, USERS: 404})).fetch(query(JANE, **DAY)).status
    assert status.state is SourceState.PARTIAL
    assert "pages without an end" in str(status.problem)


def test_users_who_cannot_be_listed_matter_only_for_whom_nothing_is_found():
    answer = LiteLLM(Canned({LOGS: page(row(user="jane@acme.com")), USERS: 403})).fetch(query(JANE, **DAY))
    assert (answer.status.state, answer.status.unknown_people, len(answer.records)) == (SourceState.OK, (), 1)
    by_id = Identity(person="jane", emails=("jane@acme.com",), vendors={"litellm": ("u-1",)})
    assert LiteLLM(Canned({LOGS: page(), USERS: 403})).fetch(query(by_id, **DAY)).status.state is SourceState.OK
    lost = LiteLLM(Canned({LOGS: page(), USERS: 403})).fetch(query(JANE, **DAY)).status
    assert (lost.state, lost.unknown_people) == (SourceState.PARTIAL, ())
    assert "403" in str(lost.problem)


def test_people_whom_the_proxy_does_not_have_are_named():
    answer = LiteLLM(Canned({LOGS: page(), USERS: fixture("litellm/user-list.json")})).fetch(query(JANE, DEV, **DAY))
    assert answer.status.unknown_people == ("dev",)


@pytest.mark.parametrize(
    "wrong", [{"spend": -1}, {"spend": "NaN"}, {"spend": 1e300}, {"startTime": "0001-01-01T00:00:00+14:00"}]
)
def test_impossible_rows_are_a_clear_error(wrong):
    answer = LiteLLM(Canned({LOGS: page(row(**wrong)), USERS: 404})).fetch(query(JANE, **DAY))
    assert answer.status.state is SourceState.FAILED
    assert "unexpected shape" in str(answer.status.problem)


def test_without_an_address_it_fails_and_names_the_line_to_add():
    source = make("sk-1", SourceSettings())
    answer = source.fetch(query(JANE, **DAY))
    assert answer.status.state is SourceState.FAILED
    assert "`sources.litellm.base_url`" in str(answer.status.problem)
    assert source.refine(query(JANE, **DAY), answer, [Interval("jane", at("2026-11-20"), at("2026-11-21"))]) is answer
    assert source.inspect(at("2026-11-20")).problem == answer.status.problem


def test_inspect_tells_the_users_or_the_problem():
    users = fixture("litellm/user-list.json")
    good = LiteLLM(Canned({LOGS: page(), USERS: users})).inspect(at("2026-11-20T10:30:00"))
    assert (good.problem, good.emails) == (None, {"jane@acme.com", "not-jane@acme.com"})
    assert LiteLLM(Canned({LOGS: 401, USERS: users})).inspect(at("2026-11-20T10:30:00")).problem is not None
