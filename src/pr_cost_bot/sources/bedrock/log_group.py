"""Bedrock's log in a CloudWatch log group, read by FilterLogEvents.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html. Times are milliseconds
since 1970, `endTime` included; a page holds at most 1 MB or 10,000 events, and can be empty while there are more.

Not CloudWatch Insights: it takes single fields out of an entry, as far as it finds them (of long entries it does not find all),
bills for every byte scanned, and gives 10,000 rows at most. FilterLogEvents gives the entry as Bedrock wrote it, for the parser
that files have too.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from pr_cost_bot.files.bedrock import BEDROCK
from pr_cost_bot.hours import HOUR
from pr_cost_bot.http import Connection, HttpSession, Limits, SourceError
from pr_cost_bot.sources.bedrock.aws import LOGS_RATE, VENDOR, Credentials, Signer, domain
from pr_cost_bot.sources.logged import Entries, read_parts, session_within
from pr_cost_bot.sources.reading import Chunk
from pr_cost_bot.sources.signed import SignedConnection
from pr_cost_bot.sources.spans import Span, windows

_PATTERN = '{ $.schemaType = "ModelInvocationLog" }'
_HEADERS = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Logs_20140328.FilterLogEvents"}
_PIECES = 6  # read at once: pages of one question come one after the other
_MOST_PAGES = 2000  # of one piece: 2 GB


class Event(msgspec.Struct, frozen=True):
    """An entry: the log's JSON as text."""

    message: str | None = None


class Events(msgspec.Struct, frozen=True, rename={"next_token": "nextToken"}):
    """A page."""

    events: tuple[Event, ...]
    next_token: str | None = None


class LogGroup:
    """One log group in one region."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self._name = name

    def session(self) -> HttpSession:
        return self._connection.session()

    def read(self, span: Span) -> Sequence[Chunk[Entries] | SourceError]:
        """All entries of calls in the span."""
        session = session_within(self._connection)
        # A call is logged when it has ended, which may be after the span.
        until = span.end + HOUR
        width = max(HOUR, (until - span.start) / _PIECES)
        pieces = windows(Span(span.start, until), width)
        return session.gather([partial(self._pages, session, piece, span) for piece in pieces])

    def look(self, now: datetime) -> str:
        """One entry of the last day. Raises: SourceError."""
        body = {**self._question(Span(now - 24 * HOUR, now)), "limit": 1}
        self._connection.session().post("/", Events, body)
        return f"every logged call with session name, model and tokens, from the log group {self._name}"

    def _question(self, piece: Span) -> dict[str, Any]:
        of_account = "logGroupIdentifier" if self._name.startswith("arn:") else "logGroupName"
        times = {"startTime": _millis(piece.start), "endTime": _millis(piece.end) - 1}
        return {of_account: self._name, "filterPattern": _PATTERN, **times}

    def _pages(self, session: HttpSession, piece: Span, span: Span) -> Chunk[Entries]:
        """All pages of one piece. Raises: SourceError when not even the first came."""
        read: list[Entries] = []
        seen: set[str] = set()
        body = question = self._question(piece)
        while True:
            try:
                page = session.post("/", Events, body)
            except SourceError as error:
                if not read:
                    raise
                return Chunk(read, error)
            read.append(read_parts(BEDROCK, [event.message for event in page.events if event.message], span))
            if not page.next_token:
                return Chunk(read)
            if page.next_token in seen or len(seen) >= _MOST_PAGES:
                return Chunk(read, session.malformed("more pages are announced, but the way to them leads nowhere"))
            seen.add(page.next_token)
            body = {**question, "nextToken": page.next_token}


def open_log_group(
    name: str, region: str, base_url: str | None, credentials: Credentials, limits: Limits | None = None
) -> LogGroup:
    """The log group of that name or ARN in a region. `base_url`: where AWS is, in tests."""
    vendor = msgspec.structs.replace(VENDOR, rates=(LOGS_RATE,))
    address = base_url or f"https://logs.{region}.{domain(region)}"
    return LogGroup(SignedConnection(vendor, address, Signer(credentials, "logs", region), limits, _HEADERS), name)


def _millis(at: datetime) -> int:
    return int(at.timestamp() * 1000)
