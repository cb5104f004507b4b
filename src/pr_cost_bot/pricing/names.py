"""Model names as vendors and tools write them, brought to the names a price list knows."""

import re
from collections.abc import Iterator

import msgspec

# Prefixes of `provider/model` names (LiteLLM, OpenRouter, Copilot) and sources, as genai-prices calls the provider.
_PROVIDERS = {
    "anthropic": "anthropic",
    "azure": "azure",
    "azure-openai": "azure",
    "azure_openai": "azure",
    "bedrock": "aws",
    "copilot": "github-copilot",
    "cursor": "cursor",
    "deepseek": "deepseek",
    "gemini": "google",
    "github_copilot": "github-copilot",
    "google": "google",
    "mistral": "mistral",
    "moonshotai": "moonshotai",
    "open-ai": "openai",
    "openai": "openai",
    "openrouter": "openrouter",
    "vertex-ai": "google",
    "vertex_ai": "google",
    "x-ai": "x-ai",
    "xai": "x-ai",
}
# They sell other makers' models, mostly at the maker's list price; a model missing in their own list is looked up there.
_RESELLERS = frozenset({"", "cursor", "litellm", "openrouter"})

_NO_MODEL = frozenset({"", "auto", "default", "unknown"})  # the vendor did not say, or chose by itself
_CONTEXT_SUFFIX = re.compile(r"\[\d+[km]\]$")  # Claude Code: `claude-opus-5-5[1m]`
# Cursor writes `claude-4.5-sonnet`; Anthropic `claude-sonnet-4-5`.
_CLAUDE_VERSION_FIRST = re.compile(r"claude-(\d+(?:[.-]\d+)?)-(opus|sonnet|haiku|fable|mythos)(?=$|-)(?!-\d)")
# Effort and mode, part of the name in Cursor and Codex; they change how many tokens are used and not their price.
_EFFORT = re.compile(r"-(?:thinking|minimal|none|low|medium|high|xhigh|extra-high)$")
_CLAUDE_EFFORT = re.compile(r"-max$")  # at OpenAI `-max` is another model
_FAST = "-fast"

_NOT_A_VERSION = re.compile(
    r"-v\d+(?::\d+)?$|[-@]20\d{2}-?\d{2}-?\d{2}(?=$|\D)|-\d{2}-20\d{2}(?=$|\D)|-(?:0[1-9]|1[0-2])-[0-3]\d(?=$|-)|\d{3,}"
)
_SIZES = ("flash", "instant", "large", "lite", "micro", "mini", "nano", "pro", "small", "turbo", "ultra")
_FAMILIES = ("audio", "cyber", "fable", "haiku", "image", "live", "mythos", "opus", "sonnet", "tts")
_PRICED_WORDS = frozenset((*_SIZES, *_FAMILIES, "fast"))


class Reference(msgspec.Struct, frozen=True):
    """One way to look a model up. `fast`: the name says that the model ran in the vendor's fast mode."""

    name: str
    provider: str  # empty: the price list finds it by the model's name
    fast: bool = False


def references(model: str, provider: str) -> Iterator[Reference]:
    """Ways to look up a model, the most literal first. None for names that stand for no model (`<synthetic>`, `auto`)."""
    name = _CONTEXT_SUFFIX.sub("", model.strip().lower())
    if name in _NO_MODEL or name.startswith("<"):
        return
    seller = _PROVIDERS.get(provider.strip().lower(), provider.strip().lower())
    if "/" in name and seller in _RESELLERS:
        prefix, _, rest = name.partition("/")
        if prefix in _PROVIDERS:
            yield from references(rest, prefix)
            return
    for spelling, fast in _spellings(name):
        if seller:
            yield Reference(spelling, seller, fast)
        if seller in _RESELLERS:
            yield Reference(spelling, _maker(spelling), fast)


def _spellings(name: str) -> Iterator[tuple[str, bool]]:
    """The name, then the name without effort, mode and Cursor's order of words; and whether that dropped a `-fast`."""
    yield name, False
    current = _CLAUDE_VERSION_FIRST.sub(lambda m: f"claude-{m[2]}-{m[1].replace('.', '-')}", name)
    if current != name:
        yield current, False
    fast = False
    while True:
        shorter = _EFFORT.sub("", current)
        if current.startswith("claude"):
            shorter = _CLAUDE_EFFORT.sub("", shorter)
        if shorter == current and current.endswith(_FAST):
            shorter, fast = current.removesuffix(_FAST), True
        if shorter == current:
            return
        current = shorter
        yield current, fast


def _maker(name: str) -> str:
    if "anthropic." in name:  # `us.anthropic.claude-…-v1:0` is Bedrock's spelling
        return "aws"
    if name.startswith(("codex", "gpt", "chatgpt", "computer-use")):
        return "openai"
    return ""


def is_same_model(name: str, listed: str) -> bool:
    """Whether a match of the price list can be believed.

    The list matches many models by prefix, so that `claude-opus-4-10` would cost what `claude-opus-4-1` did. Version numbers
    must agree (dates aside; a name without any is an alias such as `gemini-pro-latest`), and the name may not hold a word that
    changes prices and that the listed model lacks.
    """
    version = _version(name)
    if version and _joined(version) != _joined(_version(listed)):
        return False
    return not (_words(name) & _PRICED_WORDS) - _words(listed)


def claude_version(listed: str) -> tuple[int, ...]:
    """`claude-opus-4-6` -> (4, 6); empty for other makers' models."""
    return tuple(map(int, _version(listed))) if "claude" in listed else ()


def _version(name: str) -> list[str]:
    return [part for part in re.split(r"[-._@:/ ]", _NOT_A_VERSION.sub("", name)) if part.isdecimal()]


def _joined(version: list[str]) -> str:
    """`4.0` is `4`, and `35` is `3.5`, but `4.10` is not `4.1`."""
    while len(version) > 1 and not int(version[-1]):
        version = version[:-1]
    return "".join(version)


def _words(name: str) -> set[str]:
    return set(re.split(r"[-._@:/ ]", name))
