"""Answers of OpenRouter's management API, as far as they are read, and the lists of members and keys.

Source: https://openrouter.ai/docs/api/api-reference, https://openrouter.ai/openapi/openapi.yaml. Money is dollars as floats.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Generic, TypeVar

import msgspec

from pr_cost_bot.http import HttpSession
from pr_cost_bot.sources.reading import Count

T = TypeVar("T")
_PAGE_SIZE = 100
_MOST_PAGES = 100


class Member(msgspec.Struct, frozen=True):
    """A member of the organisation."""

    id: str
    email: str | None = None


class Key(msgspec.Struct, frozen=True):
    """An API key without its secret. `hash` is what filters take."""

    hash: str
    name: str | None = None
    creator_user_id: str | None = None
    usage: Decimal | None = None


class Listing(msgspec.Struct, Generic[T], frozen=True):
    """A page of a list, or a list."""

    data: tuple[T, ...]


class Named(msgspec.Struct, frozen=True):
    """A metric, dimension or granularity."""

    name: str


class Offer(msgspec.Struct, frozen=True):
    """What analytics can be asked for."""

    metrics: tuple[Named, ...]
    dimensions: tuple[Named, ...]
    granularities: tuple[Named, ...]


class Meta(msgspec.Struct, frozen=True):
    """Answer of `/analytics/meta`."""

    data: Offer


class Metadata(msgspec.Struct, frozen=True):
    """About an answer of analytics."""

    truncated: bool | None = None


class Table(msgspec.Struct, frozen=True):
    """Rows of analytics: metrics and dimensions by name."""

    data: tuple[dict[str, msgspec.Raw], ...]
    metadata: Metadata | None = None


class Queried(msgspec.Struct, frozen=True):
    """Answer of `/analytics/query`."""

    data: Table


class Activity(msgspec.Struct, frozen=True):
    """A row of `/activity`: a day of one model at one endpoint. `usage` is charged to credits, `byok_…` to your own key."""

    date: str
    model: str | None = None
    model_permaslug: str | None = None
    endpoint_id: str | None = None
    provider_name: str | None = None
    usage: Decimal | None = None
    byok_usage_inference: Decimal | None = None
    requests: Count | None = None
    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None


def members(session: HttpSession) -> tuple[Member, ...]:
    """Members of the organisation. Raises: SourceError."""
    return _all(lambda offset: session.get("/v1/organization/members", Listing[Member], [*_limit(), ("offset", str(offset))]))


def keys(session: HttpSession) -> tuple[Key, ...]:
    """Keys, disabled ones included. Raises: SourceError."""
    params = [("include_disabled", "true")]
    return _all(lambda offset: session.get("/v1/keys", Listing[Key], [*params, ("offset", str(offset))]))


def meta(session: HttpSession) -> Meta:
    """What analytics offer. Raises: SourceError."""
    return session.get("/v1/analytics/meta", Meta)


def _limit() -> list[tuple[str, str]]:
    return [("limit", str(_PAGE_SIZE))]


def _all(page: Callable[[int], Listing[T]]) -> tuple[T, ...]:
    """All pages; the last one is short, or repeats what came before."""
    rows: list[T] = []
    for _ in range(_MOST_PAGES):
        more = [row for row in page(len(rows)).data if row not in rows[-_PAGE_SIZE:]]
        rows += more
        if len(more) < _PAGE_SIZE:
            break
    return tuple(rows)
