import io
from decimal import Decimal

import pytest
from tests.unit.files.samples import NAMES, text_of

from pr_cost_bot.files import Reading, Usage
from pr_cost_bot.files.kept import Kept
from pr_cost_bot.model import UsageRecord

CURSOR = "Date,User,Kind,Model,Input (w/ Cache Write),Input (w/o Cache Write),Cache Read,Output Tokens,Cost"
ROW = "2026-03-20T07:10:00Z,a@b.c,On-Demand,m,0,10,0,5,0.5"


def keep(*texts: str) -> tuple[UsageRecord, ...]:
    kept = Kept()
    for text in texts:
        kept.next_file()
        reading = Reading(io.StringIO(text, newline=""), "spend-2026-11-19-to-2026-11-19.csv")
        for row in reading:
            assert isinstance(row, Usage)
            assert reading.format
            kept.add(row.record, reading.format)
    return kept.records()


def dollars(records: tuple[UsageRecord, ...]) -> Decimal:
    return sum((record.cost_usd or Decimal(0) for record in records), Decimal(0))


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_given_twice_counts_once(name):
    assert keep(text_of(name), text_of(name)) == keep(text_of(name))


def test_rows_that_are_alike_in_one_file_are_two_uses():
    once, twice = keep(f"{CURSOR}\n{ROW}\n"), keep(f"{CURSOR}\n{ROW}\n{ROW}\n")
    assert (dollars(once), dollars(twice)) == (Decimal("0.5"), Decimal(1))
    assert keep(f"{CURSOR}\n{ROW}\n{ROW}\n", f"{CURSOR}\n{ROW}\n") == twice


@pytest.mark.parametrize("turned", [False, True])
def test_a_later_export_of_the_same_bucket_replaces_the_earlier_one(turned):
    head = "date,username,sku,model,quantity,unit_type,gross_amount,net_amount"
    noon = f"{head}\n2026-06-02,a,copilot_ai_credit,m,10,ai-credits,0.10,0\n"
    night = f"{head}\n2026-06-02,a,copilot_ai_credit,m,30,ai-credits,0.30,0\n"
    (record,) = keep(night, noon) if turned else keep(noon, night)
    assert record.cost_usd == Decimal("0.30")


def test_an_event_that_a_collector_sends_again_counts_once():
    records = keep(text_of("otlp.jsonl"))
    assert len(records) == 4
    assert dollars(records) == Decimal("1.541275")


def test_dollars_and_tokens_of_the_console_are_joined_and_both_sums_stay():
    tokens, costs = keep(text_of("anthropic-usage.csv")), keep(text_of("anthropic-cost.csv"))
    joined = keep(text_of("anthropic-usage.csv"), text_of("anthropic-cost.csv"))
    mine = [record for record in joined if record.actor == "claude_code_key_dev_abcd"]
    assert {record.model for record in mine} == {"claude-haiku-4-5-20251001"}
    assert all(record.cost_usd is not None for record in mine)
    assert dollars(joined) == dollars(costs) == Decimal("0.17")
    assert sum(record.tokens.input for record in joined) == sum(record.tokens.input for record in tokens)
    # Another key's tokens have no dollars on that day: they are priced as ever.
    assert [record.cost_usd for record in joined if record.tokens and record.actor == "demo-key"] == [None]
