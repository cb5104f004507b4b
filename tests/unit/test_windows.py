from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.factories import NOON, git_commit, pull_request

from pr_cost_bot.windows import APART, Window, adjoining, window_of

DAY = timedelta(days=1)


def days(first, last):
    return Window(NOON + first * DAY, NOON + last * DAY)


@pytest.mark.parametrize(
    ("windows", "groups"),
    [
        ([], ()),
        ([days(0, 2)], ((0,),)),
        ([days(0, 2), days(1, 3)], ((0, 1),)),
        ([days(0, 2), days(9, 10)], ((0, 1),)),
        ([days(0, 2), days(9.1, 10)], ((1,), (0,))),
        ([days(500, 510), days(0, 600), days(700, 702)], ((2,), (0, 1))),
        ([days(690, 702), days(0, 16), days(680, 681)], ((0,), (2,), (1,))),
    ],
)
def test_windows_far_apart_are_groups_of_their_own_the_newest_first(windows, groups):
    assert adjoining(windows) == groups


pieces = st.tuples(st.integers(0, 900), st.integers(0, 95)).map(lambda piece: days(piece[0], piece[0] + piece[1]))


@given(st.lists(pieces, max_size=12))
def test_every_window_is_in_one_group_and_groups_are_apart(windows):
    groups = adjoining(windows)
    assert sorted(position for group in groups for position in group) == list(range(len(windows)))
    ends = [max(windows[position].end for position in group) for group in groups]
    starts = [min(windows[position].start for position in group) for group in groups]
    assert all(newer - older > APART for newer, older in zip(starts, ends[1:], strict=False))
    for group in groups:
        assert len(adjoining([windows[position] for position in group])) == 1


def test_the_window_of_an_idle_pull_request_ends_two_weeks_after_its_last_commit():
    pull = pull_request(commits=(git_commit(authored_at=NOON + 3 * DAY),))
    assert window_of(pull, 48, NOON + 700 * DAY) == Window(NOON - 2 * DAY, NOON + 17 * DAY)
