"""One vendor fails in every way there is: it says so, the others are counted, and nothing waits for it."""

from concurrent.futures import ThreadPoolExecutor
from typing import get_args

import pytest
from tests.integration.sources.worlds import NOW, QUERY, QUICK, sources, world

from pr_cost_bot.model import SourceResult, SourceState
from pr_cost_bot.simulator.vendors import VENDORS, Failure, World

FATAL = [mode for mode in get_args(Failure) if mode != "429-once"]
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


def fetch_all(over: World) -> dict[str, SourceResult]:
    with sources(over, QUICK) as (made, _), ThreadPoolExecutor() as pool:
        return dict(zip(made, pool.map(lambda source: source.fetch(QUERY), made.values()), strict=True))


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("mode", FATAL)
def test_a_failing_vendor_says_what_happened_and_the_others_are_counted(vendor, mode):
    over = world(fail={vendor: mode})
    answers = fetch_all(over)
    failed = answers.pop(vendor).status
    assert failed.state is SourceState.FAILED
    assert failed.problem is not None
    assert SAID[mode] in str(failed.problem)
    assert failed.problem.remedy
    assert over.keys[vendor] not in str(failed)
    assert {answer.status.state for answer in answers.values()} == {SourceState.OK}
    assert all(answer.records for answer in answers.values())


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_passing_refusal_leaves_no_trace(vendor):
    answers = fetch_all(world(fail={vendor: "429-once"}))
    assert {answer.status.state for answer in answers.values()} == {SourceState.OK}


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("mode", ["401", "hang", "wrong-shape"])
def test_doctor_hears_of_it_too(vendor, mode):
    over = world(fail={vendor: mode})
    with sources(over, QUICK) as (made, _):
        seen = made[vendor].inspect(NOW)
    assert SAID[mode] in str(seen.problem)
    assert over.keys[vendor] not in str(seen)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_wrong_key_is_refused_and_never_repeated(vendor):
    over = world()
    with sources(over, QUICK) as (made, _):
        over.keys[vendor] = "another"
        status = made[vendor].fetch(QUERY).status
    assert status.state is SourceState.FAILED
    assert f"{vendor}_admin_key" in str(status.problem)
    assert "sim-" not in str(status)
