from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.sources.canned import Canned, at, body, fixture, query

from pr_cost_bot.model import Identity, SourceState, Tokens, UsageRecord
from pr_cost_bot.sources.cursor import Cursor

EVENTS, MEMBERS = "/teams/filtered-usage-events", "/teams/members"
DEV = Identity(person="dev", emails=("developer@company.com",))
ADMIN = Identity(person="boss", emails=("admin@company.com",))
AGENT = Identity(person="agent", vendors={"cursor": ("sa_abc123",)})
JUNE = {"start": "2025-06-25T00:00:00", "end": "2025-06-28T00:00:00", "now": "2025-06-29T10:30:00"}


def event(**fields: Any) -> dict[str, Any]:
    return {"timestamp": "1750979225854", "userEmail": "developer@company.com", "model": "m", "isChargeable": True, **fields}


def page(*events: dict[str, Any], **more: Any) -> bytes:
    return body({"totalUsageEventsCount": len(events), "usageEvents": list(events), **more})


def only(*events: dict[str, Any]) -> UsageRecord:
    answer = Cursor(Canned({EVENTS: page(*events), MEMBERS: fixture("cursor/members.json")})).fetch(query(DEV, **JUNE))
    assert answer.status.state is SourceState.OK
    (record,) = answer.records
    return record


def test_the_documented_example_is_read_to_the_cent():
    canned = Canned({EVENTS: fixture("cursor/filtered-usage-events.json"), MEMBERS: fixture("cursor/members.json")})
    answer = Cursor(canned).fetch(query(DEV, ADMIN, AGENT, **JUNE))
    assert answer.status.state is SourceState.OK
    assert answer.status.unknown_people == ()
    boss, agent, dev = answer.records
    assert (dev.actor, dev.model, dev.session) == (
        "developer@company.com",
        "claude-4.5-sonnet",
        "8f2e4a1b-6c3d-4e5f-9a7b-2d1c8e6f4a3b",
    )
    assert dev.cost_usd == dev.billed_usd == Decimal("0.2136232")
    assert dev.tokens == Tokens(126 + 6112 + 11964, 11964, 6112, 450)
    assert dev.start == dev.end == at("2025-06-26T23:07:05.854")
    assert (agent.actor, agent.product, agent.cost_usd) == ("sa_abc123", "automation", Decimal("0.3733"))
    assert (boss.cost_usd, boss.billed_usd, boss.tokens) == (Decimal("0.08"), Decimal(0), Tokens())


def test_what_is_not_charged_is_left_out_whatever_its_amount():
    kinds = ["Errored, Not Charged", "USAGE_EVENT_KIND_ABORTED_NOT_CHARGED"]
    assert only(
        *(event(kind=kind, chargedCents=5) for kind in kinds), event(kind="Usage-based", chargedCents=1)
    ).cost_usd == Decimal("0.01")


def test_tokens_without_any_money_are_of_unknown_cost():
    usage = {"inputTokens": 10, "outputTokens": 2, "totalCents": 0}
    assert only(event(tokenUsage=usage, chargedCents=0)).cost_usd is None
    assert only(event(tokenUsage={"inputTokens": 10})).cost_usd is None


def test_without_a_charge_the_total_less_discount_plus_fee_counts():
    usage = {"inputTokens": 5805, "totalCents": 40.167, "discountPercentOff": 10}
    assert only(event(tokenUsage=usage, cursorTokenFee=1.18)).cost_usd == Decimal("0.373303")


def test_amounts_and_counts_may_be_strings():
    record = only(event(chargedCents="21.36232", tokenUsage={"inputTokens": "12"}))
    assert (record.cost_usd, record.tokens.input) == (Decimal("0.2136232"), 12)


def test_an_event_that_comes_twice_counts_once():
    assert only(event(chargedCents=3), event(chargedCents=3)).cost_usd == Decimal("0.03")


def test_strangers_and_other_times_are_left_out():
    strange = event(userEmail="x@company.com", chargedCents=9)
    old = event(timestamp="1700000000000", chargedCents=9)
    assert only(strange, old, event(chargedCents=3)).cost_usd == Decimal("0.03")


