"""Amounts as people and tools write them into commits, and as much of them as can be believed."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

ABSURD_USD = Decimal(10_000)  # for one commit; nobody means more
ABSURD_TOKENS = 10_000_000_000

_AMOUNT = re.compile(
    r"~?[ \t]*(?:US)?\$?[ \t]*(\d{1,3}(?:,\d{3}){1,4}|\d{1,15})?(\.\d{1,30})?[ \t]*(?:USD|AIC|credits?)?", re.IGNORECASE
)
_COUNT = re.compile(r"(\d{1,15})(\.\d{1,6})?[ \t]*([kmb]?)", re.IGNORECASE)
_SCALE = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9}
_NOISE = Decimal("0.0000000001")
_DIGITS = 30
_STEP = Decimal("0.000001")  # of a dollar, when a total is split


class AmountError(ValueError):
    """What is wrong with an amount: "is negative"."""


def amount(value: object, *, limit: Decimal = ABSURD_USD) -> Decimal:
    """`0.42`, `$0.42`, `~42.31`, `$1,250.00`, or a JSON number, exactly. Raises: AmountError."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise AmountError("is not an amount")
    if isinstance(value, Decimal) and not (value.is_finite() and abs(value.adjusted()) <= _DIGITS):
        raise AmountError("is not an amount")  # written out it could fill the memory
    text = str(value).strip() if isinstance(value, str) else f"{value:f}"
    match = _AMOUNT.fullmatch(text.replace("-", "", 1))
    if match is None or not (match[1] or match[2]):
        raise AmountError("is not an amount")
    number = Decimal((match[1] or "0").replace(",", "") + (match[2] or ""))
    if "-" in text and number:
        raise AmountError("is negative")
    if number > limit:
        raise AmountError(f"is more than {limit:,f}")
    return number


def count(value: object) -> int:
    """A token count: a whole number, or `23k` and `1.2M` as texts. Nothing is 0. Raises: AmountError."""
    if value is None:
        return 0
    match = None if isinstance(value, bool) else _COUNT.fullmatch(str(value).strip())
    if match is None:
        raise AmountError("is not a count")
    number = int(Decimal(match[1] + (match[2] or "")) * _SCALE[match[3].lower()])
    if number > ABSURD_TOKENS:
        raise AmountError(f"is more than {ABSURD_TOKENS:,}")
    return number


def time_or_none(value: object) -> datetime | None:
    """An RFC 3339 time with an offset, in UTC; None when it is none."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        parsed = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    try:
        return parsed.astimezone(UTC) if parsed.tzinfo else None
    except OverflowError:
        return None


def without_noise(dollars: Decimal) -> Decimal:
    """An amount that somebody computed in binary floating point, as it was meant: 0.12450000000000001 is 0.1245."""
    short = dollars.quantize(_NOISE).normalize()
    return short.quantize(Decimal(1)) if short == short.to_integral_value() else short


def split(total: Decimal, weights: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """Shares of a total by weights, which sum to it exactly. The weights themselves, when they already do."""
    whole = sum(weights, Decimal(0))
    if whole == total:
        return tuple(weights)
    if not whole:
        return (total, *(Decimal(0) for _ in weights[1:]))
    shares = [(total * weight / whole).quantize(_STEP) for weight in weights[:-1]]
    return (*shares, total - sum(shares, Decimal(0)))


def mapping(value: object) -> dict[str, Any]:
    """The value when it is a JSON object, else an empty one: untrusted JSON may hold anything anywhere."""
    return value if isinstance(value, dict) else {}


def text(value: object, limit: int = 200) -> str:
    """The value when it is a text, without control characters and not longer than a name."""
    if not isinstance(value, str):
        return ""
    return "".join(c for c in value if c.isprintable())[:limit].strip()
