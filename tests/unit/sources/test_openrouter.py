from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.sources.canned import Answer, Canned, at, body, fixture, query

from pr_cost_bot.model import Identity, Interval, SourceState, Tokens
from pr_cost_bot.sources.openrouter.source import OpenRouter

MEMBERS, KEYS, ACTIVITY = "/v1/organization/members", "/v1/keys", "/v1/activity"
META, QUERY = "/v1/analytics/meta", "/v1/analytics/query"
USER = "user_2dHFtVWx2n56w6HkM0000000000"
KEY = "f01d52606dc8f0a8303a7b5cc3fa07109c2e346cec7c0a16b40de462992ce943"
JANE = Identity(person="jane", emails=("jane.doe@example.com",))
MAY = {"start": "2026-05-19T00:00:00", "end": "2026-05-20T00:00:00", "now": "2026-05-20T09:30:00"}
AUGUST = {"start": "2025-08-24T06:00:00", "end": "2025-08-25T00:00:00", "now": "2025-08-25T09:30:00"}


def canned(**more: Answer) -> Canned:
    answers: dict[str, Answer] = {
        MEMBERS: fixture("openrouter/members.json"),
        KEYS: fixture("openrouter/keys.json"),
        META: fixture("openrouter/analytics-meta.json"),
        QUERY: fixture("openrouter/analytics-query.json"),
        ACTIVITY: fixture("openrouter/activity.json"),
    }
    places = {"meta": META, "query": QUERY, "activity": ACTIVITY, "members": MEMBERS, "keys": KEYS}
    return Canned(answers | {places[name]: answer for name, answer in more.items()})


def table(*rows: dict[str, Any], truncated: bool = False) -> bytes:
    return body({"data": {"data": list(rows), "metadata": {"truncated": truncated}}})


def row(**fields: Any) -> dict[str, Any]:
    counts = {"request_count": "1", "tokens_prompt": "9", "tokens_completion": "1", "cached_tokens": "0"}
    amounts = {"total_usage": 0.5, "credits_usage": 0.5}
    return {"date__hour": "2026-05-19 14:00:00", "model": "m", "api_key_id": "k", **counts, **amounts, **fields}


def queries(client: Canned) -> list[dict[str, Any]]:
    return [how["json"] for path, how in client.asked if path == QUERY]


def days(client: Canned) -> list[dict[str, str]]:
    return [dict(how["params"]) for path, how in client.asked if path == ACTIVITY]


def test_hours_of_analytics_are_read_per_model_and_key_in_dollars():
    client = canned()
    answer = OpenRouter(client).fetch(query(JANE, **MAY))
    laptop, tagged = answer.records
    assert (tagged.actor, tagged.model, tagged.requests) == ("jane.doe@example.com", "anthropic/claude-sonnet-4", 1523)
    assert (tagged.cost_usd, tagged.billed_usd) == (Decimal("4.27"), Decimal("4.27"))
    assert (tagged.tokens, tagged.provider) == (Tokens(186685, 84480, 0, 1544), "openrouter")
    assert (tagged.repository, tagged.pr_number) == ("acme/api", 42)
    assert (tagged.start, tagged.end) == (at("2026-05-19T14:00:00"), at("2026-05-19T15:00:00"))
    assert (laptop.cost_usd, laptop.billed_usd, laptop.pr_number) == (Decimal("2.15"), Decimal("0.11"), None)
    assert (answer.status.state, answer.status.grain, answer.status.unknown_people) == (SourceState.OK, "hour", ())
    (asked,) = queries(client)
    assert asked["filters"] == [{"field": "user", "operator": "eq", "value": USER}]
    assert asked["time_range"] == {"start": "2026-05-19T00:00:00Z", "end": "2026-05-20T00:00:00Z"}
    assert (asked["dimensions"], asked["metrics"][0], asked["granularity"]) == (["model", "api_key_id"], "total_usage", "hour")


