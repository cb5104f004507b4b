from decimal import Decimal
from typing import Any

import pytest
from tests.unit.sources.canned import Answer, Canned, at, body, fixture, query

from pr_cost_bot.model import Identity, Interval, SourceState, Terms, Tokens
from pr_cost_bot.sources.anthropic.source import Anthropic

ORG = "/v1/organizations"
MESSAGES, DAYS = f"{ORG}/usage_report/messages", f"{ORG}/usage_report/claude_code"
DEV = Identity(person="dev", emails=("dev@example.com",))
SPAN = {"start": "2026-11-20T10:20:00", "end": "2026-11-20T18:10:00", "now": "2026-11-20T18:10:00"}


def canned(**more: Answer) -> Canned:
    answers: dict[str, Answer] = {
        f"{ORG}/users": fixture("anthropic/users.json"),
        f"{ORG}/api_keys": fixture("anthropic/api-keys.json"),
        f"{ORG}/analytics/cost": 403,
        f"{ORG}/analytics/usage": 404,
        MESSAGES: fixture("anthropic/usage-report-messages.json"),
        DAYS: fixture("anthropic/usage-report-claude-code.json"),
    }
    return Canned(answers | {f"{ORG}/{path}": answer for path, answer in more.items()})


def test_the_documented_report_is_read_per_account_and_key_with_all_that_decides_the_price():
    answer = Anthropic(canned()).fetch(query(DEV, **SPAN))
    account, key = sorted(answer.records, key=lambda record: record.model)
    assert (account.actor, key.actor) == ("dev@example.com", "dev@example.com")
    assert account.tokens == Tokens(1500 + 200 + 500 + 1000, 200, 1500, 500)
    assert account.terms == Terms(cache_write_1h=1000)
    assert key.tokens == Tokens(250000, 0, 0, 9)
    assert key.terms == Terms(service_tier="batch", speed="fast", inference_geo="us", long_context=True)
    assert {(record.cost_usd, record.billed_usd, record.provider) for record in answer.records} == {(None, None, "anthropic")}
    assert (answer.status.state, answer.status.grain) == (SourceState.OK, "hour")
    assert answer.status.fresh_until == at("2026-11-20T18:05:00")
    assert answer.status.settles_after.days == 1


def test_a_personal_key_belongs_to_its_owner_and_not_to_its_maker():
    result = {"account_id": None, "api_key_id": "apikey_02personal", "model": "m", "uncached_input_tokens": 1}
    bucket = {"starting_at": "2026-11-20T14:00:00Z", "ending_at": "2026-11-20T15:00:00Z", "results": [result]}
    report, nothing = body({"data": [bucket]}), body({"data": []})
    assert (
        Anthropic(canned(**{"usage_report/messages": report, "usage_report/claude_code": nothing}))
        .fetch(query(DEV, **SPAN))
        .records
        == ()
    )
    stranger = Identity(person="other", vendors={"anthropic": ("user_02stranger",)})
    (record,) = Anthropic(canned(**{"usage_report/messages": report})).fetch(query(stranger, **SPAN)).records
    assert record.actor == "user_02stranger"


def test_a_configured_key_goes_before_what_the_vendor_says():
    mine = Identity(person="other", vendors={"anthropic": ("apikey_01Rj2N8SVvo6BePZj99NhmiT",)})
    records = Anthropic(canned()).fetch(query(mine, DEV, **SPAN)).records
    assert {record.actor for record in records} == {"dev@example.com", "apikey_01Rj2N8SVvo6BePZj99NhmiT"}


def test_without_fast_mode_the_report_is_asked_for_without_speed():
    def serve(how: dict[str, Any]) -> bytes | int:
        return 400 if ("group_by[]", "speed") in how["params"] else fixture("anthropic/usage-report-messages.json")

    assert len(Anthropic(canned(**{"usage_report/messages": serve})).fetch(query(DEV, **SPAN)).records) == 2


def test_accounts_and_keys_are_asked_for_apart_within_the_bucket_limit():
    client = canned()
    Anthropic(client).fetch(query(DEV, start="2026-11-10T00:00:00", end="2026-11-20T18:00:00", now="2026-11-20T18:00:00"))
    asked = [how["params"] for path, how in client.asked if path == MESSAGES]
    assert len(asked) == 4  # two pieces of at most 168 hours, for accounts and for keys
    for params in asked:
        names = {name for name, _ in params}
        assert len(names & {"account_ids[]", "api_key_ids[]"}) == 1
        assert ("limit", "168") in params


