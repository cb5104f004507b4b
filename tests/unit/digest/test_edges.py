"""Where a figure of the digest just is or just is not one."""

from datetime import date, timedelta
from decimal import Decimal

from tests.unit.dashboard.rows import line, row
from tests.unit.digest.test_digest import MOMENT, made, weeks_before


def test_twice_the_usual_is_enough_to_stand_out():
    (one,) = made(*weeks_before(10, "5", repository="acme/risen"), row(1, "10", repository="acme/risen")).findings
    assert (one.name, one.times) == ("acme/risen", 2)
    assert made(*weeks_before(10, "5", repository="acme/risen"), row(1, "9.99", repository="acme/risen")).findings == ()


def test_a_rise_of_less_than_a_fiftieth_of_everything_does_not_stand_out():
    small = [*weeks_before(10, "1", repository="acme/small"), row(1, "3", repository="acme/small")]
    assert [one.name for one in made(*small, row(2, "97", repository="acme/new")).findings] == ["acme/small"]
    assert made(*small, row(2, "98", repository="acme/new")).findings == ()


def test_what_is_most_above_the_usual_comes_first_and_not_what_costs_most():
    steady = [*weeks_before(10, "50", repository="acme/steady"), row(1, "100", repository="acme/steady")]
    risen = [*weeks_before(20, "10", repository="acme/risen"), row(2, "90", repository="acme/risen")]
    assert [one.name for one in made(*steady, *risen).findings] == ["acme/risen", "acme/steady"]


def test_usage_of_nobody_known_is_no_developer_that_stands_out():
    table = [*weeks_before(10, "5", lines=[line("5", "")]), row(1, "20", lines=[line("20", "")])]
    assert {one.kind for one in made(*table, people=True).findings} == {"repository"}


def test_the_days_end_before_the_day_that_is_named():
    period = made(until=date(2026, 11, 16), days=7).period
    assert (period.start, period.end) == (date(2026, 11, 9), date(2026, 11, 16))
    assert made().period.end == MOMENT.date() + timedelta(days=1)


def test_without_usage_the_spend_is_that_of_the_pull_requests():
    one = made(row(1, "3"), row(2, "4", state="open"))
    assert (one.spent_usd, one.unattributed_share) == (Decimal(7), None)