def test_the_documented_day_is_the_cost_of_credits_and_own_keys_together():
    answer = OpenRouter(canned(meta=404, keys=body({"data": []}))).fetch(query(JANE, **AUGUST))
    (record,) = answer.records
    assert (record.cost_usd, record.billed_usd) == (Decimal("0.027"), Decimal("0.015"))
    assert (record.tokens, record.requests, record.model) == (Tokens(50, 0, 0, 125), 5, "openai/gpt-4.1")
    assert (record.start, record.end) == (at("2025-08-24"), at("2025-08-25"))
    assert (answer.status.grain, answer.status.fresh_until) == ("day", at("2025-08-25"))
    assert "by completed day" in answer.status.notes[0]


def test_today_has_no_activity_yet_and_is_not_asked_for():
    client = canned(meta=404)
    OpenRouter(client).fetch(query(JANE, start="2025-08-23T06:00:00", end="2025-08-25T09:30:00", now="2025-08-25T09:30:00"))
    assert {each["date"] for each in days(client)} == {"2025-08-23", "2025-08-24"}


def test_days_older_than_30_are_missing_and_the_answer_says_so():
    client = canned(meta=404)
    answer = OpenRouter(client).fetch(query(JANE, start="2025-07-01T00:00:00", end="2025-08-25T00:00:00", now=AUGUST["now"]))
    assert min(each["date"] for each in days(client)) == "2025-07-26"
    assert answer.status.state is SourceState.PARTIAL
    assert "last 30" in str(answer.status.problem)


def test_a_tagged_key_is_taken_out_of_its_makers_day():
    def serve(how: dict[str, Any]) -> bytes:
        share = 0.6 if "api_key_hash" in dict(how["params"]) else 1.5
        return body({"data": [{"date": "2025-08-24 00:00:00", "model": "m", "usage": share, "prompt_tokens": int(share * 10)}]})

    records = OpenRouter(canned(meta=404, activity=serve)).fetch(query(JANE, **AUGUST)).records
    assert {record.pr_number: record.cost_usd for record in records} == {42: Decimal("0.6"), None: Decimal("0.9")}
    assert {record.pr_number: record.tokens.input for record in records} == {42: 6, None: 9}


def test_analytics_that_refuse_everything_leave_the_days():
    answer = OpenRouter(canned(query=400)).fetch(query(JANE, **AUGUST))
    assert (answer.status.state, answer.status.grain, len(answer.records)) == (SourceState.OK, "day", 1)


def test_an_offer_without_spend_or_hours_is_not_used():
    offers = [
        {"metrics": [{"name": "request_count"}], "dimensions": [{"name": "user"}, {"name": "model"}], "granularities": []},
        {"metrics": [{"name": "total_usage"}], "dimensions": [{"name": "model"}], "granularities": [{"name": "hour"}]},
    ]
    for offer in offers:
        client = canned(meta=body({"data": offer}))
        assert OpenRouter(client).fetch(query(JANE, **AUGUST)).status.grain == "day"
        assert queries(client) == []


def test_a_key_counts_for_whom_the_configuration_names_and_never_for_its_maker_too():
    def serve(how: dict[str, Any]) -> bytes:
        field = how["json"]["filters"][0]["field"]
        mine = row(api_key_id="pr:acme/api#42", total_usage=0.2)
        return table(mine) if field == "api_key_id" else table(mine, row(api_key_id="laptop", total_usage=0.3))

    bot = Identity(person="bot", vendors={"openrouter": (KEY,)})
    records = OpenRouter(canned(query=serve)).fetch(query(JANE, bot, **MAY)).records
    assert {record.actor: record.cost_usd for record in records} == {
        KEY: Decimal("0.2"),
        "jane.doe@example.com": Decimal("0.3"),
    }


def test_a_key_given_to_its_own_maker_is_asked_for_once():
    own = Identity(person="jane", emails=("jane.doe@example.com",), vendors={"openrouter": (KEY,)})
    client = canned(query=table(row(api_key_id="pr:acme/api#42", total_usage=0.2)))
    records = OpenRouter(client).fetch(query(own, **MAY)).records
    assert [record.cost_usd for record in records] == [Decimal("0.2")]
    assert len(queries(client)) == 1


def test_the_name_of_a_key_may_hold_several_tags():
    client = canned(query=table(row(api_key_id="repo:acme/api, branch:feat/x")))
    (record,) = OpenRouter(client).fetch(query(JANE, **MAY)).records
    assert (record.repository, record.branch, record.pr_number) == ("acme/api", "feat/x", None)


