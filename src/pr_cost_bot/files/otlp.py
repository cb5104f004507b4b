"""Telemetry of Claude Code, Codex and Gemini CLI: OTLP logs as JSON, one export request per line (collector's file exporter).

Shape: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding. Only events are read: metrics and spans tell the same
usage again. Events: https://code.claude.com/docs/en/monitoring-usage (`claude_code.api_request`), codex-rs/otel of
https://github.com/openai/codex (`codex.sse_event`), docs/cli/telemetry.md of https://github.com/google-gemini/gemini-cli
(`gemini_cli.api_response`). Gemini CLI's own outfile holds the same events with plain attributes.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from pr_cost_bot.files.bodies import gemini_tokens
from pr_cost_bot.files.shapes import JsonFormat, Usage
from pr_cost_bot.files.tags import tagged
from pr_cost_bot.files.values import BadValueError, count, fields, items, moment, name, number, usd
from pr_cost_bot.model import Terms, Tokens, reference_of
from pr_cost_bot.sources.reading import one_request

Attributes = Mapping[str, Any]
Part = tuple[Attributes, Attributes, Mapping[str, Any]]  # attributes of resource and event, the log record

_SIGNALS = ("resourceLogs", "resourceMetrics", "resourceSpans")
_PERSON_KEYS = ("user.email", "user.account_id", "user.account_uuid")
_REQUEST_KEYS = ("request_id", "client_request_id")


def _matches(value: Any) -> bool:
    known = fields(value)
    return any(signal in known for signal in _SIGNALS) or "event.name" in fields(known.get("attributes"))


def _parts(value: Any) -> Iterable[Part]:
    known = fields(value)
    if isinstance(known.get("attributes"), dict):
        yield fields(fields(known.get("resource")).get("attributes")), known["attributes"], known
    for group in items(known.get("resourceLogs")):
        resource = _plain(fields(fields(group).get("resource")).get("attributes"))
        for scope in items(fields(group).get("scopeLogs")):
            for record in items(fields(scope).get("logRecords")):
                yield resource, _plain(fields(record).get("attributes")), fields(record)


def _plain(attributes: object) -> Attributes:
    """`[{key, value: {stringValue | intValue | doubleValue | boolValue | arrayValue}}]` as keys and values."""
    found: dict[str, Any] = {}
    for attribute in items(attributes):
        key, value = fields(attribute).get("key"), fields(fields(attribute).get("value"))
        if isinstance(key, str):
            found[key] = _listed(value["arrayValue"]) if "arrayValue" in value else next(iter(value.values()), None)
    return found


def _listed(array: object) -> list[Any]:
    return [next(iter(fields(value).values()), None) for value in items(fields(array).get("values"))]


def _usage(part: Part) -> Usage | None:
    resource, event, log = part
    called = name(event.get("event.name")) or name(log.get("eventName")) or name(fields(log.get("body")).get("stringValue"))
    reader = _READERS.get(called)
    read = reader(event) if reader else None
    if read is None:
        return None
    attributes = {**resource, **event}
    at = _time(event, log)
    names = tuple(dict.fromkeys(text for key in _PERSON_KEYS if (text := name(attributes.get(key)))))
    request = next((text for key in _REQUEST_KEYS if (text := name(event.get(key)))), "")
    session = name(attributes.get("session.id", attributes.get("conversation.id")))
    identity = (request,) if request else (at, *sorted((key, str(value)) for key, value in event.items()))
    record = one_request(
        "otlp",
        (read.product, *identity),
        source=read.source,
        provider=read.source,
        product=read.product,
        actor=names[0] if names else "",
        at=at,
        model=name(event.get("model")) or "unknown",
        tokens=read.tokens,
        cost_usd=read.cost_usd,
        listed=read.cost_usd is not None,  # the tool's own estimate at list price
        terms=Terms(speed="fast" if event.get("speed") == "fast" else ""),
        session=session or None,
        reference=reference_of(request_id=request),
    )
    return Usage(tagged(record, attributes), names[1:])


def _time(event: Attributes, log: Mapping[str, Any]) -> datetime:
    """The event's own time; a log record may lack one and have only the time at which it was received."""
    if text := name(event.get("event.timestamp")):
        return moment(text, "event.timestamp")
    for key in ("timeUnixNano", "observedTimeUnixNano"):
        nanos = number(log.get(key), key)
        if nanos:
            return moment(nanos / 10**9, key)
    if "timestamp" in log:
        return moment(log["timestamp"], "timestamp")
    raise BadValueError("timeUnixNano", "the event's time")


class _Read:
    """What one tool's event says."""

    def __init__(self, source: str, product: str, tokens: Tokens, cost_usd: Decimal | None = None) -> None:
        self.source = source
        self.product = product
        self.tokens = tokens
        self.cost_usd = cost_usd or None  # $0 beside tokens is a model whose price the tool does not know


def _claude_code(event: Attributes) -> _Read:
    """`input_tokens` is uncached input; cache writes are not told apart by lifetime."""
    uncached, output, read, write = (
        count(event.get(key), key) for key in ("input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens")
    )
    micros = number(event.get("cost_usd_micros"), "cost_usd_micros")
    cost = usd(event.get("cost_usd"), "cost_usd") if micros is None else usd(micros.scaleb(-6), "cost_usd_micros")
    return _Read("anthropic", "claude_code", Tokens(uncached + read + write, read, write, output), cost)


def _codex(event: Attributes) -> _Read | None:
    """Input includes what was cached, output includes reasoning. No cost: priced from the tokens."""
    if event.get("event.kind") != "response.completed" or "input_token_count" not in event:
        return None
    total, output, read = (
        count(event.get(key), key) for key in ("input_token_count", "output_token_count", "cached_token_count")
    )
    return _Read("openai", "codex", Tokens(max(total, read), read, 0, output))


_GEMINI = ("input_token_count", "tool_token_count", "cached_content_token_count", "output_token_count", "thoughts_token_count")


def _gemini(event: Attributes) -> _Read:
    return _Read("google", "gemini_cli", gemini_tokens(event, _GEMINI))


_READERS: dict[str, Callable[[Attributes], _Read | None]] = {
    "claude_code.api_request": _claude_code,
    "api_request": _claude_code,  # its short form; the other tools' names keep their prefix
    "codex.sse_event": _codex,
    "gemini_cli.api_response": _gemini,
}

OTLP = JsonFormat(name="otlp", title="OpenTelemetry logs", matches=_matches, parts=_parts, usage=_usage)
