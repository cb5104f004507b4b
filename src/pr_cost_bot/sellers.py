"""Who reports usage, who charges for it, and which model it was, however sources spell it. Pure."""

import re
from functools import lru_cache

from pr_cost_bot.model import UsageRecord

# Sources that report what they themselves charge. All others look on.
_SELLERS = frozenset({"anthropic", "openai", "cursor", "copilot", "openrouter", "bedrock", "google"})
# Reporters whose records carry the seller's name as their source: ids begin with the format of the file they came from.
_FORMATS = frozenset({"otlp", "ccusage", "focus-csv", "cursor-csv", "copilot-csv", "usage-jsonl"})
_EXPORT = re.compile(r"(?:anthropic|openai)-[a-z]+")
_PROVIDERS = {"aws": "bedrock", "azure-openai": "azure", "azure_openai": "azure", "gemini": "google"}
# Telemetry and gateways often do not say by which of its doors a model of Google's was reached, so they are one seller.
_PROVIDERS |= {"vertex": "google", "vertex_ai": "google", "vertex-ai": "google"}
_PROVIDERS |= {"vertex_ai_beta": "google"}
# LiteLLM has a provider for each API of one seller.
_PROVIDERS |= {"anthropic_text": "anthropic", "text-completion-openai": "openai", "azure_text": "azure"}
_PROVIDERS |= {"bedrock_converse": "bedrock", "github_copilot": "copilot"}
BEHIND_NO_GATEWAY = frozenset({"cursor", "copilot"})
"""Sellers whose own tools are the only way to them: sums of a gateway hold nothing of theirs."""
_MAKERS = {"claude": "anthropic", "gpt": "openai", "chatgpt": "openai", "codex": "openai", "gemini": "google"}
_ON_VERTEX = re.compile(r"claude-[a-z0-9-]+@(?:\d{8}|default)", re.IGNORECASE)
_OPENAI_O = re.compile(r"o\d")
_CLAUDE_VERSION_FIRST = re.compile(r"claude-(\d+(?:-\d+)?)-([a-z]+)")
_SUFFIX = re.compile(r"(?:\[\d+[km]\]|[@:].*|-latest|-thinking|-v\d+|-20\d{2}-?\d{2}-?\d{2})$")


def reporter_of(record: UsageRecord) -> str:
    """Who says so: the source, or for records of a file its format."""
    prefix = record.id.partition(":")[0]
    return prefix if prefix in _FORMATS or _EXPORT.fullmatch(prefix) else record.source


def is_bill(reporter: str, seller: str) -> bool:
    """Whether the reporter is the seller itself: its API, or an export of it."""
    return _PROVIDERS.get(reporter, reporter) == seller or reporter.startswith(f"{seller}-")


def seller_of(record: UsageRecord, *, through_openrouter: bool) -> str:
    """Who charges for the record's usage; empty when nobody can tell."""
    if spelling := _seller_by_spelling(record.model):
        return spelling
    source = _PROVIDERS.get(record.source, record.source)
    if source in _SELLERS:
        return source
    given = record.provider.strip().lower()
    if given:
        return _PROVIDERS.get(given, given)
    prefix, slash, _ = record.model.lower().partition("/")
    if slash and through_openrouter:
        return "openrouter"  # names models so, and can send its calls on to whoever looks on
    if slash and _PROVIDERS.get(prefix, prefix) in {"azure", "bedrock", "google", "openrouter"}:
        return _PROVIDERS.get(prefix, prefix)
    return _maker(family(record.model))


def maker_of(model: str) -> str:
    """Who made the model and sells it itself; empty when the name does not tell."""
    return _maker(family(model))


@lru_cache(maxsize=1024)
def family(model: str) -> str:
    """The model without the ways in which sources differ: prefixes, dots, dates. Empty for names that say nothing."""
    name = model.strip().lower().rpartition("/")[2].rpartition("anthropic.")[2].replace(".", "-")
    while (shorter := _SUFFIX.sub("", name)) != name:
        name = shorter
    name = _CLAUDE_VERSION_FIRST.sub(r"claude-\2-\1", name)
    return name if _maker(name) else ""


def name_of(model: str) -> str:
    """The family; for a name that says nothing the name itself, which is unlike any family."""
    return family(model) or f"={model.strip().lower()}"


def _seller_by_spelling(model: str) -> str:
    """Bedrock and Vertex spell names of Claude in ways of their own, whoever reports them."""
    if "anthropic.claude" in model.lower():
        return "bedrock"
    return "google" if _ON_VERTEX.search(model) else ""


def _maker(name: str) -> str:
    if _OPENAI_O.match(name):
        return "openai"
    return _MAKERS.get(name.partition("-")[0], "")
