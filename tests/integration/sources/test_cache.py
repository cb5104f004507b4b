"""The real sources with a cache in front of them: the same records, and on the second run next to no requests."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from tests.integration.sources.worlds import NOW, QUERY, calls, sources

from pr_cost_bot.model import Interval, SourceResult, SourceState, UsageRecord
from pr_cost_bot.simulator.vendors import TOOLS, World
from pr_cost_bot.sources.cache import CachedSource

LONG = msgspec.structs.replace(QUERY, start=NOW - timedelta(days=80, hours=3))
PAST = msgspec.structs.replace(QUERY, start=NOW - timedelta(days=70), end=NOW - timedelta(days=35, hours=7))


def world() -> World:
    return World(now=NOW, calls=[call for vendor in TOOLS for call in calls(vendor, 150, step=timedelta(hours=13))])


def ordered(answer: SourceResult) -> list[UsageRecord]:
    return sorted(answer.records, key=lambda each: (each.start, each.id))


@pytest.mark.parametrize("vendor", TOOLS)
def test_a_long_time_is_read_the_same_with_a_cache_and_the_second_run_asks_for_less(vendor, tmp_path: Path):
    with sources(world()) as (made, servers):
        bare = made[vendor].fetch(LONG)
        before = len(servers[vendor].exchanges)
        first = CachedSource(made[vendor], tmp_path, NOW).fetch(LONG)
        between = len(servers[vendor].exchanges)
        second = CachedSource(made[vendor], tmp_path, NOW).fetch(LONG)
        after = len(servers[vendor].exchanges)
        past = CachedSource(made[vendor], tmp_path, NOW).fetch(PAST)
        assert len(servers[vendor].exchanges) == after
    assert bare.status.state is first.status.state is second.status.state is SourceState.OK
    assert len(bare.records) > 100
    assert ordered(first) == ordered(second) == ordered(bare)
    assert first.status == second.status == bare.status
    assert after - between < between - before
    assert ordered(past) == [each for each in ordered(bare) if each.end > PAST.start and each.start < PAST.end]


@pytest.mark.parametrize("vendor", ["anthropic", "openai"])
def test_hours_from_disk_are_refined_to_the_same_minutes(vendor, tmp_path: Path):
    with sources(world()) as (made, _):
        hours = made[vendor].fetch(PAST)
        contested = [Interval("dev", each.start, each.end) for each in hours.records[3:6]]
        minutes = made[vendor].refine(PAST, hours, contested)
        CachedSource(made[vendor], tmp_path, NOW).fetch(PAST)
        again = CachedSource(made[vendor], tmp_path, NOW)
        refined = again.refine(PAST, again.fetch(PAST), contested)
    assert refined.status.grain == minutes.status.grain == "minute"
    assert ordered(refined) == ordered(minutes)
