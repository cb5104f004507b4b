"""Which sources there are, what each can tell, and which of them a run uses."""

from collections.abc import Mapping
from importlib import import_module

import msgspec

from pr_cost_bot.config import Sources
from pr_cost_bot.model import Problem, SourceState, SourceStatus
from pr_cost_bot.ports import Source


class KnownSource(msgspec.Struct, frozen=True, kw_only=True):
    """A source as the README's table shows it. Plain text; `factory` is "module:callable" and takes keys and settings.

    `wants`: for a source without a key, the settings of which one makes it active.
    """

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
    wants: tuple[str, ...] = ()


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
    KnownSource(
        name="copilot",
        title="Copilot",
        keys=("copilot_token",),
        sees="AI credits (premium requests before June 2026) per person, model and product, the coding agent's included",
        grain="day",
        money="GitHub's own, before the credits included in the plan; billed is what is left after them",
        lag="not stated by GitHub; days in UTC",
        plan="Business or Enterprise; an organisation inside an enterprise needs the enterprise's classic token",
        settles_after="3 days",
        factory="pr_cost_bot.sources.copilot.source:make",
    ),
    KnownSource(
        name="openrouter",
        title="OpenRouter",
        keys=("openrouter_management_key",),
        sees="usage per member, key and model; tags in names of keys",
        grain="hour, minute where work overlaps (completed days where analytics are not offered)",
        money="the vendor's own, with what keys of your own cost",
        lag="not stated by the vendor",
        plan="an organisation (management key); single keys by their hash otherwise",
        settles_after="1 day",
        factory="pr_cost_bot.sources.openrouter.source:make",
    ),
    KnownSource(
        name="litellm",
        title="LiteLLM",
        keys=("litellm_api_key",),
        sees="every request per user, key and model, with the tags that the caller sent",
        grain="event",
        money="what the proxy reckons; list price where it knows none",
        lag="minutes (rows are written in batches)",
        plan="your own proxy with a database; `sources.litellm.base_url`",
        settles_after="1 hour",
        factory="pr_cost_bot.sources.litellm:make",
    ),
    KnownSource(
        name="langfuse",
        title="Langfuse",
        keys=("langfuse_public_key", "langfuse_secret_key"),
        sees="every traced generation per model, with the person and the tags that the caller sent",
        grain="event",
        money="what Langfuse reckons or was told; list price where it knows none",
        lag="up to 15 min with older SDKs",
        plan="any plan; self-hosted before version 4 through its older API",
        settles_after="1 day",
        factory="pr_cost_bot.sources.langfuse:make",
    ),
    KnownSource(
        name="helicone",
        title="Helicone",
        keys=("helicone_api_key",),
        sees="every request per model, with the person and the properties that the caller sent",
        grain="event",
        money="what Helicone reckons; list price where it knows none",
        lag="not stated by the vendor",
        plan="any plan",
        settles_after="1 day",
        factory="pr_cost_bot.sources.helicone:make",
    ),
    KnownSource(
        name="portkey",
        title="Portkey",
        keys=("portkey_api_key",),
        sees="every request per model, with the metadata that the caller sent (sums per pull request and day without exports)",
        grain="event (day without exports)",
        money="what Portkey reckons; list price where it knows none",
        lag="not stated by the vendor",
        plan="Enterprise (analytics and log exports)",
        settles_after="1 day",
        factory="pr_cost_bot.sources.portkey:make",
    ),
    KnownSource(
        name="bedrock",
        title="Bedrock",
        keys=(),
        wants=("log_group", "bucket"),
        sees="every call in the model invocation logs per role session and model, with the metadata that the caller set",
        grain="event",
        money="list price from tokens",
        lag="not stated by AWS; 15 min assumed",
        plan="model invocation logging; `sources.bedrock` in the configuration and the extra `aws` (docs/bedrock-vertex.md)",
        settles_after="1 day",
        factory="pr_cost_bot.sources.bedrock.source:make",
    ),
    KnownSource(
        name="vertex",
        title="Google Vertex",
        keys=(),
        wants=("table", "log_view"),
        sees="every call in Google's inference log per user, or in the request-response log per name that the caller sent",
        grain="event",
        money="list price from tokens",
        lag="not stated by Google; 15 min assumed",
        plan="logs in BigQuery; `sources.vertex` in the configuration and the extra `google` (docs/bedrock-vertex.md)",
        settles_after="1 day",
        factory="pr_cost_bot.sources.vertex.source:make",
    ),
)

