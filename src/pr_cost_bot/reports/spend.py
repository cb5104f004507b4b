"""What was spent, by anything: from the usage, or where there is none, from the pull requests' lines.

By usage, money counts on the day it was used, and what lies on no pull request counts too, so every report adds up to the same
total. By lines, a pull request counts whole on the day it was merged, closed, or last looked at.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any

import sqlalchemy as sa

from pr_cost_bot.ledger.tables import PR_COST_LINES, PR_COSTS
from pr_cost_bot.ledger.units import from_units
from pr_cost_bot.model import ZERO
from pr_cost_bot.reports.amounts import Amounts, Group
from pr_cost_bot.reports.pulls import NOT_RECORDED, is_member, is_person, outcome_day, pull_conditions
from pr_cost_bot.reports.scope import EPOCH, NONE, Scope, month_of, week_of
from pr_cost_bot.reports.unpriced import kept, plain_reason
from pr_cost_bot.reports.usage_sums import (
    PEOPLE,
    SUMS,
    TIMES,
    UNKNOWN_REPOSITORY,
    has_usage,
    or_none,
    sums,
    without_price,
)
from pr_cost_bot.tickets import tickets_of

_Found = tuple[tuple[Any, ...], Amounts, int]
_MONEY = frozenset(name for name in SUMS if name.endswith("_usd"))


def spend(connection: sa.Connection, scope: Scope, *dimensions: str, only: Sequence[str] = SUMS) -> list[Group]:
    """The groups by falling cost, or by time where it is asked for. `only`: the sums that are wanted; the others stay 0."""
    if has_usage(connection):
        asked = (_of_usage(connection, scope, dimensions, part) for part in _at_once(connection, only))
        found = chain(*asked, _unpriced_usage(connection, scope, dimensions))
    else:
        found = chain(_of_lines(connection, scope, dimensions), _unpriced_rows(connection, scope, dimensions))
    return in_order(_split_tickets(_folded(found, dimensions), dimensions, scope.filters.ticket), dimensions)


def _at_once(connection: sa.Connection, only: Sequence[str]) -> list[Sequence[str]]:
    """Sums for each query. Where groups are hashed, those of sums by person are too many for memory: persons come apart."""
    if PEOPLE not in only or connection.dialect.name == "sqlite":
        return [only]
    return [[name for name in only if name != PEOPLE], [PEOPLE]]


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

    def unpriced(at: int) -> dict[str, int]:
        return {name: count // parts + (at < count % parts) for name, count in amounts.unpriced.items()}

    return [Amounts(**{name: part(name, at) for name in SUMS}, unpriced=unpriced(at)) for at in range(parts)]


def _of_usage(connection: sa.Connection, scope: Scope, dimensions: Sequence[str], only: Sequence[str]) -> Iterable[_Found]:
    query = sums(scope, dimensions, only, in_order=connection.dialect.name == "sqlite")
    times, reason = _times_and_reason(dimensions)
    readers: list[tuple[str, Callable[[Any], Any]]] = [(name, from_units if name in _MONEY else int) for name in only]
    for row in connection.execute(query):
        key = _key(row[: len(dimensions)], times, reason)
        values = {name: read(value) for (name, read), value in zip(readers, row[len(dimensions) :], strict=True)}
        people = values.pop(PEOPLE, 0)
        yield key, Amounts(**values), people


def _unpriced_usage(connection: sa.Connection, scope: Scope, dimensions: Sequence[str]) -> Iterable[_Found]:
    """What the sums hold as $0: seldom any, so it is asked for apart."""
    places = without_price()
    if connection.execute(places.limit(1)).first() is None:
        return
    named = dimensions if "model" in dimensions else (*dimensions, "model")
    times, reason = _times_and_reason(dimensions)
    in_order = connection.dialect.name == "sqlite"
    for row in connection.execute(sums(scope, named, ("input_tokens", "output_tokens"), in_order=in_order, places=places)):
        unpriced = {row[named.index("model")]: int(row[-2]) + int(row[-1])}
        yield _key(row[: len(dimensions)], times, reason), Amounts(unpriced=unpriced), 0


def _times_and_reason(dimensions: Sequence[str]) -> tuple[list[int], int]:
    """Where the key has times, and where a reason, -1: nowhere."""
    times = [at for at, name in enumerate(dimensions) if name in TIMES]
    return times, dimensions.index("reason") if "reason" in dimensions else -1


def _key(names: Sequence[Any], times: Sequence[int], reason: int) -> tuple[Any, ...]:
    key = list(names)
    for at in times:
        key[at] = _day(key[at])
    if reason >= 0:
        key[reason] = plain_reason(key[reason])
    return tuple(key)


def _day(number: int) -> date:
    return EPOCH + timedelta(days=number)


def _of_lines(connection: sa.Connection, scope: Scope, dimensions: Sequence[str]) -> Iterable[_Found]:
    lines, pulls = PR_COST_LINES.c, PR_COSTS.c
    same = (lines.repository == pulls.repository) & (lines.pr_number == pulls.pr_number)
    given = scope.filters.given
    conditions = pull_conditions(scope.filters) + [
        or_none(lines[name]).in_(given[name]) for name in ("source", "product", "model") if name in given
    ]
    if scope.filters.developer:
        conditions.append(is_person(lines.person, scope.filters.developer))
    if scope.filters.team:
        conditions.append(is_member(lines.person, scope.filters.team, NOT_RECORDED))
    query = (
        sa.select(PR_COST_LINES, pulls.ticket, pulls.purpose, pulls.cost_label, pulls.state, pulls.author)
        .add_columns(pulls.merged_at, pulls.closed_at, pulls.computed_at)
        .join(PR_COSTS, same)
        .where(*_ended(scope), *conditions)
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


def _ended(scope: Scope) -> tuple[sa.ColumnElement[bool], ...]:
    """On the days of the period by `outcome_day`."""
    pulls = PR_COSTS.c
    day = sa.func.coalesce(pulls.merged_at, pulls.closed_at, pulls.computed_at)
    start, end = (sa.bindparam(None, moment, pulls.merged_at.type) for moment in scope.period.moments)
    return day >= start, day < end


def _unpriced_rows(connection: sa.Connection, scope: Scope, dimensions: Sequence[str]) -> Iterable[_Found]:
    """What the lines leave out. A row does not say who used it, or of which product it is."""
    given = scope.filters
    if given.developer or given.team or given.product:
        return
    query = sa.select(PR_COSTS).where(*_ended(scope), *pull_conditions(given), PR_COSTS.c.unpriced.is_not(None))
    for row in connection.execute(query).mappings():
        for source, model, count in kept(row["unpriced"], given.source, given.model):
            part = {**row, "source": source, "model": model, "product": "", "person": "", "evidence": ""}
            yield tuple(_line_key(part, name) for name in dimensions), Amounts(unpriced={model: count}), 1


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
    return value if value or dimension == "developer" else NONE


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
