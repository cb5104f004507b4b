"""JSON Lines in: typed records, and errors that name file, line and field."""

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_FIELD = re.compile(r" - at `\$\.?([^`]*)`")
_EXPECTED = re.compile(r"[Ee]xpected `([^`]*)`")
_MISSING = re.compile(r"missing required field `([^`]*)`")
_WORDS = {
    "str": "text",
    "int": "a whole number",
    "datetime": 'a time such as "2026-03-02T09:00:00Z"',
    "array": "a list of texts",
    "object": "a JSON object",
    "bool": "true or false",
}
_MONEY = "a decimal number in a string"
_MONEY_FIELDS = frozenset({"cost_usd", "billed_usd"})
_FINEST, _COARSEST = -40, 20  # powers of ten in which an amount may be written
_LONGEST_QUOTE = 60


class BadLineError(Exception):
    """A line that cannot be used; its text is for the user: `usage.jsonl:17: cost_usd: expected ..., got ...`."""


class BadFieldError(ValueError):
    """A value that its type allows and its meaning does not."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: expected {expected}")
        self.field = field
        self.expected = expected


def amount_text(text: str, field: str) -> str:
    """An amount as written if it is plain decimal digits, else in plain notation.

    Raises: BadFieldError, also for less than 0: what a vendor takes back is not usage, and lies on no pull request.
    """
    if text.isascii() and text.replace(".", "", 1).isdigit() and text[0] != "." and text[-1] != ".":
        return text
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise BadFieldError(field, _MONEY) from None
    if not amount.is_finite() or not _FINEST <= amount.as_tuple().exponent <= _COARSEST:  # type: ignore[operator]  # finite: a number
        raise BadFieldError(field, _MONEY)
    if amount < 0:
        raise BadFieldError(field, "an amount of 0 or more")
    return format(amount.copy_abs(), "f")


def decode_all(data: bytes, name: str, kind: type[T]) -> list[T]:
    """Every line of a file of this name. Raises: BadLineError."""
    decoder = msgspec.json.Decoder(kind)
    try:
        return decoder.decode_lines(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        for number, line in enumerate(data.split(b"\n"), 1):
            check_line(decoder, line, name, number)
        raise


def check_line(decoder: "msgspec.json.Decoder[T]", line: bytes, name: str, number: int) -> T | None:
    """One line, or None if it is blank. Raises: BadLineError."""
    if not line.strip():
        return None
    try:
        return decoder.decode(line)
    except msgspec.ValidationError as error:
        raise BadLineError(f"{name}:{number}: {_explained(str(error), line)}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadLineError(f"{name}:{number}: not a JSON object: {error}") from None


def explain(error: BadFieldError, line: bytes) -> str:
    """What is wrong with a value, and what it is."""
    return f"{error.field}: expected {error.expected}, got {_value(line, error.field)}"


def _explained(message: str, line: bytes) -> str:
    missing = _MISSING.search(message)
    if missing:
        return f"{missing[1]}: missing"
    place = _FIELD.search(message)
    if not place:
        return message
    field = place[1].split("[")[0].split(".")[0]
    expected = _MONEY if field in _MONEY_FIELDS else _expectation(message)
    return f"{field}: expected {expected}, got {_value(line, field)}"


def _expectation(message: str) -> str:
    wanted = _EXPECTED.search(message)
    if "Invalid RFC3339" in message:
        return _WORDS["datetime"]
    if wanted is None:
        return "another value"
    kinds: Iterable[str] = (kind.strip() for kind in wanted[1].split("|"))
    words = [_WORDS.get(kind, kind) for kind in kinds if kind != "null"]
    return " or ".join(words) + (" of 0 or more" if ">=" in message else "")


def _value(line: bytes, field: str) -> str:
    try:
        document: Any = msgspec.json.decode(line)
        text = msgspec.json.encode(document[field]).decode()
    except (msgspec.DecodeError, KeyError, TypeError):
        return "something else"
    return text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "…"
