"""Whose bill usage is on, where a file names a model or a provider in free text."""

_MODELS = (
    ("claude", "anthropic"),
    ("gpt", "openai"),
    ("codex", "openai"),
    ("chatgpt", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("gemini", "google"),
)
_PROVIDERS = (
    ("bedrock", "bedrock"),
    ("anthropic", "anthropic"),
    ("openai", "openai"),
    ("cursor", "cursor"),
    ("copilot", "copilot"),
    ("github", "copilot"),
    ("vertex", "google"),
    ("google", "google"),
    ("amazon", "bedrock"),
    ("aws", "bedrock"),
)


def vendor_of_model(model: str) -> str:
    """The source that bills a model, by the start of its name; empty when it tells nothing."""
    return next((vendor for start, vendor in _MODELS if model.lower().startswith(start)), "")


def vendor_of_provider(*names: str) -> str:
    """The source behind the first provider or service name that is known; empty when none is."""
    for text in names:
        for part, vendor in _PROVIDERS:
            if part in text.lower():
                return vendor
    return ""
