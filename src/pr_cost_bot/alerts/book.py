"""Who sends what, so that everything is sent once: decisions over the records of earlier runs. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from pr_cost_bot.ports import NoticeRecord, Notices

ABANDONED_AFTER = timedelta(hours=1)
"""No run of the Action lasts so long: a claim this old is of one that did not come to its end."""


def claimed(there: Notices, keys: Iterable[str], services: Sequence[str], run: str, now: datetime) -> dict[str, NoticeRecord]:
    """What `run` may tell of `keys`: what nobody has told, and what failed before, to those services that lack it.

    A service that came later gets nothing of before. With no services, telling it in this run is all there is to do.
    """
    found: dict[str, NoticeRecord] = {}
    for key in dict.fromkeys(keys):
        record = there.get(key)
        if record is None:
            found[key] = _claim(services, run, now)
        elif record.state == "failed":
            found[key] = _claim([name for name in services if name in record.unsent], run, now)
        elif record.state == "claimed" and record.run == run:
            found[key] = record  # the answer to an earlier try of this run's was lost on the way
        elif record.state == "claimed" and now - record.at > ABANDONED_AFTER:
            found[key] = NoticeRecord(state="lost", at=record.at, run=record.run)
    return found


def settled(mine: Notices, failed: Mapping[str, Collection[str]], now: datetime) -> dict[str, NoticeRecord]:
    """The claims when everything is sent; `failed`: by key, the services that did not take it."""
    return {
        key: NoticeRecord(
            state="failed" if failed.get(key) else "done",
            at=now,
            run=record.run,
            unsent=tuple(name for name in record.unsent if name in failed.get(key, ())),
        )
        for key, record in mine.items()
    }


def _claim(services: Sequence[str], run: str, now: datetime) -> NoticeRecord:
    return NoticeRecord(state="claimed" if services else "done", at=now, run=run, unsent=tuple(services))
