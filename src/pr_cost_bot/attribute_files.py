"""`pr-cost-bot attribute`: attribution alone, offline, on JSON Lines files (docs/attribution.md)."""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

from pr_cost_bot.attribution import RULES, Engine, History, Options
from pr_cost_bot.model import Pull, UsageRecord
from pr_cost_bot.offline.commits import CommitFile
from pr_cost_bot.offline.content import Content, same_file
from pr_cost_bot.offline.crew import Crew
from pr_cost_bot.offline.index import Find
from pr_cost_bot.offline.lines import BadLineError, decode_all
from pr_cost_bot.progress import on_terminal
from pr_cost_bot.settings import SettingsError, parse_time

_OK, _WRONG_INPUT = 0, 2
_STDIO = Path("-")


def run(argv: Sequence[str]) -> int:
    """Attribute files and return the exit status: 0, or 2 for wrong arguments or input (then nothing is written)."""
    parser = _parser()
    try:
        arguments = parser.parse_args(argv)
        wrong = _wrong_files(arguments)
        if wrong:
            parser.error(wrong)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else _WRONG_INPUT
    try:
        with tempfile.TemporaryDirectory(prefix="pr-cost-bot-") as scratch:
            _attribute(arguments, Path(scratch))
    except BadLineError as error:
        sys.stderr.write(f"{error}\n")
        return _WRONG_INPUT
    except BrokenPipeError:
        raise  # whoever reads the output has enough of it: no error of a file
    except OSError as error:
        sys.stderr.write(f"{error.filename or 'pr-cost-bot attribute'}: {error.strerror or error}\n")
        return _WRONG_INPUT
    return _OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pr-cost-bot attribute", description="Put usage on pull requests, from JSON Lines files to a JSON Lines file."
    )
    file: dict[str, Any] = {"type": Path, "metavar": "FILE"}
    parser.add_argument("--usage", required=True, help="usage records; - reads standard input", **file)
    parser.add_argument("--commits", required=True, help="commits of the same people", **file)
    parser.add_argument("--pulls", help="pull requests: when they were opened and closed, and from which branch", **file)
    parser.add_argument("--output", required=True, help="where the allocations go; - writes standard output", **file)
    parser.add_argument(
        "--now",
        type=_moment,
        default=os.environ.get("PR_COST_BOT_NOW", "").strip() or None,
        metavar="TIME",
        help="the clock, in RFC 3339 (default: PR_COST_BOT_NOW); without it nothing is pending",
    )
    parser.add_argument(
        "--lookback-hours", type=_hours, default=48, metavar="N", help="how far usage may be from its commit (48)"
    )
    parser.add_argument(
        "--without", action="append", default=[], choices=[rule.name for rule in RULES], metavar="RULE", help="leave out a rule"
    )
    parser.add_argument("--summary", action="store_true", help="print dollars by evidence, reason and pull request")
    return parser


def _wrong_files(arguments: argparse.Namespace) -> str:
    """What is wrong with the files that the arguments name, taken together; empty if nothing."""
    inputs = [("--usage", arguments.usage), ("--commits", arguments.commits), ("--pulls", arguments.pulls)]
    piped = [option for option, path in inputs if path == _STDIO]
    if len(piped) > 1:
        return f"{' and '.join(piped)} cannot both be standard input: give one of them as a file"
    for option, path in inputs:
        if path not in (None, _STDIO) and arguments.output != _STDIO and same_file(path, arguments.output):
            return f"--output {arguments.output} is the file of {option}, which would be lost: write to another"
    return ""


def _moment(text: str) -> datetime:
    try:
        return parse_time(text, "it")
    except SettingsError:
        raise argparse.ArgumentTypeError(f'expected a time such as 2026-03-02T09:00:00Z, got "{text}"') from None


def _hours(text: str) -> int:
    from pr_cost_bot.config import LONGEST_LOOKBACK  # noqa: PLC0415 - only where the option is given

    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= LONGEST_LOOKBACK):
        raise argparse.ArgumentTypeError(f'expected a whole number of hours from 1 to {LONGEST_LOOKBACK}, got "{text}"')
    return int(text)


def _attribute(arguments: argparse.Namespace, scratch: Path) -> None:
    options = Options(lookback_hours=arguments.lookback_hours, now=arguments.now, switched_off=frozenset(arguments.without))

    # Read once, as a pipe can be; decoded wherever it is needed.
    pulls = _at_rest(arguments.pulls, scratch).read_bytes() if arguments.pulls else b""

    def load(find: Find) -> tuple[Engine, CommitFile]:
        commits = CommitFile(Content(opened.fileno()), _name(arguments.commits), find)
        history = History(commits, decode_all(pulls, _name(arguments.pulls), Pull) if arguments.pulls else [], options)
        return Engine(history, options), commits

    crew = Crew(_at_rest(arguments.usage, scratch), load, _price, summarize=arguments.summary)
    with (
        _at_rest(arguments.commits, scratch).open("rb") as opened,
        _destination(arguments.output, scratch) as output,
        on_terminal(1, "Attributing") as progress,
    ):
        summary = crew.attribute(output, progress)
    if arguments.summary:
        summary.write(sys.stderr if arguments.output == _STDIO else sys.stdout)


def _at_rest(path: Path, scratch: Path) -> Path:
    """A file that can be read at any place: what comes through a pipe is copied, under its name."""
    if path.is_file():
        return path
    copy = scratch / _name(path)
    with sys.stdin.buffer if path == _STDIO else path.open("rb") as source, copy.open("wb") as file:
        shutil.copyfileobj(source, file)
    return copy


def _name(path: Path) -> str:
    """How errors call it."""
    return "standard input" if path == _STDIO else path.name


def _price(records: Sequence[UsageRecord]) -> Sequence[UsageRecord]:
    from pr_cost_bot import pricing  # noqa: PLC0415 - only where something has no cost: the price list takes a while to load

    return pricing.price(records).records


@contextmanager
def _destination(output: Path, scratch: Path) -> Iterator[Path]:
    """A file to write to, which becomes the output when all went well, and only then."""
    if output == _STDIO or (output.exists() and not output.is_file()):  # a device or a pipe is written to, never replaced
        path = scratch / "allocations.jsonl"
        yield path
        sys.stdout.flush()
        with path.open("rb") as file, nullcontext(sys.stdout.buffer) if output == _STDIO else output.open("wb") as target:
            shutil.copyfileobj(file, target)
            target.flush()
        return
    path = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        yield path
        path.replace(output)
    finally:
        path.unlink(missing_ok=True)
