"""Cells and fields as numbers, money and times; what cannot be read names its column and what was expected."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

DAY = timedelta(days=1)

_MOST_TOKENS = 10**15
_MOST_DOLLARS = 10**9
_NOTHING = frozenset({"", "-", "\u2013", "\u2014", "nan", "null", "none", "n/a"})
_NUMBER = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d{1,30})(?:\.\d{0,40})?(?:[eE][+-]?\d{1,2})?|\.\d{1,40}", re.ASCII)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}.{0,40})?", re.ASCII)
_AMERICAN = re.compile(
    r"(\d{1,2})/(\d{1,2})/(\d{2}|\d{4})", re.ASCII
)  # GitHub's reports after a spreadsheet saved them: 5/29/26
_EARLIEST, _LATEST = 2015, 2199  # years


class BadValueError(ValueError):
    """A value that cannot be read. `column` names it, `expected` says what would be right."""

    def __init__(self, column: str, expected: str) -> None:
        super().__init__(f"{column}: expected {expected}")
        self.column = column
        self.expected = expected


def number(value: object, column: str) -> Decimal | None:
    """An amount of 0 or more; None for nothing, "-" and NaN. Thousands separators and "$" are understood."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise BadValueError(column, "a number")
    found = _decimal(value, column)
    if found is None:
        return None
    exponent = found.as_tuple().exponent
    if found < 0 or not isinstance(exponent, int) or not -40 <= exponent <= 20:
        raise BadValueError(column, "a number of 0 or more")
    return found


def _decimal(value: str | int | Decimal, column: str) -> Decimal | None:
    if isinstance(value, Decimal):
        return None if value.is_nan() else value
    if isinstance(value, int):
        return Decimal(value)
    text = value.strip().removeprefix("US").removeprefix("$").strip()
    if text.lower() in _NOTHING:
        return None
    if not _NUMBER.fullmatch(text):
        raise BadValueError(column, "a number")
    return Decimal(text.replace(",", ""))


def count(value: object, column: str) -> int:
    """A whole number of tokens or requests; nothing is 0. Spreadsheets write `59200.0`."""
    if isinstance(value, str) and len(value) <= 15 and value.isascii() and value.isdigit():
        return int(value)  # what nearly every cell is
    found = number(value, column)
    if found is None:
        return 0
    if found > _MOST_TOKENS or found != found.to_integral_value():
        raise BadValueError(column, "a whole number")
    return int(found)


def usd(value: object, column: str) -> Decimal | None:
    """Dollars; None when there is no amount."""
    found = number(value, column)
    if found is not None and found > _MOST_DOLLARS:
        raise BadValueError(column, "an amount in dollars")
    return found


def moment(value: object, column: str) -> datetime:
    """A time in UTC: ISO 8601 (without a zone it is UTC), or seconds or milliseconds since 1970."""
    if isinstance(value, str) and _ISO.fullmatch(text := value.strip()):
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise BadValueError(column, "a time") from None
        return _in_bounds(at, column)
    try:
        since = number(value, column)
    except BadValueError:
        since = None
    if since is None or not 10**9 <= since < 10**13:
        raise BadValueError(column, "a time")
    millis = since if since >= 10**11 else since * 1000
    return _in_bounds(datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(millis)), column)


def period(value: object, column: str) -> tuple[datetime, datetime]:
    """A day as the bucket `[start, end)` in UTC, or a time as an event (`start == end`)."""
    day = _day(value.strip(), column) if isinstance(value, str) else None
    if day is not None:
        return day, day + DAY
    at = moment(value, column)
    return at, at


def _day(text: str, column: str) -> datetime | None:
    american = _AMERICAN.fullmatch(text)
    if not american and not (len(text) == 10 and _ISO.fullmatch(text)):
        return None
    try:
        if not american:
            found = datetime.fromisoformat(text)
        else:
            month, day, year = (int(part) for part in american.groups())
            found = datetime(year + 2000 if year < 100 else year, month, day, tzinfo=UTC)
    except ValueError:
        raise BadValueError(column, "a date") from None
    return _in_bounds(found, column)


def _in_bounds(at: datetime, column: str) -> datetime:
    if not _EARLIEST <= at.year <= _LATEST:
        raise BadValueError(column, "a time after 2014")
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def name(value: object, limit: int = 200) -> str:
    """A name as it came, on one line, without control characters. Anything but text and whole numbers is no name."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return ""
    text = " ".join(str(value)[: limit * 2].split()) if isinstance(value, str) else f"{value:d}"[:limit]
    if not text.isprintable():
        text = "".join(char for char in text if not unicodedata.category(char).startswith("C"))
    return text[:limit]


def fields(value: object) -> Mapping[str, Any]:
    """The value when it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """The value when it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []
