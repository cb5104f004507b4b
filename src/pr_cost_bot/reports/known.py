"""Whether what a filter names is in the table at all, so that a mistyped name is no $0.00."""

import difflib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from pr_cost_bot.ledger.tables import ACCOUNTS, ITEMS, PLACES, PR_COST_LINES, PR_COSTS
from pr_cost_bot.model import Problem
from pr_cost_bot.reports.pulls import is_person, is_pull_request
from pr_cost_bot.reports.scope import NO_PULL_REQUEST, NONE, Filters, QuestionError
from pr_cost_bot.reports.unpriced import kept
from pr_cost_bot.reports.usage_sums import NO_TABLE_ROW, NOBODY, UNKNOWN_REPOSITORY
from pr_cost_bot.tickets import tickets_of

_COLUMNS: dict[str, tuple[sa.Column[str], ...]] = {
    "developer": (ACCOUNTS.c.person, PR_COSTS.c.author, PR_COST_LINES.c.person),
    "repository": (PR_COSTS.c.repository, PLACES.c.repository),
    "ticket": (PR_COSTS.c.ticket,),
    "purpose": (PR_COSTS.c.purpose,),
    "label": (PR_COSTS.c.cost_label,),
    "source": (ACCOUNTS.c.source, PR_COST_LINES.c.source),
    "product": (ITEMS.c.product, PR_COST_LINES.c.product),
    "model": (ITEMS.c.model, PR_COST_LINES.c.model, PR_COSTS.c.unpriced),
}
_TEXTS: dict[str, Callable[[str], Iterable[str]]] = {
    "ticket": tickets_of,
    "unpriced": lambda text: [model for _, model, _ in kept(text)],
}
"""Columns that hold several names in one text."""

_NAMES_OF_NOTHING = frozenset({NONE, NO_PULL_REQUEST, NO_TABLE_ROW, NOBODY, UNKNOWN_REPOSITORY})


def check_names(connection: sa.Connection, filters: Filters) -> None:
    """Raises QuestionError where a filter names what is nowhere in the table. Teams are those of the configuration."""
    for kind, names in filters.given.items():
        if kind == "team":
            continue
        for name in names:
            if name not in _NAMES_OF_NOTHING and not (name and _is_known(connection, kind, name)):
                raise _refusal(kind, name, _all(connection, kind))


def _is_known(connection: sa.Connection, kind: str, name: str) -> bool:
    if kind == "pull_request":
        return any(
            _any(connection, sa.select(table.c.pr_number).where(is_pull_request(table.c.repository, table.c.pr_number, [name])))
            for table in (PR_COSTS, PLACES)
        )
    return any(_holds(connection, column, name) for column in _COLUMNS[kind])


def _holds(connection: sa.Connection, column: sa.Column[str], name: str) -> bool:
    if column.name in _TEXTS:
        return name in _names(connection, column)
    same = is_person(column, [name]) if column.name in {"person", "author"} else column == name
    return _any(connection, sa.select(column).where(same))


def _any(connection: sa.Connection, query: sa.Select[Any]) -> bool:
    return connection.execute(query.limit(1)).first() is not None


def _all(connection: sa.Connection, kind: str) -> set[str]:
    if kind == "pull_request":
        query = sa.select(PR_COSTS.c.repository, PR_COSTS.c.pr_number)
        return {f"{repository}#{number}" for repository, number in connection.execute(query)}
    return {name for column in _COLUMNS[kind] for name in _names(connection, column)} - {""}


def _names(connection: sa.Connection, column: sa.Column[str]) -> set[str]:
    texts = set(connection.execute(sa.select(column).where(column.is_not(None)).distinct()).scalars())
    parts = _TEXTS.get(column.name)
    if parts is None:
        return texts
    return {name for text in texts for name in parts(text)} | (texts if column.name == "ticket" else set())


def _refusal(kind: str, name: str, known: Iterable[str]) -> QuestionError:
    what = kind.replace("_", " ")
    near = _nearest(name, sorted(known))
    asked = f"Did you mean {near}?" if near else f"'pr-cost-bot report by {kind.replace('_', '-')}' lists those there are."
    return QuestionError(Problem(f"There is no {what} {name} in this table.", "Nothing in it has that name.", asked))


def _nearest(name: str, known: Sequence[str]) -> str:
    """The known name that ends like it (`web` for `acme/web`), or looks like it."""
    low = name.lower()
    by_case = {one.lower(): one for one in known}
    ends = [one for one in by_case if one.split("/")[-1] == low]
    near = ends or difflib.get_close_matches(low, list(by_case), n=1, cutoff=0.5)
    return by_case[near[0]] if near else ""
