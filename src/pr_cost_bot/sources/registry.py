"""Which sources there are, what each can tell, and which of them a run uses."""

from collections.abc import Mapping
from importlib import import_module

import msgspec

from pr_cost_bot.config import Sources
from pr_cost_bot.model import Problem, SourceState, SourceStatus
from pr_cost_bot.ports import Source


class KnownSource(msgspec.Struct, frozen=True, kw_only=True):
    """A source as the README's table shows it. Plain text; `factory` is "module:callable" and takes key and settings."""

    name: str
    title: str
    keys: tuple[str, ...]
    sees: str
    grain: str
    money: str
    lag: str
    plan: str
    settles_after: str
    factory: str


KNOWN: tuple[KnownSource, ...] = (
    KnownSource(
        name="anthropic",
        title="Anthropic",
        keys=("anthropic_admin_key",),
        sees="Claude Code and API usage per person, model and product",
        grain="hour, minute where work overlaps (day where only Claude Code analytics name people)",
        money="the vendor's own, after discounts; list price where it gives tokens only",
        lag="as the vendor states with each answer; on Enterprise mostly 4 h, at most 24 h; minutes on older endpoints",
        plan="Console organisation (Admin key) or Claude Enterprise (key with read:analytics)",
        settles_after="30 days; 1 day on the older endpoints",
        factory="pr_cost_bot.sources.anthropic.source:make",
    ),
    KnownSource(
        name="openai",
        title="OpenAI",
        keys=("openai_admin_key",),
        sees="API usage (Codex with an API key included) per person, key and model",
        grain="hour, minute where work overlaps",
        money="list price from tokens",
        lag="not stated by the vendor",
        plan="any API organisation (Admin key); Codex in ChatGPT plans is not included",
        settles_after="1 day",
        factory="pr_cost_bot.sources.openai.source:make",
    ),
    KnownSource(
        name="cursor",
        title="Cursor",
        keys=("cursor_admin_key",),
        sees="every request per person and model",
        grain="event",
        money="the vendor's own (chargedCents); list price where the plan gives none",
        lag="up to 1 h: completed hours only",
        plan="Teams or Enterprise with the Admin API",
        settles_after="2 days",
        factory="pr_cost_bot.sources.cursor:make",
    ),
)

# Documented inputs that this version accepts but cannot read yet: input name to (source name, title).
_UNREAD: dict[str, tuple[str, str]] = {
    "copilot_token": ("copilot", "Copilot"),
    "openrouter_management_key": ("openrouter", "OpenRouter"),
    "litellm_api_key": ("litellm", "LiteLLM"),
    "langfuse_public_key": ("langfuse", "Langfuse"),
    "langfuse_secret_key": ("langfuse", "Langfuse"),
    "helicone_api_key": ("helicone", "Helicone"),
    "portkey_api_key": ("portkey", "Portkey"),
}


def active_sources(keys: Mapping[str, str], config: Sources) -> tuple[Source, ...]:
    """Make the sources whose keys are set and that the configuration leaves enabled. `keys`: input name to key."""
    sources: list[Source] = []
    for known in KNOWN:
        settings = getattr(config, known.name)
        key = keys.get(known.keys[0], "").strip()
        if key and settings.enabled:
            module, _, factory = known.factory.partition(":")
            sources.append(getattr(import_module(module), factory)(key, settings))
    return tuple(sources)


def warm_up(keys: Mapping[str, str]) -> None:
    """Import the sources whose keys are set, while something else is waited for."""
    for known in KNOWN:
        if keys.get(known.keys[0], "").strip():
            import_module(known.factory.partition(":")[0])


def unread(keys: Mapping[str, str], config: Sources | None = None) -> tuple[SourceStatus, ...]:
    """A failed status for every key that is set but that no source reads yet, so that it is never a silent $0."""
    names: dict[str, str] = {}
    for key_input, (name, title) in _UNREAD.items():
        if keys.get(key_input, "").strip() and getattr(config or Sources(), name).enabled:
            names[name] = title
    return tuple(
        SourceStatus(name=name, title=title, state=SourceState.FAILED, problem=_unread_problem(name, title))
        for name, title in names.items()
    )


def _unread_problem(name: str, title: str) -> Problem:
    return Problem(
        f"{title} is not read by this version, so its cost is not in the figure.",
        "A key for it is set.",
        f"Remove the key, or set `sources: {{{name}: {{enabled: false}}}}`, to leave it out knowingly.",
    )


def table() -> str:
    """The sources as a Markdown table."""
    head = ("Source", "Input", "Sees", "Grain", "Money", "Lag", "Settles after", "Needs")
    rows = [
        (f"**{k.title}**", ", ".join(f"`{key}`" for key in k.keys), k.sees, k.grain, k.money, k.lag, k.settles_after, k.plan)
        for k in KNOWN
    ]
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
