"""Receipts beside what sources report: never counted twice, and never lost to usage that they cannot speak of."""

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from tests.factories import NOON, minutes, usage

from pr_cost_bot.coverage import Reported, part_claims
from pr_cost_bot.model import Commit, Receipt, Tokens

CLAUDE, GPT = "claude-sonnet-4-6", "gpt-5.5"


def receipt(**given):
    return Receipt(
        **{
            "format": "ours",
            "repository": "acme/web",
            "commit": "a" * 40,
            "person": "octocat",
            "end": NOON,
            "cost_usd": Decimal(5),
            **given,
        }
    )


def told(before, cost="5", source="cursor", model=CLAUDE, width=0, **given):
    """Usage of the same person so many minutes before the commit."""
    start = NOON - minutes(before)
    amount = None if cost is None else Decimal(cost)
    return usage(
        f"{source}:{before}",
        person="octocat",
        source=source,
        model=model,
        start=start,
        end=start + minutes(width),
        cost_usd=amount,
        **given,
    )


def commits(*before):
    return [Commit(sha=f"{n}", repository="acme/web", person="octocat", authored_at=NOON - minutes(n)) for n in before]


def at_list_price(records):
    """Every model that has a name costs $0.10."""
    unpriced = [record.cost_usd is None and record.model != "unknown" for record in records]
    return [
        msgspec.structs.replace(record, cost_usd=Decimal("0.10")) if lacking else record
        for record, lacking in zip(records, unpriced, strict=True)
    ]


def covers(claim, *records, before=(), fresh_until=None):
    reported = Reported(
        records=records,
        commits=commits(0, *before),
        fresh_until={} if fresh_until is None else {"cursor": NOON - minutes(fresh_until)},
        lookback=timedelta(hours=48),
        prices=at_list_price,
    )
    parted = part_claims([claim], reported)
    assert len(parted.covered) + len(parted.uncovered) == 1
    return bool(parted.covered)


def test_a_little_usage_of_another_tool_hours_before_covers_no_large_receipt():
    assert not covers(receipt(), told(300, "0.10"))
    assert not covers(receipt(), told(300, None))  # at list price


def test_without_tool_and_model_a_receipt_is_covered_by_as_much_as_it_claims():
    assert covers(receipt(), told(300, "5"))
    assert covers(receipt(), told(300, "1"), told(200, "2"))  # an estimate may be off
    assert covers(receipt(cost_usd=None, tokens=Tokens(1000, 0, 0, 10)), told(300, None))
    assert not covers(receipt(cost_usd=None, tokens=Tokens(10**6, 0, 0, 10)), told(300, None, tokens=Tokens(50, 0, 0, 1)))


def test_where_nothing_can_be_compared_it_counts_once():
    free = {"tokens": Tokens(), "billed_usd": Decimal(0)}
    assert covers(receipt(), told(10, "0", **free))


@pytest.mark.parametrize(("model", "covered"), [(CLAUDE, True), (GPT, False), ("auto", False)])
def test_without_a_tool_the_maker_of_the_model_decides(model, covered):
    assert covers(receipt(model="claude-opus-4-7"), told(10, "0.10", model=model)) is covered


def test_a_model_without_a_known_maker_may_be_any():
    assert covers(receipt(model=CLAUDE), told(10, "4", model="auto"))
    assert covers(receipt(model="house-model"), told(10, "4"))


def test_a_named_tool_is_covered_by_its_own_usage_only():
    assert covers(receipt(tool="cursor"), told(10, "0.10"))
    assert not covers(receipt(tool="anthropic"), told(10))
    assert not covers(receipt(tool="copilot"), told(10, source="anthropic"))


@pytest.mark.parametrize(("source", "model"), [("litellm", CLAUDE), ("bedrock", "anthropic.claude-sonnet-4-6-v1:0")])
def test_a_tool_s_usage_may_be_seen_by_a_gateway_or_sold_by_a_cloud(source, model):
    assert covers(receipt(tool="anthropic"), told(10, source=source, model=model))
    assert not covers(receipt(tool="anthropic"), told(10, source=source, model=GPT))


def test_only_what_the_commit_s_work_can_span_covers_it():
    claim = receipt(tool="cursor")
    assert covers(claim, told(300))
    assert not covers(claim, told(300), before=(180,))
    assert covers(claim, told(100), before=(180,))
    assert covers(claim, told(190), before=(180,))  # on its way while somebody committed
    assert not covers(claim, told(48 * 60 + 1))
    assert not covers(receipt(tool="cursor", start=NOON - minutes(30)), told(40))
    assert not covers(claim, told(-10))


def test_usage_of_the_day_before_covers_work_past_midnight():
    assert covers(receipt(tool="cursor", end=NOON), told(13 * 60))


def test_commits_in_a_row_share_out_what_went_before_them_all():
    assert covers(receipt(tool="cursor"), told(70), before=(1, 45))
    assert not covers(receipt(tool="cursor"), told(170), before=(1, 45, 150))


def test_a_bucket_covers_what_lies_in_it():
    day = told(12 * 60, width=24 * 60)
    assert covers(receipt(tool="cursor"), day, before=(30,))
    assert not covers(receipt(tool="cursor", start=NOON - minutes(20)), told(90, width=60))


def test_what_the_source_does_not_know_yet_is_not_covered():
    day = told(12 * 60, width=24 * 60)
    claim = receipt(tool="cursor", start=NOON - minutes(20))
    assert not covers(claim, day, fresh_until=60)
    assert covers(claim, day, fresh_until=10)
    assert covers(claim, told(15), fresh_until=60)  # told early: it counts, so the receipt does not


def test_somebody_else_s_usage_covers_nothing():
    stranger = usage(person="ada", start=NOON - minutes(10), end=NOON - minutes(10))
    assert not covers(receipt(tool="cursor"), stranger)
    assert not covers(receipt(tool="cursor"), usage(person=None))


def test_copies_of_a_receipt_count_once():
    copies = [receipt(usage_key="k", commit=sha * 40, end=NOON + minutes(n)) for n, sha in enumerate("ab")]
    reported = Reported(records=(), commits=(), fresh_until={}, lookback=timedelta(hours=48), prices=at_list_price)
    assert [one.commit for one in part_claims(copies, reported).uncovered] == ["a" * 40]
