"""`pr-cost-bot ledger` and `pr-cost-bot export`: move the table, bring it up to date, hand it to other programs."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TextIO

import sqlalchemy as sa

from pr_cost_bot.exports.charges import charges
from pr_cost_bot.exports.focus import write_focus
from pr_cost_bot.exports.parquet import write_parquet
from pr_cost_bot.exports.views import NAMES, view_statements
from pr_cost_bot.ledger.database import Database
from pr_cost_bot.ledger.folder import FolderLedger
from pr_cost_bot.ledger.migrate import migrate
from pr_cost_bot.ledger.sql import SqlLedger
from pr_cost_bot.ledger.sync import sync
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import PublishError, ReadError, Row
from pr_cost_bot.report_command import OK, UNREADABLE, WRONG, database_url, period_of, privacy_of, who_and_when
from pr_cost_bot.reports.scope import QuestionError
from pr_cost_bot.settings import SettingsError, clock


def ledger(arguments: Sequence[str], environ: Mapping[str, str], stdout: TextIO, stderr: TextIO = sys.stderr) -> int:
    """Move rows between branch and database, or bring the tables to this version. Returns the exit status."""
    options = _ledger_parser().parse_args(arguments)

    def act() -> None:
        if options.action == "migrate":
            before, after = migrate(database_url(options, environ))
            stdout.write(f"The tables have version {after} (before: {before or 'there were none'}).\n")
        else:
            _sync(options, stdout, stderr)

    return _in_words(act, stderr)


def export(arguments: Sequence[str], environ: Mapping[str, str], stdout: TextIO, stderr: TextIO = sys.stderr) -> int:
    """Write the usage as FOCUS or Parquet, or make the views. Returns the exit status."""
    options = _export_parser().parse_args(arguments)

    def act() -> None:
        database = Database(database_url(options, environ))
        if options.what == "views":
            with database.writing() as connection:
                _make_views(connection)
            stdout.write(f"The database has the views {', '.join(NAMES)}.\n")
            return
        count = _write(options, environ, clock(environ), database)
        stderr.write(f"{count} rows in {options.output}.\n")

    return _in_words(act, stderr)


def run_ledger(arguments: Sequence[str]) -> int:
    """`ledger` with this process's environment and streams."""
    return ledger(arguments, os.environ, sys.stdout)


def run_export(arguments: Sequence[str]) -> int:
    """`export` with this process's environment and streams."""
    return export(arguments, os.environ, sys.stdout)


def _sync(options: argparse.Namespace, stdout: TextIO, stderr: TextIO) -> None:
    source, target = (_ledger_of(text) for text in (options.source, options.target))
    read = target.read if isinstance(target, SqlLedger) else _read_nothing
    wanted = {name.casefold() for name in options.repository}
    rows = (row for row in source.rows() if not wanted or str(row["repository"]).casefold() in wanted)
    done = sync(rows, target, read, lambda count: print(f"{count} rows ...", file=stderr))
    stdout.write(f"{done.rows} rows looked at, {done.written} written.\n")


def _ledger_of(text: str) -> SqlLedger | FolderLedger:
    return SqlLedger(text) if "://" in text else FolderLedger(Path(text))


def _read_nothing(_repository: str, _numbers: Sequence[int]) -> dict[int, Row]:
    return {}


def _make_views(connection: sa.Connection) -> None:
    dialect = connection.dialect.name
    if dialect not in {"sqlite", "postgresql"}:
        raise PublishError(
            Problem(
                f"There are no views for {dialect}.",
                "They are written for SQLite and PostgreSQL.",
                "Load the Parquet export there: pr-cost-bot export parquet.",
            )
        )
    for statement in view_statements(dialect):
        connection.exec_driver_sql(statement)


def _write(options: argparse.Namespace, environ: Mapping[str, str], now: datetime, database: Database) -> int:
    privacy, period = privacy_of(options, environ), period_of(options, now)
    with database.reading() as connection:
        found = charges(connection, period, privacy.name)
        if options.what == "parquet":
            return write_parquet(found, options.output)
        with _opened(options.output) as out:
            return write_focus(found, options.account, out)


def _opened(path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise PublishError(Problem(f"{path} could not be written: {error.strerror}.")) from error


def _in_words(act: Callable[[], None], stderr: TextIO) -> int:
    try:
        act()
    except (QuestionError, SettingsError) as error:
        stderr.write(f"{error.problem}\n")
        return WRONG
    except (PublishError, ReadError) as error:
        stderr.write(f"{error.problem}\n")
        return UNREADABLE
    return OK


def _ledger_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pr-cost-bot ledger", description="The table itself.")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    moved = actions.add_parser("sync", help="carry rows from a checkout of the data branch into a database, or back")
    moved.add_argument("source", metavar="FROM", help="a folder, or a SQLAlchemy URL")
    moved.add_argument("target", metavar="TO", help="a SQLAlchemy URL, or a folder")
    moved.add_argument("--repository", action="append", default=[], metavar="OWNER/REPO", help="only this one's rows")
    changed = actions.add_parser("migrate", help="bring the tables of an older version to this one")
    changed.add_argument("--database", metavar="URL")
    return parser


def _export_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pr-cost-bot export", description="The usage for other programs.")
    kinds = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    common = who_and_when()
    focus = kinds.add_parser("focus", parents=[common], help="FOCUS 1.3 CSV with the allocation columns")
    focus.add_argument("--account", default="default", metavar="ID", help="BillingAccountId of the rows")
    focus.add_argument("--output", type=Path, default=Path("focus.csv"), metavar="FILE")
    parquet = kinds.add_parser("parquet", parents=[common], help="Parquet with exact decimals")
    parquet.add_argument("--output", type=Path, default=Path("usage.parquet"), metavar="FILE")
    views = kinds.add_parser("views", help="make views that Metabase and Grafana can open")
    views.add_argument("--database", metavar="URL")
    return parser
