"""`pr-cost-bot report`: the table's answers at a terminal, or as CSV, JSON or Markdown for whatever comes next."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TextIO

import msgspec

from pr_cost_bot.database_option import VARIABLE, add_database_option, named_database
from pr_cost_bot.ledger.database import Database, UrlError, not_there
from pr_cost_bot.list_prices import list_prices
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import PublishError
from pr_cost_bot.reports import concentration_page, explain_page, overview, pages, pull_pages
from pr_cost_bot.reports.asked import Asked
from pr_cost_bot.reports.known import check_names
from pr_cost_bot.reports.scope import LONGEST, Filters, Period, QuestionError, Scope, last_days, pull_request_key, refuse
from pr_cost_bot.reports.sheet import Sheet, render
from pr_cost_bot.reports.teams import TEAM, Teams
from pr_cost_bot.reports.usage_sums import DIMENSIONS
from pr_cost_bot.reports_config import add_privacy_options, privacy_of, read_config
from pr_cost_bot.settings import SettingsError, clock

OK, UNREADABLE, WRONG = 0, 1, 2
_USUAL_DAYS = 30
_DIMENSIONS = (*DIMENSIONS, TEAM)

_PLAIN_QUESTIONS: dict[str, tuple[Callable[[Asked], Sheet], str]] = {
    "overview": (overview.overview, "cost per merged pull request, ticket and commit, and their trend (the default)"),
    "concentration": (concentration_page.concentrations, "how much the top tenth costs, and who makes half"),
    "caching": (pages.caching, "cache-hit rate by model, and what caching saved"),
    "models": (pages.models, "the model mix and its change, week by week"),
    "unmerged": (pages.unmerged, "spend that no merged pull request stands for"),
    "outliers": (pull_pages.extremes, "pull requests at eight times their team's median"),
    "unattributed": (pages.unattributed, "what lies on no pull request, and why"),
    "billed": (pages.billed, "cost against what lands on an invoice"),
    "forecast": (pull_pages.month, "what this month will cost, and how far past forecasts were off"),
    "reconcile": (pull_pages.reconciliation, "where rows, lines, records and usage do not say the same"),
}

_OWN_DAYS = {
    "forecast": "it looks at this month and at those before",
    "reconcile": "it holds whole pull requests against their usage",
    "explain": "it tells all of one pull request",
}


def main(arguments: Sequence[str], environ: Mapping[str, str], stdout: TextIO, stderr: TextIO = sys.stderr) -> int:
    """Answer one question. Returns the exit status."""
    options = _parser().parse_args(_with_default(arguments))
    try:
        now = clock(environ)
        config = read_config(options)
        privacy, teams = privacy_of(options, config.reports, environ), Teams(config.reports.teams)
        scope = Scope(period_of(options, now), _filters(options, teams))
        prices = list_prices(now, config.prices)
        with Database(readable_database_url(options, environ)).for_reading().reading() as connection:
            asked = Asked(
                connection=connection,
                scope=scope,
                privacy=privacy,
                now=now,
                prices=prices,
                teams=teams,
                budget_usd=config.budgets.monthly_usd,
            )
            sheets = _answer(options, asked)
    except (QuestionError, SettingsError, UrlError) as error:
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


def _filters(options: argparse.Namespace, teams: Teams) -> Filters:
    """Raises QuestionError for a team that is not known."""
    given = {name: tuple(getattr(options, f"only_{name}")) for name in Filters.__struct_fields__}
    return Filters(**{**given, "team": teams.named(given["team"])})


def _answer(options: argparse.Namespace, asked: Asked) -> list[Sheet]:
    """Raises QuestionError."""
    sheets = _sheets(options, asked)
    # Questions have refused by now what they must not tell: whether somebody is in the table, too.
    check_names(asked.connection, asked.scope.filters)
    dated = options.days is not None or options.start or options.end
    if why := _OWN_DAYS.get(options.question) if dated else None:
        first = sheets[0]
        sheets[0] = msgspec.structs.replace(first, notes=(*first.notes, f"--days, --from and --to change nothing here: {why}."))
    return sheets


def _sheets(options: argparse.Namespace, asked: Asked) -> list[Sheet]:
    if options.question == "by":
        return [pages.by(asked, *dict.fromkeys(options.dimensions))]
    if options.question == "estimates":
        return [pull_pages.estimates(asked, options.by)]
    if options.question == "explain":
        refuse(asked.scope.filters, "It tells every cent of one pull request")
        return list(explain_page.explanation(asked, *pull_request_key(options.pull_request_name)))
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
    by = questions.add_parser("by", parents=[common], help=f"spend by one or two of: {', '.join(_DIMENSIONS)}")
    by.add_argument("dimensions", nargs="+", choices=_DIMENSIONS, metavar="WHAT")
    estimates = questions.add_parser("estimates", parents=[common], help="AI-Budget estimates against what it came to")
    estimates.add_argument("--by", choices=("repository", "team", "developer", "purpose"), default="repository")
    explain = questions.add_parser("explain", parents=[common], help="every cent of one pull request")
    explain.add_argument("pull_request_name", metavar="OWNER/REPO#N")
    return parser


def who_and_when() -> argparse.ArgumentParser:
    """The options of everything that reads usage: which database, which days, and whether people are named."""
    common = argparse.ArgumentParser(add_help=False)
    add_database_option(common)
    common.add_argument("--days", type=_days, metavar="N", help=f"the last N days, today included ({_USUAL_DAYS})")
    common.add_argument("--from", dest="start", type=_day, metavar="DATE", help="first day, instead of --days")
    common.add_argument("--to", dest="end", type=_day, metavar="DATE", help="last day (today)")
    add_privacy_options(common)
    return common


def _common() -> argparse.ArgumentParser:
    filters = [f"--{name.replace('_', '-')}" for name in Filters.__struct_fields__]
    common = argparse.ArgumentParser(add_help=False, parents=[who_and_when()])
    common.add_argument("--format", choices=("table", "csv", "json", "markdown"), default="table")
    common.add_argument("--limit", type=_rows, metavar="N", help="at most N rows")
    common.add_argument("--min-group", type=_people, metavar="N", help="show groups of fewer people together")
    only = common.add_argument_group("filters", "Each of them several times if need be.")
    for option in filters:
        only.add_argument(option, dest=f"only_{option[2:].replace('-', '_')}", action="append", default=[], metavar="NAME")
    return common


def _people(text: str) -> int:
    return _number(text, 1000, "people")


def _days(text: str) -> int:
    return _number(text, LONGEST, "days")


def _rows(text: str) -> int:
    return _number(text, 10**9, "rows")


def _number(text: str, most: int, noun: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 12 and 1 <= int(text) <= most):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of {noun} from 1 to {most}")
    return int(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date; write it like 2026-11-21") from None


def period_of(options: argparse.Namespace, now: datetime) -> Period:
    """The days that the options name. Raises QuestionError."""
    days = options.days or _USUAL_DAYS
    period = last_days(days, now)
    if options.start or options.end:
        try:
            end = options.end + timedelta(days=1) if options.end else period.end
            period = Period(options.start or end - timedelta(days=days), end)
            _ = period.before
        except OverflowError:
            raise QuestionError(
                Problem("The period reaches beyond all calendars.", "", "Give other dates with --from and --to.")
            ) from None
    if period.days < 1:
        raise QuestionError(Problem("The period has no day.", "", "--from must not be after --to, and --days at least 1."))
    return period


_HOW_TO_NAME = (
    f"Give --database or set {VARIABLE}; 'pr-cost-bot ledger sync FOLDER URL' makes one from a checkout of the data branch."
)


def database_url(options: argparse.Namespace, environ: Mapping[str, str], remedy: str = _HOW_TO_NAME) -> str:
    """From --database or the environment. Raises QuestionError."""
    url = named_database(options, environ)
    if url is None:
        raise QuestionError(Problem("No database is named.", "This needs one.", remedy))
    return url


def readable_database_url(options: argparse.Namespace, environ: Mapping[str, str]) -> str:
    """The same, of a database that is there. Raises QuestionError."""
    url = database_url(options, environ)
    if problem := not_there(url):
        raise QuestionError(problem)
    return url
