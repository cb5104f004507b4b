"""Google Vertex's request-response log: a row of its BigQuery table as JSON, such as `bq extract` writes.

Shape: https://docs.cloud.google.com/vertex-ai/generative-ai/docs/multimodal/request-response-logging (columns `logging_time`,
`request_id`, `model`, `full_request`, `full_response`). Google does not log who called: a name is there only where the caller
sends one, in the request's `labels` (generateContent) or `metadata.user_id` (Claude). Of the bodies only that and the counts
are looked at.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pr_cost_bot.files.bodies import gemini_tokens, message_tokens, usage_of
from pr_cost_bot.files.shapes import JsonFormat, Usage, whole
from pr_cost_bot.files.tags import tagged
from pr_cost_bot.files.values import BadValueError, fields, moment, name
from pr_cost_bot.model import Terms, Tokens, reference_of
from pr_cost_bot.sources.reading import one_request

NAMED_BY = ("user_id", "user", "login", "email")
"""Labels of a request that say who called. Values of labels hold no "@" at Google, so a login suits."""


def _matches(value: Any) -> bool:
    known = fields(value)
    return "logging_time" in known and bool({"full_request", "full_response"} & known.keys())


def _usage(part: Any) -> Usage | None:
    row = fields(part)
    if not _matches(row):
        return None
    tokens, long = _tokens(_opened(row.get("full_response"), "full_response"))
    if not tokens:
        return None
    logged = row.get("logging_time")
    at = moment(logged.removesuffix(" UTC") if isinstance(logged, str) else logged, "logging_time")  # so `bq extract` writes
    request = fields(_opened(row.get("full_request"), "full_request"))
    labels = {key.lower(): value for key, value in fields(request.get("labels")).items()}
    actor = next((found for key in NAMED_BY if (found := name(labels.get(key)))), "")
    actor = actor or name(fields(request.get("metadata")).get("user_id"))
    model = name(row.get("model"), 2048).rpartition("/")[2][:200] or "unknown"
    record = one_request(
        "vertex",
        (name(row.get("request_id")) or (at, actor, model, tokens),),
        source="vertex",
        provider="google",
        actor=actor,
        at=at,
        model=model,
        tokens=tokens,
        terms=Terms(cache_write_1h=long),
        reference=reference_of(request_id=name(row.get("request_id"))),
    )
    return Usage(tagged(record, labels))


def _opened(body: Any, column: str) -> Any:
    """A body of a column that is text, not JSON."""
    if not isinstance(body, str):
        return body
    try:
        return json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise BadValueError(column, "a body as JSON") from None


def _tokens(body: Any) -> tuple[Tokens, int]:
    counts: Mapping[str, Any] = usage_of(body, "usageMetadata")
    return (gemini_tokens(counts), 0) if counts else message_tokens(usage_of(body))


VERTEX = JsonFormat(name="vertex", title="Vertex request-response log", matches=_matches, parts=whole, usage=_usage)
