from decimal import Decimal
from typing import Any

import pytest
from tests.unit.sources.canned import Answer, Canned, at, body, fixture, query

from pr_cost_bot.model import Identity, Interval, SourceResult, SourceState, Terms, Tokens, total_billed
from pr_cost_bot.sources.anthropic.source import Anthropic

ORG = "/v1/organizations"
COST, USAGE, USERS = f"{ORG}/analytics/cost", f"{ORG}/analytics/usage", f"{ORG}/users"
ME = "user_01WCz1FkmYMm4gnmykNKUu3Q"
DEV = Identity(person="dev", emails=("dev@example.com",))
CI = Identity(person="ci", vendors={"anthropic": ("apikey_01Rj2N8SVvo6BePZj99NhmiT",)})
GHOST = Identity(person="ghost", emails=("ghost@example.com",))
DAY = {"start": "2026-11-20T10:20:00", "end": "2026-11-20T18:10:00", "now": "2026-11-20T18:10:00"}


def users(how: dict[str, Any]) -> bytes:
    asked = dict(how["params"]).get("email")
    return fixture("anthropic/users.json") if asked in {None, "dev@example.com"} else body({"data": [], "has_more": False})


def canned(**more: Answer) -> Canned:
    answers: dict[str, Answer] = {
        USERS: users,
        COST: fixture("anthropic/analytics-cost.json"),
        USAGE: fixture("anthropic/analytics-usage.json"),
    }
    return Canned(answers | {f"{ORG}/{path}": answer for path, answer in more.items()})


def row(start: str, end: str, money: dict[str, Any] | None = None, **group: Any) -> dict[str, Any]:
    actor = {"type": "user_actor", "user_id": ME, "email_address": "dev@example.com"}
    both = {"starting_at": f"{start}Z", "ending_at": f"{end}Z", "group": {"actor": actor, "model": "m", **group}}
    return both | ({"cost": money} if money else {"usage": {"uncached_input_tokens": 1, "output_tokens": 1}})


def params(client: Canned, path: str) -> list[dict[str, Any]]:
    return [dict(how["params"]) for asked, how in client.asked if asked == path]


def test_the_documented_answer_is_joined_and_read_to_the_cent():
    answer = Anthropic(canned()).fetch(query(DEV, CI, GHOST, **DAY))
    hour, key, lone = sorted(answer.records, key=lambda record: (record.start, record.actor))
    assert (hour.actor, hour.model, hour.product) == ("dev@example.com", "claude-opus-5-5", "claude_code")
    assert hour.cost_usd == hour.billed_usd == Decimal("412.80")
    assert hour.tokens == Tokens(1500 + 500 + 1000 + 91000, 91000, 1500, 812)
    assert (hour.terms, hour.requests) == (Terms(cache_write_1h=1000), 3)
    assert (hour.start, hour.end) == (at("2026-11-20T14:00:00"), at("2026-11-20T15:00:00"))
    assert (key.actor, key.cost_usd, key.tokens) == ("apikey_01Rj2N8SVvo6BePZj99NhmiT", Decimal("0.1225"), Tokens())
    assert (lone.actor, lone.cost_usd, lone.tokens.input) == ("dev@example.com", None, 7)
    assert answer.status.state is SourceState.OK
    assert answer.status.fresh_until == at("2026-11-20T17:30:00")
    assert answer.status.settles_after.days == 30
    assert answer.status.unknown_people == ("ghost",)
    assert total_billed(record.billed_usd for record in answer.records) is None


def test_the_request_keeps_to_the_documented_form():
    client = canned()
    Anthropic(client).fetch(query(DEV, CI, **DAY))
    (asked,) = [how for path, how in client.asked if path == COST]
    assert asked["headers"] == {"anthropic-beta": "analytics-usage-cost-2026-08-24"}
    sent = asked["params"]
    assert ("starting_at", "2026-11-20T10:00:00Z") in sent
    assert ("ending_at", "2026-11-20T19:00:00Z") in sent
    assert [value for name, value in sent if name == "group_by[]"] == ["actor", "model", "product"]
    assert [value for name, value in sent if name == "actor_ids[]"] == [ME, "apikey_01Rj2N8SVvo6BePZj99NhmiT"]
    assert client.count(COST) == client.count(USAGE) == 1


