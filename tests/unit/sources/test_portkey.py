from decimal import Decimal
from typing import Any

import msgspec
import pytest
from tests.unit.sources.canned import Canned, at, body, fixture, query

from pr_cost_bot.model import Identity, SourceState, Tokens
from pr_cost_bot.sources.portkey import Portkey

USERS, PULLS = "/v1/analytics/groups/users", "/v1/analytics/groups/metadata/pr"
EXPORTS = "/v1/logs/exports"
DEV = Identity(person="dev", emails=("dev@acme.com",))
DAY = {"start": "2026-11-20T00:00:00", "end": "2026-11-21T00:00:00", "now": "2026-11-21T00:00:00"}
GOOD: dict[str, Any] = {
    USERS: fixture("portkey/groups-users.json"),
    PULLS: fixture("portkey/groups-metadata-pr.json"),
    EXPORTS: body({"id": "e1", "total": 3, "object": "export"}),
    f"{EXPORTS}/e1/start": body({"message": "started"}),
    f"{EXPORTS}/e1": body({"status": "success"}),
    f"{EXPORTS}/e1/download": body({"signed_url": "https://files.example/e1.jsonl?sig=1"}),
    "/e1.jsonl?sig=1": fixture("portkey/export.jsonl"),
}


def source(**changed: Any) -> tuple[Portkey, Canned]:
    canned = Canned({**GOOD, **changed})
    return Portkey(canned, lambda _: canned), canned


def fetch(changed: dict[str, Any] | None = None) -> Any:
    return source(**(changed or {}))[0].fetch(query(DEV, **DAY))


def line(**fields: Any) -> bytes:
    made = {"id": "l", "created_at": "2026-11-20T14:00:00Z", "ai_model": "m", "req_units": 5, "cost": 2}
    return body({**made, "metadata": {"_user": "dev@acme.com"}, **fields})


def test_the_documented_export_is_read_from_cents():
    answer = fetch()
    assert answer.status.state is SourceState.OK
    first, second, third = answer.records
    assert (first.cost_usd, first.model, first.provider) == (Decimal("0.01956"), "claude-sonnet-4-5", "anthropic")
    assert (first.tokens, first.start, first.actor) == (Tokens(1820, 0, 0, 640), at("2026-11-20T14:03:22.118"), "dev@acme.com")
    assert (first.repository, first.pr_number, first.branch) == ("acme/api", 42, "feat/x")
    assert (second.cost_usd, second.provider, second.tokens) == (Decimal("0.01"), "openai", Tokens(100, 0, 0, 30))
    assert (second.repository, second.pr_number) == ("acme/api", 43)
    assert (third.cost_usd, third.pr_number) == (Decimal("0.005"), None)
    assert sum(record.cost_usd for record in answer.records) == Decimal("3.456") / 100  # what the list of users says
    assert answer.status.unknown_people == ()
    assert "as the caller said" in answer.status.notes[0]


def test_only_the_people_asked_for_are_exported_and_as_they_are_written():
    made, canned = source()
    made.fetch(query(DEV, **DAY))
    (created,) = [how["json"] for path, how in canned.asked if path == EXPORTS]
    assert created["filters"]["metadata"] == {"_user": "Dev@acme.com"}
    assert {"id", "cost", "metadata", "ai_model"} <= set(created["requested_data"])
    assert not {"request", "response"} & set(created["requested_data"])


def test_nobody_of_the_query_means_no_export():
    made, canned = source()
    answer = made.fetch(query(Identity(person="x", emails=("x@acme.com",)), **DAY))
    assert (answer.records, answer.status.state, answer.status.unknown_people) == ((), SourceState.OK, ("x",))
    assert canned.count(EXPORTS) == 0


@pytest.mark.parametrize("status", [403, 404])
def test_where_exports_are_not_allowed_sums_per_pull_request_are_read(status):
    answer = fetch({EXPORTS: status})
    assert (answer.status.state, answer.status.grain) == (SourceState.OK, "day")
    tagged, rest = sorted(answer.records, key=lambda record: record.pr_number is None)
    assert (tagged.repository, tagged.pr_number, tagged.cost_usd, tagged.requests) == ("acme/api", 42, Decimal("0.01956"), 2)
    assert (rest.pr_number, rest.cost_usd, rest.requests) == (None, Decimal("0.015"), 1)
    assert tagged.end - tagged.start == at("2026-11-21T00:00:00") - at("2026-11-20T00:00:00")
    assert "sums only" in answer.status.notes[0]


