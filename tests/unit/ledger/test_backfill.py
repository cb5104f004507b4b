import pytest

from pr_cost_bot.ledger.backfill import backfill
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import PublishError, ReadError


class Table:
    """What `compute` writes: the numbers that are settled, and what was asked for."""

    def __init__(self, settled=(), broken=(), error=ReadError):
        self.settled = set(settled)
        self.broken = set(broken)
        self.error = error
        self.asked = []

    def compute(self, numbers):
        self.asked.append(list(numbers))
        if self.broken.intersection(numbers):
            raise self.error(Problem("It cannot be read."))
        self.settled.update(numbers)
        return [Problem("Cursor answered 503.")]

    def run(self, numbers, **given):
        seen = []
        return backfill(numbers, lambda: self.settled, self.compute, seen.append, **given), seen


def test_pull_requests_are_computed_in_chunks_and_progress_is_told():
    table = Table()
    last, seen = table.run([9, 8, 7, 6, 5], chunk=2)
    assert table.asked == [[9, 8], [7, 6], [5]]
    assert [one.done for one in seen] == [0, 2, 4, 5]
    assert (last.total, last.failed, last.problems) == (5, (), (Problem("Cursor answered 503."),))


def test_settled_ones_are_skipped_so_that_it_can_be_taken_up_again():
    table = Table(settled=[9, 7])
    last, _ = table.run([9, 8, 7, 6])
    assert table.asked == [[8, 6]]
    assert (last.skipped, last.done) == (2, 4)
    again, _ = table.run([9, 8, 7, 6])
    assert (table.asked, again.skipped) == ([[8, 6]], 4)


@pytest.mark.parametrize("error", [ReadError, PublishError])
def test_a_bad_pull_request_costs_only_itself(error):
    table = Table(broken=[8], error=error)
    last, _ = table.run([9, 8, 7], chunk=3)
    assert (last.failed, last.done) == ((8,), 2)
    assert table.settled == {9, 7}
    assert Problem("It cannot be read.") in last.problems


def test_a_refused_token_is_not_tried_once_more_for_every_pull_request():
    table = Table(broken=[8], error=lambda problem: ReadError(problem, credentials=True))
    last, _ = table.run([9, 8, 7], chunk=3)
    assert last.failed == (9, 8, 7)
    assert table.asked == [[9, 8, 7]]
