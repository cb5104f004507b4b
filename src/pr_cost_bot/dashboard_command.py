"""`pr-cost-bot dashboard`: one folder of static pages from the table."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

import msgspec

from pr_cost_bot.config import Budgets
from pr_cost_bot.dashboard.columns import pull_columns
from pr_cost_bot.dashboard.document import Settings, summary
from pr_cost_bot.dashboard.entries import EntryError
from pr_cost_bot.dashboard.privacy import shown, without_median
from pr_cost_bot.dashboard.reading import Table, read_table
from pr_cost_bot.dashboard.writing import write_site
from pr_cost_bot.database_option import VARIABLE, add_database_option, named_database
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import PublishError
from pr_cost_bot.reports.privacy import Privacy
from pr_cost_bot.reports_config import add_privacy_options, privacy_of, read_config
from pr_cost_bot.settings import SettingsError, clock

OK, NOT_WRITTEN, WRONG = 0, 1, 2


def run(argv: Sequence[str], environ: Mapping[str, str] = os.environ) -> int:
    """Write the dashboard. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="pr-cost-bot dashboard", description="One static folder with the table's figures.")
    parser.add_argument("--output", type=Path, default=Path("dashboard"), metavar="DIR", help="the folder (dashboard)")
    add_table_options(parser)
    options = parser.parse_args(list(argv))
    try:
        now, allowed = clock(environ), privacy(options, environ)
        table = read_table(sources(options, environ), now.date())
        leave_dashboard(options.output, table, allowed, now, budgets(options).monthly_usd)
    except (EntryError, SettingsError) as error:
        sys.stderr.write(f"{error.problem}\n")
        return WRONG
    except PublishError as error:
        sys.stderr.write(f"{error.problem}\n")
        return NOT_WRITTEN
    except OSError as error:
        sys.stderr.write(f"{options.output} cannot be written: {error.strerror}. Give another folder with --output.\n")
        return NOT_WRITTEN
    count = len(table.entries)
    sys.stdout.write(f"{options.output / 'index.html'}: {count:,} pull request{'' if count == 1 else 's'}.\n")
    return OK


def leave_dashboard(folder: Path, table: Table, privacy: Privacy, now: datetime, budget: Decimal | None = None) -> None:
    """Write the folder. Raises OSError."""
    people = privacy.people != "hidden"
    entries = shown(table.entries, privacy)
    few = without_median(table.entries, privacy)
    settings = Settings(now=now, people=people, budget_usd=budget, without_median=few)
    write_site(folder, summary(entries, table.usage, settings), pull_columns(entries, people=privacy.people == "shown"))


def add_table_options(parser: argparse.ArgumentParser) -> None:
    """What the dashboard and the digest are both told."""
    parser.add_argument(
        "--from",
        dest="sources",
        action="append",
        default=[],
        metavar="SOURCE",
        help="a folder with the data branch's pr_costs/*.json, a pr_cost.json, or a SQLAlchemy URL; several times for several",
    )
    add_database_option(parser)
    about = "a calendar month's budget in US dollars (budgets.monthly_usd of the configuration)"
    parser.add_argument("--budget", type=_amount, metavar="USD", help=about)
    add_privacy_options(parser)
    parser.add_argument("--min-group", type=int, metavar="N", help="show repositories of fewer than N people together (1)")


def sources(options: argparse.Namespace, environ: Mapping[str, str]) -> list[str]:
    """Where the table is. Raises EntryError when nothing says so."""
    if options.sources and options.database:
        raise EntryError(
            Problem("--from and --database name two tables.", "", "Give a folder with --from or a database with --database.")
        )
    if not all(source.strip() for source in options.sources):
        raise EntryError(
            Problem(
                "--from is empty.",
                "A variable of the shell may not be set; the folder here is '.'.",
                "Give a folder of the data branch, a pr_cost.json or a database.",
            )
        )
    url = named_database(options, environ)
    named: list[str] = options.sources or ([url] if url else [])
    if not named:
        raise EntryError(
            Problem(
                "No table is named.",
                "Figures need one.",
                f"Give --from a folder of the data branch or a pr_cost.json, or --database, or set {VARIABLE}.",
            )
        )
    return named


def privacy(options: argparse.Namespace, environ: Mapping[str, str]) -> Privacy:
    """Who may be named, by the configuration and the options. Raises SettingsError."""
    return privacy_of(options, read_config(options).reports, environ)


def budgets(options: argparse.Namespace) -> Budgets:
    """The configuration's budgets; --budget goes before its `monthly_usd`. Raises SettingsError."""
    found = read_config(options).budgets
    return found if options.budget is None else msgspec.structs.replace(found, monthly_usd=options.budget)


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text.removeprefix("$").replace(",", ""))
    except InvalidOperation:
        amount = Decimal(0)
    if not amount.is_finite() or amount <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount in US dollars; write it like 2000")
    return amount
