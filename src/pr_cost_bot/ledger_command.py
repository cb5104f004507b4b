"""`pr-cost-bot ledger` and `pr-cost-bot export`: move the table, bring it up to date, hand it to other programs."""

import argparse
import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TextIO

from pr_cost_bot.database_option import VARIABLE, add_database_option
from pr_cost_bot.exports.charges import charges
from pr_cost_bot.exports.focus import write_focus
from pr_cost_bot.exports.grafana import grafana_dashboard
from pr_cost_bot.exports.parquet import write_parquet
from pr_cost_bot.exports.view_writer import write_views
from pr_cost_bot.exports.views import NAMES
from pr_cost_bot.ledger.database import Database, UrlError, not_there
from pr_cost_bot.ledger.folder import FolderLedger
from pr_cost_bot.ledger.migrate import migrate
from pr_cost_bot.ledger.sql import SqlLedger
from pr_cost_bot.ledger.sync import in_a_database, sync, sync_parts
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import PublishError, ReadError
from pr_cost_bot.report_command import OK, UNREADABLE, WRONG, database_url, period_of, readable_database_url, who_and_when
from pr_cost_bot.reports.scope import QuestionError
from pr_cost_bot.reports_config import privacy_of, read_config
from pr_cost_bot.settings import SettingsError, clock

_NO_USAGE = (
    "The database has no usage in these days. One that was filled from the branch never has: "
    "exports need one that the Action or 'pr-cost-bot backfill' writes to.\n"
)


_NAME_ONE = f"Give --database or set {VARIABLE}, such as sqlite:///costs.db."
_NAME_TARGET = f"Name TO, a SQLAlchemy URL such as sqlite:///costs.db or a folder; or give --database, or set {VARIABLE}."


def ledger(arguments: Sequence[str], environ: Mapping[str, str], stdout: TextIO, stderr: TextIO = sys.stderr) -> int:
    """Move rows between branch and databases, or bring the tables to this version. Returns the exit status."""
    options = _ledger_parser().parse_args(arguments)

    def act() -> None:
        if options.action == "migrate":
            before, after = migrate(database_url(options, environ, _NAME_ONE))
            stdout.write(f"The tables have version {after} (before: {before or 'there were none'}).\n")
        else:
            _sync(options, options.target or database_url(options, environ, _NAME_TARGET), stdout, stderr)

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
                left = write_views(connection)
            stdout.write(f"The database has the views {', '.join(NAMES)}.\n")
            stderr.writelines(f"{name} is no view here and was left as it is.\n" for name in left)
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
    source, target = _source(options.source), _ledger_of(to)
    both_keep = in_a_database if isinstance(source, SqlLedger) or isinstance(target, SqlLedger) else dict
    wanted = {name.casefold() for name in options.repository}
    rows = (row for row in source.rows() if not wanted or str(row["repository"]).casefold() in wanted)
    done = sync(rows, target, both_keep, lambda count: print(f"{count} rows ...", file=stderr))
    stdout.write(f"{done.rows} rows looked at, {done.written} written.\n")
    stdout.writelines(f"{line}\n" for line in _sync_behind(source, target, stderr, wanted))


def _sync_behind(
    source: SqlLedger | FolderLedger, target: SqlLedger | FolderLedger, stderr: TextIO, wanted: Collection[str]
) -> Iterator[str]:
    """Between databases, the vendors' records and the usage too; else why not."""
    if not isinstance(source, SqlLedger):
        yield "Usage: none, for the branch carries none. Reports of these rows rest on the pull requests' lines."
        return
    if not isinstance(target, SqlLedger):
        yield "Usage: not carried over, for the branch has no place for it. It stays in the database."
        return
    kept = (one for one in source.records() if not wanted or one.repository.casefold() in wanted)
    done = sync_parts(kept, target.write_records, lambda count: print(f"{count} records of vendors ...", file=stderr))
    yield f"Vendors' records: {done.rows} looked at, {done.written} changed."
    if wanted:
        yield "Usage: not carried over, for people's hours belong to all repositories at once. Leave out --repository for it."
        return
    done = sync_parts(source.usage(), target.merge_usage, lambda count: print(f"{count} rows of usage ...", file=stderr))
    yield f"Usage: {done.rows} rows looked at, {done.written} changed."


def _source(text: str) -> SqlLedger | FolderLedger:
    """What is there already. Raises QuestionError when it is not."""
    ledger = _ledger_of(text)
    problem = ledger.not_there() if isinstance(ledger, FolderLedger) else not_there(text)
    if problem:
        raise QuestionError(problem)
    if isinstance(ledger, SqlLedger):
        Database(text).for_reading()
    return ledger


def _ledger_of(text: str) -> SqlLedger | FolderLedger:
    return SqlLedger(text) if "://" in text else FolderLedger(Path(text))


def _write(options: argparse.Namespace, environ: Mapping[str, str], now: datetime, database: Database) -> int:
    privacy, period = privacy_of(options, read_config(options).reports, environ), period_of(options, now)
    with database.for_reading().reading() as connection:
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
    except (QuestionError, SettingsError, UrlError) as error:
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
