"""Which days and which part of the work a question is about."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import msgspec

from pr_cost_bot.model import Problem

EPOCH = date(1970, 1, 1)


class QuestionError(Exception):
    """A question that cannot be answered as it was put. `problem` tells the user."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class Period(msgspec.Struct, frozen=True, order=True):
    """Whole days in UTC, `[start, end)`."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    @property
    def before(self) -> "Period":
        """As many days right before."""
        return Period(self.start - (self.end - self.start), self.start)

    @property
    def numbers(self) -> tuple[int, int]:
        """First and last day, counted from 1970-01-01, as the usage has them."""
        return (self.start - EPOCH).days, (self.end - EPOCH).days - 1

    @property
    def moments(self) -> tuple[datetime, datetime]:
        """`[start, end)` as times."""
        return _midnight(self.start), _midnight(self.end)

    def __str__(self) -> str:
        return f"{self.start} to {self.end - timedelta(days=1)}"


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What to look at; empty: everything. Names as the table has them; several of one kind are alternatives."""

    developer: tuple[str, ...] = ()
    repository: tuple[str, ...] = ()
    pull_request: tuple[str, ...] = ()  # owner/repository#number
    ticket: tuple[str, ...] = ()
    purpose: tuple[str, ...] = ()
    label: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    product: tuple[str, ...] = ()
    model: tuple[str, ...] = ()

    @property
    def given(self) -> dict[str, tuple[str, ...]]:
        return {name: values for name in self.__struct_fields__ if (values := getattr(self, name))}


class Scope(msgspec.Struct, frozen=True):
    """A period and what to look at in it."""

    period: Period
    filters: Filters = Filters()

    @property
    def before(self) -> "Scope":
        return Scope(self.period.before, self.filters)


def last_days(days: int, now: datetime) -> Period:
    """The last whole and begun days up to `now`, today among them."""
    end = now.astimezone(UTC).date() + timedelta(days=1)
    return Period(end - timedelta(days=days), end)


def week_of(day: date) -> date:
    """Its Monday."""
    return day - timedelta(days=day.weekday())


def month_of(day: date) -> date:
    """Its first."""
    return day.replace(day=1)


def next_month(day: date) -> date:
    """The first of the month after."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def month_before(day: date) -> date:
    """The first of the month before."""
    return month_of(month_of(day) - timedelta(days=1))


def days_of(period: Period) -> Iterator[date]:
    """Every day of it."""
    return (period.start + timedelta(days=number) for number in range(period.days))


def pull_request_key(text: str) -> tuple[str, int]:
    """`owner/repository#7` as its parts. Raises QuestionError."""
    repository, _, number = text.rpartition("#")
    if not repository or not (number.isascii() and number.isdigit()):
        raise QuestionError(Problem(f"{text!r} is no pull request.", "", "Write it like owner/repository#42."))
    return repository, int(number)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