def test_long_spans_are_asked_for_in_pieces_of_31_days():
    client = canned()
    Anthropic(client).fetch(query(DEV, start="2026-09-01T00:00:00", end="2026-11-20T00:00:00", now="2026-11-20T18:00:00"))
    pieces = sorted((each["starting_at"], each["ending_at"]) for each in params(client, COST))
    assert pieces == [
        ("2026-09-01T00:00:00Z", "2026-10-02T00:00:00Z"),
        ("2026-10-02T00:00:00Z", "2026-11-02T00:00:00Z"),
        ("2026-11-02T00:00:00Z", "2026-11-20T00:00:00Z"),
    ]
    assert len(Anthropic(canned()).fetch(query(DEV, **DAY)).records) == 2  # rows outside a piece do not count again


def test_rows_of_one_group_add_up():
    rows = [row("2026-11-20T14:00:00", "2026-11-20T15:00:00", {"amount": amount}) for amount in ("1.5", "2.25")]
    (record,) = (
        Anthropic(canned(**{"analytics/cost": body({"data": rows}), "analytics/usage": body({"data": []})}))
        .fetch(query(DEV, **DAY))
        .records
    )
    assert record.cost_usd == Decimal("0.0375")


def test_pages_follow_the_cursor_with_the_same_parameters():
    def serve(how: dict[str, Any]) -> bytes:
        number = int(dict(how["params"]).get("page", "0"))
        rows = [row(f"2026-11-20T{11 + number}:00:00", f"2026-11-20T{12 + number}:00:00", {"amount": "100"})]
        return body({"data": rows, "has_more": number < 2, "next_page": str(number + 1) if number < 2 else None})

    client = canned(**{"analytics/cost": serve})
    answer = Anthropic(client).fetch(query(DEV, **DAY))
    assert sum(record.cost_usd or 0 for record in answer.records) == 3
    asked = [[pair for pair in how["params"] if pair[0] != "page"] for path, how in client.asked if path == COST]
    assert asked == [asked[0]] * 3


@pytest.mark.parametrize("cursor", [None, "", "same"])
def test_a_way_to_the_next_page_that_leads_nowhere_leaves_a_partial_answer(cursor):
    rows = [row("2026-11-20T14:00:00", "2026-11-20T15:00:00", {"amount": "100"})]
    client = canned(**{"analytics/cost": body({"data": rows, "has_more": True, "next_page": cursor})})
    assert Anthropic(client).fetch(query(DEV, **DAY)).status.state is SourceState.PARTIAL
    assert client.count(COST) <= 2


def test_a_key_that_may_not_list_users_reads_everybody_and_keeps_its_people():
    client = canned(users=403)
    answer = Anthropic(client).fetch(query(DEV, **DAY))
    assert {record.actor for record in answer.records} == {"dev@example.com"}
    assert answer.status.state is SourceState.OK
    assert "everybody" in " ".join(answer.status.notes)
    assert all("actor_ids[]" not in each for each in params(client, COST))


def test_a_federated_subject_cannot_be_filtered_by_but_is_found():
    subject = "arn:aws:iam::1:role/dev"
    federated = {"type": "federated_actor", "provider": {}, "subject": subject}
    rows = [row("2026-11-20T14:00:00", "2026-11-20T15:00:00", {"amount": "100"}, actor=federated)]
    who = Identity(person="dev", vendors={"anthropic": (subject,)})
    client = canned(**{"analytics/cost": body({"data": rows}), "analytics/usage": body({"data": []})})
    (record,) = Anthropic(client).fetch(query(who, **DAY)).records
    assert (record.actor, record.cost_usd) == (subject, 1)


