"""`pr-cost-bot dashboard`: one folder of static pages from the table."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal

from pr_cost_bot.dashboard.columns import pull_columns
from pr_cost_bot.dashboard.document import Settings, summary
from pr_cost_bot.dashboard.entries import EntryError
from pr_cost_bot.dashboard.privacy import shown
from pr_cost_bot.dashboard.reading import Table, read_table
from pr_cost_bot.dashboard.writing import write_site
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import PublishError
from pr_cost_bot.reports.privacy import Privacy
from pr_cost_bot.settings import SettingsError, clock

OK, NOT_WRITTEN, WRONG = 0, 1, 2
DATABASE_VARIABLE = "PR_COST_BOT_DATABASE_URL"
KEY_VARIABLE = "PR_COST_BOT_PSEUDONYM_KEY"


def run(argv: Sequence[str], environ: Mapping[str, str] = os.environ) -> int:
    """Write the dashboard. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="pr-cost-bot dashboard", description="One static folder with the table's figures.")
    parser.add_argument("--output", type=Path, default=Path("dashboard"), metavar="DIR", help="the folder (dashboard)")
    add_table_options(parser)
    options = parser.parse_args(list(argv))
    try:
        now, allowed = clock(environ), privacy(options, environ)
        table = read_table(sources(options, environ), now.date())
        leave_dashboard(options.output, table, allowed, now, options.budget)
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
    settings = Settings(now=now, people=people, budget_usd=budget)
    write_site(folder, summary(entries, table.usage, settings), pull_columns(entries, people=privacy.people == "shown"))


def add_table_options(parser: argparse.ArgumentParser) -> None:
    """What the dashboard and the digest are both told."""
    parser.add_argument(
        "--from",
        dest="sources",
        action="append",
        default=[],
        metavar="SOURCE",
        help="a folder with the data branch's pr_costs/*.json, a pr_cost.json, or a SQLAlchemy URL; several times for several "
        f"(default: ${DATABASE_VARIABLE})",
    )
    parser.add_argument("--budget", type=_amount, metavar="USD", help="a calendar month's budget in US dollars")
    people = parser.add_mutually_exclusive_group()
    people.add_argument("--people", action="store_true", help="name people; figures by developer")
    people.add_argument("--pseudonyms", action="store_true", help=f"the same under invented names, made with ${KEY_VARIABLE}")
    parser.add_argument(
        "--min-group", type=int, default=1, metavar="N", help="show repositories of fewer than N people together (1)"
    )


def sources(options: argparse.Namespace, environ: Mapping[str, str]) -> list[str]:
    """Where the table is. Raises EntryError when nothing says so."""
    named: list[str] = options.sources or [url for url in [environ.get(DATABASE_VARIABLE, "").strip()] if url]
    if not named:
        raise EntryError(
            Problem(
                "No table is named.",
                "Figures need one.",
                f"Give --from a folder of the data branch, a pr_cost.json or a database URL, or set {DATABASE_VARIABLE}.",
            )
        )
    return named


def privacy(options: argparse.Namespace, environ: Mapping[str, str]) -> Privacy:
    """Who may be named. Raises EntryError when pseudonyms lack their key."""
    key = environ.get(KEY_VARIABLE, "").encode()
    if options.pseudonyms and not key:
        raise EntryError(
            Problem(
                f"--pseudonyms needs a key in {KEY_VARIABLE}.",
                "Without a secret, anybody could try all names and see which fits.",
                "Set it to a long random text, and keep it: another key makes other names.",
            )
        )
    people: Literal["hidden", "pseudonyms", "shown"] = (
        "shown" if options.people else "pseudonyms" if options.pseudonyms else "hidden"
    )
    return Privacy(people=people, key=key, min_group=options.min_group)


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text.removeprefix("$").replace(",", ""))
    except InvalidOperation:
        amount = Decimal(0)
    if not amount.is_finite() or amount <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount in US dollars; write it like 2000")
    return amount
