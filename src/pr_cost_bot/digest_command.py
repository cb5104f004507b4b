"""`pr-cost-bot digest`: some days of the table in one message, printed, written or sent."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pr_cost_bot.dashboard.document import model_name
from pr_cost_bot.dashboard.entries import EntryError
from pr_cost_bot.dashboard.privacy import shown, without_median
from pr_cost_bot.dashboard.reading import read_table
from pr_cost_bot.dashboard_command import add_table_options, budgets, privacy, sources
from pr_cost_bot.digest.figures import Question, digest
from pr_cost_bot.digest.forms import FORMS, Message
from pr_cost_bot.digest.message import compose
from pr_cost_bot.digest.reading import read_used
from pr_cost_bot.digest.sending import send
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import PublishError
from pr_cost_bot.reports_config import read_config
from pr_cost_bot.settings import SettingsError, clock

OK, NOT_SENT, WRONG = 0, 1, 2
NOTIFY_VARIABLE = "PR_COST_BOT_NOTIFY_URLS"


def run(argv: Sequence[str], environ: Mapping[str, str] = os.environ) -> int:
    """Print, write or send the digest. Returns the exit status."""
    options = _parser().parse_args(list(argv))
    try:
        urls = _addresses(environ) if options.send else []
        message = _message(options, environ)
    except (EntryError, SettingsError) as error:
        sys.stderr.write(f"{error.problem}\n")
        return WRONG
    except PublishError as error:
        sys.stderr.write(f"{error.problem}\n")
        return NOT_SENT
    if not _leave(message.bodies[options.format], options):
        return NOT_SENT
    problems = send(message, urls) if options.send else []
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    return NOT_SENT if problems else OK


def _message(options: argparse.Namespace, environ: Mapping[str, str]) -> Message:
    now, allowed = clock(environ), privacy(options, environ)
    named = sources(options, environ)
    table = read_table(named, now.date())
    question = Question(
        now=now,
        days=options.days,
        people=allowed.people != "hidden",
        budgets=budgets(options),
        link=options.link or read_config(options).digest.link,
        without_median=without_median(table.entries, allowed),
    )
    used = None if table.usage is None else read_used(named[0], question, allowed)
    return compose(digest(shown(table.entries, allowed), table.usage, question, model_name, used))


def _leave(body: str, options: argparse.Namespace) -> bool:
    if options.output is None:
        sys.stdout.write(body)
        return True
    try:
        options.output.write_text(body, encoding="utf-8")
    except OSError as error:
        sys.stderr.write(f"{options.output} cannot be written: {error.strerror}. Give another file with --output.\n")
        return False
    return True


def _addresses(environ: Mapping[str, str]) -> list[str]:
    """One a line. They hold secrets, so that they are no arguments, which everybody on the machine can see."""
    urls = [line.strip() for line in environ.get(NOTIFY_VARIABLE, "").splitlines() if line.strip()]
    if not urls:
        raise EntryError(
            Problem(
                f"--send needs notification addresses in {NOTIFY_VARIABLE}.",
                "",
                "Set it to Apprise URLs, one a line, such as slack://… or mailto://….",
            )
        )
    return urls


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pr-cost-bot digest", description="The week in one message.")
    add_table_options(parser)
    parser.add_argument("--days", type=_days, default=7, metavar="N", help="the last N days, today included (7)")
    parser.add_argument("--format", choices=FORMS, default="text", help="what is printed or written (text)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write it there instead of printing it")
    parser.add_argument(
        "--link", default="", metavar="URL", help="where the dashboard is, to be linked (digest.link of the configuration)"
    )
    parser.add_argument("--send", action="store_true", help=f"send it to the Apprise URLs in ${NOTIFY_VARIABLE} as well")
    return parser


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 366):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days from 1 to 366")
    return int(text)