def test_an_answer_that_was_cut_off_is_asked_for_again_in_halves():
    def serve(how: dict[str, Any]) -> bytes:
        span = how["json"]["time_range"]
        first, last = (at(span[name][:-1]) for name in ("start", "end"))
        inside = first <= at("2026-05-19T14:00:00") < last
        return table(*[row()] if inside else [], truncated=inside and last - first > timedelta(hours=1))

    client = canned(query=serve)
    (record,) = OpenRouter(client).fetch(query(JANE, **MAY)).records
    assert record.cost_usd == Decimal("0.5")
    cut = OpenRouter(canned(query=table(row(), truncated=True))).fetch(query(JANE, **MAY))
    assert cut.status.grain == "day"  # not even an hour comes whole


def test_minutes_replace_a_contested_hour_in_windows_of_3_hours():
    def serve(how: dict[str, Any]) -> bytes:
        asked = how["json"]
        if asked["granularity"] == "hour":
            return table(row(), row(date__hour="2026-05-19 11:00:00"))
        inside = asked["time_range"]["start"] <= "2026-05-19T14:03:00Z" < asked["time_range"]["end"]
        return table(*[row(date__minute="2026-05-19 14:03:00")] if inside else [])

    client = canned(query=serve)
    source, wanted = OpenRouter(client), query(JANE, **MAY)
    contested = [Interval("jane", at("2026-05-19T11:00:00"), at("2026-05-19T15:00:00"))]
    after = source.refine(wanted, source.fetch(wanted), contested)
    assert [(record.start.hour, record.start.minute) for record in after.records] == [(11, 0), (14, 3)]
    assert after.status.grain == "minute"
    minutes = [each["time_range"] for each in queries(client) if each["granularity"] == "minute"]
    assert all(at(each["end"][:-1]) - at(each["start"][:-1]) <= timedelta(hours=3) for each in minutes)


def test_minutes_that_fail_leave_the_hours():
    def serve(how: dict[str, Any]) -> "bytes | int":
        return table(row()) if how["json"]["granularity"] == "hour" else 408

    source, wanted = OpenRouter(canned(query=serve)), query(JANE, **MAY)
    hours = source.fetch(wanted)
    after = source.refine(wanted, hours, [Interval("jane", at("2026-05-19T14:00:00"), at("2026-05-19T15:00:00"))])
    assert after.records == hours.records
    assert "No minutes" in after.status.notes[-1]


def test_members_who_cannot_be_listed_are_a_failure_unless_everybody_is_configured():
    assert OpenRouter(canned(members=403)).fetch(query(JANE, **MAY)).status.state is SourceState.FAILED
    by_id = Identity(person="jane", vendors={"openrouter": (USER,)})
    answer = OpenRouter(canned(members=403)).fetch(query(by_id, **MAY))
    assert (answer.status.state, {record.actor for record in answer.records}) == (SourceState.OK, {USER})


def test_people_who_are_no_members_are_named():
    ghost = Identity(person="ghost", emails=("ghost@example.com",))
    assert OpenRouter(canned()).fetch(query(JANE, ghost, **MAY)).status.unknown_people == ("ghost",)


@pytest.mark.parametrize(
    "wrong",
    [{"total_usage": -1}, {"total_usage": "NaN"}, {"total_usage": 1e300}, {"date__hour": "noon"}, {"tokens_prompt": "-4"}],
)
def test_impossible_rows_are_a_clear_error(wrong):
    status = OpenRouter(canned(query=table(row(**wrong)), activity=500)).fetch(query(JANE, **MAY)).status
    assert status.state is SourceState.FAILED
    whole = OpenRouter(canned(query=table({"model": "m"}))).fetch(query(JANE, **AUGUST)).status
    assert whole.grain == "day"


def test_inspect_tells_the_members_and_the_grain_or_the_problem():
    good = OpenRouter(canned()).inspect(at("2026-05-20T09:30:00"))
    assert (good.problem, good.emails) == (None, {"jane.doe@example.com"})
    assert "minute" in good.sees[0]
    assert "completed day" in OpenRouter(canned(meta=404)).inspect(at("2026-05-20T09:30:00")).sees[0]
    assert OpenRouter(canned(activity=403)).inspect(at("2026-05-20T09:30:00")).problem is not None
