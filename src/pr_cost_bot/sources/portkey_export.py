"""Portkey's log export: create, start, wait, and fetch the file from where it lies.

Source: https://portkey.ai/docs/api-reference/admin-api/data-plane/logs/log-exports-beta. An export holds at most 50,000
requests.
"""

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from pr_cost_bot.http import Connection, HttpSession, Kind
from pr_cost_bot.http_errors import vendor_error
from pr_cost_bot.sources.callers import iso, parse_iso
from pr_cost_bot.sources.portkey_shapes import Created, Download, Export, Row, Rows, amount
from pr_cost_bot.sources.reading import Chunk
from pr_cost_bot.sources.spans import Span

T = TypeVar("T")

_EXPORTS = "/v1/logs/exports"
_MOST = 50_000
_FIELDS = ["id", "created_at", "ai_org", "ai_model", "req_units", "res_units", "cost", "cost_currency", "metadata"]
_FIRST_WAIT, _LONGEST_WAIT = 0.25, 4.0  # seconds between two looks


class _LinesSession(HttpSession):
    """Decodes JSON Lines: the shape has a field `rows`."""

    def _decode(self, body: bytes, shape: type[T]) -> T:
        lines = [line for line in body.splitlines() if line.strip()]
        return super()._decode(b'{"rows":[' + b",".join(lines) + b"]}", shape)


def read(
    connection: Connection, session: HttpSession, storage: Callable[[str], Connection], user: str, span: Span
) -> Chunk[Row]:
    """One caller's requests. Raises: SourceError when there is nothing to read from."""
    created = session.create(_EXPORTS, Created, _request(user, span))
    if created.total == 0:
        return Chunk()
    path = f"{_EXPORTS}/{quote(created.id, safe='')}"
    session.create(f"{path}/start", dict[str, Any], {})
    _wait(connection, session, path)
    download = session.get(f"{path}/download", Download)
    rows = _file(session, storage, download.signed_url)
    try:
        for row in rows:
            parse_iso(row.created_at)
            amount(row)
    except ValueError as error:
        raise session.malformed(str(error)) from None
    total = created.total or 0
    if total > _MOST:
        text = f"holds {total} requests of one person in this period, more than the {_MOST} that an export can have"
        return Chunk(rows, vendor_error(connection.vendor, Kind.REJECTED, text))
    return Chunk(rows)


def _request(user: str, span: Span) -> dict[str, Any]:
    filters = {
        "time_of_generation_min": iso(span.start),
        "time_of_generation_max": iso(span.end),
        "metadata": {"_user": user},
        "page_size": _MOST,
        "current_page": 0,
    }
    return {"filters": filters, "requested_data": _FIELDS}


def _wait(connection: Connection, session: HttpSession, path: str) -> None:
    """Until the file is there. Raises: SourceError when it will not be, or not in time."""
    pause = _FIRST_WAIT
    while True:
        status = session.get(path, Export).status
        if status == "success":
            return
        if status in {"failed", "stopped"}:
            raise vendor_error(connection.vendor, Kind.SERVER, "could not finish the export of its log")
        if pause >= session.remaining():
            raise vendor_error(connection.vendor, Kind.TIMEOUT, "did not finish the export of its log in time")
        connection.sleep(pause)
        pause = min(pause * 2, _LONGEST_WAIT)


def _file(session: HttpSession, storage: Callable[[str], Connection], address: str) -> tuple[Row, ...]:
    """The lines of the file. It lies on another server, which must never see the key."""
    try:
        parts = urlsplit(address)
        loopback = parts.hostname in {"127.0.0.1", "localhost", "::1"}
        valid = bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and loopback))
    except ValueError:
        valid = False
    if not valid:
        raise session.malformed("the address of the export is not one of the web")
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = _LinesSession(storage(f"{parts.scheme}://{parts.netloc}"), session.remaining())
    return lines.get(path, Rows).rows
