"""Answers of Langfuse's public API, old and new, as far as they are read.

Source: github.com/langfuse/langfuse, `fern/apis/server/definition` (`observations-v2.yml`, `legacy/observations-v1.yml`,
`commons.yml`), and https://langfuse.com/docs/model-usage-and-cost for the meaning of `usageDetails`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from pr_cost_bot.http import HttpSession
from pr_cost_bot.model import Terms, Tokens
from pr_cost_bot.sources.reading import Count, as_dollars, utc

Moment = Annotated[datetime, Meta(tz=True)]


class Observation(msgspec.Struct, frozen=True, rename="camel"):
    """A generation. The older API lacks user, session and tags: they stand on its trace."""

    id: str
    start_time: Moment
    trace_id: str | None = None
    type: str | None = None
    user_id: str | None = None
    session_id: str | None = None
    provided_model_name: str | None = None
    model: str | None = None  # older API
    usage_details: dict[str, Count | None] | None = None
    total_cost: Decimal | None = None
    calculated_total_cost: Decimal | None = None  # older API
    metadata: Any = None
    tags: tuple[Any, ...] | None = None

    @property
    def amount(self) -> Decimal | None:
        """Dollars, under the name of either API."""
        return self.total_cost if self.total_cost is not None else self.calculated_total_cost


class Paging(msgspec.Struct, frozen=True, rename="camel"):
    """Where a page stands: a cursor in the newer API, page numbers in the older."""

    cursor: str | None = None
    total_pages: Count | None = None


class Page(msgspec.Struct, frozen=True):
    """A page of observations."""

    data: tuple[Observation, ...]
    meta: Paging | None = None


class Trace(msgspec.Struct, frozen=True, rename="camel"):
    """What the older API keeps apart from the generations."""

    id: str
    session_id: str | None = None
    metadata: Any = None
    tags: tuple[Any, ...] | None = None


class TracesPage(msgspec.Struct, frozen=True):
    """A page of traces."""

    data: tuple[Trace, ...]
    meta: Paging | None = None


def check(session: HttpSession, rows: Iterable[Observation]) -> None:
    """Refuse a page with amounts or times that make no sense. Raises: SourceError."""
    try:
        for row in rows:
            utc(row.start_time)
            if row.amount is not None:
                as_dollars(row.amount)
    except ValueError as error:
        raise session.malformed(str(error)) from None


def properties_of(metadata: Any) -> Mapping[str, object]:
    """Metadata as a mapping: it may come as an object, or as one written into a string."""
    if isinstance(metadata, str) and metadata.startswith("{"):
        try:
            metadata = msgspec.json.decode(metadata)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return {}
    return metadata if isinstance(metadata, dict) else {}


def tokens_of(details: Mapping[str, int | None]) -> tuple[Tokens, Terms]:
    """Tokens of `usageDetails`.

    Its keys are free, and each is a count of its own: Langfuse adds them up to `total` unless the caller sends one. So
    `input` is without the cache counts beside it, as Anthropic counts. A `total` that is `input + output` alone says that the
    other counts are parts of those two, as OpenAI counts.
    """
    counts = {"input": 0, "read": 0, "write": 0, "output": 0}
    one_hour = 0
    for key, value in details.items():
        kind = _kind(key.lower())
        if kind:
            counts[kind] += value or 0
            one_hour += (value or 0) if kind == "write" and "1h" in key.lower() else 0
    plain_input, plain_output = details.get("input") or 0, details.get("output") or 0
    read, write = counts["read"], counts["write"]
    parts = details.get("total") == plain_input + plain_output < sum(counts.values()) and read + write <= plain_input
    if parts:
        return Tokens(plain_input, read, write, plain_output), Terms(cache_write_1h=one_hour)
    return Tokens(counts["input"] + read + write, read, write, counts["output"]), Terms(cache_write_1h=one_hour)


def _kind(key: str) -> str:
    if "cache" in key:
        return "write" if "creat" in key or "write" in key else "read"
    if key.startswith(("input", "prompt")):
        return "input"
    return "output" if key.startswith(("output", "completion", "reasoning")) else ""
