"""Amazon Bedrock's model invocation logs: one JSON object per call, as delivered to S3, or exported from CloudWatch Logs.

Shape: https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html. Who called is in the session name of
the assumed role. The bodies can hold prompts: of them only `usage` is looked at, and nothing of them is kept.
"""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from pr_cost_bot.files.bodies import message_tokens, usage_of
from pr_cost_bot.files.shapes import JsonFormat, Usage
from pr_cost_bot.files.tags import tagged
from pr_cost_bot.files.values import BadValueError, fields, items, moment, name
from pr_cost_bot.model import Terms, reference_of
from pr_cost_bot.sources.reading import one_request


def _matches(value: Any) -> bool:
    known = fields(value)
    if known.get("schemaType") == "ModelInvocationLog":
        return True
    return any("ModelInvocationLog" in str(fields(event).get("message"))[:2000] for event in _events(known))


def _events(known: Mapping[str, Any]) -> list[Any]:
    """`aws logs filter-log-events` has `events`, a subscription `logEvents`; the log itself is text in `message`."""
    return items(known.get("events")) or items(known.get("logEvents"))


def _parts(value: Any) -> Iterable[Any]:
    events = _events(fields(value))
    yield from (fields(event).get("message") for event in events) if events else (value,)


def _usage(part: Any) -> Usage | None:
    log = _opened(part)
    if log.get("schemaType") != "ModelInvocationLog" or log.get("errorCode") or log.get("operation") == "CountTokens":
        return None
    at = moment(log.get("timestamp"), "timestamp")
    given, made = fields(log.get("input")), fields(log.get("output"))
    tokens, long = message_tokens(usage_of(made.get("outputBodyJson")), given, made)
    if not tokens:
        return None
    arn = name(fields(log.get("identity")).get("arn"), 2048)
    model = name(log.get("modelId"), 2048)
    request = name(log.get("requestId"))
    record = one_request(
        "bedrock",
        (request or (at, arn, model, tokens),),
        source="bedrock",
        provider="aws",
        actor=arn.rpartition("/")[2] if "/" in arn else "",
        at=at,
        model=model.rpartition("/")[2][:200] or "unknown",
        tokens=tokens,
        terms=Terms(cache_write_1h=long),
        reference=reference_of(requestId=request),
    )
    return Usage(tagged(record, fields(log.get("requestMetadata"))), (arn,) if arn else ())


def _opened(part: Any) -> Mapping[str, Any]:
    if not isinstance(part, str):
        return fields(part)
    try:
        return fields(json.loads(part, parse_float=Decimal))
    except (ValueError, RecursionError):
        raise BadValueError("message", "a log entry as JSON") from None


BEDROCK = JsonFormat(name="bedrock", title="Bedrock model invocation log", matches=_matches, parts=_parts, usage=_usage)
