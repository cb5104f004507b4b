"""What was told already, in a database."""

from collections.abc import Callable, Collection
from functools import partial
from typing import cast, get_args

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pr_cost_bot.ledger.database import Database
from pr_cost_bot.ledger.dialects import locked, put
from pr_cost_bot.ledger.tables import NOTICES
from pr_cost_bot.ports import NoticeRecord, Notices, NoticeState


class SqlNotices:
    """`ports.NoticeBook` as the table `notices`."""

    def __init__(self, url: str) -> None:
        """Take a SQLAlchemy URL. Raises PublishError when it is none or its driver is missing."""
        self._database = Database(url)

    def read(self, keys: Collection[str]) -> dict[str, NoticeRecord]:
        """The records there are. Raises PublishError."""
        with self._database.reading() as connection:
            return _records(connection, keys)

    def change(self, keys: Collection[str], decide: Callable[[Notices], Notices]) -> dict[str, NoticeRecord]:
        """In one transaction; of two that insert the same key, the second decides anew. Raises PublishError."""
        return self._database.until_nobody_else_does(partial(_change, keys=keys, decide=decide))


def _change(connection: Connection, keys: Collection[str], decide: Callable[[Notices], Notices]) -> dict[str, NoticeRecord]:
    there = _records(connection, keys, lock=True)
    changed = dict(decide(there))
    for key, record in sorted(changed.items()):
        values = {"state": record.state, "at": record.at, "run": record.run, "unsent": "\n".join(record.unsent)}
        if there.get(key) != record:
            put(connection, NOTICES, NOTICES.c.key == key, {"key": key, **values}, there=key in there)
    return changed


def _records(connection: Connection, keys: Collection[str], *, lock: bool = False) -> dict[str, NoticeRecord]:
    """With `lock` until the transaction ends, in one order for everybody, so that no two writers wait for each other."""
    chosen = sa.select(NOTICES).where(NOTICES.c.key.in_(sorted(keys))).order_by(NOTICES.c.key)
    return {
        row.key: NoticeRecord(state=_state(row.state), at=row.at, run=row.run, unsent=tuple(row.unsent.splitlines()))
        for row in connection.execute(locked(connection, chosen) if lock else chosen)
    }


def _state(text: str) -> NoticeState:
    """What another program wrote there counts as told: nothing is sent twice."""
    return cast("NoticeState", text) if text in get_args(NoticeState) else "done"
