"""Who reports usage, who charges for it, and which model it was, however sources spell it. Pure."""

import re

from pr_cost_bot.model import UsageRecord

# Sources that report what they themselves charge. All others look on.
_SELLERS = frozenset({"anthropic", "openai", "cursor", "copilot", "openrouter", "bedrock", "vertex"})
# Reporters whose records carry the seller's name as their source: ids begin with the format of the file they came from.
_FORMATS = frozenset({"otlp", "ccusage", "focus-csv", "cursor-csv", "copilot-csv"})
_EXPORT = re.compile(r"(?:anthropic|openai)-[a-z]+")
_PROVIDERS = {"aws": "bedrock", "azure-openai": "azure", "azure_openai": "azure", "gemini": "google"}
_PROVIDERS |= {"vertex_ai": "vertex", "vertex-ai": "vertex"}
_MAKERS = {"claude": "anthropic", "gpt": "openai", "chatgpt": "openai", "codex": "openai", "gemini": "google"}
_OPENAI_O = re.compile(r"o\d")
_CLAUDE_VERSION_FIRST = re.compile(r"claude-(\d+(?:-\d+)?)-([a-z]+)")
_SUFFIX = re.compile(r"(?:\[\d+[km]\]|[@:].*|-latest|-thinking|-v\d+|-20\d{2}-?\d{2}-?\d{2})$")


def reporter_of(record: UsageRecord) -> str:
    """Who says so: the source, or for records of a file its format."""
    prefix = record.id.partition(":")[0]
    return prefix if prefix in _FORMATS or _EXPORT.fullmatch(prefix) else record.source


def is_bill(reporter: str, seller: str) -> bool:
    """Whether the reporter is the seller itself: its API, or an export of it."""
    return reporter == seller or reporter.startswith(f"{seller}-")


def seller_of(record: UsageRecord, *, through_openrouter: bool) -> str:
    """Who charges for the record's usage; empty when nobody can tell."""
    if "anthropic.claude" in record.model.lower():
        return "bedrock"  # its spelling, whoever reports it
    if record.source in _SELLERS:
        return record.source
    given = record.provider.strip().lower()
    if given:
        return _PROVIDERS.get(given, given)
    prefix, slash, _ = record.model.lower().partition("/")
    if slash and through_openrouter:
        return "openrouter"  # names models so, and can send its calls on to whoever looks on
    if slash and _PROVIDERS.get(prefix, prefix) in {"azure", "bedrock", "google", "openrouter", "vertex"}:
        return _PROVIDERS.get(prefix, prefix)
    return _maker(family(record.model))


def family(model: str) -> str:
    """The model without the ways in which sources differ: prefixes, dots, dates. Empty for names that say nothing."""
    name = model.strip().lower().rpartition("/")[2].rpartition("anthropic.")[2].replace(".", "-")
    while (shorter := _SUFFIX.sub("", name)) != name:
        name = shorter
    name = _CLAUDE_VERSION_FIRST.sub(r"claude-\2-\1", name)
    return name if _maker(name) else ""


def _maker(name: str) -> str:
    if _OPENAI_O.match(name):
        return "openai"
    return _MAKERS.get(name.partition("-")[0], "")
