"""Answers of OpenAI's organisation APIs, as far as they are read.

Sources: PyPI `openai` 3.54.0 (`types/admin/organization`), https://github.com/openai/openai-openapi.
"""

from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta

from pr_cost_bot.sources.reading import Count

Row = TypeVar("Row")

Seconds = Annotated[int, Meta(ge=0, le=253370764800)]
"""Unix time; the bound is the year 9999."""


class Result(msgspec.Struct, frozen=True):
    """One combination of the dimensions in a bucket. `input_tokens` is all input, cache reads and writes are parts of it."""

    input_tokens: Count | None = None
    input_cached_tokens: Count | None = None
    input_cache_write_tokens: Count | None = None
    output_tokens: Count | None = None
    num_model_requests: Count | None = None
    user_id: str | None = None
    api_key_id: str | None = None
    model: str | None = None
    service_tier: str | None = None
    batch: bool | None = None


class Bucket(msgspec.Struct, frozen=True):
    """A bucket of time; an empty one has no results."""

    start_time: Seconds
    end_time: Seconds
    results: tuple[Result, ...] = ()


class Page(msgspec.Struct, Generic[Row], frozen=True):
    """A page of buckets (cursor `next_page`) or of a list (cursor `last_id`)."""

    data: tuple[Row, ...]
    has_more: bool | None = None
    next_page: str | None = None
    last_id: str | None = None


class User(msgspec.Struct, frozen=True):
    """A member of the organisation."""

    id: str
    email: str | None = None


class Project(msgspec.Struct, frozen=True):
    """A project, which owns keys."""

    id: str


class Owner(msgspec.Struct, frozen=True):
    """Who owns a key: a user, or else a service account."""

    user: User | None = None


class ProjectKey(msgspec.Struct, frozen=True):
    """A key of a project, without its secret."""

    id: str
    owner: Owner | None = None
