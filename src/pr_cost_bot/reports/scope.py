"""Which days and which part of the work a question is about."""

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, timedelta

import msgspec

from pr_cost_bot.model import Problem

EPOCH = date(1970, 1, 1)
NONE = "(none)"
NO_PULL_REQUEST = "(no pull request)"


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


class Members(msgspec.Struct, frozen=True, kw_only=True):
    """A team and who is in it: these logins, in lower case; with `others`, everybody but these."""

    team: str
    logins: tuple[str, ...] = ()
    others: bool = False


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What to look at; empty: everything. Names as reports show them; several of one kind are alternatives."""

    developer: tuple[str, ...] = ()  # in any case
    team: tuple[Members, ...] = ()
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
        """Names by kind, without the kinds of which none is given; a team's as its name."""
        found = {name: getattr(self, name) for name in self.__struct_fields__}
        found["team"] = tuple(members.team for members in self.team)
        return {name: values for name, values in found.items() if values}


class Scope(msgspec.Struct, frozen=True):
    """A period and what to look at in it."""

    period: Period
    filters: Filters = Filters()

    @property
    def before(self) -> "Scope":
        return Scope(self.period.before, self.filters)

    @property
    def of_all_teams(self) -> "Scope":
        """The same without the filter by team."""
        return Scope(self.period, msgspec.structs.replace(self.filters, team=()))

    @property
    def of_all_pull_requests(self) -> "Scope":
        """The same parts of everybody's pull requests: only sources, products and models stay named."""
        given = self.filters
        return Scope(self.period, Filters(source=given.source, product=given.product, model=given.model))


def refuse(filters: Filters, why: str, but: Collection[str] = ()) -> None:
    """Raises QuestionError where there is a filter, other than `but`, that a question would have to leave unheard."""
    unheard = [f"--{name.replace('_', '-')}" for name in filters.given if name not in but]
    if unheard:
        remedy = "Leave it out." if len(unheard) == 1 else "Leave them out."
        raise QuestionError(Problem(f"This question takes no {' and no '.join(unheard)}.", f"{why}.", remedy))


LONGEST = 3660
"""Days of the longest period: ten years."""


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
