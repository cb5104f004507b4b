"""Files of usage as a source: exports, logs and telemetry that the configuration's `sources.files` names.

Every row of them counts for whom it names; rows that cannot be read are counted and told, and never look like $0.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from pr_cost_bot.config import UsageFile
from pr_cost_bot.files import BadRow, Reading, UnrecognisedError, Usage
from pr_cost_bot.files.kept import Kept
from pr_cost_bot.files.shapes import Format
from pr_cost_bot.http import Limits
from pr_cost_bot.model import Grain, Problem, SourceResult, SourceState, SourceStatus, UsageQuery, UsageRecord
from pr_cost_bot.ports import Inspection
from pr_cost_bot.sellers import reporter_of
from pr_cost_bot.sources.events import Finest
from pr_cost_bot.sources.opened import FileError, faults, find, open_path, open_url
from pr_cost_bot.sources.people import Names

TITLE = "Files"
SETTLES_AFTER = timedelta(days=1)  # exports are mostly made by day
WIDEST = timedelta(hours=25)  # a day, and the hour that summer time may add
MOST_RECORDS = 500_000  # in memory at once, of all files; a record takes about 1 KB
_MOST_NOTES = 20


class Opened(msgspec.Struct, frozen=True):
    """A file about to be read: how messages call it, its name, its lines, and the format that was set."""

    called: str
    name: str
    lines: AbstractContextManager[Iterator[str]]
    format: str | None = None
    person: str = ""


class Files(Finest):
    """Reads files of usage."""

    name = "files"
    title = TITLE
    settles_after = SETTLES_AFTER

    def __init__(self, entries: Sequence[UsageFile], root: Path, limits: Limits | None = None) -> None:
        self._entries = tuple(entries)
        self._root = root
        self._limits = limits

    def fetch(self, query: UsageQuery) -> SourceResult:
        """Read every file and keep the usage of these people in this time."""
        pass_ = _Pass(query)
        for opened in self._opened(pass_.problems):
            pass_.read(opened)
        return pass_.result()

    def inspect(self, now: datetime) -> Inspection:
        """Read every file whole: how many rows, how many of them are bad."""
        problems: list[Problem] = []
        sees = []
        for opened in self._opened(problems):
            look = _Look()
            problem = look.read(opened)
            if problem:
                problems.append(problem)
            if look.format:
                until = f", to {look.until:%Y-%m-%d %H:%M} UTC" if look.until else ""
                sees.append(f"{opened.called}: {look.format.title}, {look.rows:,} rows of usage{until}")
        return Inspection(title=self.title, sees=tuple(sees), problem=problems[0] if problems else None)

    def _opened(self, problems: list[Problem]) -> Iterator[Opened]:
        """The files of all entries; what cannot be found is a problem."""
        for entry in self._entries:
            who = entry.person or ""
            if entry.url:
                parts = urlsplit(entry.url)
                called, last = f"The file at {parts.hostname}", parts.path.rpartition("/")[2]
                yield Opened(called, last, open_url(entry.url, called, self._limits), entry.format, who)
                continue
            try:
                paths = find(self._root, entry.path or "")
            except FileError as error:
                problems.append(error.problem)
                continue
            for path in paths:
                called = str(path.relative_to(self._root.resolve()))
                yield Opened(called, path.name, open_path(path, called), entry.format, who)


class _Look:
    """What one file holds."""

    def __init__(self) -> None:
        self.format: Format | None = None
        self.rows = 0
        self.bad = 0
        self.first_bad: BadRow | None = None
        self.until: datetime | None = None

    def read(self, opened: Opened) -> Problem | None:
        """Go through the file; the problem, if there is one."""
        try:
            for _ in self.usage(opened):
                pass
        except (FileError, UnrecognisedError) as error:
            return error.problem
        return self.problem(opened.called)

    def usage(self, opened: Opened) -> Iterator[Usage]:
        """The rows that can be read. Raises FileError and UnrecognisedError."""
        with opened.lines as lines, faults(opened.called):
            reading = Reading(lines, opened.called, opened.format, opened.name)
            self.format = reading.format
            for row in reading:
                if isinstance(row, BadRow):
                    self.bad += 1
                    self.first_bad = self.first_bad or row
                    continue
                self.rows += 1
                self.until = max(self.until or row.record.end, row.record.end)
                yield row

    def problem(self, called: str) -> Problem | None:
        """What the bad rows amount to."""
        if self.first_bad is None:
            return None
        rows = "1 row" if self.bad == 1 else f"{self.bad:,} rows"
        return Problem(
            f"{called}, {self.first_bad}. {rows} of it cannot be read, so a part of its usage is missing.",
            "The file may have been edited, cut off or made by a newer version of the tool.",
            "Correct the row or export the file again; `pr-cost-bot import` lists every bad row.",
        )


class _Pass:
    """One reading of all files for one query."""

    def __init__(self, query: UsageQuery) -> None:
        self.problems: list[Problem] = []
        self._query = query
        self._names: dict[str, Names] = {}
        self._kept = Kept()
        self._known: set[str] = set()  # persons whom any row names
        self._until: datetime | None = None
        self._read = 0  # files
        self._wide = 0  # rows
        self._too_many = 0  # rows beyond what is kept

    def read(self, opened: Opened) -> None:
        look = _Look()
        self._kept.next_file()
        try:
            for usage in look.usage(opened):
                if look.format is not None:
                    self._take(usage, opened.person, look.format)
        except (FileError, UnrecognisedError) as error:
            self.problems.append(error.problem)
        if look.format is None and self.problems:
            return
        self._read += 1
        self._until = max((at for at in (self._until, look.until) if at), default=None)
        if problem := look.problem(opened.called):
            self.problems.append(problem)

    def _take(self, usage: Usage, person: str, known: Format) -> None:
        record = usage.record
        names = self._names.get(record.source)
        if names is None:
            names = self._names[record.source] = Names(self._query.people, record.source)
        actor = names.actor(record.actor, *usage.also) if record.actor or usage.also else names.actor(person)
        if actor is None and not self._speaks_for_itself(usage):
            return
        if actor is not None:
            self._known.add(names.person_of(actor) or "")
        if record.start >= self._query.end or (record.end <= self._query.start and record.start < self._query.start):
            return
        if record.end - record.start > WIDEST:
            self._wide += 1
            return
        if len(self._kept) >= MOST_RECORDS:
            self._too_many += 1
            return
        self._kept.add(msgspec.structs.replace(record, id=_id(record, known), actor=actor or ""), known)

    @staticmethod
    def _speaks_for_itself(usage: Usage) -> bool:
        """Nobody is named, but the work is: a job's own telemetry."""
        record = usage.record
        return not record.actor and bool(record.repository and (record.pr_number or record.branch or record.commit))

    def result(self) -> SourceResult:
        """The answer. Only a pass without any problem is complete."""
        if self._wide:
            self.problems.append(
                Problem(
                    f"{self._wide:,} rows of usage in files cover more than a day, so they are left out.",
                    "Sums over weeks or months cannot be put on single commits.",
                    "Export them by day.",
                )
            )
        if self._too_many:
            self.problems.append(
                Problem(
                    f"Files hold more than {MOST_RECORDS:,} rows of these people's usage in this time; "
                    f"{self._too_many:,} rows are left out.",
                    "More would not fit into a runner's memory.",
                    "Export them by hour or day and model, or a shorter time.",
                )
            )
        records = self._kept.records()
        state = SourceState.PARTIAL if self.problems else SourceState.OK
        if self.problems and not self._read:
            state = SourceState.FAILED
        failed = state is SourceState.FAILED
        status = SourceStatus(
            name=Files.name,
            title=TITLE,
            state=state,
            problem=self.problems[0] if self.problems else None,
            grain=_grain(records),
            fresh_until=min(self._until, self._query.now) if self._until and not failed else None,
            settles_after=SETTLES_AFTER,
            records=len(records),
            unknown_people=() if failed else tuple(w.person for w in self._query.people if w.person not in self._known),
            notes=() if failed else self._notes(),
        )
        return SourceResult(status=status, records=records)

    def _notes(self) -> tuple[str, ...]:
        notes = [problem.what for problem in self.problems[1:]]
        if self._until and self._until < min(self._query.end, self._query.now) - timedelta(days=1):
            notes.append(f"The newest row in the files is of {self._until:%Y-%m-%d %H:%M} UTC; later usage is not in them.")
        return tuple(notes[:_MOST_NOTES])


def _id(record: UsageRecord, known: Format) -> str:
    """The program's own lines may name a source that reports for itself too: whose word it is must show, to count once."""
    says_so = known.name == "usage-jsonl" and reporter_of(record) == record.source
    return f"{known.name}:{record.id}" if says_so else record.id


def _grain(records: Sequence[UsageRecord]) -> Grain | None:
    widths = [record.end - record.start for record in records]
    if not widths:
        return None
    finest = min(widths)
    bounds: tuple[tuple[Grain, timedelta], ...] = (
        ("event", timedelta(0)),
        ("minute", timedelta(minutes=1)),
        ("hour", timedelta(hours=1)),
    )
    return next((grain for grain, width in bounds if finest <= width), "day")


def make(entries: Sequence[UsageFile], environ: Mapping[str, str] = os.environ, limits: Limits | None = None) -> Files:
    """The source for the configured files. Paths are below GITHUB_WORKSPACE, else below the working directory."""
    return Files(entries, Path(environ.get("GITHUB_WORKSPACE") or "."), limits)
