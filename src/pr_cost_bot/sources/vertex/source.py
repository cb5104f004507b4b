"""Google Vertex: one record per call that Google's logs in BigQuery hold, priced from its tokens.

Two logs, either or both. Entries `inference_response` of AI developer tools name the user. Vertex's own request-response log
does not: there a call has a name only where its caller sent one (docs/bedrock-vertex.md), which nobody checks. Google states no
delay. The rows are read as files of them are (`pr_cost_bot.files.google`, `pr_cost_bot.files.vertex`).
"""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from importlib.util import find_spec
from typing import Any

from pr_cost_bot.config import VertexSettings
from pr_cost_bot.files.vertex import VERTEX
from pr_cost_bot.http import Connection, Kind, Limits, SourceError
from pr_cost_bot.model import Problem, SourceResult, UsageQuery
from pr_cost_bot.ports import Inspection, Source
from pr_cost_bot.sources.callers import SPOOFABLE
from pr_cost_bot.sources.logged import CloudLog, Entries, Sorted, bad_entries, read_parts, session_within, sort
from pr_cost_bot.sources.people import Names
from pr_cost_bot.sources.reading import Chunk, Tally
from pr_cost_bot.sources.signed import SignedConnection
from pr_cost_bot.sources.spans import DAY, Span
from pr_cost_bot.sources.unset import Unset
from pr_cost_bot.sources.vertex.bigquery import run
from pr_cost_bot.sources.vertex.google import GUIDE, TITLE, URL, VENDOR, Credentials
from pr_cost_bot.sources.vertex.tables import Table, bodies, entries

NAME = "vertex"


class Vertex(CloudLog):
    """Reads Google's logs of model calls."""

    name = NAME
    title = TITLE

    def __init__(self, connection: Connection, tables: Sequence[tuple[str, Table]], settings: VertexSettings) -> None:
        """`tables`: each with the project that runs its queries."""
        self._connection = connection
        self._tables = tuple(tables)
        self._location = settings.location
        self._most_bytes = settings.max_gib * 2**30

    def fetch(self, query: UsageQuery) -> SourceResult:
        """Read every table's calls of that time, and keep those of these people."""
        names, tally = Names(query.people, self.name), Tally()
        span = Span(query.start, min(query.end, query.now))
        asked = [partial(self._read, project, table, span) for project, table in self._tables] if span.start < span.end else []
        read = tally.rows(self._connection.session().gather(asked))
        if bad := bad_entries(self.title, read):
            tally.fail(bad)
        found = sort(read, names, self.name)
        self._tell(found, tally)
        return self.answer(query, found, tally, names)

    def inspect(self, now: datetime) -> Inspection:
        """Run every query for one row of the last day."""
        looks = self._connection.session().gather([partial(self._look, *each, now) for each in self._tables])
        return self.seen(looks)

    def _read(self, project: str, table: Table, span: Span) -> Chunk[Entries]:
        rows, error = run(session_within(self._connection), project, table.query(span, self._location, self._most_bytes))
        return Chunk([read_parts(table.format, map(_opened, rows), span)], error)

    def _look(self, project: str, table: Table, now: datetime) -> str:
        run(
            session_within(self._connection),
            project,
            table.query(Span(now - DAY, now), self._location, self._most_bytes, limit=1),
        )
        who = "the name that the caller sends" if table.format is VERTEX else "user"
        return f"every logged call with {who}, model and tokens, from {table.name}"

    def _tell(self, found: Sorted, tally: Tally) -> None:
        """Say what names nobody: such calls are in no figure."""
        if found.nameless and not found.named:
            problem = Problem(
                f"{self.title}: none of the {found.nameless:,} calls in the log says who made it, so they are in no figure.",
                "Google's request-response log does not record who called.",
                f"Let callers send a name ({GUIDE}), or read their telemetry (docs/telemetry.md).",
            )
            tally.fail(SourceError(Kind.MALFORMED, problem))
        elif found.nameless:
            calls = "1 call" if found.nameless == 1 else f"{found.nameless:,} calls"
            tally.note(f"{calls} in the log of {self.title} without the name of who made it: in no figure.")
        if any(record.id.startswith("vertex:") for record in found.records):
            tally.note(SPOOFABLE.format(title=self.title))


def make(settings: VertexSettings, limits: Limits | None = None, environ: Mapping[str, str] = os.environ) -> Source:
    """The source for the configured tables; credentials are the job's own."""
    if not _installed():
        return Unset(NAME, TITLE, NOT_INSTALLED)
    tables = [*(bodies(name) for name in _listed(settings.table)), *(entries(name) for name in _listed(settings.log_view))]
    project = settings.project or environ.get("GOOGLE_CLOUD_PROJECT")
    connection = SignedConnection(VENDOR, settings.base_url or URL, Credentials(), limits)
    return Vertex(connection, [(project or table.name.rsplit(".", 2)[0], table) for table in tables], settings)


def _installed() -> bool:
    try:
        return find_spec("google.auth") is not None
    except ModuleNotFoundError:  # nothing of Google's is there
        return False


def _listed(names: str | tuple[str, ...]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names


def _opened(row: str) -> Any:
    """A row's JSON; what is none is an entry that cannot be read."""
    try:
        return json.loads(row, parse_float=Decimal)
    except (ValueError, RecursionError):
        return row


NOT_INSTALLED = Problem(
    "Google Vertex is not read: google-auth, which finds the job's credentials, is not installed.",
    "It is an extra, which the Action's image does not carry.",
    f"Install the program with the extra `google` in a step of the workflow and run `pr-cost-bot action` there ({GUIDE}).",
)