def test_sums_that_cannot_be_split_stay_whole_and_say_so():
    answer = fetch({EXPORTS: 403, PULLS: 500})
    assert answer.status.state is SourceState.PARTIAL
    assert [(record.cost_usd, record.pr_number) for record in answer.records] == [(Decimal("0.03456"), None)]


def test_a_plan_without_analytics_is_a_failure_that_names_the_plan():
    answer = fetch({USERS: 403})
    assert answer.status.state is SourceState.FAILED


@pytest.mark.parametrize("status", ["failed", "stopped"])
def test_an_export_that_fails_is_a_failure(status):
    answer = fetch({f"{EXPORTS}/e1": body({"status": status})})
    assert answer.status.problem is not None
    assert "could not finish the export" in answer.status.problem.what


@pytest.mark.parametrize("step", [EXPORTS, f"{EXPORTS}/e1/start"])
def test_no_step_that_may_have_made_or_started_an_export_is_sent_again(step):
    canned = Canned({**GOOD, step: 503}, attempts=5)
    answer = Portkey(canned, lambda _: canned).fetch(query(DEV, **DAY))
    assert (answer.status.state, canned.count(step)) == (SourceState.PARTIAL, 1)


def test_an_export_that_was_turned_away_is_asked_for_again():
    answers = iter([429, 429])
    canned = Canned({**GOOD, EXPORTS: lambda _: next(answers, GOOD[EXPORTS])}, attempts=5)
    answer = Portkey(canned, lambda _: canned).fetch(query(DEV, **DAY))
    assert (answer.status.state, canned.count(EXPORTS)) == (SourceState.OK, 3)


def test_an_export_is_waited_for_but_not_for_ever():
    looks = iter([body({"status": "in_progress"})] * 3 + [body({"status": "success"})])
    made, canned = source(**{f"{EXPORTS}/e1": lambda _: next(looks)})
    slept: list[float] = []
    canned.sleep = slept.append
    assert len(made.fetch(query(DEV, **DAY)).records) == 3
    assert slept == [0.25, 0.5, 1.0]
    made, canned = source(**{f"{EXPORTS}/e1": body({"status": "in_progress"})})
    canned.limits = msgspec.structs.replace(canned.limits, deadline=0.2)
    answer = made.fetch(query(DEV, **DAY))
    assert "in time" in str(answer.status.problem)


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "http://169.254.169.254/x", "//x", "https:///x", "gopher://x/", "http://["]
)
def test_an_export_is_only_fetched_from_the_web(address):
    answer = fetch({f"{EXPORTS}/e1/download": body({"signed_url": address})})
    assert "not one of the web" in str(answer.status.problem)


def test_more_requests_than_an_export_holds_are_said_to_be_missing():
    answer = fetch({EXPORTS: body({"id": "e1", "total": 60000})})
    assert answer.status.state is SourceState.PARTIAL
    assert "60000" in str(answer.status.problem)


@pytest.mark.parametrize("wrong", [{"cost": "NaN"}, {"cost": -1}, {"cost_currency": "EUR"}, {"created_at": "soon"}])
def test_amounts_and_times_that_make_no_sense_fail_the_export(wrong):
    answer = fetch({"/e1.jsonl?sig=1": line(**wrong)})
    assert (answer.records, answer.status.problem is not None) == ((), True)


def test_no_price_is_unknown_and_strangers_are_left_out():
    lines = [
        line(id="a", cost=0),
        line(id="b", cost=None),
        line(id="c", metadata={"_user": "x@acme.com"}),
        line(id="d", metadata=None),
    ]
    answer = fetch({"/e1.jsonl?sig=1": b"\n".join(lines)})
    assert [record.cost_usd for record in answer.records] == [None, None]


def test_the_file_may_be_empty():
    assert fetch({"/e1.jsonl?sig=1": b""}).records == ()


def test_inspect_leaves_no_export_behind():
    made, canned = source()
    assert "2 in the last day" in made.inspect(at("2026-11-21T00:00:00")).sees[0]
    assert canned.count(EXPORTS) == 0
    assert source(**{USERS: 401})[0].inspect(at("2026-11-21T00:00:00")).problem is not None
