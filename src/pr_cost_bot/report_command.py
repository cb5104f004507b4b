"""`pr-cost-bot report`: the table's answers at a terminal, or as CSV, JSON or Markdown for whatever comes next."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TextIO

import msgspec

from pr_cost_bot.ledger.database import Database
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import PublishError
from pr_cost_bot.reports import overview, pages, pull_pages
from pr_cost_bot.reports.asked import Asked
from pr_cost_bot.reports.caching import TokenPrices
from pr_cost_bot.reports.privacy import Privacy
from pr_cost_bot.reports.scope import Filters, Period, QuestionError, Scope, last_days, pull_request_key
from pr_cost_bot.reports.sheet import Sheet, render
from pr_cost_bot.reports.usage_sums import DIMENSIONS
from pr_cost_bot.settings import SettingsError, clock

OK, UNREADABLE, WRONG = 0, 1, 2
DATABASE_VARIABLE = "PR_COST_BOT_DATABASE_URL"
KEY_VARIABLE = "PR_COST_BOT_PSEUDONYM_KEY"

_PLAIN_QUESTIONS: dict[str, tuple[Callable[[Asked], Sheet], str]] = {
    "overview": (overview.overview, "cost per merged pull request, ticket and commit, and their trend (the default)"),
    "concentration": (pages.concentrations, "how much the top tenth costs, and who makes half"),
    "caching": (pages.caching, "cache-hit rate by model, and what caching saved"),
    "models": (pages.models, "the model mix and its change, week by week"),
    "unmerged": (pages.unmerged, "spend that no merged pull request stands for"),
    "outliers": (pull_pages.extremes, "pull requests at eight times their repository's median"),
    "unattributed": (pages.unattributed, "what lies on no pull request, and why"),
    "billed": (pages.billed, "cost against what lands on an invoice"),
    "forecast": (pull_pages.month, "what this month will cost, and how far past forecasts were off"),
    "reconcile": (pull_pages.reconciliation, "where rows, lines and usage do not say the same"),
}


def main(arguments: Sequence[str], environ: Mapping[str, str], stdout: TextIO, stderr: TextIO = sys.stderr) -> int:
    """Answer one question. Returns the exit status."""
    options = _parser().parse_args(_with_default(arguments))
    try:
        now = clock(environ)
        filters = Filters(**{name: tuple(getattr(options, f"only_{name}")) for name in Filters.__struct_fields__})
        scope = Scope(period_of(options, now), filters)
        privacy = msgspec.structs.replace(privacy_of(options, environ), min_group=options.min_group)
        with Database(database_url(options, environ)).reading() as connection:
            asked = Asked(connection=connection, scope=scope, privacy=privacy, now=now, prices=_prices(now))
            sheets = _answer(options, asked)
    except (QuestionError, SettingsError) as error:
        stderr.write(f"{error.problem}\n")
        return WRONG
    except PublishError as error:
        stderr.write(f"{error.problem}\n")
        return UNREADABLE
    _write(sheets, options, stdout)
    return OK


def run(arguments: Sequence[str]) -> int:
    """The command with this process's environment and streams."""
    return main(arguments, os.environ, sys.stdout)


def _answer(options: argparse.Namespace, asked: Asked) -> list[Sheet]:
    if options.question == "by":
        return [pages.by(asked, *dict.fromkeys(options.dimensions))]
    if options.question == "estimates":
        return [pull_pages.estimates(asked, options.by)]
    if options.question == "explain":
        return list(overview.explanation(asked, *pull_request_key(options.pull_request_name)))
    return [_PLAIN_QUESTIONS[options.question][0](asked)]


def _write(sheets: Sequence[Sheet], options: argparse.Namespace, stdout: TextIO) -> None:
    for number, sheet in enumerate(sheets):
        kept = sheet.rows if options.limit is None else sheet.rows[: options.limit]
        left_out = len(sheet.rows) - len(kept)
        notes = (*sheet.notes, *((f"{left_out} more rows: --limit {len(sheet.rows)} shows them.",) if left_out else ()))
        cut = msgspec.structs.replace(sheet, rows=kept, notes=notes)
        if number:
            stdout.write("\n")
        if options.format == "table" and stdout.isatty() and _write_rich(cut, stdout):
            continue
        stdout.write(render(cut, options.format))


def _write_rich(sheet: Sheet, stdout: TextIO) -> bool:
    """Whether rich is installed and has written it."""
    try:
        from pr_cost_bot.reports.rich_table import write  # noqa: PLC0415 - an extra
    except ImportError:
        return False
    write(sheet, stdout)
    return True


