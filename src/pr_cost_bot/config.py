"""The configuration file: its shape, its defaults (docs/configuration.md). Reading it is `config_file`'s job."""

from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Usd = Decimal


FileFormat = Literal[
    "cursor-csv",
    "copilot-csv",
    "openai-usage",
    "openai-cost",
    "anthropic-usage",
    "anthropic-cost",
    "anthropic-spend",
    "focus-csv",
    "usage-jsonl",
    "otlp",
    "ccusage",
    "bedrock",
    "google",
]
"""Formats of files of usage, as `pr_cost_bot.files` reads them."""


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Labels(_Section, frozen=True):
    """Names and bounds of the three labels. Below `medium_from_usd` is low."""

    low: str = "cost:low"
    medium: str = "cost:medium"
    high: str = "cost:high"
    medium_from_usd: Usd = Decimal(2)
    high_from_usd: Usd = Decimal(20)


class CommentSettings(_Section, frozen=True):
    """When to comment, and whether people are named in it."""

    when: Literal["always", "usage", "never"] = "usage"
    min_usd: Usd = Decimal(0)
    show_people: bool = False


class PersonEntry(_Section, frozen=True):
    """Names of one person, where e-mail and login do not already match. `vendors`: source name to id or ids."""

    github: str
    emails: tuple[str, ...] = ()
    vendors: dict[str, str | tuple[str, ...]] = {}


class SourceSettings(_Section, frozen=True):
    """Where a source is reached. `base_url` is scheme, host and any prefix; None: the vendor's own address."""

    enabled: bool = True
    base_url: str | None = None


class CopilotSettings(SourceSettings, frozen=True):
    """Copilot's billing belongs to an organisation or an enterprise."""

    organization: str | None = None
    enterprise: str | None = None


class UsageFile(_Section, frozen=True):
    """A file of usage: `path` below the workspace (a file or a folder) or `url`.

    `format` None: recognised. `person`: whose usage it is where the file names nobody, as e-mail address or login.
    """

    path: str | None = None
    url: str | None = None
    format: FileFormat | None = None
    person: str | None = None


class Sources(_Section, frozen=True):
    """One entry per source; `files` is a list."""

    anthropic: SourceSettings = SourceSettings()
    openai: SourceSettings = SourceSettings()
    cursor: SourceSettings = SourceSettings()
    copilot: CopilotSettings = CopilotSettings()
    openrouter: SourceSettings = SourceSettings()
    litellm: SourceSettings = SourceSettings()
    langfuse: SourceSettings = SourceSettings()
    helicone: SourceSettings = SourceSettings()
    portkey: SourceSettings = SourceSettings()
    files: tuple[UsageFile, ...] = ()


class AttributionSettings(_Section, frozen=True):
    """How far back usage may lie before the commit it led to, and which other repositories' commits compete."""

    lookback_hours: Annotated[int, Meta(ge=1, le=24 * 14)] = 48
    repositories: tuple[str, ...] = ()


class Tickets(_Section, frozen=True):
    """How a ticket is recognised in branch, title and body."""

    pattern: str = r"[A-Z][A-Z0-9]+-\d+"


class Price(_Section, frozen=True):
    """A price of your own, in US dollars per million tokens. Cache prices left out count as the input price."""

    model: str
    input_usd_per_mtok: Usd
    output_usd_per_mtok: Usd
    cache_read_usd_per_mtok: Usd | None = None
    cache_write_usd_per_mtok: Usd | None = None


class LedgerSettings(_Section, frozen=True):
    """Where the lasting table is kept when no database is set. `show_people` None: only in private repositories."""

    branch: str = "pr-cost-data"
    show_people: bool | None = None


class Config(_Section, frozen=True):
    """The whole file. Everything has a default: an absent file is an empty one."""

    version: Literal[1] = 1
    labels: Labels = Labels()
    comment: CommentSettings = CommentSettings()
    people: tuple[PersonEntry, ...] = ()
    sources: Sources = Sources()
    attribution: AttributionSettings = AttributionSettings()
    tickets: Tickets = Tickets()
    prices: tuple[Price, ...] = ()
    ledger: LedgerSettings = LedgerSettings()
