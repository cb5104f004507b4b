"""Where the figures come from: folders and files of the data branch's JSON, and databases."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec

from pr_cost_bot.dashboard.entries import Entry, EntryError, convert, decode, newest
from pr_cost_bot.dashboard.series import DayUsage, Usage
from pr_cost_bot.model import ZERO, Problem
from pr_cost_bot.reports.scope import Period

_FIRST_DAY = date(2020, 1, 1)


class Table(msgspec.Struct, frozen=True):
    """Entries by falling cost. `usage` None: no source keeps what lies on no pull request, or on which day it was used."""

    entries: list[Entry]
    usage: Usage | None


def read_table(sources: Sequence[str], today: date, since: date | None = None) -> Table:
    """Read all sources, each a folder, a JSON file or a SQLAlchemy URL; `since`: no older than that, where it is a database.

    Raises EntryError, PublishError.
    """
    entries: list[Entry] = []
    usages: list[Usage] = []
    for source in sources:
        if "://" in source:
            found, usage = _database(source, Period(since or _FIRST_DAY, today + timedelta(days=1)))
            entries += found
            usages += [] if usage is None else [usage]
        else:
            entries += _files(Path(source))
    # With the usage of one source and only the rows of another, spend by day would be of the one alone.
    return Table(newest(entries), usages[0] if len(usages) == len(sources) == 1 else None)


def _files(path: Path) -> Iterator[Entry]:
    try:
        if not path.is_dir():
            yield from decode(path.read_bytes(), str(path))
            return
        found = sorted(_rows_below(path))
        if not found:
            raise EntryError(
                Problem(
                    f"{path} has no rows.",
                    "Rows are files pr_costs/<number>.json.",
                    "Check out the branch pr-cost-data there, or give a pr_cost.json or a database.",
                )
            )
        for file in found:
            yield from decode(file.read_bytes(), str(file))
    except OSError as error:
        raise EntryError(
            Problem(
                f"{path} cannot be read: {error.strerror}.",
                "",
                "Give a folder of the data branch, a pr_cost.json or a database.",
            )
        ) from None


def _rows_below(folder: Path) -> Iterator[Path]:
    """`pr_costs/*.json` here or in a folder of each repository, or the files of such a folder itself."""
    if folder.name == "pr_costs":
        return folder.glob("*.json")
    return folder.glob("**/pr_costs/*.json")


def _database(url: str, days: Period) -> tuple[list[Entry], Usage | None]:
    from pr_cost_bot.ledger.database import Database, UrlError, not_there  # noqa: PLC0415 - see below
    from pr_cost_bot.ledger.sql import SqlLedger  # noqa: PLC0415 - loading SQLAlchemy takes a third of a second

    if problem := not_there(url):
        raise EntryError(problem)
    try:
        Database(url).for_reading()
    except UrlError as error:
        raise EntryError(error.problem) from None
    since = None if days.start == _FIRST_DAY else days.moments[0]
    return [convert(row) for row in SqlLedger(url).rows(since)], _usage(url, days)


def _usage(url: str, days: Period) -> Usage | None:
    from pr_cost_bot.ledger.database import Database  # noqa: PLC0415
    from pr_cost_bot.reports.scope import Scope  # noqa: PLC0415
    from pr_cost_bot.reports.spend import spend  # noqa: PLC0415
    from pr_cost_bot.reports.usage_sums import has_usage  # noqa: PLC0415

    with Database(url).reading() as connection:
        if not has_usage(connection):
            return None
        groups = spend(connection, Scope(days), "day", "reason", only=("cost_usd",))
    costs: dict[date, dict[str, Decimal]] = {}
    for group in groups:
        day, reason = group.key
        costs.setdefault(date.fromisoformat(day), {})[reason] = group.amounts.cost_usd
    return {day: _day_usage(by_reason) for day, by_reason in costs.items()}


def _day_usage(by_reason: Mapping[str, Decimal]) -> DayUsage:
    """What has no reason to lie on no pull request lies on one."""
    return DayUsage(by_reason.get("", ZERO), {reason: cost for reason, cost in by_reason.items() if reason})
