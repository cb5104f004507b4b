"""`pr-cost-bot ledger` and `pr-cost-bot export`: move the table, bring it up to date, hand it to other programs."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TextIO

import sqlalchemy as sa

from pr_cost_bot.database_option import add_database_option
from pr_cost_bot.exports.charges import charges
from pr_cost_bot.exports.focus import write_focus
from pr_cost_bot.exports.grafana import grafana_dashboard
from pr_cost_bot.exports.parquet import write_parquet
from pr_cost_bot.exports.views import NAMES, view_statements
from pr_cost_bot.ledger.database import Database, not_there
from pr_cost_bot.ledger.folder import FolderLedger
from pr_cost_bot.ledger.migrate import migrate
from pr_cost_bot.ledger.sql import SqlLedger
from pr_cost_bot.ledger.sync import sync, sync_usage
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import PublishError, ReadError, Row
from pr_cost_bot.report_command import OK, UNREADABLE, WRONG, database_url, period_of, readable_database_url, who_and_when
from pr_cost_bot.reports.scope import QuestionError
from pr_cost_bot.reports_config import privacy_of, read_config
from pr_cost_bot.settings import SettingsError, clock

_NO_USAGE = (
    "The database has no usage in these days. One that was filled from the branch never has: "
    "exports need one that the Action or 'pr-cost-bot backfill' writes to.\n"
)


def ledger(arguments: Sequence[str], environ: Mapping[str, str], stdout: TextIO, stderr: TextIO = sys.stderr) -> int:
    """Move rows between branch and databases, or bring the tables to this version. Returns the exit status."""
    options = _ledger_parser().parse_args(arguments)

    def act() -> None:
        if options.action == "migrate":
            before, after = migrate(database_url(options, environ))
            stdout.write(f"The tables have version {after} (before: {before or 'there were none'}).\n")
        else:
            _sync(options, options.target or database_url(options, environ), stdout, stderr)

    return _in_words(act, stderr)


def export(arguments: Sequence[str], environ: Mapping[str, str], stdout: TextIO, stderr: TextIO = sys.stderr) -> int:
    """Write the usage as FOCUS or Parquet, make the views, or write the dashboard over them. Returns the exit status."""
    options = _export_parser().parse_args(arguments)

    def act() -> None:
        if options.what == "grafana":
            with _opened(options.output) as out:
                out.write(grafana_dashboard())
            stderr.write(
                f"{options.output}: import it in Grafana, over a database with the views (pr-cost-bot export views).\n"
            )
            return
        database = Database(readable_database_url(options, environ))
        if options.what == "views":
            with database.writing() as connection:
                _make_views(connection)
            stdout.write(f"The database has the views {', '.join(NAMES)}.\n")
            return
        count = _write(options, environ, clock(environ), database)
        stderr.write(f"{count} rows in {options.output}.\n{'' if count else _NO_USAGE}")

    return _in_words(act, stderr)


def run_ledger(arguments: Sequence[str]) -> int:
    """`ledger` with this process's environment and streams."""
    return ledger(arguments, os.environ, sys.stdout)


def run_export(arguments: Sequence[str]) -> int:
    """`export` with this process's environment and streams."""
    return export(arguments, os.environ, sys.stdout)


def _sync(options: argparse.Namespace, to: str, stdout: TextIO, stderr: TextIO) -> None:
    if options.source == to:
        raise QuestionError(Problem("FROM and TO are the same.", "", "Name two places."))
    if "://" in options.source and (problem := not_there(options.source)):
        raise QuestionError(problem)
    source, target = (_ledger_of(text) for text in (options.source, to))
    read = target.read if isinstance(target, SqlLedger) else _read_nothing
    wanted = {name.casefold() for name in options.repository}
    rows = (row for row in source.rows() if not wanted or str(row["repository"]).casefold() in wanted)
    done = sync(rows, target, read, lambda count: print(f"{count} rows ...", file=stderr))
    stdout.write(f"{done.rows} rows looked at, {done.written} written.\n")
    stdout.write(_sync_usage(source, target, stderr, whole=not wanted) + "\n")


def _sync_usage(source: SqlLedger | FolderLedger, target: SqlLedger | FolderLedger, stderr: TextIO, *, whole: bool) -> str:
    """Between databases, the usage too; else why not."""
    if not isinstance(source, SqlLedger):
        return "Usage: none, for the branch carries none. Reports of these rows rest on the pull requests' lines."
    if not isinstance(target, SqlLedger):
        return "Usage: not carried over, for the branch has no place for it. It stays in the database."
    if not whole:
        return "Usage: not carried over, for people's hours belong to all repositories at once. Leave out --repository for it."
    done = sync_usage(source, target, lambda count: print(f"{count} rows of usage ...", file=stderr))
    return f"Usage: {done.rows} rows looked at, {done.written} changed."


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
    privacy, period = privacy_of(options, read_config(options).reports, environ), period_of(options, now)
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
    moved = actions.add_parser(
        "sync", help="carry rows from a checkout of the data branch into a database, or back; between databases, usage too"
    )
    moved.add_argument("source", metavar="FROM", help="a folder, or a SQLAlchemy URL")
    moved.add_argument("target", nargs="?", metavar="TO", help="a SQLAlchemy URL, or a folder; default: --database")
    add_database_option(moved)
    moved.add_argument("--repository", action="append", default=[], metavar="OWNER/REPO", help="only this one's rows")
    changed = actions.add_parser("migrate", help="bring the tables of an older version to this one")
    add_database_option(changed)
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
    add_database_option(views)
    grafana = kinds.add_parser("grafana", help="a Grafana dashboard over these views in PostgreSQL, to import")
    grafana.add_argument("--output", type=Path, default=Path("grafana.json"), metavar="FILE")
    return parser
