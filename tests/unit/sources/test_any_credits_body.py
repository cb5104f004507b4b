"""Whatever Copilot's billing, OpenRouter or LiteLLM send: records or a clear error, never a crash."""

import json
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.sources.canned import Canned, at, body, fixture, query
from tests.unit.sources.test_any_body import paths, put, values

from pr_cost_bot.model import Identity, Interval, SourceState
from pr_cost_bot.ports import Source
from pr_cost_bot.sources.copilot.report import parse
from pr_cost_bot.sources.copilot.source import Account, Copilot
from pr_cost_bot.sources.litellm import LiteLLM
from pr_cost_bot.sources.openrouter.source import OpenRouter

BILLING = "/settings/billing"
GOOD: dict[str, dict[str, bytes]] = {
    "copilot": {
        f"/organizations/acme{BILLING}/ai_credit/usage": fixture("copilot/ai-credit-usage.json"),
        f"/organizations/acme{BILLING}/premium_request/usage": fixture("copilot/premium-request-usage.json"),
    },
    "enterprise": {
        f"/enterprises/acme{BILLING}/ai_credit/usage": fixture("copilot/ai-credit-usage.json"),
        f"/enterprises/acme{BILLING}/reports": body({"id": "r1", "status": "processing"}),
        f"/enterprises/acme{BILLING}/reports/r1": body({"id": "r1", "status": "failed", "download_urls": ["https://[", "x"]}),
    },
    "openrouter": {
        "/v1/organization/members": fixture("openrouter/members.json"),
        "/v1/keys": fixture("openrouter/keys.json"),
        "/v1/analytics/meta": fixture("openrouter/analytics-meta.json"),
        "/v1/analytics/query": fixture("openrouter/analytics-query.json"),
        "/v1/activity": fixture("openrouter/activity.json"),
    },
    "litellm": {
        "/spend/logs/v2": fixture("litellm/spend-logs-v2.json"),
        "/user/list": fixture("litellm/user-list.json"),
    },
}
MAKERS: dict[str, Callable[[Canned], Source]] = {
    "copilot": lambda canned: Copilot(canned, Account("/organizations/acme")),
    "enterprise": lambda canned: Copilot(canned, Account("/enterprises/acme")),
    "openrouter": OpenRouter,
    "litellm": LiteLLM,
}
SPANS = {
    "copilot": ("2026-05-30T00:00:00", "2026-06-03T00:00:00"),
    "enterprise": ("2026-10-01T00:00:00", "2026-11-21T00:00:00"),
    "openrouter": ("2026-05-19T00:00:00", "2026-05-20T00:00:00"),
    "litellm": ("2026-11-20T00:00:00", "2026-11-21T00:00:00"),
}
JANE = Identity(person="jane", emails=("jane@acme.com", "jane.doe@example.com", "dev@acme.com"), login="monalisa")
BOT = Identity(person="bot", vendors={"openrouter": ("ab" * 32,), "litellm": ("jane_smith", "cd" * 32)})


def check(kind: str, answers: dict[str, bytes]) -> None:
    canned = Canned(answers)
    canned.sleep = float  # a wait that takes no time
    source = MAKERS[kind](canned)
    start, end = SPANS[kind]
    asked = query(JANE, BOT, start=start, end=end, now=end)
    answer = source.fetch(asked)
    contested = [Interval("jane", asked.start, asked.end)]
    for result in (answer, source.refine(asked, answer, contested)):
        assert (result.status.problem is None) == (result.status.state is SourceState.OK)
        assert len({record.id for record in result.records}) == len(result.records) == result.status.records
        for record in result.records:
            assert record.actor
            assert asked.start <= record.start <= record.end <= asked.end
            assert record.tokens.cache_read + record.tokens.cache_write <= record.tokens.input
            assert record.cost_usd is None or 0 <= record.cost_usd < 10**12
    source.inspect(at("2026-11-21T00:30:00"))


@pytest.mark.parametrize("kind", list(GOOD))
def test_the_good_answers_bring_records(kind):
    start, end = SPANS[kind]
    canned = Canned(GOOD[kind])
    canned.sleep = float
    answer = MAKERS[kind](canned).fetch(query(JANE, BOT, start=start, end=end, now=end))
    assert answer.records


@pytest.mark.parametrize("kind", list(GOOD))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_json_in_place_of_any_answer(kind, data):
    path = data.draw(st.sampled_from(sorted(GOOD[kind])))
    check(kind, GOOD[kind] | {path: body(data.draw(values))})


@pytest.mark.parametrize("kind", list(GOOD))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_good_answer_with_any_one_place_changed(kind, data):
    path = data.draw(st.sampled_from(sorted(GOOD[kind])))
    good = json.loads(GOOD[kind][path])
    place = data.draw(st.sampled_from(paths(good)))
    check(kind, GOOD[kind] | {path: body(put(good, place, data.draw(values)))})


@pytest.mark.parametrize("kind", list(GOOD))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(junk=st.binary(max_size=40))
def test_any_bytes_are_a_failure_or_an_answer(kind, junk):
    check(kind, dict.fromkeys(GOOD[kind], junk))


REPORT = fixture("copilot/ai-credit-report.csv")


@settings(max_examples=300, deadline=None)
@given(junk=st.binary(max_size=60), first=st.integers(0, len(REPORT)), length=st.integers(0, 200))
def test_any_damage_to_a_report_is_a_clear_error_or_lines(junk, first, length):
    lines = []
    with suppress(ValueError):
        lines = parse(REPORT[:first] + junk + REPORT[first + length :])
    assert all(line.login and line.gross >= 0 for line in lines)
