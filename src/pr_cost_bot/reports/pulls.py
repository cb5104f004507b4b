"""Pull requests as the table has them, narrowed to what a question is about."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa

from pr_cost_bot.ledger.tables import PR_COST_LINES, PR_COSTS
from pr_cost_bot.model import ZERO
from pr_cost_bot.reports.scope import Filters, Scope, pull_request_key


class PullRow(msgspec.Struct, frozen=True, gc=False):
    """What reports need of a row of `pr_costs`. With filters by model and the like, `cost_usd` is that part of it."""

    repository: str
    pr_number: int
    title: str
    url: str
    author: str
    state: str
    opened_at: datetime
    merged_at: datetime | None
    closed_at: datetime | None
    commits: int
    ticket: str | None
    purpose: str | None
    cost_label: str | None
    cost_usd: Decimal
    estimate_usd: Decimal | None
    complete: bool
    settled: bool

    @property
    def name(self) -> str:
        return f"{self.repository}#{self.pr_number}"


_COLUMNS = [PR_COSTS.c[name] for name in PullRow.__struct_fields__]
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
        columns[column].in_(given[name])
        for name, column in (("repository", "repository"), ("purpose", "purpose"), ("label", "cost_label"))
        if name in given
    ]
    if filters.pull_request:
        keys = [pull_request_key(text) for text in filters.pull_request]
        found.append(sa.or_(*((columns.repository == place) & (columns.pr_number == number) for place, number in keys)))
    if filters.ticket:
        found.append(sa.or_(*(names_ticket(name) for name in filters.ticket)))
    return found


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
        given.append(sa.func.lower(PR_COSTS.c.author).in_([name.lower() for name in scope.filters.developer]))
    query = sa.select(*_COLUMNS).where(when >= start, when < end, *conditions, *given)
    pulls = [PullRow(*row) for row in connection.execute(query)]
    parts = _parts(connection, scope.filters)
    if parts is not None:
        pulls = [msgspec.structs.replace(pull, cost_usd=parts.get((pull.repository, pull.pr_number), ZERO)) for pull in pulls]
    return sorted(pulls, key=lambda pull: (-pull.cost_usd, pull.repository, pull.pr_number))


def _parts(connection: sa.Connection, filters: Filters) -> Mapping[tuple[str, int], Decimal] | None:
    """What each pull request's lines of these sources, products and models cost; None: no such filter."""
    lines = PR_COST_LINES.c
    wanted: list[sa.ColumnElement[bool]] = [lines[name].in_(filters.given[name]) for name in _OF_LINES if name in filters.given]
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
