"""Portkey's analytics groups: cost per caller, and per value of the metadata key `pr`.

Source: https://portkey.ai/docs/api-reference/admin-api/data-plane/analytics (groups by users and by metadata). Amounts are
cents; those of callers come as strings.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Generic, TypeVar

import msgspec

from pr_cost_bot.http import HttpSession, SourceError
from pr_cost_bot.sources.callers import iso
from pr_cost_bot.sources.reading import Chunk, Count, cents
from pr_cost_bot.sources.spans import Span

_GROUPS = "/v1/analytics/groups"
_PAGE_SIZE = 100
_MOST_PAGES = 100


class UserGroup(msgspec.Struct, frozen=True):
    """What one caller used."""

    user: str
    cost: Decimal
    requests: Count = 0


class PullGroup(msgspec.Struct, frozen=True):
    """What was used under one value of `pr`."""

    metadata_value: str
    cost: Decimal
    requests: Count = 0


G = TypeVar("G", UserGroup, PullGroup)


class Page(msgspec.Struct, Generic[G], frozen=True):
    """A page of groups."""

    data: tuple[G, ...]
    total: Count | None = None


def user_groups(session: HttpSession, span: Span) -> Chunk[UserGroup]:
    """Everybody who used anything. Raises: SourceError when not even the first page came."""
    return _pages(session, f"{_GROUPS}/users", Page[UserGroup], _params(span))


def pull_groups(session: HttpSession, user: str, span: Span) -> Chunk[PullGroup]:
    """What one caller used for each pull request. Raises: SourceError when not even the first page came."""
    who = ("metadata", msgspec.json.encode({"_user": user}).decode())
    return _pages(session, f"{_GROUPS}/metadata/pr", Page[PullGroup], [*_params(span), who])


def _pages(session: HttpSession, path: str, shape: type[Page[G]], params: list[tuple[str, str]]) -> Chunk[G]:
    rows: list[G] = []
    for number in range(_MOST_PAGES):
        try:
            page = session.get(path, shape, [*params, ("current_page", str(number)), ("page_size", str(_PAGE_SIZE))])
            _check(session, page.data)
        except SourceError as error:
            if not number:
                raise
            return Chunk(rows, error)
        rows += page.data
        if not page.data or (len(rows) >= page.total if page.total is not None else len(page.data) < _PAGE_SIZE):
            return Chunk(rows)
    return Chunk(rows, session.malformed("pages without an end"))


def _params(span: Span) -> list[tuple[str, str]]:
    return [("time_of_generation_min", iso(span.start)), ("time_of_generation_max", iso(span.end))]


def _check(session: HttpSession, groups: Sequence[G]) -> None:
    try:
        for group in groups:
            cents(group.cost)
    except ValueError as error:
        raise session.malformed(str(error)) from None
