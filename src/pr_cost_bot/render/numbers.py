"""Numbers as people read them: counts, dollars and percentages (docs/comment.md)."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from pr_cost_bot.model import Tokens

_CENT = Decimal("0.01")
_SCALES = ((Decimal(10**3), "K"), (Decimal(10**6), "M"), (Decimal(10**9), "B"))


def count(number: int) -> str:
    """A count: below 1,000 as it is, then at most three significant digits with K, M or B.

    Half of the last digit rounds away from zero, and 999,500 is 1M, not 1000K.
    """
    if number < 0:
        return "-" + count(-number)
    if number < 1000:
        return str(number)
    for scale, letter in _SCALES:
        scaled = _three_digits(Decimal(number) / scale)
        if scaled < 1000 or letter == "B":
            return f"{_plain(scaled)}{letter}"
    raise AssertionError  # pragma: no cover - the last scale always returns


def _three_digits(value: Decimal) -> Decimal:
    """Round to three significant digits; `value` is at least 0.999."""
    exponent = max(value.adjusted(), 0) - 2
    return value.quantize(Decimal(1).scaleb(exponent), ROUND_HALF_UP)


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def dollars(amount: Decimal) -> str:
    """Dollars: two decimals, `<$0.01` for less, thousands separators from $1,000. A credit has a minus sign."""
    if amount < 0:
        return "-" + dollars(-amount)
    if 0 < amount < _CENT:
        return "<$0.01"
    return f"${amount.quantize(_CENT, ROUND_HALF_UP):,}"


def percentages(values: Sequence[Decimal | int]) -> list[str]:
    """Whole percentages of the sum, by largest remainder, so that they add up to 100.

    What is there but rounds to nothing is `<1%`; what rounds to all beside something else is `>99%`. A sum of 0 gives "".
    """
    weights = [max(Decimal(value), Decimal(0)) for value in values]
    total = sum(weights, Decimal(0))
    if not total:
        return ["" for _ in weights]
    exact = [weight * 100 / total for weight in weights]
    whole = [int(share) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda at: (whole[at] - exact[at], -weights[at], at))
    for at in by_remainder[: 100 - sum(whole)]:
        whole[at] += 1
    return [_percent(share, weight, total) for share, weight in zip(whole, weights, strict=True)]


def _percent(share: int, weight: Decimal, total: Decimal) -> str:
    if share == 0 and weight:
        return "<1%"
    if share == 100 and weight != total:
        return ">99%"
    return f"{share}%"


def times(factor: Decimal) -> str:
    """How many times: `2.1 times`; from 10 on `12 times`; `under 0.1 times`."""
    if factor >= 10:
        return f"{factor.quantize(Decimal(1), ROUND_HALF_UP):,} times"
    rounded = factor.quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f"{rounded} times" if rounded else "under 0.1 times"


def tokens(amount: Tokens) -> str:
    """Input and output in words: `432K input tokens, 14K output tokens`."""
    return f"{plural(amount.input, 'input token')}, {plural(amount.output, 'output token')}"


def plural(number: int, noun: str) -> str:
    """A count and its noun: `1 author`, `3 authors`, `14K output tokens`."""
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


def exact_plural(number: int, noun: str) -> str:
    """The same with every digit: `1 record`, `12,345 records`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def enumeration(parts: Sequence[str], more: int = 0) -> str:
    """`A`, `A and B`, `A, B and C`; with `more`, `A, B and 3 more`."""
    words = [*parts, f"{more} more"] if more else list(parts)
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
