"""Whatever people used: what a source tells of a person is what the vendor holds of them, to the last digit."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.integration.sources.worlds import DEV, KINDS, NOW, QUERY, charged, dollars, mine, name_at, tokens_of
from tests.unit.sources.simulated import ADDRESS, answering, reading

from pr_cost_bot.config import UsageFile
from pr_cost_bot.model import SourceState, Tokens
from pr_cost_bot.simulator.vendor_files import files
from pr_cost_bot.simulator.vendors import Call, World
from pr_cost_bot.sources.files import make

NO_MONEY = {"openai"}
NO_TOKENS_TOLD = {"copilot", "portkey-sums"}
NO_READS = {"portkey"}
NO_WRITES = {"openrouter", "portkey"}

quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
tokens = st.builds(
    lambda fresh, read, written, output: Tokens(fresh + read + written, read, written, output),
    *(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(0, 10**4), st.integers(0, 10**5)),
)


@st.composite
def histories(draw, vendor: str) -> World:
    """Calls of two people in hours that are over, no two at the same second."""
    seconds = draw(st.lists(st.integers(2 * 3600, 46 * 3600), max_size=20, unique=True))
    calls = [
        Call(
            person=name_at(vendor, draw(st.sampled_from(["dev", "dev", "x"]))),
            at=NOW - timedelta(seconds=ago),
            model=draw(st.sampled_from(["claude-sonnet-4-6", "gpt-5.5", "house"])),
            tokens=draw(tokens),
            cents=draw(st.decimals(min_value="0.0001", max_value=5000, places=4)),
            vendor=vendor,
            chargeable=draw(st.booleans()),
        )
        for ago in seconds
    ]
    return World(now=NOW, calls=calls)


def check(kind: str, over: World, answer) -> None:
    held = mine(over, kind)
    assert answer.status.state is SourceState.OK, answer.status.problem
    assert dollars(answer.records) == (0 if kind in NO_MONEY else charged(held))
    expected, found = tokens_of(() if kind in NO_TOKENS_TOLD else held), tokens_of(answer.records)
    assert (found.input, found.output) == (expected.input, expected.output)
    assert found.cache_read == (0 if kind in NO_READS else expected.cache_read)
    assert found.cache_write == (0 if kind in NO_WRITES else expected.cache_write)


@pytest.mark.parametrize("kind", KINDS)
@quick
@given(data=st.data())
def test_records_sum_to_the_vendors_own_total(kind, data):
    over = data.draw(histories(KINDS[kind].vendor))
    with reading(kind, over) as source:
        check(kind, over, source.fetch(QUERY))


@quick
@given(histories("files"))
def test_records_of_a_file_sum_to_the_file(over):
    with answering(files(over)):
        answer = make([UsageFile(url=f"{ADDRESS}/usage.jsonl")], {}).fetch(QUERY)
    held = [call for call in over.calls if call.person == "Dev@Example.com"]
    assert answer.status.state is SourceState.OK
    assert (dollars(answer.records), tokens_of(answer.records)) == (charged(held), tokens_of(held))
    assert {record.actor for record in answer.records} <= set(DEV.emails)


@pytest.mark.parametrize("kind", ["cursor", "copilot", "openrouter"])
@quick
@given(data=st.data())
def test_what_is_billed_is_what_the_vendor_charges_for(kind, data):
    over = data.draw(histories(KINDS[kind].vendor))
    with reading(kind, over) as source:
        records = source.fetch(QUERY).records
    billed = sum((record.billed_usd or Decimal(0) for record in records), Decimal(0))
    assert billed == charged(call for call in mine(over, kind) if call.chargeable)
