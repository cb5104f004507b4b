"""Google's inference-response log entries of AI developer tools, exported from Cloud Logging as JSON.

Shape: https://docs.cloud.google.com/gemini/enterprise/docs/ai-developer-tools-track-token-usage. Counts are strings.
"""

from typing import Any

from pr_cost_bot.files.bodies import gemini_tokens
from pr_cost_bot.files.shapes import JsonFormat, Usage, whole
from pr_cost_bot.files.tags import tagged
from pr_cost_bot.files.values import fields, moment, name
from pr_cost_bot.model import reference_of
from pr_cost_bot.sources.reading import one_request

_PRINCIPALS = ("user:", "serviceAccount:")


def _matches(value: Any) -> bool:
    return "inference_response" in name(fields(value).get("logName"), 500)


def _usage(part: Any) -> Usage | None:
    entry = fields(part)
    if not _matches(entry):
        return None
    payload = fields(entry.get("jsonPayload", entry.get("json_payload")))
    tokens = gemini_tokens(fields(payload.get("metadata")) or payload)
    if not tokens:
        return None
    labels = fields(entry.get("labels"))
    at = moment(entry.get("timestamp", entry.get("receiveTimestamp")), "timestamp")
    actor = name(labels.get("user_id")) or name(payload.get("principalEmail"))
    for kind in _PRINCIPALS:
        actor = actor.removeprefix(kind)
    model = name(labels.get("model")) or name(payload.get("model")) or "unknown"
    session = name(labels.get("trajectory_id")) or name(labels.get("session_id"))
    identity = name(entry.get("insertId")) or (at, actor, model, session, tokens)
    record = one_request(
        "google",
        (identity,),
        source="google",
        provider="google",
        actor=actor,
        at=at,
        model=model,
        tokens=tokens,
        product=name(labels.get("client_name")),
        session=session or None,
        reference=reference_of(insertId=name(entry.get("insertId"))),
    )
    return Usage(tagged(record, labels))


GOOGLE = JsonFormat(name="google", title="Google inference log", matches=_matches, parts=whole, usage=_usage)
