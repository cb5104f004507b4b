"""Runs and databases that spoke of an hour at the same time, or at several."""

from tests.unit.ledger.test_usage_plan import WHOLE, after, key, share

from pr_cost_bot.ledger.usage_plan import merge_plan


def test_a_run_of_the_same_time_replaces_what_was_there():
    assert after({key(10): share(1, at=5)}, {key(10): share(2)}, WHOLE, 5) == {key(10): share(2, 5)}


def test_what_another_database_says_of_the_same_time_is_taken_over():
    todo = merge_plan({key(10): share(1, at=5)}, {key(10): share(2, at=5)})
    assert (todo.delete, todo.insert) == ((key(10),), (key(10),))


def test_an_hour_is_as_new_as_its_newest_share():
    newer_first = {key(10, item=1): share(1, at=9), key(10, item=2): share(1, at=1)}
    todo = merge_plan(newer_first, {key(10, item=1): share(7, at=5)})
    assert (todo.delete, todo.insert) == ((), ())
    assert merge_plan({key(10): share(7, at=5)}, newer_first).insert == (key(10, item=1), key(10, item=2))
