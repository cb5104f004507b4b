"""Amounts as whole numbers of 1e-12 dollars, in which usage is added up exactly. Pure."""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal

DIGITS = 12
"""Digits behind the point that usage keeps: a token's price has at most 10, and half of it or 1.1 times it one or two more."""

_EXACT = Context(prec=60)


def to_units(amount: Decimal) -> int:
    """Whole units of 1e-12 dollars; half a unit goes to the even one."""
    return int(_EXACT.scaleb(amount, DIGITS).to_integral_value(ROUND_HALF_EVEN))


def from_units(units: int) -> Decimal:
    """US dollars, exact."""
    return Decimal(units).scaleb(-DIGITS, _EXACT)


def units_that_add_up(amounts: Sequence[Decimal]) -> list[int]:
    """Units of each amount whose sum is the units of the sum: what rounding leaves goes to the largest remainders."""
    total = to_units(sum(amounts, Decimal(0)))
    exact = [_EXACT.scaleb(amount, DIGITS) for amount in amounts]
    floors = [int(_EXACT.divide_int(value, Decimal(1))) - (value < int(value)) for value in exact]
    by_remainder = sorted(range(len(exact)), key=lambda at: (floors[at] - exact[at], at))
    for at in by_remainder[: total - sum(floors)]:
        floors[at] += 1
    return floors
