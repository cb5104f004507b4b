from datetime import timedelta

import pytest
from tests.factories import NOON, pull_request

from pr_cost_bot.due import due, is_final
from pr_cost_bot.ports import PullRequestFacts

DAY = timedelta(days=1)
MERGED = {"state": "merged", "closed_at": NOON, "merged_at": NOON}
ROW = {"state": "open", "head_sha": "a" * 40, "complete": True, "settled": False}


def is_due(row, after_days, **given):
    fact = PullRequestFacts(pull=pull_request(**given))
    return due([fact], {} if row is None else {7: row}, NOON + after_days * DAY) == (fact,)


def test_an_open_pull_request_is_computed_until_nothing_of_it_can_change_by_itself():
    assert is_due(ROW, 48)
    assert not is_due(ROW, 50)
    assert not is_due(ROW, 700)


@pytest.mark.parametrize(
    "row",
    [None, ROW | {"complete": False}, ROW | {"head_sha": "b" * 40}, ROW | {"state": "closed"}, ROW | {"complete": "true"}],
)
def test_an_idle_one_is_computed_where_its_row_does_not_say_all(row):
    assert is_due(row, 700)


def test_a_push_makes_it_due_again():
    assert is_due(ROW, 700, head_sha="b" * 40)


def test_a_closed_one_is_computed_until_it_is_settled():
    row = ROW | {"state": "merged"}
    assert is_due(row, 700, **MERGED)
    assert is_due(None, 1, **MERGED)
    assert not is_due(row | {"settled": True}, 1, **MERGED)


def test_a_figure_is_final_when_it_settled_on_what_is_there_now():
    row = ROW | {"state": "merged", "settled": True}
    assert is_final(row, pull_request(**MERGED))
    assert not is_final(row, pull_request(**MERGED, head_sha="b" * 40))
    assert not is_final(row, pull_request())
    assert not is_final(None, pull_request())
