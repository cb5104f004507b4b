from decimal import Decimal

import msgspec
import pytest
from tests.factories import line, pull_request_cost

from pr_cost_bot.config import Sources, SourceSettings
from pr_cost_bot.ledger.rows import row_of
from pr_cost_bot.model import Kept, SourceState, SourceStatus
from pr_cost_bot.silence import silent_of, with_what_is_kept

ANTHROPIC = SourceStatus(name="anthropic", title="Anthropic")
CURSOR = SourceStatus(name="cursor", title="Cursor")
FAILED = msgspec.structs.replace(CURSOR, state=SourceState.FAILED)
ONE = line(source="anthropic", cost_usd=Decimal(1), billed_usd=Decimal(1))
THIRTY = line(source="cursor", cost_usd=Decimal(30), billed_usd=Decimal(30))


def row(*lines, **more):
    return row_of(pull_request_cost(lines=lines, label="cost:high"), show_people=True) | more


def cost(*lines, sources=(ANTHROPIC,), **given):
    return pull_request_cost(lines=lines, sources=sources, **given)


def beside(found, before, told=("anthropic",), config=Sources()):
    return with_what_is_kept(found, before, frozenset(told), config)


def test_a_source_whose_key_is_gone_has_failed_and_what_it_told_is_kept():
    found = beside(cost(ONE, settled=True), row(ONE, THIRTY))
    assert [(status.name, status.state) for status in found.sources] == [("anthropic", "ok"), ("cursor", "failed")]
    assert (found.complete, found.settled) == (False, False)
    assert found.kept == Kept(cost_usd=Decimal(31), label="cost:high", sources=(found.sources[1],))
    problem = found.sources[1].problem
    assert problem.what == "Cursor's key is not set in this run."
    assert "`cursor_admin_key`" in problem.remedy
    assert "`sources.cursor.enabled: false`" in problem.remedy


@pytest.mark.parametrize(
    ("found", "before", "more"),
    [
        (cost(ONE), None, {}),
        (cost(ONE), row(ONE), {}),
        (cost(ONE), row(ONE, THIRTY), {"config": Sources(cursor=SourceSettings(enabled=False))}),
        (cost(ONE, sources=(ANTHROPIC, CURSOR)), row(ONE, THIRTY), {}),
        (cost(ONE), row(ONE, THIRTY), {"told": ("anthropic", "cursor")}),  # by a file
        (cost(ONE), row(ONE, line(source="receipt")), {}),
        (cost(ONE), row(ONE, line(source="ccusage"), line(source="bedrock")), {}),  # no key reads these
    ],
)
def test_otherwise_no_source_is_missed(found, before, more):
    assert beside(found, before, **more) == found


def test_without_any_key_nothing_is_known_and_the_earlier_figure_is_kept():
    found = beside(cost(sources=(), complete=False), row(ONE, THIRTY), told=())
    assert found.nothing_known
    assert found.kept is not None
    assert (found.kept.cost_usd, [status.name for status in found.kept.sources]) == (31, ["anthropic", "cursor"])


def test_only_a_fall_that_the_silent_explain_is_kept():
    quiet = (ANTHROPIC, FAILED)
    assert beside(cost(ONE, sources=quiet), row(ONE, THIRTY)).kept is not None
    more = line(source="anthropic", cost_usd=Decimal(40), billed_usd=Decimal(40))
    assert beside(cost(more, sources=quiet), row(ONE, THIRTY)).kept is None
    assert beside(cost(ONE, sources=quiet), row(more, line(source="cursor", cost_usd=Decimal(1)))).kept is None


def test_a_row_remembers_who_is_silent_though_its_lines_do_not():
    more = line(source="anthropic", cost_usd=Decimal(40), billed_usd=Decimal(40))
    found = beside(cost(more), row(ONE, THIRTY))
    assert silent_of(found, row(ONE, THIRTY)) == ["cursor"]
    later = row(more, silent=["cursor"])
    again = beside(cost(more), later)
    assert (again.complete, silent_of(again, later)) == (False, ["cursor"])
    back = cost(more, THIRTY, sources=(ANTHROPIC, CURSOR))
    assert silent_of(beside(back, later), later) == []


@pytest.mark.parametrize("forged", [5, "cursor", [5, None, {"a": 1}], {"cursor": 1}])
def test_a_forged_memory_names_nobody(forged):
    assert beside(cost(ONE), row(ONE, silent=forged)).complete
