from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pr_cost_bot.files.values import BadValueError, count, moment, name, number, period, usd


@pytest.mark.parametrize(
    ("given_", "amount"),
    [
        ("0.49", "0.49"),
        ("$0.32", "0.32"),
        ("$1,234.56", "1234.56"),
        ("US$ 3", "3"),
        (" 7 ", "7"),
        (".5", "0.5"),
        ("4.7e-7", "0.00000047"),
        ("0.036000000000000004", "0.036000000000000004"),
        (3, "3"),
        (Decimal("0.1"), "0.1"),
    ],
)
def test_amounts_are_exact(given_, amount):
    assert usd(given_, "c") == Decimal(amount)


@pytest.mark.parametrize("nothing", [None, "", " ", "-", "\u2013", "NaN", "null", "N/A", Decimal("NaN")])
def test_nothing_is_no_amount_and_no_tokens(nothing):
    assert usd(nothing, "c") is None
    assert count(nothing, "c") == 0


@pytest.mark.parametrize(
    "wrong", ["1,5", "1.234,56", "abc", "-1", "1e99", "Infinity", "0x10", "٣", True, 1.5, [], {}, Decimal("Infinity"), -1]
)
def test_what_is_no_amount_is_refused(wrong):
    with pytest.raises(BadValueError) as caught:
        usd(wrong, "Cost")
    assert caught.value.column == "Cost"


@pytest.mark.parametrize(("given_", "tokens"), [("59200.0", 59200), ("1,000", 1000), ("12", 12), (12, 12), (10**15, 10**15)])
def test_counts_are_whole(given_, tokens):
    assert count(given_, "c") == tokens


@pytest.mark.parametrize("wrong", ["1.5", 10**15 + 1, "1e16", -1, "ten"])
def test_what_is_no_count_is_refused(wrong):
    with pytest.raises(BadValueError):
        count(wrong, "c")


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20T14:00:00Z",
        "2026-11-20T15:00:00+01:00",
        "2026-11-20 14:00:00",
        "2026-11-20T14:00:00.000000000Z",
        "1795183200",
        "1795183200000",
        1795183200,
        "1795183200.0",
    ],
)
def test_times_are_utc(text):
    assert moment(text, "c") == datetime(2026, 11, 20, 14, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-05-29", "5/29/26", "05/29/2026"])
def test_dates_are_days(text):
    start = datetime(2026, 5, 29, tzinfo=UTC)
    assert period(text, "c") == (start, start + timedelta(days=1))


@pytest.mark.parametrize("wrong", ["", "29/5/26", "2026-02-30", "13", None, [], "2026-11-20T99:00", "9999-12-31", "1999-01-01"])
def test_what_is_no_time_is_refused(wrong):
    with pytest.raises(BadValueError):
        period(wrong, "Date")


def test_names_are_one_line_without_control_characters():
    assert name(" a\nb\x1b[31m\u202e ") == "a b[31m"
    assert (name(None), name(True), name(1.5), name(7)) == ("", "", "", "7")
    assert len(name("x" * 1000)) == 200


@given(st.one_of(st.text(max_size=40), st.integers(), st.decimals(), st.floats(), st.none(), st.booleans()))
def test_any_value_is_read_or_refused(value):
    for read in (number, usd, count, moment, period):
        try:
            read(value, "c")
        except BadValueError:
            continue


@given(st.integers(0, 10**13), st.integers(0, 6))
def test_written_amounts_come_back(units, places):
    amount = Decimal(units).scaleb(-places)
    for text in (f"{amount:f}", f"${amount:,f}", str(amount)):
        assert number(text, "c") == amount
