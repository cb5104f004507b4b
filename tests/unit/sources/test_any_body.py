"""Whatever JSON a vendor sends: records or a clear error, never a crash."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.sources.canned import Canned, at, body, fixture, query

from pr_cost_bot.model import Identity, Interval, SourceState
from pr_cost_bot.ports import Source
from pr_cost_bot.sources.anthropic.source import Anthropic
from pr_cost_bot.sources.cursor import Cursor
from pr_cost_bot.sources.openai.source import OpenAI

ANTHROPIC, OPENAI = "/v1/organizations", "/v1/organization"
GOOD: dict[type[Any], dict[str, bytes]] = {
    Cursor: {
        "/teams/members": fixture("cursor/members.json"),
        "/teams/filtered-usage-events": fixture("cursor/filtered-usage-events.json"),
    },
    Anthropic: {
        f"{ANTHROPIC}/users": fixture("anthropic/users.json"),
        f"{ANTHROPIC}/analytics/cost": fixture("anthropic/analytics-cost.json"),
        f"{ANTHROPIC}/analytics/usage": fixture("anthropic/analytics-usage.json"),
        f"{ANTHROPIC}/api_keys": fixture("anthropic/api-keys.json"),
        f"{ANTHROPIC}/usage_report/messages": fixture("anthropic/usage-report-messages.json"),
        f"{ANTHROPIC}/usage_report/claude_code": fixture("anthropic/usage-report-claude-code.json"),
    },
    OpenAI: {
        f"{OPENAI}/users": fixture("openai/users.json"),
        f"{OPENAI}/projects": fixture("openai/projects.json"),
        f"{OPENAI}/projects/proj_abc/api_keys": fixture("openai/project-api-keys.json"),
        f"{OPENAI}/usage/completions": fixture("openai/usage-completions.json"),
    },
}
OLDER = [f"{ANTHROPIC}/analytics/cost", f"{ANTHROPIC}/analytics/usage"]
PEOPLE = (
    Identity(person="dev", emails=("dev@example.com", "developer@company.com")),
    Identity(person="bot", vendors={"anthropic": ("apikey_1",), "openai": ("key_1",), "cursor": ("sa_abc123",)}),
)
HOUR = [Interval("dev", at("2026-11-20T14:00:00"), at("2026-11-20T15:00:00"))]

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["NaN", "-1", "1e999999999", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "12.5", 10**30])
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3), max_leaves=6
)


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(path for key, each in inner for path in paths(each, (*here, key)))]


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The value with one place replaced."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = put(value[path[0]], path[1:], new)
    return copy


def check(source: Source) -> None:
    asked = query(*PEOPLE, start="2025-06-20T00:00:00", end="2026-11-21T00:00:00", now="2026-11-21T00:30:00")
    answer = source.fetch(asked)
    for result in (answer, source.refine(asked, answer, HOUR)):
        assert (result.status.problem is None) == (result.status.state is SourceState.OK)
        assert len({record.id for record in result.records}) == len(result.records) == result.status.records
        for record in result.records:
            assert record.actor
            assert record.start <= record.end
            assert record.tokens.cache_read + record.tokens.cache_write <= record.tokens.input
            assert record.cost_usd is None or 0 <= record.cost_usd < 10**11
    source.inspect(asked.now)


@pytest.mark.parametrize("kind", list(GOOD))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_json_in_place_of_any_answer(kind, data):
    answers = dict(GOOD[kind])
    gone = data.draw(st.sampled_from([[], OLDER])) if kind is Anthropic else []
    path = data.draw(st.sampled_from(sorted(answers)))
    answers[path] = body(data.draw(values))
    check(kind(Canned({each: text for each, text in answers.items() if each not in gone})))


@pytest.mark.parametrize("kind", list(GOOD))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_good_answer_with_any_one_place_changed(kind, data):
    answers = dict(GOOD[kind])
    gone = data.draw(st.sampled_from([[], OLDER])) if kind is Anthropic else []
    path = data.draw(st.sampled_from(sorted(answers)))
    good = json.loads(answers[path])
    place = data.draw(st.sampled_from(paths(good)))
    answers[path] = body(put(good, place, data.draw(values)))
    check(kind(Canned({each: text for each, text in answers.items() if each not in gone})))


@pytest.mark.parametrize("kind", list(GOOD))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(junk=st.binary(max_size=40))
def test_any_bytes_are_a_failure_or_an_answer(kind, junk):
    check(kind(Canned(dict.fromkeys(GOOD[kind], junk))))
