"""Sums over the usage, grouped by anything: one pass over the shares in the order they lie in, then the names.

The inner query adds up by numbers; the outer one joins the names to the few thousand sums that are left. SQLite groups by
sorting, so there the inner one adds up per account and item, or per place, which is the order of the table and of its index.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from pr_cost_bot.ledger.tables import ACCOUNTS, ITEMS, PLACES, PR_COSTS, SHARES
from pr_cost_bot.ledger.usage import NO_PRICE
from pr_cost_bot.reports.pulls import is_member, is_person, is_pull_request, names_ticket
from pr_cost_bot.reports.scope import NO_PULL_REQUEST, NONE, Scope

UNKNOWN_REPOSITORY = "(no repository)"
NOBODY = "(CI)"
"""Who used what no person did."""

NO_TABLE_ROW = "(not in the table)"

TIMES = frozenset({"day", "week", "month"})
_OF_ACCOUNT: dict[str, sa.ColumnElement[str]] = {
    "developer": sa.case((ACCOUNTS.c.person == "", NOBODY), else_=ACCOUNTS.c.person),
    "source": ACCOUNTS.c.source,
}


def or_none(column: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """Its name, `(none)` where it is empty."""
    return sa.case((column == "", NONE), else_=column)


_OF_ITEM = {name: or_none(ITEMS.c[name]) for name in ("product", "model")}
_OF_ROW = {
    "ticket": PR_COSTS.c.ticket,
    "purpose": PR_COSTS.c.purpose,
    "label": PR_COSTS.c.cost_label,
    "state": PR_COSTS.c.state,
}
_OF_PLACE = frozenset({"repository", "pull-request", "evidence", "reason", *_OF_ROW})
DIMENSIONS = (
    "developer",
    "repository",
    "pull-request",
    "ticket",
    "model",
    "source",
    "product",
    "purpose",
    "label",
    *sorted(TIMES),
)
"""What a report may be grouped by."""

SUMS = (
    "cost_usd",
    "attributed_usd",
    "billed_usd",
    "unknown_usd",
    "requests",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "output_tokens",
)
PEOPLE = "people"
"""May be asked for like a sum: how many persons are in the group, CI left out. It costs as much again as all the sums."""

_MILLION = 1_000_000


class _Whole(sa.types.TypeDecorator[int]):
    """A whole number of any size, as the databases hand it over."""

    impl = sa.String
    cache_ok = True

    def process_result_value(self, value: Any, dialect: sa.engine.Dialect) -> int:
        if isinstance(value, str):
            millions, _, rest = value.partition(" ")
            return int(millions) * _MILLION + int(rest)
        return int(value or 0)


class units_sum(FunctionElement[int]):  # noqa: N801 - reads like SQL's own functions
    """SUM over the whole numbers of the usage, for a part of it that 64 bits hold in SQLite."""

    type = sa.BigInteger()
    inherit_cache = True
    name = "units_sum"


@compiles(units_sum)
def _units_sum(element: units_sum, compiler: SQLCompiler, **given: Any) -> str:
    return f"SUM({compiler.process(element.clauses, **given)})"


@compiles(units_sum, "clickhousedb")
def _wide_sum(element: units_sum, compiler: SQLCompiler, **given: Any) -> str:
    """ClickHouse's own ends at 64 bits too, and begins again from below without a word."""
    return f"SUM(toInt128({compiler.process(element.clauses, **given)}))"


@compiles(units_sum, "bigquery")
def _big_sum(element: units_sum, compiler: SQLCompiler, **given: Any) -> str:
    return f"SUM(CAST({compiler.process(element.clauses, **given)} AS BIGNUMERIC))"


class exact_sum(FunctionElement[int]):  # noqa: N801 - reads like SQL's own functions
    """SUM over whole numbers that no size of the table makes fail: SQLite's SUM ends at 64 bits."""

    type = _Whole()
    inherit_cache = True
    name = "exact_sum"


