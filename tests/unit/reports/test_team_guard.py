import pytest

from pr_cost_bot.reports.scope import QuestionError
from pr_cost_bot.reports.team_guard import TOGETHER, Guard, by_first, flat, nested, rows_of
from pr_cost_bot.reports.teams import Teams


def people(**sizes):
    return {team: {f"{team}{number}" for number in range(size)} for team, size in sizes.items()}


@pytest.mark.parametrize(
    ("teams", "there", "may"),
    [
        ("a", people(a=3), True),
        ("a", people(a=2), False),
        ("a", people(a=3, b=3), True),
        ("a", people(b=1), True),  # nothing of it there
        ("a", people(a=9, b=2), False),  # what everybody's figure leaves is of two
        ("a", people(a=4, b=2, c=3), True),  # b and c are together
        ("a", people(a=3, b=2, c=4), False),  # a and b are, and a alone would tell on b
        ("ab", people(a=3, b=2, c=4), True),
        ("bc", people(a=9, b=1, c=2), True),
        ("bc", people(a=9, b=1, c=1), False),
        ("b", people(a=9, b=1, c=2), False),
    ],
)
def test_a_team_alone_is_shown_where_neither_it_nor_what_is_left_is_of_few(teams, there, may):
    assert Guard(frozenset(teams), 3).allows(there) is may


@pytest.mark.parametrize(
    ("slices", "hidden"),
    [
        ({"x": people(a=5), "y": people(a=4)}, set()),
        ({"x": people(a=5), "y": people(a=4), "z": people(a=1)}, {"y", "z"}),
        ({"x": people(a=1), "y": {"a": {"other1", "other2"}}, "z": people(a=9)}, {"x", "y"}),
        ({"x": people(a=1), "y": people(a=2)}, {"x", "y"}),
        ({"x": people(a=5, b=1), "y": people(a=5, b=9)}, {"x", "y"}),
        ({"x": people(a=1), "y": people(b=9)}, {"x"}),
    ],
)
def test_rows_of_few_are_together_with_the_next_smallest_until_they_are_enough(slices, hidden):
    assert Guard(frozenset("a"), 3).together(slices) == hidden


def test_each_way_of_folding_keeps_what_its_sheet_needs_of_the_key():
    guard = Guard(frozenset("a"), 3)
    slices = {
        ("x", "m"): people(a=9),
        ("x", "n"): people(a=3),
        ("x", "o"): people(a=1),
        ("y", "m"): people(a=1),
        ("z", "m"): people(a=9),
    }

    def shown(fold):
        return [fold(guard, slices)(key) for key in slices]

    gone = (TOGETHER, "")
    assert shown(flat) == [("x", "m"), gone, gone, gone, ("z", "m")]
    assert shown(by_first) == [(TOGETHER, "m"), (TOGETHER, "n"), (TOGETHER, "o"), (TOGETHER, "m"), ("z", "m")]
    assert shown(nested) == [gone, gone, gone, gone, ("z", "m")]
    del slices["y", "m"]
    assert shown(nested) == [("x", "m"), ("x", TOGETHER), ("x", TOGETHER), ("z", "m")]


def test_what_the_rows_leave_of_the_total_must_not_tell_on_anybody_either():
    guard = Guard(frozenset("a"), 3)
    named = rows_of(lambda key: key[0])
    slices = {("",): people(a=2), ("pending",): people(a=4)}
    with pytest.raises(QuestionError, match="--people"):
        named(guard, slices)
    with pytest.raises(QuestionError, match="--people"):
        named(guard, {("",): people(a=4), ("pending",): people(a=2)})
    shown = named(guard, {("",): people(a=4), ("pending",): people(a=2), ("outside",): {"a": {"one", "two"}}})
    assert [shown((name,)) for name in ("", "pending", "outside")] == [("",), (TOGETHER,), (TOGETHER,)]


def test_members_of_a_team_are_named_in_lower_case_and_each_team_once():
    teams = Teams({"a": ("Ada", "BEN"), "b": ()})
    (ours,) = teams.named(("a", "a"))
    assert (ours.logins, ours.others) == (("ada", "ben"), False)
    (rest,) = teams.named(("(no team)",))
    assert (rest.logins, rest.others) == (("ada", "ben"), True)
    assert Teams().named(()) == ()
