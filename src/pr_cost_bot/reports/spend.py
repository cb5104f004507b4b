"""What was spent, by anything: from the usage, or where there is none, from the pull requests' lines.

By usage, money counts on the day it was used, and what lies on no pull request counts too, so every report adds up to the same
total. By lines, a pull request counts whole on the day it was merged, closed, or last looked at.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from pr_cost_bot.ledger.tables import PR_COST_LINES, PR_COSTS
from pr_cost_bot.ledger.units import from_units
from pr_cost_bot.model import ZERO
from pr_cost_bot.reports.amounts import Amounts, Group
from pr_cost_bot.reports.pulls import outcome_day, pull_conditions
from pr_cost_bot.reports.scope import EPOCH, Scope, month_of, week_of
from pr_cost_bot.reports.usage_sums import NONE, PEOPLE, SUMS, TIMES, UNKNOWN_REPOSITORY, has_usage, sums
from pr_cost_bot.tickets import tickets_of

_Found = tuple[tuple[Any, ...], Amounts, int]
_MONEY = frozenset(name for name in SUMS if name.endswith("_usd"))


def spend(connection: sa.Connection, scope: Scope, *dimensions: str, only: Sequence[str] = SUMS) -> list[Group]:
    """The groups by falling cost, or by time where it is asked for. `only`: the sums that are wanted; the others stay 0."""
    found = (
        _of_usage(connection, scope, dimensions, only) if has_usage(connection) else _of_lines(connection, scope, dimensions)
    )
    return in_order(_split_tickets(_folded(found, dimensions), dimensions, scope.filters.ticket), dimensions)


def in_order(groups: Iterable[Group], dimensions: Sequence[str]) -> list[Group]:
    """By falling cost, or by time where it is asked for."""
    if any(dimension in TIMES for dimension in dimensions):
        places = [dimensions.index(dimension) for dimension in dimensions if dimension in TIMES]
        return sorted(groups, key=lambda group: ([group.key[at] for at in places], -group.amounts.cost_usd, group.key))
    return sorted(groups, key=lambda group: (-group.amounts.cost_usd, group.key))


def spent(connection: sa.Connection, scope: Scope, only: Sequence[str] = SUMS) -> Amounts:
    """The total."""
    return sum((group.amounts for group in spend(connection, scope, "source", only=only)), Amounts())


def split_exactly(amounts: Amounts, parts: int) -> list[Amounts]:
    """Equal parts that add up exactly: what does not divide goes to the first ones."""

    def part(name: str, at: int) -> Any:
        value = getattr(amounts, name)
        if name not in _MONEY:
            return value // parts + (at < value % parts)
        units = Decimal(value).scaleb(12)
        whole, rest = divmod(int(units), parts)
        # Amounts of usage are whole units; what is finer (from rows) stays on the first part.
        return from_units(whole + (at < rest)) + ((units - int(units)).scaleb(-12) if at == 0 else ZERO)

    return [Amounts(**{name: part(name, at) for name in SUMS}) for at in range(parts)]


def _of_usage(connection: sa.Connection, scope: Scope, dimensions: Sequence[str], only: Sequence[str]) -> Iterable[_Found]:
    query = sums(scope, dimensions, only, in_order=connection.dialect.name == "sqlite")
    times = [at for at, name in enumerate(dimensions) if name in TIMES]
    readers: list[tuple[str, Callable[[Any], Any]]] = [(name, from_units if name in _MONEY else int) for name in only]
    for row in connection.execute(query):
        key = list(row[: len(dimensions)])
        for at in times:
            key[at] = _day(key[at])
        values = {name: read(value) for (name, read), value in zip(readers, row[len(dimensions) :], strict=True)}
        people = values.pop(PEOPLE, 0)
        yield tuple(key), Amounts(**values), people


def _day(number: int) -> date:
    return EPOCH + timedelta(days=number)


def _of_lines(connection: sa.Connection, scope: Scope, dimensions: Sequence[str]) -> Iterable[_Found]:
    lines, pulls = PR_COST_LINES.c, PR_COSTS.c
    same = (lines.repository == pulls.repository) & (lines.pr_number == pulls.pr_number)
    given = scope.filters.given
    conditions = pull_conditions(scope.filters) + [
        lines[column].in_(given[name])
        for name, column in (("source", "source"), ("product", "product"), ("model", "model"), ("developer", "person"))
        if name in given
    ]
    day = sa.func.coalesce(pulls.merged_at, pulls.closed_at, pulls.computed_at)
    start, end = scope.period.moments
    query = (
        sa.select(PR_COST_LINES, pulls.ticket, pulls.purpose, pulls.cost_label, pulls.state, pulls.author)
        .add_columns(pulls.merged_at, pulls.closed_at, pulls.computed_at)
        .join(PR_COSTS, same)
        .where(
            day >= sa.bindparam("start", start, pulls.merged_at.type),
            day < sa.bindparam("end", end, pulls.merged_at.type),
            *conditions,
        )
    )
    for row in connection.execute(query).mappings():
        key = tuple(_line_key(row, dimension) for dimension in dimensions)
        billed = row["billed_usd"]
        yield (
            key,
            Amounts(
                cost_usd=row["cost_usd"],
                attributed_usd=row["cost_usd"],
                billed_usd=billed or ZERO,
                unknown_usd=row["cost_usd"] if billed is None else ZERO,
                requests=row["requests"],
                input_tokens=row["input_tokens"],
                cache_read_tokens=row["cache_read_tokens"],
                cache_write_tokens=row["cache_write_tokens"],
                output_tokens=row["output_tokens"],
            ),
            1,
        )


def _line_key(row: Any, dimension: str) -> Any:
    if dimension in TIMES:
        return outcome_day(row)
    if dimension == "pull-request":
        return f"{row['repository']}#{row['pr_number']}"
    if dimension == "repository":
        return row["repository"] or UNKNOWN_REPOSITORY
    if dimension == "reason":
        return ""
    column = {"developer": "person", "label": "cost_label"}.get(dimension, dimension)
    value = row[column]
    return value if value or dimension in {"product", "developer"} else NONE


def _folded(found: Iterable[_Found], dimensions: Sequence[str]) -> list[Group]:
    """Days into weeks and months, and groups of one name into one."""
    merged: dict[tuple[str, ...], Group] = {}
    timed = not TIMES.isdisjoint(dimensions)
    for raw, amounts, people in found:
        key = tuple(map(_part, dimensions, raw)) if timed else raw
        old = merged.get(key)
        merged[key] = Group(key, old.amounts + amounts, max(old.people, people)) if old else Group(key, amounts, people)
    return list(merged.values())


_ROUNDED: dict[str, Callable[[date], date]] = {"day": lambda day: day, "week": week_of, "month": month_of}


def _part(dimension: str, value: Any) -> str:
    return str(_ROUNDED[dimension](value)) if dimension in _ROUNDED else value


def _split_tickets(groups: list[Group], dimensions: Sequence[str], wanted: Sequence[str]) -> list[Group]:
    """A pull request with several tickets counts in equal parts for each. `wanted`: only these; empty: all."""
    if "ticket" not in dimensions:
        return groups
    at = dimensions.index("ticket")
    merged: dict[tuple[str, ...], Group] = {}
    for group in groups:
        names = tickets_of(group.key[at]) or (group.key[at],)
        for name, amounts in zip(names, split_exactly(group.amounts, len(names)), strict=True):
            if wanted and name not in wanted:
                continue
            key = (*group.key[:at], name, *group.key[at + 1 :])
            old = merged.get(key, Group(key, Amounts()))
            merged[key] = Group(key, old.amounts + amounts, max(old.people, group.people))
    return list(merged.values())
