"""Google's inference-response log entries of AI developer tools, exported from Cloud Logging as JSON.

Shape: https://docs.cloud.google.com/gemini/enterprise/docs/ai-developer-tools-track-token-usage. Counts are strings.
"""

from collections.abc import Mapping
from typing import Any

from pr_cost_bot.files.shapes import JsonFormat, Usage, whole
from pr_cost_bot.files.tags import tagged
from pr_cost_bot.files.values import count, fields, moment, name
from pr_cost_bot.model import Tokens, UsageRecord
from pr_cost_bot.sources.reading import record_id

_PRINCIPALS = ("user:", "serviceAccount:")


def _matches(value: Any) -> bool:
    return "inference_response" in name(fields(value).get("logName"), 500)


def _usage(part: Any) -> Usage | None:
    entry = fields(part)
    if not _matches(entry):
        return None
    payload = fields(entry.get("jsonPayload", entry.get("json_payload")))
    tokens = _tokens(fields(payload.get("metadata")) or payload)
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
    record = UsageRecord(
        id=record_id("google", identity),
        source="google",
        provider="google",
        actor=actor,
        start=at,
        end=at,
        model=model,
        tokens=tokens,
        requests=1,
        product=name(labels.get("client_name")),
        session=session or None,
    )
    return Usage(tagged(record, labels))


def _tokens(counts: Mapping[str, Any]) -> Tokens:
    """The prompt holds what was cached; thoughts are billed as output; the prompts of tools are input."""
    prompt, tools, read, candidates, thoughts = (
        count(counts.get(key), key)
        for key in (
            "promptTokenCount",
            "toolUsePromptTokenCount",
            "cachedContentTokenCount",
            "candidatesTokenCount",
            "thoughtsTokenCount",
        )
    )
    return Tokens(max(prompt + tools, read), read, 0, candidates + thoughts)


GOOGLE = JsonFormat(name="google", title="Google inference log", matches=_matches, parts=whole, usage=_usage)