def test_nobody_to_ask_for_sends_no_request():
    client = canned()
    answer = Anthropic(client).fetch(query(GHOST, **DAY))
    assert (answer.status.state, answer.records, answer.status.unknown_people) == (SourceState.OK, (), ("ghost",))
    assert client.count(COST) == 0


def test_a_refused_key_fails_the_source_without_further_requests():
    client = canned(users=401)
    answer = Anthropic(client).fetch(query(DEV, **DAY))
    assert answer.status.state is SourceState.FAILED
    assert "401" in str(answer.status.problem)
    assert client.count(COST) == 0


def test_tokens_that_came_stay_when_the_money_fails():
    answer = Anthropic(canned(**{"analytics/cost": 500})).fetch(query(DEV, **DAY))
    assert answer.status.state is SourceState.PARTIAL
    assert [record.cost_usd for record in answer.records] == [None, None]


# --- refining ---------------------------------------------------------------------------------------------------------

CONTESTED = [Interval("dev", at("2026-11-20T14:05:00"), at("2026-11-20T14:20:00"))]


def minutely(how: dict[str, Any]) -> bytes:
    """Hours, or two minutes of the first of them."""
    if dict(how["params"])["time_bucket_width"] == "1h":
        return fixture("anthropic/analytics-cost.json")
    minutes = [row(f"2026-11-20T14:{n}:00", f"2026-11-20T14:{n + 1}:00", {"amount": "20000"}) for n in (10, 30)]
    return body({"data": [*minutes, row("2026-11-20T15:10:00", "2026-11-20T15:11:00", {"amount": "5"})]})


def refined(client: Canned, contested: list[Interval] = CONTESTED) -> tuple[SourceResult, SourceResult]:
    source, asked = Anthropic(client), query(DEV, CI, **DAY)
    before = source.fetch(asked)
    return before, source.refine(asked, before, contested)


def test_contested_hours_are_replaced_by_their_minutes_and_others_stay():
    client = canned(**{"analytics/cost": minutely, "analytics/usage": body({"data": []})})
    before, after = refined(client)
    assert after.status.grain == "minute"
    assert [(r.start.minute, r.cost_usd) for r in after.records if r.start.hour == 14] == [(10, 200), (30, 200)]
    assert [r for r in after.records if r.start.hour != 14] == [r for r in before.records if r.start.hour != 14]
    asked = params(client, COST)[-1]
    assert (asked["starting_at"], asked["ending_at"]) == ("2026-11-20T14:00:00Z", "2026-11-20T15:00:00Z")
    assert asked["actor_ids[]"] == ME


def test_an_hour_without_minutes_stays():
    def silent(how: dict[str, Any]) -> bytes:
        return (
            fixture("anthropic/analytics-cost.json") if dict(how["params"])["time_bucket_width"] == "1h" else body({"data": []})
        )

    before, after = refined(canned(**{"analytics/cost": silent, "analytics/usage": body({"data": []})}))
    assert after.records == before.records


def test_minutes_that_fail_leave_the_hours_and_say_so():
    def failing(how: dict[str, Any]) -> bytes | int:
        return fixture("anthropic/analytics-cost.json") if dict(how["params"])["time_bucket_width"] == "1h" else 500

    before, after = refined(canned(**{"analytics/cost": failing}))
    assert after.records == before.records
    assert after.status.state is SourceState.OK
    assert "hours instead" in after.status.notes[-1]


@pytest.mark.parametrize(
    "contested",
    [
        [],
        [Interval("dev", at("2026-11-20T12:00:00"), at("2026-11-20T13:00:00"))],
        [Interval("ghost", at("2026-11-20T14:00:00"), at("2026-11-20T15:00:00"))],
    ],
)
def test_hours_without_usage_cost_no_request(contested):
    client = canned()
    before, after = refined(client, contested)
    assert after is before
    assert client.count(COST) == 1
