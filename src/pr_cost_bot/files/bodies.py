"""Token counts inside the bodies of model calls: Anthropic's Messages, Amazon's Converse and Google's generateContent.

Shapes: https://docs.anthropic.com/en/api/messages, https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html
and https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/GenerateContentResponse#UsageMetadata.
Of a body only its counts are looked at: the rest can hold prompts.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pr_cost_bot.files.values import count, fields, items
from pr_cost_bot.model import Tokens

_NOTHING: Mapping[str, Any] = {}


def usage_of(body: Any, key: str = "usage") -> Mapping[str, Any]:
    """The counts of a body, or of a stream's events; later events (the final output count) go before earlier ones."""
    usage: dict[str, Any] = {}
    for event in items(body) or [body]:
        known = fields(event)
        for holder in (fields(known.get("message")), fields(known.get("metadata")), known):
            found = fields(holder.get(key))
            usage.update({name: value for name, value in found.items() if value is not None})
    return usage


def message_tokens(
    usage: Mapping[str, Any], given: Mapping[str, Any] = _NOTHING, made: Mapping[str, Any] = _NOTHING
) -> tuple[Tokens, int]:
    """Tokens of Messages or Converse, and how many were written to the cache for an hour.

    Counts of uncached, read and written input are apart. `given` and `made`: Bedrock's own counts beside the bodies.
    """
    uncached = _either(usage, ("input_tokens", "inputTokens"), given, "inputTokenCount")
    read = _either(usage, ("cache_read_input_tokens", "cacheReadInputTokens"), given, "cacheReadInputTokenCount")
    write = _either(usage, ("cache_creation_input_tokens", "cacheWriteInputTokens"), given, "cacheWriteInputTokenCount")
    output = _either(usage, ("output_tokens", "outputTokens"), made, "outputTokenCount")
    return Tokens(uncached + read + write, read, write, output), min(write, _hour_long(usage))


_GEMINI = (
    "promptTokenCount",
    "toolUsePromptTokenCount",
    "cachedContentTokenCount",
    "candidatesTokenCount",
    "thoughtsTokenCount",
)


def gemini_tokens(counts: Mapping[str, Any], keys: Sequence[str] = _GEMINI) -> Tokens:
    """The prompt holds what was cached; thoughts are billed as output; the prompts of tools are input.

    `keys`: of the prompt, the tools' prompts, what of it was cached, candidates and thoughts.
    """
    prompt, tools, read, candidates, thoughts = (count(counts.get(key), key) for key in keys)
    return Tokens(max(prompt + tools, read), read, 0, candidates + thoughts)


def _either(usage: Mapping[str, Any], keys: tuple[str, str], outside: Mapping[str, Any], other: str) -> int:
    """The body's own count where the log holds the body, else the log's."""
    key = next((key for key in keys if usage.get(key) is not None), None)
    return count(outside.get(other), other) if key is None else count(usage[key], key)


def _hour_long(usage: Mapping[str, Any]) -> int:
    """Cache writes of an hour: Anthropic's `cache_creation`, or Converse's `cacheDetails`."""
    messages = count(fields(usage.get("cache_creation")).get("ephemeral_1h_input_tokens"), "ephemeral_1h_input_tokens")
    details = [fields(each) for each in items(usage.get("cacheDetails"))]
    return messages + sum(count(each.get("inputTokens"), "cacheDetails") for each in details if each.get("ttl") == "1h")
