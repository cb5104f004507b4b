"""Model names as people say them, from the ids that vendors, gateways and tools write."""

import re
from collections.abc import Callable

_ROUTES = re.compile(
    r"^(?:.*/)?(?:[a-z]{2,6}\.)?(?:(?:anthropic|openai|google|xai|x-ai|azure|bedrock|vertex_ai)[./:])?", re.IGNORECASE
)
_REVISION = re.compile(
    r"(?:[@-](?:20\d{6}|20\d\d-\d\d-\d\d|\d\d-20\d\d|latest|preview|exp|default)|-v\d+(?::\d+)?|:\d+)(?=$|[-@:])", re.IGNORECASE
)
_CLAUDE_NEW = re.compile(r"^claude-([a-z]+)-(\d{1,2})(?:[-.](\d{1,2}))?((?:-[a-z]+)*)$")
_CLAUDE_OLD = re.compile(r"^claude-(\d{1,2})(?:[-.](\d{1,2}))?-([a-z]+)((?:-[a-z]+)*)$")
_GPT = re.compile(r"^gpt-(\d[\w.]*)((?:-[\w.]+)*)$")
_OPEN_AI_O = re.compile(r"^o\d(?:-[a-z]+)*$")
_FAMILY = re.compile(r"^(gemini|composer|grok)((?:-[\w.]+)+)$")
_CONTEXT = re.compile(r"\[(\d+[km])\]$", re.IGNORECASE)
_KNOWN_CLAUDE = frozenset({"opus", "sonnet", "haiku"})
_AUTOMATIC = frozenset({"default", "auto"})


def friendly(model: str) -> str:
    """The name of a model: `claude-sonnet-4-6` is Sonnet 4.6, `gpt-5-codex` is GPT-5 Codex, `default` is Auto.

    Provider prefixes, dates and revisions are left out. An id of no known form comes back as it is: untrusted text.
    """
    if not model.strip():
        return "Unnamed model"
    text = model.strip()
    if text.lower() in _AUTOMATIC:
        return "Auto"
    if len(text) > 120:
        return model
    context = _CONTEXT.search(text)
    core = _REVISION.sub("", _ROUTES.sub("", _CONTEXT.sub("", text))).lower()
    for reader in _READERS:
        if name := reader(core):
            return f"{name} {context[1].upper()}" if context else name
    return model


def _claude(core: str) -> str | None:
    if match := _CLAUDE_NEW.match(core):
        family, major, minor, rest = match.groups()
    elif match := _CLAUDE_OLD.match(core):
        major, minor, family, rest = match.groups()
    else:
        return None
    version = f"{major}.{minor}" if minor else major
    known = family.title() if family in _KNOWN_CLAUDE else f"Claude {family.title()}"
    return f"{known} {version}{_words(rest)}"


def _gpt(core: str) -> str | None:
    match = _GPT.match(core)
    return f"GPT-{match[1]}{_words(match[2])}" if match else None


def _o_series(core: str) -> str | None:
    return core if _OPEN_AI_O.match(core) else None


def _family(core: str) -> str | None:
    match = _FAMILY.match(core)
    return f"{match[1].title()}{_words(match[2])}" if match else None


def _words(suffix: str) -> str:
    return "".join(f" {word[:1].upper()}{word[1:]}" for word in suffix.split("-") if word)


_READERS: tuple[Callable[[str], str | None], ...] = (_claude, _gpt, _o_series, _family)
