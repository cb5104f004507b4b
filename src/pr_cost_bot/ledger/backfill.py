"""The past into the table, a few pull requests at a time, so that it can be stopped and taken up again."""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

import msgspec

from pr_cost_bot.model import Problem
from pr_cost_bot.ports import PublishError, ReadError

CHUNK = 25
"""Pull requests of one chunk: their people's usage is read once for all of them."""


class Chunk(Protocol):
    """Computes these pull requests and writes rows and usage, but no comments. Returns what could not be read."""

    def __call__(self, numbers: Sequence[int], /) -> Sequence[Problem]: ...


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """After every chunk. `done` counts those skipped because they are settled; `failed` will be tried next time."""

    total: int
    skipped: int
    done: int
    failed: tuple[int, ...]
    problems: tuple[Problem, ...]


def backfill(
    numbers: Sequence[int],
    settled: Callable[[], Collection[int]],
    compute: Chunk,
    progress: Callable[[Progress], None],
    *,
    chunk: int = CHUNK,
) -> Progress:
    """Go through `numbers` in their order. What is done is in the table itself: settled rows are skipped, next time too.

    A chunk that cannot be read or written is tried pull request by pull request, so that one bad one costs only itself.
    """
    finished = set(settled())
    due = [number for number in numbers if number not in finished]
    state = Progress(total=len(numbers), skipped=len(numbers) - len(due), done=len(numbers) - len(due), failed=(), problems=())
    progress(state)
    for start in range(0, len(due), chunk):
        some = due[start : start + chunk]
        failed, problems = _attempt(some, compute)
        state = Progress(
            total=state.total,
            skipped=state.skipped,
            done=state.done + len(some) - len(failed),
            failed=(*state.failed, *failed),
            problems=tuple(dict.fromkeys((*state.problems, *problems))),
        )
        progress(state)
    return state


def _attempt(numbers: Sequence[int], compute: Chunk) -> tuple[list[int], list[Problem]]:
    try:
        return [], list(compute(numbers))
    except (PublishError, ReadError) as error:
        if len(numbers) == 1 or (isinstance(error, ReadError) and error.credentials):
            return list(numbers), [error.problem]
    failed: list[int] = []
    problems: list[Problem] = []
    for number in numbers:
        one_failed, one_problems = _attempt([number], compute)
        failed += one_failed
        problems += one_problems
    return failed, problems
