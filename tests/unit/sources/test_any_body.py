"""Whatever JSON a vendor sends: records or a clear error, never a crash."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.json_values import paths, put, values
from tests.unit.sources.canned import Answer, Canned, body, fixture, query

from pr_cost_bot.model import Identity, Interval, SourceState
from pr_cost_bot.ports import Source
from pr_cost_bot.sources.anthropic.source import Anthropic
from pr_cost_bot.sources.copilot.report import parse
from pr_cost_bot.sources.copilot.source import Account, Copilot
from pr_cost_bot.sources.cursor import Cursor
from pr_cost_bot.sources.helicone import Helicone
from pr_cost_bot.sources.langfuse import Langfuse
from pr_cost_bot.sources.litellm import LiteLLM
from pr_cost_bot.sources.openai.source import OpenAI
from pr_cost_bot.sources.openrouter.source import OpenRouter
from pr_cost_bot.sources.portkey import Portkey

ANTHROPIC, OPENAI = "/v1/organizations", "/v1/organization"
BILLING = "/settings/billing"
EXPORTS, GROUPS, FILE = "/v1/logs/exports", "/v1/analytics/groups", "/e1.jsonl"
PORTKEY = {
    f"{GROUPS}/users": fixture("portkey/groups-users.json"),
    f"{GROUPS}/metadata/pr": fixture("portkey/groups-metadata-pr.json"),
    EXPORTS: body({"id": "e1", "total": 3}),
    f"{EXPORTS}/e1/start": body({}),
    f"{EXPORTS}/e1": body({"status": "success"}),
    f"{EXPORTS}/e1/download": body({"signed_url": f"https://files.example{FILE}"}),
    FILE: fixture("portkey/export.jsonl").splitlines()[0],
}
REPORTS = {
    f"{ANTHROPIC}/users": fixture("anthropic/users.json"),
    f"{ANTHROPIC}/api_keys": fixture("anthropic/api-keys.json"),
    f"{ANTHROPIC}/usage_report/messages": fixture("anthropic/usage-report-messages.json"),
    f"{ANTHROPIC}/usage_report/claude_code": fixture("anthropic/usage-report-claude-code.json"),
}
PEOPLE = (
    Identity(
        person="dev",
        emails=("dev@example.com", "developer@company.com", "dev@acme.com", "jane@acme.com", "jane.doe@example.com"),
        login="monalisa",
    ),
    Identity(
        person="bot",
        vendors={
            "anthropic": ("apikey_1",),
            "openai": ("key_1",),
            "cursor": ("sa_abc123",),
            "openrouter": ("ab" * 32,),
            "litellm": ("jane_smith", "cd" * 32),
        },
    ),
)


@dataclass(frozen=True)
class Kind:
    """A source, good answers to what it asks, and a time in which they have usage."""

    make: Callable[[Canned], Source]
    answers: dict[str, bytes]
    start: str = "2026-11-20T00:00:00"
    end: str = "2026-11-21T00:00:00"


KINDS = {
    "cursor": Kind(
        Cursor,
        {
            "/teams/members": fixture("cursor/members.json"),
            "/teams/filtered-usage-events": fixture("cursor/filtered-usage-events.json"),
        },
        start="2025-06-20T00:00:00",
    ),
    "anthropic": Kind(
        Anthropic,
        {
            **REPORTS,
            f"{ANTHROPIC}/analytics/cost": fixture("anthropic/analytics-cost.json"),
            f"{ANTHROPIC}/analytics/usage": fixture("anthropic/analytics-usage.json"),
        },
        start="2025-06-20T00:00:00",
    ),
    "anthropic without analytics": Kind(Anthropic, REPORTS, start="2025-06-20T00:00:00"),
    "openai": Kind(
        OpenAI,
        {
            f"{OPENAI}/users": fixture("openai/users.json"),
            f"{OPENAI}/projects": fixture("openai/projects.json"),
            f"{OPENAI}/projects/proj_abc/api_keys": fixture("openai/project-api-keys.json"),
            f"{OPENAI}/usage/completions": fixture("openai/usage-completions.json"),
        },
        start="2025-06-20T00:00:00",
    ),
    "copilot": Kind(
        lambda canned: Copilot(canned, Account("/organizations/acme")),
        {
            f"/organizations/acme{BILLING}/ai_credit/usage": fixture("copilot/ai-credit-usage.json"),
            f"/organizations/acme{BILLING}/premium_request/usage": fixture("copilot/premium-request-usage.json"),
        },
        start="2026-05-30T00:00:00",
        end="2026-06-03T00:00:00",
    ),
    "copilot of an enterprise": Kind(
        lambda canned: Copilot(canned, Account("/enterprises/acme")),
        {
            f"/enterprises/acme{BILLING}/ai_credit/usage": fixture("copilot/ai-credit-usage.json"),
            f"/enterprises/acme{BILLING}/reports": body({"id": "r1", "status": "processing"}),
            f"/enterprises/acme{BILLING}/reports/r1": body(
                {"id": "r1", "status": "failed", "download_urls": ["https://[", "x"]}
            ),
        },
        start="2026-10-01T00:00:00",
    ),
    "openrouter": Kind(
        OpenRouter,
        {
            "/v1/organization/members": fixture("openrouter/members.json"),
            "/v1/keys": fixture("openrouter/keys.json"),
            "/v1/analytics/meta": fixture("openrouter/analytics-meta.json"),
            "/v1/analytics/query": fixture("openrouter/analytics-query.json"),
            "/v1/activity": fixture("openrouter/activity.json"),
        },
        start="2026-05-19T00:00:00",
        end="2026-05-20T00:00:00",
    ),
    "litellm": Kind(
        LiteLLM,
        {"/spend/logs/v2": fixture("litellm/spend-logs-v2.json"), "/user/list": fixture("litellm/user-list.json")},
    ),
    "langfuse": Kind(Langfuse, {"/api/public/v2/observations": fixture("langfuse/observations-v2.json")}),
    "langfuse before version 4": Kind(
        Langfuse,
        {
            "/api/public/observations": fixture("langfuse/observations-v1.json"),
            "/api/public/traces": fixture("langfuse/traces-v1.json"),
        },
    ),
    "helicone": Kind(Helicone, {"/v1/request/query-clickhouse": fixture("helicone/query-clickhouse.json")}),
    "portkey": Kind(lambda canned: Portkey(canned, lambda _: canned), PORTKEY),
    "portkey without exports": Kind(
        lambda canned: Portkey(canned, lambda _: canned),
        {path: text for path, text in PORTKEY.items() if path.startswith(GROUPS)},
    ),
}
any_kind = pytest.mark.parametrize("kind", KINDS)


class Impatient(Canned):
    """Waits three times and no longer: a report that never comes would take as long as a run may take."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        super().__init__(answers)
        self.waits = 3
        self.sleep = self._wait

    def _wait(self, _seconds: float) -> None:
        self.waits -= 1
        if not self.waits:
            self.answers = {}


