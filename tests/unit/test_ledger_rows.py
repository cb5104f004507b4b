from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.factories import NOON, line, minutes, pull_request_cost

from pr_cost_bot.ledger.rows import document_of, exact_dollars, row_of, same_facts
from pr_cost_bot.model import Evidence, Remainder, Unpriced
from pr_cost_bot.row_file import LINE_FIELDS, ROW_FIELDS


def test_a_row_has_the_interface_s_fields_in_order():
    row = row_of(pull_request_cost(), show_people=True)
    assert tuple(row) == (*ROW_FIELDS, "lines")
    assert tuple(row["lines"][0]) == LINE_FIELDS
    assert (row["cost_usd"], row["billed_usd"], row["opened_at"]) == ("4.21", "4.21", "2026-11-20T12:00:00Z")


def test_lines_sum_to_the_row_exactly():
    lines = (
        line(cost_usd=Decimal("0.1")),
        line(cost_usd=Decimal("0.2"), model="gpt-5.5"),
        line(cost_usd=Decimal("1e-12"), person="b"),
    )
    row = row_of(pull_request_cost(lines=lines), show_people=False)
    assert Decimal(row["cost_usd"]) == sum(Decimal(each["cost_usd"]) for each in row["lines"]) == Decimal("0.300000000001")
    assert row["input_tokens"] == sum(each["input_tokens"] for each in row["lines"])


def test_without_people_nobody_can_be_told_apart():
    lines = (line(person="a"), line(person="b"))
    row = row_of(pull_request_cost(lines=lines), show_people=False)
    assert [(each["person"], each["cost_usd"], each["requests"]) for each in row["lines"]] == [("", "8.42", 6)]
    assert len(row_of(pull_request_cost(lines=lines), show_people=True)["lines"]) == 2


def test_what_is_billed_is_unknown_when_one_part_is():
    lines = (line(), line(evidence=Evidence.RECEIPT, billed_usd=None))
    row = row_of(pull_request_cost(lines=lines), show_people=False)
    assert row["billed_usd"] is None
    assert {each["evidence"]: each["billed_usd"] for each in row["lines"]} == {"matched": "4.21", "receipt": None}


@pytest.mark.parametrize(
    ("amount", "text"), [("4.210", "4.21"), ("0", "0"), ("0.00", "0"), ("1E+3", "1000"), ("1E-9", "0.000000001")]
)
def test_dollars_have_no_exponent_and_no_idle_zeros(amount, text):
    assert exact_dollars(Decimal(amount)) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**12))
def test_dollars_are_exact(amount):
    assert Decimal(exact_dollars(amount)) == amount


def test_the_time_of_the_run_alone_is_no_new_fact():
    cost = pull_request_cost()
    fresher = msgspec.structs.replace(cost.sources[0], fresh_until=NOON + minutes(60))
    later = msgspec.structs.replace(cost, computed_at=NOON + minutes(99), sources=(fresher,))
    assert same_facts(row_of(cost, show_people=False), row_of(later, show_people=False))
    assert same_facts(document_of(cost, show_people=False), document_of(later, show_people=False))
    assert not same_facts(None, row_of(cost, show_people=False))
    assert not same_facts(
        row_of(cost, show_people=False), row_of(msgspec.structs.replace(cost, settled=True), show_people=False)
    )


def test_the_document_tells_what_is_not_in_the_figure():
    cost = pull_request_cost(
        unattributed=(Remainder(reason="no commit followed", cost_usd=Decimal("2.5")),),
        unpriced=(Unpriced(source="openai", model="house", tokens=line().tokens),),
        notes=("a note",),
    )
    document = document_of(cost, show_people=False)
    assert document["unattributed"][0]["cost_usd"] == "2.5"
    assert document["unpriced"][0]["input_tokens"] == 1000
    assert document["sources"][0]["state"] == "ok"
    assert document["notes"] == ["a note"]
