"""Two processes at work on one file: each has its own persons, and both know all commits."""

import gc
import mmap
import multiprocessing
import os
import shutil
from collections.abc import Callable, MutableSequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec

from pr_cost_bot.attribution import Call, Engine
from pr_cost_bot.attribution.records import set_clocks
from pr_cost_bot.offline import index
from pr_cost_bot.offline.commits import CommitFile
from pr_cost_bot.offline.helper import AVAILABLE, Helper
from pr_cost_bot.offline.job import Job, MisplacedError, Price, Share, check
from pr_cost_bot.offline.lines import BadFieldError, BadLineError, check_line, explain
from pr_cost_bot.offline.summary import Summary
from pr_cost_bot.progress import Progress

# Below this a second process costs more than it brings.
_WORTH_TWO = 4 << 20
_BUFFER = 1 << 17
_BETWEEN_LOOKS = 0.1  # seconds


Load = Callable[[index.Find], tuple[Engine, CommitFile]]
"""Opens commits and pull requests; each process does so itself, as sharing memory after a fork copies what is touched."""


class _Part(NamedTuple):
    """What one process does."""

    number: int
    of: int
    share: Share
    path: Path


class Crew:
    """Attributes one usage file."""

    def __init__(self, usage: Path, load: Load, price: Price, *, summarize: bool) -> None:
        self._usage = usage
        self._load = load
        self._price = price
        self._summarize = summarize
        self._size = usage.stat().st_size

    def attribute(self, output: Path, scratch: Path, progress: Progress) -> Summary:
        """Write the allocations to `output` and return their totals.

        Raises: BadLineError, OSError. The output is then useless.
        """
        if not self._size:
            _, commits = self._load(index.exact)
            commits.check_others((), 0, 1)
            output.touch()
            return Summary()
        with self._usage.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            files = output, scratch / "second.jsonl"
            try:
                try:
                    return self._all(data, index.quick, files, progress)
                except MisplacedError:
                    return self._all(data, index.exact, files, progress)
            except (MisplacedError, msgspec.DecodeError, UnicodeDecodeError, BadFieldError):
                raise self._first_bad_line() from None

    def _all(self, data: mmap.mmap, find: index.Find, files: tuple[Path, Path], progress: Progress) -> Summary:
        everyone = sorted_persons(index.by_person(find(data), self._size))
        done = multiprocessing.RawArray("q", 2)  # bytes, by process

        def show() -> None:
            progress(min(1.0, sum(done) / self._size))

        if self._size <= _WORTH_TWO or (os.cpu_count() or 1) < 2 or not AVAILABLE:
            return self._part(data, find, _Part(0, 1, everyone, files[0]), everyone, partial(_count, done, 0, show))

        parts = [_Part(which, 2, *half) for which, half in enumerate(zip(_halves(everyone), files, strict=True))]
        helpers = [
            Helper(partial(self._part, data, find, part, everyone, partial(_count, done, part.number, None))) for part in parts
        ]
        try:
            while not all(helper.finished(_BETWEEN_LOOKS) for helper in helpers):
                show()
            summary = Summary()
            for helper in helpers:
                summary.merge(helper.result())
        finally:
            for helper in helpers:
                helper.stop()
        with files[0].open("ab") as file, files[1].open("rb") as rest:
            shutil.copyfileobj(rest, file, _BUFFER)
        return summary

    def _part(self, data: mmap.mmap, find: index.Find, part: _Part, everyone: Share, done: Callable[[int], None]) -> Summary:
        collecting = gc.isenabled()
        gc.disable()  # everything here lives as long as the run; looking for garbage would take a fifth of the time
        try:
            engine, commits = self._load(find)
            job = Job(data, engine, self._price, Summary() if self._summarize else None)
            with part.path.open("wb", _BUFFER) as file:
                job.run(part.share, file, done)
            commits.check_others((person for person, _ in everyone), part.number, part.of)
            return job.summary
        finally:
            if collecting:
                gc.enable()

    def _first_bad_line(self) -> BadLineError:
        """The first line that cannot be used, found by reading all of them again."""
        decoder = msgspec.json.Decoder(Call)
        with self._usage.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    call = check_line(decoder, line, self._usage.name, number)
                    if call is not None:
                        set_clocks([call])
                        check([call])
                except BadLineError as error:
                    return error
                except BadFieldError as error:
                    return BadLineError(f"{self._usage.name}:{number}: {explain(error, line)}")
        return BadLineError(f"{self._usage.name}: changed while it was read")


def sorted_persons(runs: index.Runs) -> Share:
    """Persons in alphabetical order, records of nobody last."""
    return sorted(runs.items(), key=lambda item: (item[0] is None, item[0] or ""))


def _halves(persons: Share) -> tuple[Share, Share]:
    """Persons in order, cut where half of the bytes are."""
    sizes = [sum(ranges[1::2]) - sum(ranges[::2]) for _, ranges in persons]
    half, reached, cut = sum(sizes) / 2, 0, 0
    while cut < len(sizes) and reached + sizes[cut] / 2 <= half:
        reached += sizes[cut]
        cut += 1
    return persons[:cut], persons[cut:]


def _count(done: MutableSequence[int], which: int, then: Callable[[], None] | None, size: int) -> None:
    done[which] += size
    if then is not None:
        then()