@compiles(exact_sum)
def _plain_sum(element: exact_sum, compiler: SQLCompiler, **given: Any) -> str:
    return f"COALESCE(SUM({compiler.process(element.clauses, **given)}), 0)"


@compiles(exact_sum, "sqlite")
def _sum_in_two(element: exact_sum, compiler: SQLCompiler, **given: Any) -> str:
    value = compiler.process(element.clauses, **given)
    return f"(COALESCE(SUM({value} / {_MILLION}), 0) || ' ' || COALESCE(SUM({value} % {_MILLION}), 0))"


def sums(
    scope: Scope,
    dimensions: Sequence[str],
    only: Sequence[str] = SUMS,
    *,
    in_order: bool = True,
    places: sa.Select[Any] | None = None,
) -> sa.Select[Any]:
    """The query: one row per group with the columns of the dimensions and of `only`. Times are days since 1970.

    By pull request, a group may come in several rows, one for each place (evidence) it has: adding up again in the database
    costs more than handing over the few rows more. Sums of money are whole units of 1e-12 dollars. `in_order`: the database
    groups by sorting (SQLite), not by hashing. `places`: numbers of the only ones to look at.
    """
    inner = _inner(scope, dimensions, only, in_order=in_order, places=places)
    keys = [_name(dimension, inner).label(dimension) for dimension in dimensions]
    joined: sa.FromClause = inner
    if "account_id" in inner.c:
        joined = joined.join(ACCOUNTS, ACCOUNTS.c.id == inner.c.account_id)
    if PEOPLE in only:
        joined = joined.join(_NUMBERED, _NUMBERED.c.id == inner.c.account_id)
    if "item_id" in inner.c:
        joined = joined.join(ITEMS, ITEMS.c.id == inner.c.item_id)
    if "place_id" in inner.c:
        joined = joined.join(PLACES, PLACES.c.id == inner.c.place_id)
        if any(dimension in _OF_ROW for dimension in dimensions):
            joined = joined.outerjoin(PR_COSTS, _is_row_of_place())
    if "pull-request" in dimensions and PEOPLE not in only:
        return sa.select(*keys, *(sa.func.coalesce(inner.c[name], 0).label(name) for name in only)).select_from(joined)
    added = [_added(name, inner).label(name) for name in only]
    return sa.select(*keys, *added).select_from(joined).group_by(*keys)


_NUMBERED = sa.select(
    ACCOUNTS.c.id, ACCOUNTS.c.person, sa.func.min(ACCOUNTS.c.id).over(partition_by=ACCOUNTS.c.person).label("number")
).subquery("persons")
"""Accounts with a number for each person: PostgreSQL tells numbers apart many times as fast as names."""


def _added(name: str, inner: sa.Subquery) -> sa.ColumnElement[Any]:
    if name == PEOPLE:
        return sa.func.count(sa.case((_NUMBERED.c.person == "", None), else_=_NUMBERED.c.number).distinct())
    return exact_sum(inner.c[name]) if name.endswith("_usd") else sa.func.sum(inner.c[name])


def has_usage(connection: sa.Connection) -> bool:
    """Whether any run has written usage here."""
    return connection.execute(sa.select(SHARES.c.day).limit(1)).first() is not None


def without_price() -> sa.Select[Any]:
    """The places of usage for which no price is known."""
    return sa.select(PLACES.c.id).where(PLACES.c.reason.endswith(NO_PRICE))


