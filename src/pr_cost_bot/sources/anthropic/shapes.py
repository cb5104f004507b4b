"""Answers of Anthropic's organisation APIs, as far as they are read.

Sources: the types of PyPI `anthropic` 2.12.0 (`types/beta/organization`),
https://platform.claude.com/docs/en/manage-claude/usage-cost-analytics-api, …/usage-cost-api, …/claude-code-analytics-api and
…/admin-api.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta

from pr_cost_bot.sources.reading import Count

Row = TypeVar("Row")

Moment = Annotated[datetime, Meta(tz=True)]


class Actor(msgspec.Struct, frozen=True):
    """Who used it: user, service account, federated identity or API key, whichever is known first."""

    type: str | None = None
    user_id: str | None = None
    email_address: str | None = None
    service_account_id: str | None = None
    api_key_id: str | None = None
    subject: str | None = None  # federated: an IAM principal and the like
    api_key_name: str | None = None  # Claude Code analytics only


class Group(msgspec.Struct, frozen=True):
    """The dimensions asked for."""

    actor: Actor | None = None
    model: str | None = None
    product: str | None = None


class Cost(msgspec.Struct, frozen=True):
    """`amount`: a string of (fractional) cents, after discounts and before credits."""

    amount: Decimal
    requests: Count | None = None


class CacheCreation(msgspec.Struct, frozen=True):
    """Cache writes by how long they are kept."""

    ephemeral_5m_input_tokens: Count | None = None
    ephemeral_1h_input_tokens: Count | None = None


class Usage(msgspec.Struct, frozen=True):
    """Four disjoint input counts and the output."""

    uncached_input_tokens: Count | None = None
    cache_creation: CacheCreation | None = None
    cache_read_input_tokens: Count | None = None
    output_tokens: Count | None = None
    requests: Count | None = None


class CostRow(msgspec.Struct, frozen=True):
    """A row of `analytics/cost`."""

    starting_at: Moment
    ending_at: Moment
    group: Group
    cost: Cost


class UsageRow(msgspec.Struct, frozen=True):
    """A row of `analytics/usage`."""

    starting_at: Moment
    ending_at: Moment
    group: Group
    usage: Usage


class MessagesResult(Usage, frozen=True):
    """A result inside a bucket of `usage_report/messages`. A dimension is null unless it was grouped by."""

    account_id: str | None = None
    api_key_id: str | None = None
    model: str | None = None
    service_tier: str | None = None
    context_window: str | None = None
    inference_geo: str | None = None
    speed: str | None = None


class Bucket(msgspec.Struct, frozen=True):
    """A bucket of `usage_report/messages`; an empty one has no results."""

    starting_at: Moment
    ending_at: Moment
    results: tuple[MessagesResult, ...] = ()


class EstimatedCost(msgspec.Struct, frozen=True):
    """`amount`: whole cents, an estimate; a number in the documentation, also seen as a string."""

    amount: Decimal


class ModelTokens(msgspec.Struct, frozen=True):
    """Tokens of one model on one day; `input` is uncached."""

    input: Count | None = None
    output: Count | None = None
    cache_read: Count | None = None
    cache_creation: Count | None = None


class ModelBreakdown(msgspec.Struct, frozen=True):
    """One model in a `usage_report/claude_code` row."""

    model: str
    tokens: ModelTokens = ModelTokens()
    estimated_cost: EstimatedCost | None = None


class ClaudeCodeRow(msgspec.Struct, frozen=True):
    """A row of `usage_report/claude_code`: actor, terminal and day."""

    date: Moment
    actor: Actor
    customer_type: str | None = None
    terminal_type: str | None = None
    model_breakdown: tuple[ModelBreakdown, ...] = ()


class Page(msgspec.Struct, Generic[Row], frozen=True):
    """A page of a report; the cursor is `next_page`."""

    data: tuple[Row, ...]
    has_more: bool | None = None
    next_page: str | None = None
    data_refreshed_at: Moment | None = None


class User(msgspec.Struct, frozen=True):
    """A member of the organisation."""

    id: str
    email: str | None = None


class Principal(msgspec.Struct, frozen=True):
    """Whom a personal key stands for."""

    user_id: str | None = None


class Creator(msgspec.Struct, frozen=True):
    """Who made a key: not who uses it, but often the best there is."""

    id: str | None = None
    type: str | None = None


class ApiKey(msgspec.Struct, frozen=True):
    """A key of the organisation, without its secret."""

    id: str
    name: str | None = None
    principal: Principal | None = None
    created_by: Creator | None = None


class Listing(msgspec.Struct, Generic[Row], frozen=True):
    """A page of a list; the cursor is `after_id`, set to `last_id`."""

    data: tuple[Row, ...]
    has_more: bool | None = None
    last_id: str | None = None
