"""Two processes at work on one file: each has its own persons, and both know all commits."""

import gc
import mmap
import multiprocessing
import os
import shutil
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from pr_cost_bot.attribution import Call, Engine
from pr_cost_bot.attribution.records import set_clocks
from pr_cost_bot.offline import index
from pr_cost_bot.offline.job import Job, MisplacedError, Price, Share, check
from pr_cost_bot.offline.lines import BadFieldError, BadLineError, check_line, explain
from pr_cost_bot.offline.summary import Summary

T = TypeVar("T")
Progress = Callable[[float], None]
"""Told how much of the file is done, from 0 to 1."""

# Below this a second process costs more than it brings.
_WORTH_TWO = 4 << 20
_BUFFER = 1 << 22


class Crew:
    """Attributes one usage file."""

    def __init__(self, usage: Path, price: Price, *, summarize: bool) -> None:
        self._usage = usage
        self._price = price
        self._summarize = summarize
        self._size = usage.stat().st_size
        self._pair = self._size > _WORTH_TWO and (os.cpu_count() or 1) > 1 and "fork" in multiprocessing.get_all_start_methods()

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
                runs, engine = self._beginning(data, load)
                return self._all(data, runs, engine, output, scratch, progress)
            finally:
                if collecting:
                    gc.enable()

    def _beginning(self, data: mmap.mmap, load: Callable[[], Engine]) -> tuple[index.Runs, Engine]:
        """Find the persons while commits and pull requests are read."""
        if not self._pair:
            engine = load()
            return index.by_person(index.quick(data, 0, self._size), self._size), engine
        finding = _Helper(lambda: index.quick(data, 0, self._size))
        engine = load()
        return index.by_person(finding.result(), self._size), engine

    def _all(
        self, data: mmap.mmap, runs: index.Runs, engine: Engine, output: Path, scratch: Path, progress: Progress
    ) -> Summary:
        try:
            return self._write(Job(data, engine, self._price, self._summary()), runs, output, scratch, progress)
        except MisplacedError:
            runs = index.by_person(index.exact(data, 0, self._size), self._size)
            try:
                return self._write(Job(data, engine, self._price, self._summary()), runs, output, scratch, progress)
            except MisplacedError:
                raise self._first_bad_line() from None
        except (msgspec.DecodeError, UnicodeDecodeError, BadFieldError):
            raise self._first_bad_line() from None

    def _summary(self) -> Summary | None:
        return Summary() if self._summarize else None

    def _write(self, job: Job, runs: index.Runs, output: Path, scratch: Path, progress: Progress) -> Summary:
        first, second = _halves(runs) if self._pair else (sorted_persons(runs), [])
        count = multiprocessing.RawArray("q", 2)

        def work(which: int, share: Share, path: Path) -> Summary:
            def done(size: int) -> None:
                count[which] += size
                if not which:
                    progress((count[0] + count[1]) / self._size)

            with path.open("wb", _BUFFER) as file:
                job.run(share, file, done)
            return job.summary

        part = scratch / "second.jsonl"
        helper = _Helper(lambda: work(1, second, part)) if second else None
        try:
            summary = work(0, first, output)
        except BaseException:
            if helper is not None:
                helper.stop()
            raise
        if helper is not None:
            summary.merge(helper.result())
            with output.open("ab") as file, part.open("rb") as rest:
                shutil.copyfileobj(rest, file, _BUFFER)
        return summary

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


class _Helper:
    """A forked process that does one thing and sends back what came of it."""

    def __init__(self, work: Callable[[], Any]) -> None:
        context = multiprocessing.get_context("fork")
        self._receiver, sender = context.Pipe(duplex=False)
        self._process = context.Process(target=_report, args=(work, sender), daemon=True)
        self._process.start()
        sender.close()

    def result(self) -> Any:
        """What it returned. Raises: what it raised."""
        try:
            outcome = self._receiver.recv()
        except EOFError:
            raise OSError(None, "a helper process died") from None
        finally:
            self._process.join()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def stop(self) -> None:
        """Give up on it."""
        self._process.terminate()
        self._process.join()


def _report(work: Callable[[], Any], sender: Connection) -> None:
    try:
        sender.send(work())
    except (MisplacedError, msgspec.DecodeError, UnicodeDecodeError, BadFieldError) as error:
        sender.send(MisplacedError() if isinstance(error, MisplacedError) else msgspec.DecodeError(str(error)))
    except OSError as error:
        sender.send(OSError(error.errno, error.strerror, error.filename))
