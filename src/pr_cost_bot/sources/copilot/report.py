"""The enterprise's usage report: everybody's lines of up to 31 days in one CSV file, made on request.

Sources: https://docs.github.com/en/enterprise-cloud@latest/rest/billing/usage-reports; the columns are those of real exports
(`date,username,product,sku,model,quantity,unit_type,…,gross_amount,discount_amount,net_amount,…`). A row of the older kind has
requests for quantity and its credits in `aic_*`, a newer one the other way round: both have their dollars in `gross_amount`.
"""

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from functools import partial
from urllib.parse import quote, urlsplit

import msgspec

from pr_cost_bot.http import Connection, HttpSession, Kind, SourceError
from pr_cost_bot.model import Problem, Tokens
from pr_cost_bot.sources.copilot.usage import CREDITS_SINCE, Line, product_of
from pr_cost_bot.sources.reading import Chunk, Tally, as_dollars

LONGEST = 31  # days in one report
_POLL_SECONDS = 3.0
_MOST_POLLS = 10
_NEEDED = ("date", "username", "gross_amount")
_TOKENS = ("input", "cache_read", "cache_write", "output")


class Report(msgspec.Struct, frozen=True):
    """A report that was asked for. `status`: processing, completed, failed."""

    id: str
    status: str | None = None
    download_urls: tuple[str, ...] | None = None


class Desk(msgspec.Struct, frozen=True):
    """Where reports are ordered. `connect` makes a connection without credentials, for the signed addresses of the files.

    `reserve`: seconds of the session that are not waited away.
    """

    session: HttpSession
    account: str
    sleep: Callable[[float], None]
    connect: Callable[[str], Connection]
    reserve: float


def read(desk: Desk, days: Sequence[date]) -> list[Line]:
    """Everybody's lines of these days. Raises: SourceError when any of them is not to be had in time."""
    tally = Tally()
    lines = tally.rows(desk.session.gather([partial(_read, desk, first, last) for first, last in periods(days)]))
    if tally.errors:
        raise tally.errors[0]
    wanted = frozenset(days)
    return [line for line in lines if line.day in wanted]


def periods(days: Sequence[date]) -> list[tuple[date, date]]:
    """First and last days of the reports that hold these days: at most 31 days each, none across the change to credits."""
    found: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        first = found[-1][0] if found else day
        if found and day - first < timedelta(days=LONGEST) and (first < CREDITS_SINCE) == (day < CREDITS_SINCE):
            found[-1] = (first, day)
        else:
            found.append((day, day))
    return found


def _read(desk: Desk, first: date, last: date) -> Chunk[Line]:
    path = f"{desk.account}/settings/billing/reports"
    kind = "ai_credit" if first >= CREDITS_SINCE else "premium_request"
    body = {"report_type": kind, "start_date": str(first), "end_date": str(last), "send_email": False}
    report = desk.session.create(path, Report, body)
    for _ in range(_MOST_POLLS):
        if report.status == "completed":
            return Chunk(line for url in report.download_urls or () for line in _file(desk, url))
        if report.status == "failed" or desk.session.remaining() < desk.reserve + _POLL_SECONDS:
            break
        desk.sleep(_POLL_SECONDS)
        report = desk.session.get(f"{path}/{quote(report.id, safe='')}", Report)
    raise _late()


def _late() -> SourceError:
    problem = Problem("GitHub did not finish the usage report in time.", "Reports take up to some minutes.", "")
    return SourceError(Kind.TIMEOUT, problem)


def _file(desk: Desk, url: str) -> list[Line]:
    """A file's lines. Its address is signed and elsewhere: the token is never sent there."""
    try:
        parts = urlsplit(url)
        session = desk.connect(f"{parts.scheme}://{parts.netloc}").session(desk.session.remaining())
        return parse(session.download(f"{parts.path}?{parts.query}" if parts.query else parts.path))
    except ValueError as error:
        raise desk.session.malformed(str(error)) from None


def parse(file: bytes) -> list[Line]:
    """Lines of an export. Columns are found by name. Raises ValueError, naming row and column, for what makes no sense."""
    try:
        rows = csv.DictReader(io.StringIO(file.decode("utf-8-sig"), newline=""), strict=True)
        rows.fieldnames = [name.strip().lower() for name in rows.fieldnames or ()]
        missing = [name for name in _NEEDED if name not in rows.fieldnames]
        if missing:
            raise ValueError(f"a report without the column {missing[0]}")
        return [line for row in rows if (line := _line(row, rows.line_num))]
    except (UnicodeDecodeError, csv.Error):
        raise ValueError("a report that is not CSV") from None


def _line(row: dict[str, str], number: int) -> Line | None:
    """A row's line; None where GitHub names nobody."""
    login = _cell(row, "username")
    if not login:
        return None
    net = _cell(row, "net_amount")
    counts = {name: int(_amount(row, name, number)) for name in _TOKENS}
    read, written = counts["cache_read"], counts["cache_write"]
    return Line(
        login=login,
        day=_day(_cell(row, "date"), number),
        product=product_of(_cell(row, "product"), _cell(row, "sku")),
        model=_cell(row, "model") or "unknown",
        gross=_amount(row, "gross_amount", number),
        net=_amount(row, "net_amount", number) if net else None,
        tokens=Tokens(counts["input"] + read + written, read, written, counts["output"]),
    )


def _cell(row: dict[str, str], name: str) -> str:
    return (row.get(name) or "").strip()


def _amount(row: dict[str, str], name: str, number: int) -> Decimal:
    text = _cell(row, name).replace(",", "").removeprefix("$")
    try:
        return as_dollars(Decimal(text or "0"))
    except (ValueError, InvalidOperation):
        raise ValueError(f"line {number} of the report, column {name}: not an amount") from None


def _day(text: str, number: int) -> date:
    """A day as `2026-06-01` or `6/1/26`."""
    try:
        if "/" not in text:
            return date.fromisoformat(text)
        month, day, year = (int(part) for part in text.split("/"))
        return date(year + 2000 if year < 100 else year, month, day)
    except ValueError:
        raise ValueError(f"line {number} of the report, column date: not a day") from None
