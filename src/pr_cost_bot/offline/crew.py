"""Two processes at work on one file: each has its own persons, and both know all commits."""

import gc
import mmap
import multiprocessing
import os
import shutil
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import msgspec

from pr_cost_bot.attribution import Call, Engine
from pr_cost_bot.attribution.records import set_clocks
from pr_cost_bot.offline import index
from pr_cost_bot.offline.helper import AVAILABLE, Helper
from pr_cost_bot.offline.job import Job, MisplacedError, Price, Share, check
from pr_cost_bot.offline.lines import BadFieldError, BadLineError, check_line, explain
from pr_cost_bot.offline.summary import Summary
from pr_cost_bot.progress import Progress

# Below this a second process costs more than it brings.
_WORTH_TWO = 4 << 20
_BUFFER = 1 << 17


class Files(NamedTuple):
    """Where each process writes."""

    output: Path
    second: Path


class Crew:
    """Attributes one usage file."""

    def __init__(self, usage: Path, price: Price, *, summarize: bool) -> None:
        self._usage = usage
        self._price = price
        self._summarize = summarize
        self._size = usage.stat().st_size
        self._done = multiprocessing.RawArray("q", 2)  # bytes, by process

    def attribute(self, load: Callable[[], Engine], output: Path, scratch: Path, progress: Progress) -> Summary:
        """Write the allocations to `output` and return their totals. `load` reads commits and pull requests.

        Raises: BadLineError, OSError. The output is then useless.
        """
        if not self._size:
            load()
            output.touch()
            return Summary()
        with self._usage.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            collecting = gc.isenabled()
            gc.disable()  # everything here lives as long as the run; looking for garbage would take a fifth of the time
            try:
                return self._all(data, load, Files(output, scratch / "second.jsonl"), progress)
            finally:
                if collecting:
                    gc.enable()

    def _all(self, data: mmap.mmap, load: Callable[[], Engine], files: Files, progress: Progress) -> Summary:
        helper = None
        try:
            # Where lines are must be known before anybody can be given a share; each process looks through a half. Commits
            # are read twice: to share memory with a forked process costs more, as every touch of an object copies its page.
            middle = self._middle(data)
            if middle < self._size:
                helper = Helper(partial(self._beside, data, load, files.second, middle))
            found = index.quick(data, 0, middle)
            if helper is not None:
                found += helper.result()
            engine = load()
            try:
                return self._write(data, engine, index.by_person(found, self._size), files, helper, progress)
            except MisplacedError:
                if helper is not None:
                    helper.stop()
                    helper = Helper(partial(self._serve, data, engine, files.second))
                runs = index.by_person(index.exact(data, 0, self._size), self._size)
                return self._write(data, engine, runs, files, helper, progress)
        except (MisplacedError, msgspec.DecodeError, UnicodeDecodeError, BadFieldError):
            raise self._first_bad_line() from None
        finally:
            if helper is not None:
                helper.stop()

    def _middle(self, data: mmap.mmap) -> int:
        """Where a second process begins to look; the end if one is enough."""
        if self._size <= _WORTH_TWO or (os.cpu_count() or 1) < 2 or not AVAILABLE:
            return self._size
        return data.find(b"\n", self._size // 2) + 1 or self._size

    def _beside(self, data: mmap.mmap, load: Callable[[], Engine], path: Path, middle: int, connection: Connection) -> Summary:
        """What the second process does: find persons, read commits, and attribute the share that it is given."""
        connection.send(index.quick(data, middle, self._size))
        return self._serve(data, load(), path, connection)

    def _serve(self, data: mmap.mmap, engine: Engine, path: Path, connection: Connection) -> Summary:
        share: Share = connection.recv()
        return self._attribute(Job(data, engine, self._price, self._summary()), share, path, partial(self._count, 1))

    def _count(self, which: int, size: int) -> None:
        self._done[which] += size

    def _summary(self) -> Summary | None:
        return Summary() if self._summarize else None

    def _write(
        self, data: mmap.mmap, engine: Engine, runs: index.Runs, files: Files, helper: Helper | None, progress: Progress
    ) -> Summary:
        self._done[:] = [0, 0]
        first, second = _halves(runs) if helper is not None else (sorted_persons(runs), [])
        if helper is not None:
            helper.tell(second)

        def done(size: int) -> None:
            self._count(0, size)
            progress(min(1.0, sum(self._done) / self._size))

        summary = self._attribute(Job(data, engine, self._price, self._summary()), first, files.output, done)
        if helper is not None:
            summary.merge(helper.result())
            with files.output.open("ab") as file, files.second.open("rb") as rest:
                shutil.copyfileobj(rest, file, _BUFFER)
        return summary

    @staticmethod
    def _attribute(job: Job, share: Share, path: Path, done: Callable[[int], None]) -> Summary:
        with path.open("wb", _BUFFER) as file:
            job.run(share, file, done)
        return job.summary

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


def _halves(runs: index.Runs) -> tuple[Share, Share]:
    """Persons in order, cut where half of the bytes are."""
    persons = sorted_persons(runs)
    sizes = [sum(ranges[1::2]) - sum(ranges[::2]) for _, ranges in persons]
    half, reached, cut = sum(sizes) / 2, 0, 0
    while cut < len(sizes) and reached + sizes[cut] / 2 <= half:
        reached += sizes[cut]
        cut += 1
    return persons[:cut], persons[cut:]
