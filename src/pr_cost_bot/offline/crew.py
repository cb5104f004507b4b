"""Several processes at work on one file, person by person."""

import gc
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO

import msgspec

from pr_cost_bot.attribution import Call, Engine
from pr_cost_bot.attribution.records import set_clocks
from pr_cost_bot.offline import index
from pr_cost_bot.offline.commits import CommitFile
from pr_cost_bot.offline.content import Content
from pr_cost_bot.offline.helper import AVAILABLE, at_once
from pr_cost_bot.offline.in_order import InOrder
from pr_cost_bot.offline.job import Everyone, Job, MisplacedError, Price, Seen, check
from pr_cost_bot.offline.lines import BadFieldError, BadLineError, check_line, explain
from pr_cost_bot.offline.summary import Summary
from pr_cost_bot.progress import Progress

# Below this a second process costs more than it brings.
_WORTH_TWO = 4 << 20
_MOST = 4

Load = Callable[[index.Find], tuple[Engine, CommitFile]]
"""Opens commits and pull requests; each process does so itself, as sharing memory after a fork copies what is touched."""


class Crew:
    """Attributes one usage file."""

    def __init__(self, usage: Path, load: Load, price: Price, *, summarize: bool) -> None:
        self._usage = usage
        self._load = load
        self._price = price
        self._summarize = summarize
        self._size = usage.stat().st_size

    def attribute(self, output: Path, progress: Progress) -> Summary:
        """Write the allocations to `output` and return their totals.

        Raises: BadLineError, OSError. The output is then useless.
        """
        with output.open("wb") as out, self._usage.open("rb") as file:
            if not self._size:
                _, commits = self._load(index.exact)
                commits.check_others((), 0, 1)
                return Summary()
            content = Content(file.fileno())
            try:
                try:
                    return self._all(content, index.quick, out, progress)
                except MisplacedError:
                    out.truncate(0)
                    return self._all(content, index.exact, out, progress)
            except (MisplacedError, msgspec.DecodeError, UnicodeDecodeError, BadFieldError):
                raise self._first_bad_line() from None

    def _all(self, content: Content, find: index.Find, out: BinaryIO, progress: Progress) -> Summary:
        everyone = _sorted(index.by_person(find(content), self._size))
        output = InOrder(out.fileno(), len(everyone))

        def show() -> None:
            progress(output.progress)

        def work(number: int, of: int, after_each: Callable[[], None]) -> Summary:
            engine, commits = self._load(find)
            job = Job(content, engine, self._price, Summary() if self._summarize else None)
            job.run(everyone, output, after_each)
            commits.check_others((person for person, _ in everyone), number, of)
            return job.summary

        processes = self._processes()
        if processes == 1:
            return _without_collecting(partial(work, 0, 1, show))
        summary = Summary()
        tasks = [partial(_without_collecting, partial(work, number, processes, _silent)) for number in range(processes)]
        for part in at_once(tasks, show):
            summary.merge(part)
        return summary

    def _processes(self) -> int:
        return min(os.cpu_count() or 1, _MOST) if self._size > _WORTH_TWO and AVAILABLE else 1

    def _first_bad_line(self) -> BadLineError:
        """The first line that cannot be used, found by reading all of them again."""
        decoder, seen = msgspec.json.Decoder(Call), Seen()
        with self._usage.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    call = check_line(decoder, line, self._usage.name, number)
                    if call is not None:
                        set_clocks([call])
                        check([call])
                        seen.is_new(call)
                except BadLineError as error:
                    return error
                except BadFieldError as error:
                    return BadLineError(f"{self._usage.name}:{number}: {explain(error, line)}")
        return BadLineError(f"{self._usage.name}: changed while it was read")


def _sorted(runs: index.Runs) -> Everyone:
    """Persons in alphabetical order, records of nobody last."""
    return sorted(runs.items(), key=lambda item: (item[0] is None, item[0] or ""))


def _without_collecting(work: Callable[[], Summary]) -> Summary:
    """Everything here lives as long as the run; looking for garbage would take a fifth of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        return work()
    finally:
        if collecting:
            gc.enable()


def _silent() -> None:
    """Another process shows how far all have come."""
