import json
from decimal import Decimal

import pytest
from tests.factories import NOON, line, pull_request, pull_request_cost

from pr_cost_bot.github.site import row_in
from pr_cost_bot.ledger.rows import row_of
from pr_cost_bot.row_file import LINE_FIELDS, ROW_FIELDS, NoRowError, is_older, read_row, row_path, write_row

GOOD = row_of(pull_request_cost(pull=pull_request(number=7), lines=(line(), line(model="b"))), show_people=True)


def changed(**fields):
    return json.dumps({**GOOD, **fields})


def with_line(**fields):
    return changed(lines=[{**GOOD["lines"][0], **fields}])


def test_a_row_comes_back_as_it_was_written():
    assert read_row(write_row(GOOD)) == GOOD
    assert read_row(write_row(GOOD).encode()) == GOOD
    assert row_path(7) == "pr_costs/7.json"


def test_the_fields_are_those_that_rows_are_made_with():
    assert set(ROW_FIELDS) | {"lines"} == set(GOOD)
    assert set(LINE_FIELDS) == set(GOOD["lines"][0])


def test_what_only_some_rows_have_is_kept():
    assert read_row(changed(ci_usage=["x"], unpriced=[]))["ci_usage"] == ["x"]


def test_money_in_a_row_stays_exact_and_can_be_written_again():
    row = read_row(write_row(GOOD).replace(f'"cost_usd": "{GOOD["cost_usd"]}"', '"cost_usd": 0.1000'))
    assert row["cost_usd"] == Decimal("0.1000")
    assert read_row(write_row(row))["cost_usd"] == "0.1000"


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{", "7", "[" * 100_000, "{}", b"\xff"),
        changed(cost_usd="much"),
        changed(cost_usd="NaN"),
        changed(low_usd="Infinity"),
        changed(cost_usd=None),
        changed(computed_at="2026-11-16T11:00:00"),
        changed(opened_at="0001-01-01T00:00:00+14:00"),
        changed(merged_at=7),
        changed(cost_label=7),
        changed(title=None),
        changed(title="\ud800"),
        changed(state="lost"),
        changed(pr_number="7"),
        changed(commits=-1),
        changed(input_tokens=10**30),
        changed(settled="yes"),
        changed(lines={}),
        changed(lines=[7]),
        changed(lines=[{}]),
        with_line(cost_usd="much"),
        with_line(person=None),
        with_line(requests=1.5),
    ],
)
def test_what_is_no_row_is_refused_and_counts_as_none_on_the_branch(text):
    with pytest.raises(NoRowError, match=r"\w"):
        read_row(text)
    if isinstance(text, str):
        assert row_in(text) is None


def test_the_field_that_is_wrong_is_named():
    with pytest.raises(NoRowError, match=r"It lacks lines\."):
        read_row(json.dumps({name: value for name, value in GOOD.items() if name != "lines"}))
    with pytest.raises(NoRowError, match=r"\$\.lines\[0\]\.person"):
        read_row(with_line(person=7))


def test_which_of_two_rows_is_older():
    earlier = {**GOOD, "computed_at": NOON.isoformat()}
    assert is_older(earlier, GOOD)
    assert not is_older(GOOD, earlier)
    assert not is_older(GOOD, GOOD)
    assert row_in(None) is None