def check(kind: str, changed: Mapping[str, bytes]) -> int:
    """Read everything; the number of records."""
    row = KINDS[kind]
    source = row.make(Impatient({**row.answers, **changed}))
    asked = query(*PEOPLE, start=row.start, end=row.end, now=row.end)
    answer = source.fetch(asked)
    contested = [Interval("dev", asked.start, asked.end)]
    for result in (answer, source.refine(asked, answer, contested)):
        assert (result.status.problem is None) == (result.status.state is SourceState.OK)
        assert len({record.id for record in result.records}) == len(result.records) == result.status.records
        for record in result.records:
            assert record.actor
            assert asked.start <= record.start <= record.end <= asked.end
            assert record.tokens.cache_read + record.tokens.cache_write <= record.tokens.input
            assert record.cost_usd is None or 0 <= record.cost_usd < 10**12
            assert record.pr_number is None or record.repository
    source.inspect(asked.now)
    return len(answer.records)


@any_kind
def test_the_good_answers_bring_records(kind):
    assert check(kind, {})


@any_kind
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_json_in_place_of_any_answer(kind, data):
    path = data.draw(st.sampled_from(sorted(KINDS[kind].answers)))
    check(kind, {path: body(data.draw(values))})


@any_kind
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_good_answer_with_any_one_place_changed(kind, data):
    path = data.draw(st.sampled_from(sorted(KINDS[kind].answers)))
    good = json.loads(KINDS[kind].answers[path])
    place = data.draw(st.sampled_from(paths(good)))
    check(kind, {path: body(put(good, place, data.draw(values)))})


@any_kind
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(junk=st.binary(max_size=40), data=st.data())
def test_any_bytes_are_a_failure_or_an_answer(kind, junk, data):
    answers = KINDS[kind].answers
    check(kind, dict.fromkeys([data.draw(st.sampled_from(sorted(answers)))], junk))
    check(kind, dict.fromkeys(answers, junk))


REPORT = fixture("copilot/ai-credit-report.csv")


@settings(max_examples=300, deadline=None)
@given(junk=st.binary(max_size=60), first=st.integers(0, len(REPORT)), length=st.integers(0, 200))
def test_any_damage_to_a_report_is_a_clear_error_or_lines(junk, first, length):
    lines = []
    with suppress(ValueError):
        lines = parse(REPORT[:first] + junk + REPORT[first + length :])
    assert all(line.login and line.gross >= 0 for line in lines)
