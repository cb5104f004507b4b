"""What gateways have in common: the names that callers give themselves, and spellings of providers and times."""

from datetime import UTC, datetime

from pr_cost_bot.model import Identity
from pr_cost_bot.sources.reading import utc

SPOOFABLE = "Who used {title} is as the caller said: the name is sent with each request and checked by nobody."
"""A note for the step summary. Take `.format(title=...)`."""

_PROVIDERS = {
    "anthropic": "anthropic",
    "aws": "bedrock",
    "aws_bedrock": "bedrock",
    "azure": "azure",
    "azure-openai": "azure",
    "azure_openai": "azure",
    "bedrock": "bedrock",
    "deepseek": "deepseek",
    "gemini": "google",
    "google": "google",
    "mistral": "mistral",
    "mistral-ai": "mistral",
    "openai": "openai",
    "openrouter": "openrouter",
    "vertex": "vertex_ai",
    "vertex-ai": "vertex_ai",
    "vertex_ai": "vertex_ai",
    "x-ai": "x-ai",
    "xai": "x-ai",
}


def user_ids(people: tuple[Identity, ...], source: str) -> tuple[str, ...]:
    """Every name under which these people may call themselves: configured ids as they are, e-mail addresses, logins."""
    names = (
        name for who in people for name in (*who.vendors.get(source, ()), *who.emails, *([who.login] if who.login else []))
    )
    return tuple(dict.fromkeys(name for name in names if name))


def provider(name: str | None) -> str:
    """Who sold the model, as price lists call it; empty when that is not known."""
    return _PROVIDERS.get((name or "").strip().lower().replace(" ", "-"), "")


def parse_iso(text: str) -> datetime:
    """A time in ISO 8601; without a zone it is UTC. Raises ValueError."""
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else utc(at)


def iso(at: datetime) -> str:
    """A time as these APIs take it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
