"""What a source said of one person and UTC day whose figures no longer change, as a file each.

`folder/<source>/<hash of the person>/<day>.json`. The hash covers every name under which the source looks for the person, so
that a change of the configuration's `people` is a new person. Nothing of a key is ever in a file.
"""

import hashlib
import os
import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec

from pr_cost_bot.model import Grain, Identity, SourceStatus, UsageRecord
from pr_cost_bot.sources.spans import DAY

VERSION = 1


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One file. `identity`: the hash. `unknown`: the source did not know the person."""

    version: int
    source: str
    identity: str
    day: date
    grain: Grain | None = None
    settles_after: timedelta = timedelta(0)
    unknown: bool = False
    notes: tuple[str, ...] = ()
    records: tuple[UsageRecord, ...] = ()


class DayFiles:
    """The files of one source."""

    def __init__(self, folder: Path, source: str) -> None:
        self._root = folder
        self._source = source

    def read(self, who: Identity, day: datetime) -> Day | None:
        """What is known of the day that begins then; None where there is no file, or none that can be used."""
        path, digest = self._path(who, day)
        try:
            found = msgspec.json.decode(path.read_bytes(), type=Day)
        except (OSError, ValueError, ArithmeticError, RecursionError):
            return None
        wanted = (VERSION, self._source, digest, day.date())
        is_this = (found.version, found.source, found.identity, found.day) == wanted
        return found if is_this and all(is_within(record, day) for record in found.records) else None

    def write(self, who: Identity, day: datetime, status: SourceStatus, records: tuple[UsageRecord, ...]) -> None:
        """Keep a day, whole or not at all. Raises: OSError."""
        path, digest = self._path(who, day)
        kept = Day(
            version=VERSION,
            source=self._source,
            identity=digest,
            day=day.date(),
            grain=status.grain,
            settles_after=status.settles_after,
            unknown=who.person in status.unknown_people,
            notes=status.notes,
            records=records,
        )
        for folder in (self._root, path.parent.parent, path.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode(kept))
            Path(part).replace(path)
        finally:
            Path(part).unlink(missing_ok=True)

    def _path(self, who: Identity, day: datetime) -> tuple[Path, str]:
        names = (who.person, sorted(who.emails), who.login, sorted(who.vendors.get(self._source, ())))
        digest = hashlib.sha256(msgspec.json.encode(names)).hexdigest()[:32]
        return self._root / self._source / digest / f"{day:%Y-%m-%d}.json", digest


def is_within(record: UsageRecord, day: datetime) -> bool:
    """Whether a record lies in the UTC day that begins then, whole."""
    return day <= record.start < day + DAY and record.end <= day + DAY
