"""Usage rows in the database: names to numbers, and the plan carried out under a lock per account."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pr_cost_bot.ledger.dialects import delete_rows, insert_named, locked
from pr_cost_bot.ledger.tables import ACCOUNTS, ITEMS, KEY, MEASURES, PLACES, SHARES, WHOLE_DAY
from pr_cost_bot.ledger.units import to_units
from pr_cost_bot.ledger.usage import Covered, UsageOfRun
from pr_cost_bot.ledger.usage_plan import HOURS, Key, Plan, Share, plan

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AT_ONCE = 200
Account = tuple[str, str, str]
Names = tuple[str | int, ...]


def write_usage(connection: Connection, usage: UsageOfRun) -> None:
    """Carry the run's usage into the database. Safe beside other writers: each account is locked, in one order for all."""
    rows: dict[Account, list[dict[str, Any]]] = defaultdict(list)
    for row in usage.rows:
        rows[row["person"], row["source"], row["scope"]].append(row)
    covers: dict[Account, list[tuple[int, int]]] = defaultdict(list)
    for cover in usage.covered:
        covers[cover.person, cover.source, cover.scope].append(_whole_hours(cover, usage.computed_at))
    wanted = sorted({*rows, *covers})
    accounts = numbers_of(connection, ACCOUNTS, wanted, make=set(rows))
    items = numbers_of(connection, ITEMS, sorted({(row["product"], row["model"]) for row in usage.rows}))
    places = numbers_of(connection, PLACES, sorted({_place(row) for row in usage.rows}))
    lock_accounts(connection, accounts.values())
    at = _seconds(usage.computed_at)
    for account in wanted:
        if account in accounts:
            found = _shares(rows[account], items, places, at)
            there = shares_on_days(connection, accounts[account], covers[account], found)
            carry_out(connection, accounts[account], plan(there, found, covers[account], at), found)


def _whole_hours(cover: Covered, computed_at: datetime) -> tuple[int, int]:
    """The hours that the run saw whole; and the one in which it stands, of which nobody can have seen more."""
    start, end = -(-_seconds(cover.start) // 3600), _seconds(cover.end) // 3600
    return start, -(-_seconds(cover.end) // 3600) if cover.end >= computed_at else end


def _seconds(moment: datetime) -> int:
    return int((moment - _EPOCH).total_seconds())


def _place(row: dict[str, Any]) -> Names:
    return row["repository"] or "", row["pr_number"] or 0, row["evidence"], row["reason"][:128]


def numbers_of(
    connection: Connection, table: sa.Table, names: Sequence[Names], make: Iterable[Names] | None = None
) -> dict[Names, int]:
    """The numbers of these names; those missing are made (only those of `make`, when given)."""
    known = _known(connection, table, names)
    missing = [name for name in names if name not in known and (make is None or name in make)]
    if missing:
        columns = [column.name for column in table.columns][1:]
        insert_named(connection, table, [dict(zip(columns, name, strict=True)) for name in missing])
        known |= _known(connection, table, missing)
    return known


def _known(connection: Connection, table: sa.Table, names: Sequence[Names]) -> dict[Names, int]:
    """By the first name in the database, by the others here: portable, and the tables are small."""
    first, *_ = columns = list(table.columns)[1:]
    wanted, found = set(names), {}
    firsts = sorted({name[0] for name in names}, key=str)
    for start in range(0, len(firsts), _AT_ONCE):
        chosen = sa.select(table.c.id, *columns).where(first.in_(firsts[start : start + _AT_ONCE]))
        for number, *name in connection.execute(chosen):
            if tuple(name) in wanted:
                found[tuple(name)] = int(number)
    return found


def lock_accounts(connection: Connection, accounts: Iterable[int]) -> None:
    """Rows of accounts, in the order of their numbers, so that two writers wait for each other and never both."""
    numbers = sorted(accounts)
    for start in range(0, len(numbers), _AT_ONCE):
        some = numbers[start : start + _AT_ONCE]
        connection.execute(
            locked(connection, sa.select(ACCOUNTS.c.id).where(ACCOUNTS.c.id.in_(some)).order_by(ACCOUNTS.c.id))
        ).all()


def _shares(rows: Iterable[dict[str, Any]], items: dict[Names, int], places: dict[Names, int], at: int) -> dict[Key, Share]:
    shares = {}
    for row in rows:
        start = datetime.fromisoformat(row["bucket_start"])
        key = Key(
            item=items[row["product"], row["model"]],
            day=(start - _EPOCH).days,
            hour=WHOLE_DAY if row["grain"] == "day" else start.hour,
            place=places[_place(row)],
        )
        shares[key] = Share(row["product"], (int(row["pr_number"] is not None), *_amounts(row)), at)
    return shares


def _amounts(row: dict[str, Any]) -> Iterator[int | None]:
    for name in MEASURES:
        if name.endswith("_units"):
            amount = row[name.removesuffix("units") + "usd"]
            yield None if amount is None else to_units(Decimal(amount))
        else:
            yield row[name]


def shares_on_days(
    connection: Connection, account: int, covers: Iterable[tuple[int, int]], found: Iterable[Key]
) -> dict[Key, Share]:
    """The account's shares on all days that are covered or found."""
    hours = [hour for start, end in (*covers, *(key.interval for key in found)) for hour in (start, end - 1)]
    if not hours:
        return {}
    key = [SHARES.c[name] for name in KEY[1:]]
    measures = [SHARES.c[name] for name in ("attributed", *MEASURES)]
    chosen = (
        sa.select(*key, ITEMS.c.product, SHARES.c.computed_at, *measures)
        .join(ITEMS, ITEMS.c.id == SHARES.c.item_id)
        .where(SHARES.c.account_id == account, SHARES.c.day.between(min(hours) // HOURS, max(hours) // HOURS))
    )
    return {
        Key(item, day, hour, place): Share(product, tuple(amounts), at)
        for item, day, hour, place, product, at, *amounts in connection.execute(chosen)
    }


def carry_out(connection: Connection, account: int, todo: Plan, found: dict[Key, Share]) -> None:
    """Delete and insert what the plan says."""

    def named(key: Key) -> dict[str, Any]:
        return dict(zip(KEY, (account, key.item, key.day, key.hour, key.place), strict=True))

    delete_rows(connection, SHARES, [named(key) for key in todo.delete])
    if todo.insert:
        columns = ("attributed", *MEASURES)
        rows = [
            {**named(key), **dict(zip(columns, found[key].amounts, strict=True)), "computed_at": found[key].computed_at}
            for key in todo.insert
        ]
        connection.execute(sa.insert(SHARES), rows)
