"""Rows of LiteLLM's spend logs, and what they say: columns of `LiteLLM_SpendLogs` in BerriAI/litellm, `schema.prisma`.

`user` is the owner of the key and can be trusted. `end_user` is the request's own `user` field: whoever makes the call sets it.
So it counts only where the key belongs to nobody, and such records are told apart.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from pr_cost_bot.model import Tokens, UsageRecord, reference_of
from pr_cost_bot.sources import tags
from pr_cost_bot.sources.people import Names
from pr_cost_bot.sources.reading import Count, as_dollars, one_request, utc
from pr_cost_bot.sources.spans import Span

ANONYMOUS = "default_user_id"
"""The user to whom LiteLLM puts requests with the master key."""

# LiteLLM adds the caller's User-Agent to the tags, once with and once without version.
_AGENT = re.compile(r"User-Agent:\s*([A-Za-z0-9._-]{1,40})")


class Row(msgspec.Struct, frozen=True, rename={"start_time": "startTime"}):
    """One request. JSON columns come as values, from older versions as text."""

    start_time: datetime
    request_id: str | None = None
    model: str | None = None
    model_group: str | None = None
    custom_llm_provider: str | None = None
    spend: Decimal | None = None
    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    user: str | None = None
    end_user: str | None = None
    api_key: str | None = None
    session_id: str | None = None
    status: str | None = None
    cache_hit: Any = None
    request_tags: Any = None
    metadata: Any = None


class Found(msgspec.Struct, frozen=True):
    """Records, and how many of them name their person by `end_user` alone."""

    records: tuple[UsageRecord, ...]
    claimed: int


def check(row: Row) -> None:
    """Raise ValueError for a row whose time or amount cannot be."""
    started(row)
    as_dollars(row.spend or Decimal(0))


def started(row: Row) -> datetime:
    """When the request began; a time without a zone is UTC."""
    return utc(row.start_time) if row.start_time.tzinfo else row.start_time.replace(tzinfo=UTC)


def records(rows: Iterable[Row], names: Names, span: Span) -> Found:
    """Records of the query's people in the span; a request that comes twice counts once."""
    found: dict[str, UsageRecord] = {}
    claimed: set[str] = set()
    for row in rows:
        actor = names.actor(row.api_key, row.user)
        is_claim = actor is None and (row.user or ANONYMOUS) == ANONYMOUS
        if is_claim:
            actor = names.actor(row.end_user)
        if actor is None or not span.start <= started(row) < span.end:
            continue
        record = _record(row, actor)
        if record.tokens or record.cost_usd:  # else it was refused, or no model was asked
            found[record.id] = record
            claimed |= {record.id} if is_claim else set()
    ordered = tuple(sorted(found.values(), key=lambda record: (record.start, record.id)))
    return Found(ordered, len(claimed))


def _record(row: Row, actor: str) -> UsageRecord:
    at, tokens, labels, metadata = started(row), _tokens(row), _labels(row), _json(row.metadata, dict)
    provider, model = _model(row)
    key = (row.request_id,) if row.request_id else (at, actor, model, msgspec.structs.astuple(tokens), row.spend)
    properties = metadata.get("spend_logs_metadata")
    tagged = tags.read(labels, properties if isinstance(properties, dict) else {})
    agent = next((match[1] for label in labels if (match := _AGENT.match(label))), "")
    record = one_request(
        "litellm",
        key,
        source="litellm",
        actor=actor,
        at=at,
        model=model,
        tokens=tokens,
        cost_usd=_cost(row, tokens),
        product=agent,
        provider=provider,
        session=row.session_id or None,
        reference=reference_of(request_id=row.request_id),
    )
    return tags.placed(record, tagged)


def _model(row: Row) -> tuple[str, str]:
    """Provider and model; the model's name comes with the provider before it (`anthropic/claude-sonnet-4-5`) or without."""
    provider, name = (row.custom_llm_provider or "").lower(), row.model or row.model_group or "unknown"
    prefix = f"{provider}/"
    return provider, name[len(prefix) :] if provider and name.lower().startswith(prefix) and len(name) > len(prefix) else name


def _cost(row: Row, tokens: Tokens) -> Decimal | None:
    """What the proxy reckoned. It writes 0 for models without a price too: unknown, to be estimated from the tokens."""
    cost = as_dollars(row.spend or Decimal(0))
    is_free = str(row.cache_hit).lower() == "true"
    return None if tokens and not cost and not is_free else cost


def _tokens(row: Row) -> Tokens:
    """`prompt_tokens` is all input; its cached parts stand in the provider's own usage, if anywhere."""
    usage = _json(_json(row.metadata, dict).get("usage_object"), dict)
    details = _json(usage.get("prompt_tokens_details"), dict)
    read = _count(usage.get("cache_read_input_tokens")) or _count(details.get("cached_tokens"))
    write = _count(usage.get("cache_creation_input_tokens")) or _count(details.get("cache_creation_tokens"))
    return Tokens(max(row.prompt_tokens or 0, read + write), read, write, row.completion_tokens or 0)


def _labels(row: Row) -> list[str]:
    return [label for label in _json(row.request_tags, list) if isinstance(label, str)]


def _json(value: object, kind: type[Any]) -> Any:
    """The value as that kind, read from text where it is text; an empty one where it is neither."""
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, ValueError, RecursionError):
            value = None
    return value if isinstance(value, kind) else kind()


def _count(value: object) -> int:
    return value if type(value) is int and 0 <= value <= 10**15 else 0
