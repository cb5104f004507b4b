import json
from datetime import date
from decimal import Decimal

import pytest
from tests.unit.dashboard.rows import entries, line, row

from pr_cost_bot.dashboard.entries import EntryError, convert, decode


def decoded(document):
    return decode(json.dumps(document).encode(), "some.json")


def test_a_file_holds_one_row_or_a_list_of_them():
    assert [one.pr_number for one in decoded(row(1))] == [1]
    assert [one.pr_number for one in decoded([row(1), row(2)])] == [1, 2]


def test_amounts_stay_exact_and_unknown_fields_do_not_matter():
    (one,) = decoded(row(cost="0.123456789012345678", lines=[line("0.123456789012345678", telepathy=1)], tomorrow="yes"))
    assert one.cost_usd == one.lines[0].cost_usd == Decimal("0.123456789012345678")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"cost_usd": "NaN"}, "not a finite number"),
        ({"lines": [line("Infinity")]}, "not a finite number"),
        ({"computed_at": "2026-11-20T12:00:00"}, "no zone"),
        ({"state": "merging"}, "$.state"),
        ({"pr_number": "seven"}, "$.pr_number"),
    ],
)
def test_a_wrong_row_is_named_with_its_field(wrong, told):
    with pytest.raises(EntryError) as caught:
        decoded(row(**wrong))
    assert "some.json" in str(caught.value)
    assert told in str(caught.value)
    with pytest.raises(EntryError, match="acme/web"):
        convert(row(**wrong))


def test_text_that_is_no_json_is_told_so():
    with pytest.raises(EntryError, match=r"notes\.json is no row"):
        decode(b"{half", "notes.json")


def test_a_pull_request_known_twice_counts_once_as_it_was_computed_last():
    old = row(1, "9.99", computed_at="2026-11-20T12:00:00Z")
    new = row(1, "1.00", computed_at="2026-11-20T13:00:00Z")
    assert [one.cost_usd for one in entries(old, new)] == [one.cost_usd for one in entries(new, old)] == [Decimal("1.00")]


def test_a_pull_request_counts_on_the_day_of_its_merge_else_its_close_else_the_last_look_in_utc():
    assert entries(row(merged_at="2026-11-20T23:30:00-02:00"))[0].day == date(2026, 11, 21)
    assert entries(row(state="closed", closed_at="2026-11-18T01:00:00Z"))[0].day == date(2026, 11, 18)
    assert entries(row(state="open", computed_at="2026-11-19T01:00:00Z"))[0].day == date(2026, 11, 19)