def test_where_the_report_names_nobody_claude_code_is_read_by_day():
    empty = body({"data": []})
    client = canned(**{"usage_report/messages": empty})
    answer = Anthropic(client).fetch(query(DEV, **SPAN))
    first, second = answer.records
    vscode, terminal = (first, second) if first.model == "claude-opus-5-5" else (second, first)
    assert (vscode.cost_usd, vscode.billed_usd, vscode.listed) == (Decimal("1.13"), None, True)
    assert vscode.tokens == Tokens(115000, 10000, 5000, 35000)
    assert (vscode.start, vscode.end) == (at("2026-11-20T00:00:00"), at("2026-11-21T00:00:00"))
    assert (terminal.actor, terminal.cost_usd, terminal.billed_usd) == ("dev@example.com", Decimal("0.07"), 0)
    assert (answer.status.state, answer.status.grain) == (SourceState.OK, "day")
    assert [dict(how["params"])["starting_at"] for path, how in client.asked if path == DAYS] == ["2026-11-20"]


def test_a_key_that_may_not_list_users_still_finds_people_by_day():
    answer = Anthropic(canned(users=403, **{"usage_report/messages": 403, "api_keys": 403})).fetch(query(DEV, **SPAN))
    assert [record.model for record in answer.records] == ["claude-opus-5-5"]
    assert answer.status.state is SourceState.OK


def test_nothing_that_may_be_read_is_a_failure_and_no_zero():
    refused = dict.fromkeys(("usage_report/messages", "usage_report/claude_code", "api_keys"), 403)
    answer = Anthropic(canned(**refused)).fetch(query(DEV, **SPAN))
    assert (answer.status.state, answer.records) == (SourceState.FAILED, ())
    assert "403" in str(answer.status.problem)


def test_a_report_that_is_down_is_not_replaced_by_estimates():
    client = canned(**{"usage_report/messages": 500})
    assert Anthropic(client).fetch(query(DEV, **SPAN)).status.state is SourceState.FAILED
    assert client.count(DAYS) == 0


def test_a_missing_beta_is_told_by_400_too():
    refused = b'{"type":"error","error":{"type":"invalid_request_error","message":"anthropic-beta: unexpected value"}}'

    class Refusing(Canned):
        def send(self, method: str, path: str, timeout: tuple[float, float], **how: Any) -> Any:
            response = super().send(method, path, timeout, **how)
            if "/analytics/" in path:
                response.status_code = 400
            return response

    client = Refusing(canned().answers | {f"{ORG}/analytics/cost": refused, f"{ORG}/analytics/usage": refused})
    assert len(Anthropic(client).fetch(query(DEV, **SPAN)).records) == 2


def test_minutes_replace_a_contested_hour():
    def serve(how: dict[str, Any]) -> bytes:
        params = dict(how["params"])
        if params["bucket_width"] == "1h":
            return fixture("anthropic/usage-report-messages.json")
        result = {"account_id": "user_01WCz1FkmYMm4gnmykNKUu3Q", "model": "m", "uncached_input_tokens": 5}
        bucket = {"starting_at": "2026-11-20T14:10:00Z", "ending_at": "2026-11-20T14:11:00Z", "results": [result]}
        return body({"data": [bucket]})

    source, asked = Anthropic(canned(**{"usage_report/messages": serve})), query(DEV, **SPAN)
    contested = [Interval("dev", at("2026-11-20T14:00:00"), at("2026-11-20T14:30:00"))]
    (minute,) = source.refine(asked, source.fetch(asked), contested).records
    assert (minute.start.minute, minute.tokens.input) == (10, 5)


@pytest.mark.parametrize("amount", [-1, "NaN", "lots", 1e300])
def test_impossible_estimates_are_a_clear_error(amount):
    part = {"model": "m", "estimated_cost": {"amount": amount}}
    day = body({"data": [{"date": "2026-11-20T00:00:00Z", "actor": {}, "model_breakdown": [part]}]})
    nothing = {"usage_report/messages": body({"data": []}), "usage_report/claude_code": day}
    answer = Anthropic(canned(**nothing)).fetch(query(DEV, **SPAN))
    assert answer.status.state is SourceState.FAILED


def test_lists_follow_their_cursor():
    def keys(how: dict[str, Any]) -> bytes:
        if dict(how["params"]).get("after_id") == "apikey_00":
            return fixture("anthropic/api-keys.json")
        return body({"data": [{"id": "apikey_00"}], "has_more": True, "last_id": "apikey_00"})

    client = canned(api_keys=keys)
    assert len(Anthropic(client).fetch(query(DEV, **SPAN)).records) == 2
    assert client.count(f"{ORG}/api_keys") == 2


def test_a_list_without_an_end_leaves_a_partial_answer():
    endless = body({"data": [{"id": "apikey_00"}], "has_more": True, "last_id": "apikey_00"})
    answer = Anthropic(canned(api_keys=endless)).fetch(query(DEV, **SPAN))
    assert (answer.status.state, len(answer.records)) == (SourceState.PARTIAL, 1)
