from hypothesis import given, settings
from hypothesis import strategies as st

from pr_cost_bot.ledger.usage_plan import HOURS, Key, Share, plan

DAY = 20_000
FIRST = DAY * HOURS


def key(hour, item=1, place=1, day=DAY):
    return Key(item, day, hour, place)


def share(amount=1, at=0, product=""):
    return Share(product, (amount,), at)


def after(there, found, covers, at):
    """The table after the plan."""
    todo = plan(there, found, covers, at)
    kept = {k: s for k, s in there.items() if k not in todo.delete}
    assert not set(kept) & set(todo.insert)
    return kept | {k: Share(found[k].product, found[k].amounts, at) for k in todo.insert}


WHOLE = [(FIRST, FIRST + HOURS)]


def test_a_newer_run_replaces_the_hours_it_covers_and_leaves_the_others():
    there = {key(9): share(), key(10): share(), key(12): share()}
    result = after(there, {key(10, place=2): share(5)}, [(FIRST + 10, FIRST + 12)], 1)
    assert result == {key(9): share(), key(12): share(), key(10, place=2): share(5, 1)}


def test_what_is_gone_from_a_covered_hour_is_deleted():
    assert after({key(10): share()}, {}, WHOLE, 1) == {}


def test_an_older_run_changes_nothing_in_an_hour_that_a_newer_one_has_written():
    there = {key(10, item=1): share(1, at=5), key(10, item=2): share(2, at=5)}
    assert after(there, {key(10, item=1): share(9), key(10, item=3): share(9)}, WHOLE, 4) == there


def test_a_row_that_did_not_change_is_as_new_as_the_others_of_its_hour():
    there = {key(10, item=1): share(1, at=1), key(10, item=2): share(2, at=5)}
    assert after(there, {key(10, item=1): share(9)}, WHOLE, 4) == there


def test_the_same_facts_again_are_not_written():
    there = {key(10): share(1, at=1)}
    todo = plan(there, {key(10): share(1)}, WHOLE, 9)
    assert (todo.delete, todo.insert) == ((), ())


def test_usage_outside_of_what_is_covered_is_added_only_where_nothing_of_the_product_is():
    there = {key(10): share(1), key(11, item=2): share(1, product="other")}
    result = after(there, {key(10, item=3): share(7), key(11, item=3): share(7)}, [], 1)
    assert result == {**there, key(11, item=3): share(7, 1)}


def test_a_days_row_replaces_the_hours_of_its_product():
    there = {key(3): share(), key(10): share(), key(4, item=2): share(product="other"), key(3, day=DAY + 1): share()}
    result = after(there, {key(-1): share(7)}, [(FIRST + 9, FIRST + HOURS)], 1)
    assert result == {key(-1): share(7, 1), key(4, item=2): share(product="other"), key(3, day=DAY + 1): share()}


def test_hours_replace_a_days_row_only_when_the_whole_day_is_covered():
    there = {key(-1): share(7)}
    assert after(there, {key(10): share(1)}, [(FIRST + 9, FIRST + HOURS)], 1) == there
    assert after(there, {key(10): share(1)}, WHOLE, 1) == {key(10): share(1, 1)}


@st.composite
def runs(draw):
    start = draw(st.integers(0, 20))
    hours = range(start, draw(st.integers(start + 1, 24)))
    at = draw(st.integers(1, 9))
    keys = draw(st.lists(st.tuples(st.sampled_from(hours), st.integers(1, 2), st.integers(1, 2)), unique=True))
    return at, hours, {key(hour, item, place): share(at * 100 + n) for n, (hour, item, place) in enumerate(keys)}


@given(st.lists(runs(), max_size=5))
@settings(max_examples=100)
def test_after_any_runs_in_any_order_every_hour_is_what_one_single_run_said(many):
    there = {}
    for at, hours, found in many:
        there = after(there, found, [(FIRST + hours[0], FIRST + hours[-1] + 1)], at)
    said = [{}] + [found for _, _, found in many]
    for hour in range(HOURS):
        now = {k: s.amounts for k, s in there.items() if k.hour == hour}
        assert now in [{k: s.amounts for k, s in found.items() if k.hour == hour} for found in said]
