"""`pr-cost-bot import`: files of usage in any known format to the JSON Lines that `attribute` takes (docs/attribution.md)."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import msgspec

from pr_cost_bot.files import FORMATS, BadRow, Reading, UnrecognisedError
from pr_cost_bot.files.kept import Kept
from pr_cost_bot.files.usage_lines import encode
from pr_cost_bot.model import Problem
from pr_cost_bot.offline.content import same_file
from pr_cost_bot.render.numbers import exact_plural
from pr_cost_bot.runner import harmless_line
from pr_cost_bot.sources.opened import FileError, find, open_path

OK, WRONG_INPUT = 0, 2


class _Totals:
    """What has been read so far."""

    def __init__(self) -> None:
        self.kept = Kept()
        self.bad = 0
        self.problems: list[Problem] = []
        self.output_is_read = False


def run(argv: Sequence[str], stdout: TextIO | None = None, stderr: TextIO | None = None) -> int:
    """Convert the files and return the exit status: 2 when one cannot be read, or a row of it and it is not to be skipped.

    Nothing is written then. Bad rows are told on stderr, every one of them.
    """
    out, err = stdout or sys.stdout, stderr or sys.stderr
    options = _parser().parse_args(list(argv))
    totals = _Totals()
    for given in options.files:
        _read(given, options, totals, err)
    if totals.output_is_read:
        print(f"--output {options.output} is one of the files to be read, which would be lost: write to another.", file=err)
        return WRONG_INPUT
    for problem in totals.problems:
        print(harmless_line(str(problem)), file=err)
    if totals.problems or (totals.bad and not options.skip_bad_rows):
        if totals.bad:
            print("Nothing was written. Correct these rows, or leave them out with --skip-bad-rows.", file=err)
        return WRONG_INPUT
    records = totals.kept.records()
    try:
        with _output(options.output, out) as target:
            target.writelines(f"{encode(record)}\n" for record in records)
    except BrokenPipeError:
        raise  # whoever reads the output has enough of it
    except OSError as error:
        print(f"{options.output} cannot be written: {error.strerror or error}.", file=err)
        return WRONG_INPUT
    skipped = f", {exact_plural(totals.bad, 'bad row')} skipped" if totals.bad else ""
    print(f"{exact_plural(len(records), 'record')}{skipped}.", file=err)
    return OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pr-cost-bot import",
        description="Convert exports, logs and telemetry to the JSON Lines that 'attribute' takes.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="a file or a folder, packed with gzip or not")
    parser.add_argument("--format", choices=sorted(FORMATS), help="of all files; left out: each is recognised")
    parser.add_argument("--person", default="", metavar="NAME", help="whose usage it is where a file names nobody")
    parser.add_argument("--output", metavar="FILE", help="left out: standard output")
    parser.add_argument("--skip-bad-rows", action="store_true", help="leave out rows that cannot be read, and say so")
    return parser


def _read(given: str, options: argparse.Namespace, totals: _Totals, err: TextIO) -> None:
    try:
        path = Path(given)
        # On one's own machine every path may be named; inside a folder links are still not followed.
        folder = path.resolve()
        paths = find(folder.parent, folder.name) if path.is_dir() else [path]
    except FileError as error:
        totals.problems.append(error.problem)
        return
    for path in paths:
        called = given if len(paths) == 1 else str(path)
        totals.kept.next_file()
        totals.output_is_read |= options.output is not None and same_file(path, Path(options.output))
        try:
            with open_path(path, called) as lines:
                _convert(Reading(lines, called, options.format), called, options.person, totals, err)
        except (FileError, UnrecognisedError) as error:
            totals.problems.append(error.problem)


def _convert(reading: Reading, called: str, person: str, totals: _Totals, err: TextIO) -> None:
    for row in reading:
        if isinstance(row, BadRow):
            totals.bad += 1
            print(harmless_line(f"{called}, {row}."), file=err)
        elif reading.format is not None:
            record = row.record if row.record.actor else msgspec.structs.replace(row.record, actor=person)
            totals.kept.add(record, reading.format)


@contextmanager
def _output(path: str | None, out: TextIO) -> Iterator[TextIO]:
    if path is None:
        yield out
        return
    with Path(path).open("w", encoding="utf-8") as target:
        yield target