def test_windows_are_adjacent_inclusive_and_at_most_30_days():
    canned = Canned({EVENTS: page(), MEMBERS: fixture("cursor/members.json")})
    asked = query(DEV, start="2025-01-01T00:00:30", end="2025-03-01T00:00:00", now="2025-03-01T12:00:00")
    Cursor(canned).fetch(asked)
    windows = sorted((how["json"]["startDate"], how["json"]["endDate"]) for path, how in canned.asked if path == EVENTS)
    assert windows[0][0] == 1735689630000
    assert windows[1][0] == windows[0][1] + 1
    assert windows[1][1] == 1740787200000 - 1
    assert all(last - first < timedelta(days=30) // timedelta(milliseconds=1) for first, last in windows)
    assert {how["json"]["pageSize"] for path, how in canned.asked if path == EVENTS} == {1000}


def test_only_completed_hours_are_asked_for():
    canned = Canned({EVENTS: page(), MEMBERS: fixture("cursor/members.json")})
    asked = query(DEV, start="2025-06-26T00:00:00", end="2025-06-26T10:30:00", now="2025-06-26T10:30:00")
    status = Cursor(canned).fetch(asked).status
    assert status.fresh_until == at("2025-06-26T10:00:00")
    assert {how["json"]["endDate"] for path, how in canned.asked if path == EVENTS} == {1750932000000 - 1}


def test_an_empty_page_may_lack_the_list_but_not_everything():
    empty = Cursor(Canned({EVENTS: body({"totalUsageEventsCount": 0}), MEMBERS: 403})).fetch(query(DEV, **JUNE))
    assert (empty.status.state, empty.records) == (SourceState.OK, ())
    for wrong in ({}, {"totalUsageEventsCount": 7}, {"usageEvents": None}):
        failed = Cursor(Canned({EVENTS: body(wrong), MEMBERS: 403})).fetch(query(DEV, **JUNE))
        assert failed.status.state is SourceState.FAILED
        assert "unexpected shape" in str(failed.status.problem)


def test_all_pages_are_read_each_once():
    def serve(how: dict[str, Any]) -> bytes:
        number = how["json"]["page"]
        more = {"pagination": {"numPages": 4, "hasNextPage": number < 4}}
        return page(event(timestamp=str(1750979225854 + number), chargedCents=number), **more)

    canned = Canned({EVENTS: serve, MEMBERS: 404})
    answer = Cursor(canned).fetch(query(DEV, **JUNE))
    assert sum(record.cost_usd or 0 for record in answer.records) == Decimal("0.10")
    assert canned.count(EVENTS) == 4


def test_a_page_that_fails_leaves_the_others_and_says_so():
    def serve(how: dict[str, Any]) -> bytes | int:
        number = how["json"]["page"]
        pages = page(
            event(timestamp=str(1750979225854 + number), chargedCents=1), pagination={"numPages": 3, "hasNextPage": number < 3}
        )
        return 500 if number == 2 else pages

    answer = Cursor(Canned({EVENTS: serve, MEMBERS: 404})).fetch(query(DEV, **JUNE))
    assert (answer.status.state, len(answer.records)) == (SourceState.PARTIAL, 2)
    assert "A part of its usage is missing" in str(answer.status.problem)


def test_pages_without_an_end_are_given_up():
    endless = page(event(chargedCents=1), pagination={"numPages": 1, "hasNextPage": True})
    canned = Canned({EVENTS: endless, MEMBERS: 404})
    assert Cursor(canned).fetch(query(DEV, **JUNE)).status.state is SourceState.PARTIAL
    assert canned.count(EVENTS) == 200


def test_people_whom_the_team_does_not_have_are_named():
    ghost = Identity(person="ghost", emails=("ghost@company.com",))
    nameless = Identity(person="nameless")
    canned = Canned({EVENTS: page(), MEMBERS: fixture("cursor/members.json")})
    assert Cursor(canned).fetch(query(DEV, ghost, nameless, **JUNE)).status.unknown_people == ("ghost", "nameless")


def test_an_address_that_cursor_writes_with_capitals_is_asked_for_that_way():
    def serve(how: dict[str, Any]) -> bytes:
        exact = how["json"]["email"] == "Developer@Company.com"
        return page(event(userEmail="Developer@Company.com", chargedCents=2)) if exact else page()

    canned = Canned({EVENTS: serve, MEMBERS: body({"teamMembers": [{"email": "Developer@Company.com"}]})})
    (record,) = Cursor(canned).fetch(query(DEV, **JUNE)).records
    assert (record.actor, record.cost_usd) == ("developer@company.com", Decimal("0.02"))


@pytest.mark.parametrize("amount", [-1, "NaN", "1e400", "Infinity", 1e300])
def test_impossible_amounts_are_a_clear_error(amount):
    answer = Cursor(Canned({EVENTS: page(event(chargedCents=amount)), MEMBERS: 404})).fetch(query(DEV, **JUNE))
    assert answer.status.state is SourceState.FAILED
    assert "unexpected shape" in str(answer.status.problem)


def test_ids_are_the_same_in_every_run_and_differ_between_events():
    first, second = (only(event(chargedCents=3)).id for _ in range(2))
    assert first == second != only(event(chargedCents=4)).id


def test_inspect_tells_the_members_or_the_problem():
    members = fixture("cursor/members.json")
    good = Cursor(Canned({EVENTS: page(), MEMBERS: members})).inspect(at("2025-06-26T10:30:00"))
    assert good.problem is None
    assert good.emails == {"developer@company.com", "admin@company.com"}
    assert Cursor(Canned({EVENTS: 403, MEMBERS: members})).inspect(at("2025-06-26T10:30:00")).problem is not None
