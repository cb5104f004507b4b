from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pr_cost_bot.config import SourceSettings
from pr_cost_bot.http import Clock, Connection, HttpSession, Kind, Limits, Rate, SourceError, Vendor
from pr_cost_bot.http_budget import Budget
from pr_cost_bot.simulator.server import Response, Server
from pr_cost_bot.sources import cursor, langfuse
from pr_cost_bot.sources.anthropic import source as anthropic

RATES = (Rate(path="/few", per_minute=6), Rate(path="/many", per_minute=60))
VENDOR = Vendor(title="Acme", key_input="acme_key", needs="an Acme key", rates=RATES)
GOOD = Response.of({})


class Waited:
    """Time that passes only where somebody waits."""

    def __init__(self) -> None:
        self.at = 1000.0
        self.waits: list[float] = []

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.at += seconds


@contextmanager
def serving(*responses: Response, deadline: float = 40.0) -> Iterator[tuple[HttpSession, Server, Waited]]:
    left, clock = list(responses), Waited()
    with Server(lambda _: left.pop(0) if left else GOOD) as server:
        limits = Limits(deadline=deadline, backoff=0.01)
        yield Connection(VENDOR, server.url, {}, limits, clock=Clock(clock.now, clock.sleep)).session(), server, clock


def ask(session: HttpSession, path: str, times: int) -> None:
    for _ in range(times):
        session.get(path, msgspec.Raw)


def test_a_bucket_goes_out_at_once_and_what_follows_waits_for_its_turn():
    with serving() as (session, server, clock):
        ask(session, "/few", 6)
        assert clock.waits == []
        ask(session, "/few", 2)
        assert clock.waits == pytest.approx([10, 10])
        assert len(server.exchanges) == 8


def test_a_wait_that_does_not_fit_fails_at_once_and_sends_nothing():
    with serving(deadline=9) as (session, server, clock):
        ask(session, "/few", 6)
        with pytest.raises(SourceError) as caught:
            session.get("/few", msgspec.Raw)
        assert len(server.exchanges) == 6
    assert (caught.value.kind, clock.waits) == (Kind.RATE_LIMITED, [])
    assert caught.value.problem.what == "Acme allows 6 requests a minute, fewer than this run needs."
    assert "10 s" in caught.value.problem.why
    assert caught.value.problem.remedy


def test_limits_of_other_paths_and_paths_without_any_are_left_alone():
    with serving() as (session, _, clock):
        ask(session, "/few", 6)
        ask(session, "/many", 60)
        ask(session, "/free", 70)
    assert clock.waits == []


def test_a_request_tried_again_counts_again():
    with serving(Response.of({}, 503)) as (session, server, clock):
        ask(session, "/few", 6)
        assert len(server.exchanges) == 7
    assert [seconds > 9 for seconds in clock.waits] == [False, True]  # the pause after 503, then the limit


def test_the_sessions_of_a_connection_share_its_limit():
    clock = Waited()
    with Server(lambda _: GOOD) as server:
        made = Connection(VENDOR, server.url, {}, clock=Clock(clock.now, clock.sleep))
        ask(made.session(), "/few", 3)
        ask(made.session().once(), "/few", 4)
    assert clock.waits == pytest.approx([10])


def test_of_many_at_once_those_that_fit_are_answered_and_the_others_fail_with_the_reason():
    with Server(lambda _: GOOD) as server:
        waits: list[float] = []
        made = Connection(VENDOR, server.url, {}, Limits(deadline=25), clock=Clock(lambda: 0.0, waits.append))
        session = made.session()
        results = session.gather([lambda: session.get("/few", msgspec.Raw)] * 20)
        assert len(server.exchanges) == 8
    assert sorted(waits) == pytest.approx([10, 20])
    assert [each.kind for each in results if isinstance(each, SourceError)] == [Kind.RATE_LIMITED] * 12


@given(st.lists(st.floats(0, 90), max_size=60), st.integers(1, 30))
def test_no_stretch_of_time_gets_more_than_a_bucket_and_its_refill(gaps, per_minute):
    at, sent = 0.0, []
    budget = Budget(Rate(path="", per_minute=per_minute), lambda: at)
    for gap in gaps:
        at += gap
        wait = budget.take(50)
        if wait <= 50:
            sent.append(at + wait)
    for first in range(len(sent)):
        for last in range(first, len(sent)):
            assert last - first + 1 <= per_minute + (sent[last] - sent[first]) * per_minute / 60 + 1e-6


def test_what_is_refused_takes_nothing():
    budget = Budget(Rate(path="", per_minute=1), lambda: 0.0)
    assert [budget.take(0), budget.take(10), budget.take(10), budget.take(60)] == [0, 60, 60, 60]


def test_the_sources_keep_to_what_their_vendors_document():
    made = {
        "anthropic": anthropic.make("k", SourceSettings()),
        "cursor": cursor.make("k", SourceSettings()),
        "langfuse": langfuse.make("p", "s", SourceSettings()),
        "own langfuse": langfuse.make("p", "s", SourceSettings(base_url="https://langfuse.example.com")),
    }
    allowed = {
        (name, path): budget.rate.per_minute if (budget := source._connection.budget(path)) else None
        for name, source in made.items()
        for path in {
            "anthropic": ("/v1/organizations/analytics/cost", "/v1/organizations/usage_report/messages"),
            "cursor": ("/teams/filtered-usage-events", "/teams/members"),
        }.get(name, ("/api/public/v2/observations",))
    }
    assert allowed == {
        ("anthropic", "/v1/organizations/analytics/cost"): 60,
        ("anthropic", "/v1/organizations/usage_report/messages"): None,
        ("cursor", "/teams/filtered-usage-events"): 60,
        ("cursor", "/teams/members"): 20,
        ("langfuse", "/api/public/v2/observations"): 30,
        ("own langfuse", "/api/public/v2/observations"): None,
    }
