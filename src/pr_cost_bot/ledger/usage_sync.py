"""Usage from one database to another, part by part: stopped and begun again, it goes on where it was.

What the source says about an hour (or a day, where there is no less) replaces, whole, what the target has of an older time.
What only the target knows stays.
"""

from collections.abc import Iterable, Iterator

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pr_cost_bot.ledger.tables import ACCOUNTS, ITEMS, MEASURES, PLACES, SHARES
from pr_cost_bot.ledger.usage_plan import Key, Share, merge_plan
from pr_cost_bot.ledger.usage_store import Account, Names, carry_out, lock_accounts, numbers_of, shares_on_days

_ENOUGH = 2000
"""Shares in a part, or a few more: days are not cut."""


class NamedShare(msgspec.Struct, frozen=True):
    """A share by names instead of numbers. `amounts`: whether it is attributed, then the measures."""

    item: Names
    place: Names
    day: int
    hour: int
    amounts: tuple[int | None, ...]
    computed_at: int


class UsagePart(msgspec.Struct, frozen=True):
    """What one account used in some days."""

    account: Account
    shares: list[NamedShare]

    def __len__(self) -> int:
        return len(self.shares)


def usage_parts(connection: Connection) -> Iterator[UsagePart]:
    """All usage of a database."""
    names = (ACCOUNTS.c.person, ACCOUNTS.c.source, ACCOUNTS.c.scope)
    accounts = connection.execute(sa.select(ACCOUNTS.c.id, *names).order_by(*names)).all()
    items: dict[int, Names] = {number: tuple(names) for number, *names in connection.execute(sa.select(ITEMS))}
    places: dict[int, Names] = {number: tuple(names) for number, *names in connection.execute(sa.select(PLACES))}
    columns = [SHARES.c[name] for name in ("item_id", "place_id", "day", "hour", "computed_at", "attributed", *MEASURES)]
    for number, person, source, scope in accounts:
        rows = connection.execute(sa.select(*columns).where(SHARES.c.account_id == number).order_by(SHARES.c.day))
        shares = (
            NamedShare(items[item], places[place], day, hour, tuple(amounts), at)
            for item, place, day, hour, at, *amounts in rows
        )
        for part in _by_days(shares):
            yield UsagePart((person, source, scope), part)


def merge(connection: Connection, part: UsagePart) -> int:
    """Carry it into a database. Returns how many rows were made, changed or taken away."""
    account = numbers_of(connection, ACCOUNTS, [part.account])[part.account]
    items = numbers_of(connection, ITEMS, sorted({share.item for share in part.shares}))
    places = numbers_of(connection, PLACES, sorted({share.place for share in part.shares}))
    lock_accounts(connection, [account])
    found = {
        Key(items[one.item], one.day, one.hour, places[one.place]): Share(str(one.item[0]), one.amounts, one.computed_at)
        for one in part.shares
    }
    todo = merge_plan(shares_on_days(connection, account, [], found), found)
    carry_out(connection, account, todo, found)
    return len({*todo.delete, *todo.insert})


def _by_days(shares: Iterable[NamedShare]) -> Iterator[list[NamedShare]]:
    part: list[NamedShare] = []
    for share in shares:
        if len(part) >= _ENOUGH and share.day != part[-1].day:
            yield part
            part = []
        part.append(share)
    if part:
        yield part