FILES = KnownSource(
    name="files",
    title="Files",
    keys=(),
    sees="exports of Cursor, OpenAI, Copilot and Anthropic, telemetry of Claude Code, Codex and Gemini CLI, "
    "Bedrock and Google logs, ccusage, FOCUS, JSON Lines",
    grain="as the file has it: event to day",
    money="the file's own; list price where it has tokens only",
    lag="as old as the file",
    plan="`sources.files` in the configuration (docs/files.md)",
    settles_after="1 day",
    factory="pr_cost_bot.sources.files:make",
)
"""The one source that is a list: the configuration names its files."""


def active_sources(keys: Mapping[str, str], config: Sources) -> tuple[Source, ...]:
    """Make the sources whose keys (or logs) are set and that the configuration leaves enabled, and that of its files.

    `keys`: input name to key.
    """
    sources: list[Source] = []
    for known in KNOWN:
        settings = getattr(config, known.name)
        given = _given(known, keys)
        configured = not known.wants or any(getattr(settings, want) for want in known.wants)
        if all(given) and configured and settings.enabled:
            module, _, factory = known.factory.partition(":")
            made = getattr(import_module(module), factory)(*given, settings)
            sources.append(_telling(made, settings.base_url))
    if config.files:
        module, _, factory = FILES.factory.partition(":")
        sources.append(getattr(import_module(module), factory)(config.files))
    return tuple(sources)


def _telling(source: Source, base_url: str | None) -> Source:
    if not base_url:
        return source
    from pr_cost_bot.sources.in_clear import telling  # noqa: PLC0415 - with the HTTP client, as late as the sources

    return telling(source, base_url)


def warm_up(keys: Mapping[str, str]) -> None:
    """Import the sources whose keys are set, while something else is waited for."""
    for known in KNOWN:
        if known.keys and all(_given(known, keys)):
            import_module(known.factory.partition(":")[0])


def unread(keys: Mapping[str, str], config: Sources | None = None) -> tuple[SourceStatus, ...]:
    """A failed status for every source of whose keys one is missing, so that it is never a silent $0."""
    settings = config or Sources()
    halves = [known for known in KNOWN if any(given := _given(known, keys)) and not all(given)]
    return tuple(
        SourceStatus(name=known.name, title=known.title, state=SourceState.FAILED, problem=_missing_problem(known, keys))
        for known in halves
        if getattr(settings, known.name).enabled
    )


def _given(known: KnownSource, keys: Mapping[str, str]) -> tuple[str, ...]:
    """The source's keys, in its order; empty where one is not set."""
    return tuple(keys.get(name, "").strip() for name in known.keys)


def _missing_problem(known: KnownSource, keys: Mapping[str, str]) -> Problem:
    missing = " and ".join(f"`{name}`" for name, key in zip(known.keys, _given(known, keys), strict=True) if not key)
    return Problem(
        f"{known.title} cannot be read, so its cost is not in the figure: the input {missing} is missing.",
        f"It takes {len(known.keys)} keys: {', '.join(f'`{name}`' for name in known.keys)}.",
        f"Set {missing}, or remove the other, to leave {known.title} out knowingly.",
    )


def table() -> str:
    """The sources as a Markdown table."""
    head = ("Source", "Input", "Sees", "Grain", "Money", "Lag", "Settles after", "Needs")
    rows = [
        (
            f"**{k.title}**",
            ", ".join(f"`{key}`" for key in k.keys) or "none",
            k.sees,
            k.grain,
            k.money,
            k.lag,
            k.settles_after,
            k.plan,
        )
        for k in (*KNOWN, FILES)
    ]
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