def _with_default(arguments: Sequence[str]) -> list[str]:
    """Without a question, the overview is asked for."""
    named = arguments and (not arguments[0].startswith("-") or arguments[0] in {"-h", "--help"})
    return list(arguments) if named else ["overview", *arguments]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pr-cost-bot report", description="Answers from the table.")
    common = _common()
    questions = parser.add_subparsers(dest="question", required=True, metavar="QUESTION")
    for name, (_, what) in _PLAIN_QUESTIONS.items():
        questions.add_parser(name, parents=[common], help=what)
    by = questions.add_parser("by", parents=[common], help=f"spend by one or two of: {', '.join(DIMENSIONS)}")
    by.add_argument("dimensions", nargs="+", choices=DIMENSIONS, metavar="WHAT")
    estimates = questions.add_parser("estimates", parents=[common], help="AI-Budget estimates against what it came to")
    estimates.add_argument("--by", choices=("repository", "developer", "purpose"), default="repository")
    explain = questions.add_parser("explain", parents=[common], help="every cent of one pull request")
    explain.add_argument("pull_request_name", metavar="OWNER/REPO#N")
    return parser


def who_and_when() -> argparse.ArgumentParser:
    """The options of everything that reads usage: which database, which days, and whether people are named."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--database", metavar="URL", help=f"SQLAlchemy URL; default: ${DATABASE_VARIABLE}")
    common.add_argument("--days", type=int, default=30, metavar="N", help="the last N days, today included (30)")
    common.add_argument("--from", dest="start", type=_day, metavar="DATE", help="first day, instead of --days")
    common.add_argument("--to", dest="end", type=_day, metavar="DATE", help="last day (today)")
    people = common.add_mutually_exclusive_group()
    people.add_argument("--people", action="store_true", help="name people; figures by developer")
    people.add_argument("--pseudonyms", action="store_true", help=f"the same under invented names, made with ${KEY_VARIABLE}")
    return common


def _common() -> argparse.ArgumentParser:
    filters = [f"--{name.replace('_', '-')}" for name in Filters.__struct_fields__]
    common = argparse.ArgumentParser(add_help=False, parents=[who_and_when()])
    common.add_argument("--format", choices=("table", "csv", "json", "markdown"), default="table")
    common.add_argument("--limit", type=int, metavar="N", help="at most N rows")
    common.add_argument("--min-group", type=int, default=1, metavar="N", help="show groups of fewer people together")
    only = common.add_argument_group("filters", "Each of them several times if need be.")
    for option in filters:
        only.add_argument(option, dest=f"only_{option[2:].replace('-', '_')}", action="append", default=[], metavar="NAME")
    return common


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date; write it like 2026-11-21") from None


def period_of(options: argparse.Namespace, now: datetime) -> Period:
    """The days that the options name. Raises QuestionError."""
    period = last_days(options.days, now)
    if options.start or options.end:
        end = options.end + timedelta(days=1) if options.end else period.end
        period = Period(options.start or end - timedelta(days=options.days), end)
    if period.days < 1:
        raise QuestionError(Problem("The period has no day.", "", "--from must not be after --to, and --days at least 1."))
    return period


def privacy_of(options: argparse.Namespace, environ: Mapping[str, str]) -> Privacy:
    """Whether people are named. Raises QuestionError."""
    key = environ.get(KEY_VARIABLE, "").encode()
    if options.pseudonyms and not key:
        raise QuestionError(
            Problem(
                f"--pseudonyms needs a key in {KEY_VARIABLE}.",
                "Without a secret, anybody could try all names and see which fits.",
                "Set it to a long random text, and keep it: another key makes other names.",
            )
        )
    if options.people:
        return Privacy(people="shown")
    return Privacy(people="pseudonyms", key=key) if options.pseudonyms else Privacy()


def database_url(options: argparse.Namespace, environ: Mapping[str, str]) -> str:
    """From --database or the environment. Raises QuestionError."""
    url = options.database or environ.get(DATABASE_VARIABLE, "").strip()
    if not url:
        raise QuestionError(
            Problem(
                "No database is named.",
                "This needs one.",
                f"Give --database or set {DATABASE_VARIABLE}; 'pr-cost-bot ledger sync' makes one from the data branch.",
            )
        )
    return str(url)


def _prices(now: datetime) -> Callable[[str], TokenPrices | None]:
    """Today's list prices: good enough for what caching saved, which no bill shows."""

    def prices(model: str) -> TokenPrices | None:
        from pr_cost_bot.model import Terms  # noqa: PLC0415
        from pr_cost_bot.pricing.quotes import quote  # noqa: PLC0415 - the list takes a third of a second to load

        found = quote(model, "", now, Terms())
        return (
            None if found is None else TokenPrices(found.rates[0].input, found.rates[0].cache_read, found.rates[0].cache_write)
        )

    return prices
