"""A pull request's row as a file, `pr_costs/<number>.json`: on the branch of the table and in a checkout of it.

Anybody who may push can write that branch, so everything about a row is checked before anything of it is used.
"""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from pr_cost_bot.marker import is_newer
from pr_cost_bot.ports import Row

Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class StoredLine(msgspec.Struct, frozen=True):
    """The fields of a line inside a row, and of the table `pr_cost_lines`."""

    repository: str
    pr_number: Count
    source: str
    product: str
    model: str
    person: str
    evidence: str
    requests: Count
    input_tokens: Count
    cache_read_tokens: Count
    cache_write_tokens: Count
    output_tokens: Count
    cost_usd: Decimal
    billed_usd: Decimal | None


class StoredRow(msgspec.Struct, frozen=True):
    """The fields of a row, and of the table `pr_costs`; then what only its file has."""

    repository: str
    pr_number: Count
    title: str
    url: str
    author: str
    state: Literal["open", "merged", "closed"]
    base_ref: str
    head_ref: str
    head_sha: str
    opened_at: datetime
    first_commit_at: datetime | None
    merged_at: datetime | None
    closed_at: datetime | None
    commits: Count
    additions: Count
    deletions: Count
    ticket: str | None
    purpose: str | None
    cost_usd: Decimal
    billed_usd: Decimal | None
    low_usd: Decimal
    high_usd: Decimal
    input_tokens: Count
    cache_read_tokens: Count
    cache_write_tokens: Count
    output_tokens: Count
    cost_label: str | None
    estimate_usd: Decimal | None
    complete: bool
    settled: bool
    computed_at: datetime
    schema_version: Count
    lines: tuple[StoredLine, ...]


LINE_FIELDS = StoredLine.__struct_fields__
ROW_FIELDS = tuple(name for name in StoredRow.__struct_fields__ if name != "lines")
MONEY_FIELDS = frozenset(name for name in ROW_FIELDS if name.endswith("_usd"))
TIME_FIELDS = frozenset(name for name in ROW_FIELDS if name.endswith("_at"))


class NoRowError(Exception):
    """The text is no row; the message is a sentence that says what is wrong with it."""


def row_path(number: int) -> str:
    """Where the row of a pull request lies."""
    return f"pr_costs/{number}.json"


def write_row(row: Row) -> str:
    """A row as its file holds it: sorted keys, so that two versions compare line by line."""
    return json.dumps(row, indent=2, sort_keys=True, ensure_ascii=False, default=str) + "\n"


def read_row(text: str | bytes) -> Row:
    """A file's row: every field is there and of its kind. Raises: NoRowError."""
    try:
        row = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError, ArithmeticError):
        raise NoRowError("It is not JSON.") from None
    if not isinstance(row, dict):
        raise NoRowError("It is not a JSON object.")
    missing = [name for name in StoredRow.__struct_fields__ if name not in row]
    if missing:
        raise NoRowError(f"It lacks {', '.join(missing[:3])}.")
    try:
        _check(row)
    except msgspec.ValidationError as error:
        raise NoRowError(f"{error}.") from None
    except (ValueError, ArithmeticError, RecursionError):
        raise NoRowError("It holds a time, an amount or a text that is none.") from None
    return row


def is_older(row: Row, than: Row) -> bool:
    """Whether a row comes from an earlier run. Both from `read_row`, or made by this program."""
    return is_newer(_time(than["computed_at"]), _time(row["computed_at"]))


def _check(row: dict[str, Any]) -> None:
    """Raises: ValueError, ArithmeticError, RecursionError."""
    known = msgspec.convert(row, StoredRow)
    for each in (known, *known.lines):
        if not all(value.is_finite() for value in msgspec.structs.astuple(each) if isinstance(value, Decimal)):
            raise ValueError("not an amount")
    for name in TIME_FIELDS:
        if row[name] is not None:
            _time(row[name])
    write_row(row).encode()  # half a surrogate pair is no text


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at.astimezone(UTC)
