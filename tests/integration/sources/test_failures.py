"""One vendor fails in every way there is: it says so, the others are counted, and nothing waits for it."""

from concurrent.futures import ThreadPoolExecutor
from typing import get_args

import pytest
from tests.integration.sources.worlds import KINDS, NOW, QUERY, QUICK, source, sources, world

from pr_cost_bot.model import SourceState
from pr_cost_bot.simulator.vendor_world import Lasting, Passing
from pr_cost_bot.simulator.vendors import TOOLS, inputs

SAID = {
    "401": "401",
    "403": "403",
    "404": "404",
    "429": "429",
    "429-retry-after": "asks to wait 3600 s",
    "500": "500",
    "hang": "did not answer in time",
    "half": "broke off in the middle",
    "not-json": "not JSON",
    "wrong-shape": "unexpected shape",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", get_args(Lasting))
def test_a_failing_vendor_says_what_happened_and_what_to_do_and_never_names_the_key(kind, mode):
    vendor = KINDS[kind].vendor
    over = world([kind], 5, fail={vendor: mode})
    with source(kind, over, QUICK) as (made, _):
        answer = made.fetch(QUERY)
    assert (answer.status.state, answer.records) == (SourceState.FAILED, ())
    assert answer.status.problem is not None
    assert SAID[mode] in str(answer.status.problem)
    assert answer.status.problem.remedy
    assert over.keys[vendor] not in str(answer.status)


@pytest.mark.parametrize("failing", TOOLS)
def test_whoever_fails_holds_up_nobody(failing):
    over = world(fail={failing: "hang"})
    with sources(over, limits=QUICK) as (made, _), ThreadPoolExecutor() as pool:
        answers = dict(zip(made, pool.map(lambda each: each.fetch(QUERY), made.values()), strict=True))
    assert answers.pop(failing).status.state is SourceState.FAILED
    assert {answer.status.state for answer in answers.values()} == {SourceState.OK}
    assert all(answer.records for answer in answers.values())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", get_args(Passing))
def test_a_passing_refusal_leaves_no_trace(kind, mode):
    with source(kind, world([kind], 5, fail={KINDS[kind].vendor: mode}), QUICK) as (made, server):
        answer = made.fetch(QUERY)
        assert 429 in {e.response.status for e in server.exchanges}
    assert (answer.status.state, bool(answer.records)) == (SourceState.OK, True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["401", "hang", "wrong-shape"])
def test_doctor_hears_of_it_too(kind, mode):
    vendor = KINDS[kind].vendor
    over = world([kind], 5, fail={vendor: mode})
    with source(kind, over, QUICK) as (made, _):
        seen = made.inspect(NOW)
    assert SAID[mode] in str(seen.problem)
    assert over.keys[vendor] not in str(seen)


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_key_is_refused_and_never_repeated(kind):
    vendor = KINDS[kind].vendor
    over = world([kind], 5)
    with source(kind, over, QUICK) as (made, _):
        over.keys[vendor] = "another"
        status = made.fetch(QUERY).status
    assert status.state is SourceState.FAILED
    assert any(name in str(status.problem) for name in inputs(over, [vendor]))
    assert "sim-" not in str(status)
