import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pr_cost_bot.model import Tokens
from pr_cost_bot.render.numbers import count, dollars, enumeration, percentages, plural, tokens

_SCALE = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9}


def _value(shown: str) -> Decimal:
    match = re.fullmatch(r"([\d.]+)([KMB]?)", shown)
    assert match, shown
    return Decimal(match[1]) * _SCALE[match[2]]


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0"),
        (1, "1"),
        (999, "999"),
        (1_000, "1K"),
        (1_234, "1.23K"),
        (1_235, "1.24K"),
        (1_500, "1.5K"),
        (14_000, "14K"),
        (14_049, "14K"),
        (14_050, "14.1K"),
        (432_000, "432K"),
        (432_499, "432K"),
        (999_499, "999K"),
        (999_500, "1M"),
        (999_950, "1M"),
        (1_000_000, "1M"),
        (2_345_678, "2.35M"),
        (999_999_999, "1B"),
        (1_234_567_890, "1.23B"),
        (1_234_000_000_000, "1230B"),
    ],
)
def test_counts_have_at_most_three_significant_digits(number: int, shown: str) -> None:
    assert count(number) == shown


@given(st.integers(0, 999_499_999_999))
def test_a_count_never_shows_more_than_three_digits_and_is_within_half_a_percent(number: int) -> None:
    shown = count(number)
    assert len(re.sub(r"\D", "", shown)) <= 3
    assert abs(_value(shown) - number) <= Decimal(number) / 200


@given(st.integers(0, 10**13), st.integers(0, 10**13))
def test_counts_keep_their_order(one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert _value(count(low)) <= _value(count(high))


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0", "$0.00"),
        ("0.00", "$0.00"),
        ("0.000001", "<$0.01"),
        ("0.0099", "<$0.01"),
        ("0.01", "$0.01"),
        ("0.0312", "$0.03"),
        ("4.205", "$4.21"),
        ("4.21", "$4.21"),
        ("999.994", "$999.99"),
        ("999.995", "$1,000.00"),
        ("3000", "$3,000.00"),
        ("1234567.891", "$1,234,567.89"),
        ("-1.2", "-$1.20"),
    ],
)
def test_dollars_have_two_decimals_and_thousands_separators(amount: str, shown: str) -> None:
    assert dollars(Decimal(amount)) == shown


@given(st.decimals(0, 10**7, places=6))
def test_dollars_are_right_to_half_a_cent(amount: Decimal) -> None:
    shown = dollars(amount)
    if 0 < amount < Decimal("0.01"):
        assert shown == "<$0.01"
    else:
        assert abs(Decimal(shown.lstrip("$").replace(",", "")) - amount) <= Decimal("0.005")


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ((88, 12), ["88%", "12%"]),
        ((Decimal("12.5"), Decimal("87.5")), ["12%", "88%"]),
        ((1, 1, 1), ["34%", "33%", "33%"]),
        ((9_999, 1), [">99%", "<1%"]),
        ((996, 3, 1), [">99%", "<1%", "<1%"]),
        ((5, 0), ["100%", "0%"]),
        ((7,), ["100%"]),
        ((0, 0), ["", ""]),
        ((), []),
    ],
)
def test_percentages_of_known_values(values: tuple[Decimal | int, ...], shown: list[str]) -> None:
    assert percentages(values) == shown


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=60).filter(any))
def test_percentages_add_up_to_a_hundred_and_are_near(values: list[int]) -> None:
    shown = percentages(values)
    whole = [{"<1%": 0, ">99%": 100}.get(share) for share in shown]
    numbers = [int(share.rstrip("%")) if known is None else known for share, known in zip(shown, whole, strict=True)]
    assert sum(numbers) == 100
    for number, value, share in zip(numbers, values, shown, strict=True):
        assert abs(number - Decimal(value) * 100 / sum(values)) < 1
        assert (share == "0%") == (value == 0)


def test_tokens_are_told_in_words() -> None:
    assert tokens(Tokens(432_100, 0, 0, 14_000)) == "432K input tokens, 14K output tokens"
    assert tokens(Tokens(1, 0, 0, 0)) == "1 input token, 0 output tokens"
    assert plural(1_200, "row") == "1.2K rows"


def test_enumerations_read_as_english() -> None:
    assert enumeration([]) == ""
    assert enumeration(["A"]) == "A"
    assert enumeration(["A", "B"]) == "A and B"
    assert enumeration(["A", "B", "C"]) == "A, B and C"
    assert enumeration(["A", "B", "C", "D"], 2) == "A, B, C, D and 2 more"
