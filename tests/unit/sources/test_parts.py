import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pr_cost_bot.hours import HOUR, ceil_hour, floor_hour
from pr_cost_bot.model import Identity, Interval, Tokens, UsageRecord
from pr_cost_bot.sources.minutes import contested_hours, replace_hours
from pr_cost_bot.sources.people import Names
from pr_cost_bot.sources.reading import cents, record_id, utc
from pr_cost_bot.sources.spans import DAY, Span, cover, hours_of, windows

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
moments = st.integers(0, 10**7).map(lambda seconds: NOON + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("given_cents", "dollars"),
    [
        ("41280.000000", "412.80"),
        ("123.78912", "1.2378912"),
        ("21.36232", "0.2136232"),
        ("113", "1.13"),
        ("0", "0"),
        ("0.000001", "0.00000001"),
        ("0.09999999999999999", "0.001"),  # 0.1 in somebody's binary floats
        ("37.330000000000005", "0.3733"),
    ],
)
def test_cents_become_dollars_exactly(given_cents, dollars):
    assert cents(Decimal(given_cents)) == Decimal(dollars)


@given(st.decimals(min_value=0, max_value=10**12, places=13))
def test_no_cent_is_lost_in_conversion(amount):
    assert cents(amount) * 100 == amount


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-1", "1e13", "1e999999999", "-1e999999999"])
def test_impossible_amounts_are_refused(amount):
    with pytest.raises(ValueError, match="amount"):
        cents(Decimal(amount))


def test_times_at_the_edge_of_the_calendar_are_refused():
    with pytest.raises(ValueError, match="time"):
        utc(datetime.fromisoformat("0001-01-01T00:00:00+14:00"))


@given(moments, moments, st.integers(1, 100))
def test_windows_are_adjacent_and_cover_the_span_exactly(start, end, hours):
    pieces = windows(Span(start, end), hours * HOUR)
    assert sum((piece.end - piece.start for piece in pieces), timedelta()) == max(timedelta(), end - start)
    assert all(first.end == second.start for first, second in itertools.pairwise(pieces))
    assert all(piece.end - piece.start <= hours * HOUR for piece in pieces)


@given(moments)
def test_hours_begin_and_end_on_the_hour(at):
    assert floor_hour(at) <= at <= ceil_hour(at) < floor_hour(at) + 2 * HOUR
    assert next(iter(hours_of(Span(at, at + HOUR)))) == floor_hour(at)


@given(st.lists(st.integers(0, 24 * 40).map(lambda hour: NOON + hour * HOUR), max_size=60))
def test_spans_hold_every_hour_and_are_at_most_a_day(hours):
    spans = cover(hours, at_most=12)
    assert all(any(span.start <= hour < span.end for span in spans) for hour in hours)
    assert all(span.end - span.start <= DAY for span in spans)
    assert all(first.end <= second.start for first, second in itertools.pairwise(spans))


def test_contiguous_hours_are_asked_for_together_and_distant_ones_apart():
    assert cover([NOON, NOON + HOUR, NOON + 5 * HOUR], at_most=12) == (
        Span(NOON, NOON + 2 * HOUR),
        Span(NOON + 5 * HOUR, NOON + 6 * HOUR),
    )
    scattered = [NOON + 2 * n * HOUR for n in range(30)]
    assert len(cover(scattered, at_most=12)) <= 12


def test_names_find_people_whatever_the_case_and_learn_ids():
    names = Names(
        (Identity(person="dev", emails=("Dev@Example.com",), login="octo", vendors={"v": ("ID_1", "Other@X.com")}),), "v"
    )
    assert names.emails() == ("dev@example.com", "other@x.com")
    assert names.configured() == ("ID_1",)
    assert names.actor(None, "DEV@example.com") == "dev@example.com"
    assert (names.actor("id_1"), names.actor("OCTO"), names.actor("stranger", None)) == ("id_1", "OCTO", None)
    names.learn("user_9", "dev@example.com")
    names.learn("user_8", "stranger@x.com")
    assert (names.actor("USER_9"), names.actor("user_8"), names.person_of("user_9")) == ("dev@example.com", None, "dev")


def test_what_is_configured_goes_before_what_is_learned():
    people = (Identity(person="a", emails=("a@x",)), Identity(person="b", vendors={"v": ("key_1",)}))
    names = Names(people, "v")
    names.learn("key_1", "a@x")
    assert names.person_of("key_1") == "b"


def test_unknown_people_have_neither_a_known_address_nor_a_configured_id():
    people = (
        Identity(person="a", emails=("a@x",)),
        Identity(person="b", vendors={"v": ("k",)}),
        Identity(person="c"),
        Identity(person="d", emails=("d@x", "d2@x")),
    )
    assert Names(people, "v").unknown({"D2@x"}) == ("a", "c")


def record(person: str, start: datetime, width: timedelta, amount: int = 1) -> UsageRecord:
    name = record_id("v", person, start, width)
    return UsageRecord(id=name, source="v", actor=person, start=start, end=start + width, model="m", tokens=Tokens(amount))


def test_only_contested_person_hours_with_minutes_are_replaced():
    names = Names((Identity(person="a"), Identity(person="b")), "v")
    hours = [
        record("a", NOON, HOUR),
        record("a", NOON + HOUR, HOUR),
        record("b", NOON, HOUR),
        record("a", NOON.replace(hour=0), DAY),
    ]
    contested = contested_hours(hours, [Interval("a", NOON, NOON + 2 * HOUR)], names)
    assert contested == {("a", NOON), ("a", NOON + HOUR)}
    minute = timedelta(minutes=1)
    finer = [record("a", NOON + 5 * minute, minute), record("b", NOON + 5 * minute, minute)]
    after = replace_hours(hours, finer, contested, names)
    assert set(after) == {finer[0], *hours[1:]}


def test_ids_differ_where_parts_differ():
    assert record_id("s", "ab", "c") != record_id("s", "a", "bc")
    assert record_id("s", 1) == record_id("s", 1)
