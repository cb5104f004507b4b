"""Pull requests as the table has them, narrowed to what a question is about."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa

from pr_cost_bot.ledger.tables import PR_COST_LINES, PR_COSTS
from pr_cost_bot.model import ZERO
from pr_cost_bot.reports.scope import NO_PULL_REQUEST, NONE, Filters, Members, Scope, pull_request_key
from pr_cost_bot.reports.unpriced import NOTHING, tokens_kept

NOT_RECORDED = "(not recorded)"
"""The team of an author or of a line without a name."""


class PullRow(msgspec.Struct, frozen=True, gc=False):
    """What reports need of a row of `pr_costs`. With filters by model and the like, `cost_usd` is that part of it."""

    repository: str
    pr_number: int
    title: str
    url: str
    author: str
    state: str
    commits: int
    ticket: str | None
    purpose: str | None
    cost_label: str | None
    cost_usd: Decimal
    estimate_usd: Decimal | None
    complete: bool
    settled: bool
    used: bool = True  # whether it shows any usage, whatever the filters leave of it
    unpriced: Mapping[str, int] = {}  # tokens by model for which no price is known
    unmatched: int = 0  # authors whom no source knows

    @property
    def name(self) -> str:
        return f"{self.repository}#{self.pr_number}"


PLAIN = tuple(name for name in PullRow.__struct_fields__ if name not in {"used", "unpriced", "unmatched"})
"""Fields that are columns."""

_BESIDE = ("unpriced", "unmatched", "input_tokens", "output_tokens")
_COLUMNS = [PR_COSTS.c[name] for name in (*PLAIN, *_BESIDE)]
_OF_LINES = {"source": "source", "product": "product", "model": "model"}


def merged_pulls(connection: sa.Connection, scope: Scope) -> list[PullRow]:
    """Pull requests merged in the period, by falling cost."""
    return _pulls(connection, scope, PR_COSTS.c.merged_at, PR_COSTS.c.state == "merged")


def touched_pulls(connection: sa.Connection, scope: Scope) -> list[PullRow]:
    """Pull requests merged, closed or, if they are open, computed in the period, by falling cost."""
    return _pulls(connection, scope, sa.func.coalesce(PR_COSTS.c.merged_at, PR_COSTS.c.closed_at, PR_COSTS.c.computed_at))


def some_have_several_tickets(connection: sa.Connection) -> bool:
    """Whether any pull request names more than one ticket."""
    return (
        connection.execute(sa.select(PR_COSTS.c.pr_number).where(PR_COSTS.c.ticket.contains(",")).limit(1)).first() is not None
    )


def outcome_day(row: Mapping[str, Any]) -> date:
    """The day on which a pull request counts where there is no usage by day."""
    moment: datetime = row["merged_at"] or row["closed_at"] or row["computed_at"]
    return moment.date()


def pull_conditions(filters: Filters) -> list[sa.ColumnElement[bool]]:
    """The filters that speak of pull requests, as conditions on `pr_costs`."""
    columns, given = PR_COSTS.c, filters.given
    found: list[sa.ColumnElement[bool]] = [
        sa.func.coalesce(columns[column], NONE).in_(given[name])
        for name, column in (("purpose", "purpose"), ("label", "cost_label"))
        if name in given
    ]
    if filters.repository:
        found.append(columns.repository.in_(filters.repository))
    if filters.pull_request:
        found.append(is_pull_request(columns.repository, columns.pr_number, filters.pull_request))
    if filters.ticket:
        found.append(sa.or_(sa.func.coalesce(columns.ticket, NONE).in_(filters.ticket), *map(names_ticket, filters.ticket)))
    return found


def picked(connection: sa.Connection, filters: Filters) -> Callable[[str, int], bool]:
    """Whether a pull request, in the table or not, is one that the filters speak of."""
    keys = {pull_request_key(name) for name in filters.pull_request if name != NO_PULL_REQUEST}
    of_row = pull_conditions(Filters(ticket=filters.ticket, purpose=filters.purpose, label=filters.label))
    query = sa.select(PR_COSTS.c.repository, PR_COSTS.c.pr_number).where(*of_row)
    rows = {(place, number) for place, number in connection.execute(query)} if of_row else None

    def is_picked(repository: str, number: int) -> bool:
        named = not filters.repository or repository in filters.repository
        return named and all(
            some is None or (repository, number) in some for some in (keys if filters.pull_request else None, rows)
        )

    return is_picked


def is_pull_request(
    repository: sa.ColumnElement[str], number: sa.ColumnElement[int], names: Sequence[str]
) -> sa.ColumnElement[bool]:
    """Whether the columns hold one of the names, `owner/repository#7`, or number 0 for `(no pull request)`."""
    keys = [pull_request_key(name) for name in names if name != NO_PULL_REQUEST]
    one_of_them = [(repository == place) & (number == at) for place, at in keys]
    return sa.or_(*one_of_them, *([number == 0] if NO_PULL_REQUEST in names else []))


def is_person(column: sa.ColumnElement[str], names: Sequence[str]) -> sa.ColumnElement[bool]:
    """Whether it is one of these, whatever the case."""
    return sa.func.lower(column).in_([name.lower() for name in names])


def is_member(column: sa.ColumnElement[str], teams: Sequence[Members], nameless: str) -> sa.ColumnElement[bool]:
    """Whether the person is in one of the teams. `nameless`: the team of an empty name."""
    login = sa.func.lower(column)
    return sa.or_(*(_is_member(column, login, one, nameless) for one in teams))


def _is_member(
    column: sa.ColumnElement[str], login: sa.ColumnElement[str], one: Members, nameless: str
) -> sa.ColumnElement[bool]:
    if one.team == nameless:
        return column == ""
    return (column != "") & login.not_in(one.logins) if one.others else login.in_(one.logins)


def names_ticket(name: str) -> sa.ColumnElement[bool]:
    """Whether the column, which may hold several as `A-1, B-2`, holds this one. Not by LIKE: ClickHouse has no ESCAPE."""
    padded = sa.literal(", ").concat(PR_COSTS.c.ticket).concat(", ")
    return sa.func.replace(padded, f", {name}, ", "") != padded


def _pulls(
    connection: sa.Connection, scope: Scope, when: sa.ColumnElement[Any], *conditions: sa.ColumnElement[bool]
) -> list[PullRow]:
    kind = PR_COSTS.c.merged_at.type
    start, end = (sa.bindparam(None, moment, kind) for moment in scope.period.moments)
    given = pull_conditions(scope.filters)
    if scope.filters.developer:
        given.append(is_person(PR_COSTS.c.author, scope.filters.developer))
    if scope.filters.team:
        given.append(is_member(PR_COSTS.c.author, scope.filters.team, NOT_RECORDED))
    query = sa.select(*_COLUMNS).where(when >= start, when < end, *conditions, *given)
    pulls = [_pull(row, scope.filters) for row in connection.execute(query)]
    parts = _parts(connection, scope.filters)
    if parts is not None:
        pulls = [msgspec.structs.replace(pull, cost_usd=parts.get((pull.repository, pull.pr_number), ZERO)) for pull in pulls]
    return sorted(pulls, key=lambda pull: (-pull.cost_usd, pull.repository, pull.pr_number))


def _pull(row: sa.Row[Any], filters: Filters) -> PullRow:
    """From the values of `_COLUMNS`."""
    unpriced, unmatched, inputs, outputs = row[len(PLAIN) :]
    used = bool(inputs or outputs or unpriced or row.cost_usd)
    found = tokens_kept(unpriced, filters.source, filters.model) if unpriced else NOTHING
    values: tuple[Any, ...] = (*row[: len(PLAIN)], used, found, int(unmatched) if unmatched and unmatched.isdecimal() else 0)
    return PullRow(*values)


def _parts(connection: sa.Connection, filters: Filters) -> Mapping[tuple[str, int], Decimal] | None:
    """What each pull request's lines of these sources, products and models cost; None: no such filter."""
    lines = PR_COST_LINES.c
    given = filters.given
    wanted: list[sa.ColumnElement[bool]] = [
        sa.case((lines[name] == "", NONE), else_=lines[name]).in_(given[name]) for name in _OF_LINES if name in given
    ]
    if not wanted:
        return None
    found: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
    for repository, number, cost in connection.execute(
        sa.select(lines.repository, lines.pr_number, lines.cost_usd).where(*wanted)
    ):
        found[repository, number] += cost
    return found


def median(values: Sequence[Decimal]) -> Decimal | None:
    """The middle value, or the mean of the two in the middle; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