def _inner(
    scope: Scope, dimensions: Sequence[str], only: Sequence[str], *, in_order: bool, places: sa.Select[Any] | None
) -> sa.Subquery:
    by_place = any(dimension in _OF_PLACE for dimension in dimensions)
    of_account = PEOPLE in only or any(dimension in _OF_ACCOUNT for dimension in dimensions)
    of_item = any(dimension in _OF_ITEM for dimension in dimensions)
    keys = [SHARES.c.place_id] if by_place else []
    whole_order = in_order and not by_place  # the order of the table begins with account and item
    keys += [SHARES.c.account_id] if of_account or whole_order else []
    keys += [SHARES.c.item_id] if of_item or whole_order else []
    keys += [SHARES.c.day] if any(dimension in TIMES for dimension in dimensions) else []
    measures = [_measure(name).label(name) for name in only if name != PEOPLE]
    first, last = scope.period.numbers
    query = sa.select(*keys, *measures).where(SHARES.c.day.between(first, last), *_conditions(scope))
    if places is not None:
        query = query.where(SHARES.c.place_id.in_(places))
    return query.group_by(*keys).subquery("sums")


def _measure(name: str) -> sa.ColumnElement[Any]:
    shares = SHARES.c
    if name == "attributed_usd":
        return units_sum(shares.cost_units * shares.attributed)
    if name == "unknown_usd":
        return units_sum(sa.case((shares.billed_units.is_(None), shares.cost_units), else_=0))
    return units_sum(shares[name.replace("_usd", "_units")])


def _name(dimension: str, inner: sa.Subquery) -> sa.ColumnElement[Any]:
    if dimension in TIMES:
        return inner.c.day
    if dimension in _OF_ACCOUNT or dimension in _OF_ITEM:
        return {**_OF_ACCOUNT, **_OF_ITEM}[dimension]
    return _name_of_place(dimension)


def _name_of_place(dimension: str) -> sa.ColumnElement[Any]:
    on_none = PLACES.c.pr_number == 0
    if dimension in _OF_ROW:
        named = sa.case((PR_COSTS.c.repository.is_(None), NO_TABLE_ROW), else_=sa.func.coalesce(_OF_ROW[dimension], NONE))
        return sa.case((on_none, NO_PULL_REQUEST), else_=named)
    if dimension == "pull-request":
        key = PLACES.c.repository.concat("#").concat(sa.cast(PLACES.c.pr_number, sa.String(20)))
        return sa.case((on_none, NO_PULL_REQUEST), else_=key)
    if dimension == "repository":
        return sa.case((PLACES.c.repository == "", UNKNOWN_REPOSITORY), else_=PLACES.c.repository)
    return PLACES.c[dimension]


def _is_row_of_place() -> sa.ColumnElement[bool]:
    return (PR_COSTS.c.repository == PLACES.c.repository) & (PR_COSTS.c.pr_number == PLACES.c.pr_number)


def _conditions(scope: Scope) -> list[sa.ColumnElement[bool]]:
    """The filters as conditions on the shares' numbers. Raises QuestionError."""
    given = scope.filters.given
    items = [column.in_(given.pop(name)) for name, column in _OF_ITEM.items() if name in given]
    accounts: list[sa.ColumnElement[bool]] = [_OF_ACCOUNT["source"].in_(given.pop("source"))] if "source" in given else []
    if "developer" in given:
        accounts.append(is_person(_OF_ACCOUNT["developer"], given.pop("developer")))
    if given.pop("team", ()):
        accounts.append(is_member(ACCOUNTS.c.person, scope.filters.team, NOBODY))
    places = [_place_condition(name, values) for name, values in given.items()]
    found: list[sa.ColumnElement[bool]] = [
        column.in_(sa.select(table.c.id).where(*wanted))
        for wanted, table, column in ((accounts, ACCOUNTS, SHARES.c.account_id), (items, ITEMS, SHARES.c.item_id))
        if wanted
    ]
    if places:
        chosen = sa.select(PLACES.c.id).select_from(PLACES.outerjoin(PR_COSTS, _is_row_of_place())).where(*places)
        found.append(SHARES.c.place_id.in_(chosen))
    return found


def _place_condition(name: str, values: Sequence[str]) -> sa.ColumnElement[bool]:
    if name == "pull_request":
        return is_pull_request(PLACES.c.repository, PLACES.c.pr_number, values)
    named = _name_of_place(name).in_(values)
    return sa.or_(named, *(names_ticket(value) for value in values)) if name == "ticket" else named
