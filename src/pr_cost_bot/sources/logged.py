"""Logs of a cloud as usage: entries of everybody, of which those of the query's people count."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import msgspec

from pr_cost_bot.files import BadRow, Usage
from pr_cost_bot.files.shapes import JsonFormat, read_row
from pr_cost_bot.http import Connection, HttpSession, Kind, SourceError
from pr_cost_bot.model import Problem, SourceResult, UsageQuery, UsageRecord
from pr_cost_bot.ports import Inspection
from pr_cost_bot.sources.events import Finest, strangers
from pr_cost_bot.sources.people import Names
from pr_cost_bot.sources.reading import Tally
from pr_cost_bot.sources.spans import Span

SETTLES_AFTER = timedelta(days=1)  # neither AWS nor Google states any
LAG = timedelta(minutes=15)  # neither AWS nor Google states any


class Entries(msgspec.Struct, frozen=True, kw_only=True):
    """What was read of a log within a span. `bad`: the first entry that cannot be read, and how many there are."""

    usage: tuple[Usage, ...] = ()
    bad: tuple[str, int] = ("", 0)


class Sorted(msgspec.Struct, frozen=True, kw_only=True):
    """Records of the people asked for, by time; how many entries name nobody, and how many name anybody."""

    records: tuple[UsageRecord, ...]
    nameless: int
    named: int


class CloudLog(Finest):
    """A cloud's log of single calls. Subclasses give name and title."""

    settles_after = SETTLES_AFTER

    def answer(self, query: UsageQuery, found: Sorted, tally: Tally, names: Names) -> SourceResult:
        """What was read, as a source's answer."""
        unknown = () if tally.errors else strangers(names, found.records)
        return self.told(found.records, tally, query.now - LAG, unknown)

    def seen(self, looks: Iterable[str | SourceError]) -> Inspection:
        """What was seen where, as `doctor` wants it; the first problem, if there is one."""
        told = tuple(looks)
        problem = next((look.problem for look in told if isinstance(look, SourceError)), None)
        return Inspection(title=self.title, sees=tuple(look for look in told if isinstance(look, str)), problem=problem)


def session_within(connection: Connection) -> HttpSession:
    """For one log among several: it ends a little before the session that waits for all, so that what was read counts."""
    return connection.session(connection.limits.deadline * 0.95)


def read_parts(known: JsonFormat, parts: Iterable[Any], span: Span) -> Entries:
    """Read entries as the format of files reads them."""
    return within((row for number, part in enumerate(parts, 1) for row in read_row(known.usage, part, number)), span)


def within(rows: Iterable[Usage | BadRow], span: Span) -> Entries:
    """Keep what lies in the span."""
    usage: list[Usage] = []
    bad: list[BadRow] = []
    for row in rows:
        if isinstance(row, BadRow):
            bad.append(row)
        elif span.start <= row.record.start < span.end:
            usage.append(row)
    return Entries(usage=tuple(usage), bad=(str(bad[0]) if bad else "", len(bad)))


def sort(entries: Iterable[Entries], names: Names, source: str) -> Sorted:
    """Who is behind the entries. An entry that is there twice (in two logs) counts once, the fuller one."""
    kept: dict[str, UsageRecord] = {}
    nameless: set[str] = set()
    named: set[str] = set()
    for usage in (each for part in entries for each in part.usage):
        record = usage.record
        (named if record.actor or usage.also else nameless).add(record.id)
        actor = names.actor(record.actor, *usage.also)
        held = kept.get(record.id)
        if actor and (held is None or _size(record) > _size(held)):
            kept[record.id] = msgspec.structs.replace(record, source=source, actor=actor)
    records = tuple(sorted(kept.values(), key=lambda record: (record.start, record.id)))
    return Sorted(records=records, nameless=len(nameless - named), named=len(named))


def bad_entries(title: str, entries: Iterable[Entries]) -> SourceError | None:
    """The error for entries that cannot be read, if there are any."""
    bad = [part.bad for part in entries if part.bad[1]]
    if not bad:
        return None
    count = sum(number for _, number in bad)
    called = "1 entry" if count == 1 else f"{count:,} entries"
    problem = Problem(
        f"{title}: {called} of the log cannot be read ({bad[0][0]}).",
        "The log's shape may have changed, or something else writes to the same place.",
        "Update pr-cost-bot; else report a bug.",
    )
    return SourceError(Kind.MALFORMED, problem)


def _size(record: UsageRecord) -> int:
    return record.tokens.input + record.tokens.output
