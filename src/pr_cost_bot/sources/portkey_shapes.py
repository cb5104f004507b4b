"""Answers of Portkey's log export, as far as they are read.

Sources: https://portkey.ai/docs/product/observability/logs-export ("Cost of the request in cents (USD)") and
github.com/Portkey-AI/openapi (`LogExportsRequestedData`). Documentation and specification name provider and tokens differently;
both names are read. Metadata comes as an object or as one written into a string.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from pr_cost_bot.sources.reading import Count, cents


class Row(msgspec.Struct, frozen=True):
    """One request: a line of the exported file."""

    id: str
    created_at: str
    ai_org: str | None = None
    ai_provider: str | None = None
    ai_model: str | None = None
    req_units: Count | None = None
    request_tokens: Count | None = None
    res_units: Count | None = None
    response_tokens: Count | None = None
    cost: Decimal | None = None
    cost_currency: str | None = None
    metadata: Any = None


class Rows(msgspec.Struct, frozen=True):
    """All lines of a file."""

    rows: tuple[Row, ...]


class Created(msgspec.Struct, frozen=True):
    """An export that was asked for; `total` is how many requests it will hold."""

    id: str
    total: Count | None = None


class Export(msgspec.Struct, frozen=True):
    """How an export stands: draft, in_progress, success, failed or stopped."""

    status: str


class Download(msgspec.Struct, frozen=True):
    """Where the file lies."""

    signed_url: str


def amount(row: Row) -> Decimal | None:
    """Dollars of a request. Raises ValueError for what cannot be an amount, and for another currency."""
    if row.cost is None:
        return None
    if (row.cost_currency or "USD").upper() != "USD":
        raise ValueError("an amount in a currency other than US dollars")
    return cents(row.cost)


def metadata_of(row: Row) -> Mapping[str, Any]:
    """The metadata that the caller sent."""
    found = row.metadata
    if isinstance(found, str) and found.startswith("{"):
        try:
            found = msgspec.json.decode(found)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return {}
    return found if isinstance(found, dict) else {}
