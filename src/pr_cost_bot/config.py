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
    "vertex",
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


class BedrockSettings(SourceSettings, frozen=True):
    """Where Bedrock writes its model invocation logs: a CloudWatch log group, a bucket, or both. Docs: docs/bedrock-vertex.md.

    `regions` left out: AWS_REGION. `log_group` has the same name in each of them; the bucket is in the first.
    """

    regions: str | tuple[str, ...] = ()
    log_group: str | None = None
    bucket: str | None = None
    prefix: str = ""


class VertexSettings(SourceSettings, frozen=True):
    """BigQuery tables of Google's logs, as project.dataset.table. Docs: docs/bedrock-vertex.md.

    `table`: of Vertex's request-response logging. `log_view`: a view of a log bucket's linked dataset, with the entries
    `inference_response`. `project` runs the queries; left out: the table's. `max_gib`: the most that one query may bill for.
    """

    project: str | None = None
    location: str | None = None
    table: str | tuple[str, ...] = ()
    log_view: str | tuple[str, ...] = ()
    max_gib: Annotated[int, Meta(ge=1, le=10**6)] = 100


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
    bedrock: BedrockSettings = BedrockSettings()
    vertex: VertexSettings = VertexSettings()
    files: tuple[UsageFile, ...] = ()


LONGEST_LOOKBACK = 24 * 14
"""Hours."""


class AttributionSettings(_Section, frozen=True):
    """How far back usage may lie before the commit it led to, and which other repositories' commits compete."""

    lookback_hours: Annotated[int, Meta(ge=1, le=LONGEST_LOOKBACK)] = 48
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


class Budgets(_Section, frozen=True):
    """For a calendar month in UTC: of everything in the table, and of single repositories by `owner/name`.

    `warn_at_percent`: parts of a budget at which an alert goes out. `warn_on_forecast`: one too when the month will be dearer.
    """

    monthly_usd: Usd | None = None
    repositories: dict[str, Usd] = {}
    warn_at_percent: tuple[Annotated[int, Meta(ge=1, le=1000)], ...] = (50, 80, 100)
    warn_on_forecast: bool = True


class Alerts(_Section, frozen=True):
    """What the true-up tells once (docs/alerts.md). None: never."""

    pull_request_above_usd: Usd | None = None
    outlier_factor: Annotated[int, Meta(ge=2, le=1000)] | None = None  # times what is usual, as the reports have it
    outlier_min_usd: Usd = Decimal(10)
    day_above_usd: Usd | None = None
    unattributed_above_percent: Annotated[int, Meta(ge=1, le=100)] | None = None
    source_failed: bool = True


class DigestSettings(_Section, frozen=True):
    """The weekly digest. `when` None: weekly where there are addresses to send it to. `link`: where the dashboard is."""

    when: Literal["weekly", "never"] | None = None
    weekday: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "monday"
    link: str = ""


class ReportSettings(_Section, frozen=True):
    """What `report`, `digest` and `dashboard` may tell of people. `teams`: name to GitHub logins; nobody is in two of them.

    `pseudonymise` goes before `show_people`. Figures by team, and medians by group, need `min_group_size` persons.
    """

    show_people: bool = False
    pseudonymise: bool = False
    min_group_size: Annotated[int, Meta(ge=1, le=1000)] = 3
    teams: dict[str, tuple[str, ...]] = {}


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
    reports: ReportSettings = ReportSettings()
    budgets: Budgets = Budgets()
    alerts: Alerts = Alerts()
    digest: DigestSettings = DigestSettings()
