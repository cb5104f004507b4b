"""What the runner hands over in the environment: `GITHUB_*`, `INPUT_*` and the clock."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

from pr_cost_bot.model import Problem

KEY_INPUTS = (
    "anthropic_admin_key",
    "openai_admin_key",
    "cursor_admin_key",
    "copilot_token",
    "openrouter_management_key",
    "litellm_api_key",
    "langfuse_public_key",
    "langfuse_secret_key",
    "helicone_api_key",
    "portkey_api_key",
)
DEFAULT_CONFIG_PATH = ".github/pr-cost-bot.yml"
DEFAULT_ARTIFACT_DIR = "pr-cost"
LOG_LEVELS = ("debug", "info", "warning", "error")
# Commas separate thousands and nothing else: "1,4" may be meant as 1.4 or as 14.
_AMOUNT = re.compile(r"\$?\s*((?:\d{1,3}(?:,\d{3}){1,3}|\d{1,12})(?:\.\d{0,12})?|\.\d{1,12})", re.ASCII)


_ADDRESS = re.compile(r"[a-z0-9]{1,32}://\S", re.ASCII | re.IGNORECASE)  # as Apprise tells its services by


class SettingsError(Exception):
    """An input or a variable of the runner is missing or wrong."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One run's inputs. Secrets are left out of `repr`."""

    repository: str
    event_name: str
    event_path: Path
    api_url: str
    graphql_url: str
    workspace: Path
    github_token: str = field(repr=False)
    org_token: str | None = field(default=None, repr=False)
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)  # by input name, only those that are set
    database_url: str | None = field(default=None, repr=False)
    notify_urls: tuple[str, ...] = field(default=(), repr=False)
    config_path: str = DEFAULT_CONFIG_PATH
    receipt_files: tuple[Path, ...] = ()  # results of CI runs, as the runner names them
    run_id: str = ""
    artifact_dir: Path | None = None  # absolute
    dry_run: bool = False
    fail_above_usd: Decimal | None = None
    log_level: str = "info"
    output_path: Path | None = None
    summary_path: Path | None = None

    @property
    def wrong_addresses(self) -> Problem | None:
        """Which lines of `notify_urls` are no addresses at all. Whether a service is known, only Apprise can tell."""
        wrong = [str(place) for place, url in enumerate(self.notify_urls, 1) if not _ADDRESS.match(url)]
        if not wrong:
            return None
        return Problem(
            f"The input notify_urls has no address in line {', '.join(wrong)}.",
            "An Apprise address begins with its service, such as slack:// or mailto://; nobody can be told there.",
            "Correct the secret it comes from; docs/alerts.md has examples.",
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything that must never be shown."""
        return tuple(
            value
            for value in (self.github_token, self.org_token, self.database_url, *self.keys.values(), *self.notify_urls)
            if value
        )


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read the environment of a container action; an empty string counts as unset. Raises SettingsError."""
    read = _Reader(environ)
    workspace = Path(read.optional("GITHUB_WORKSPACE") or ".").absolute()
    return Settings(
        repository=read.required("GITHUB_REPOSITORY"),
        event_name=read.required("GITHUB_EVENT_NAME"),
        event_path=Path(read.required("GITHUB_EVENT_PATH")),
        api_url=read.address("GITHUB_API_URL").rstrip("/"),
        graphql_url=read.address("GITHUB_GRAPHQL_URL"),
        workspace=workspace,
        github_token=read.input("github_token") or read.missing_token(),
        org_token=read.input("org_token"),
        keys={name: value for name in KEY_INPUTS if (value := read.input(name))},
        database_url=read.input("database_url"),
        notify_urls=read.lines("notify_urls"),
        config_path=(read.input("config_path") or DEFAULT_CONFIG_PATH).removeprefix("./"),
        receipt_files=tuple(read.file(line, workspace) for line in read.lines("receipt_files")),
        run_id=read.optional("GITHUB_RUN_ID") or "",
        artifact_dir=read.artifact_dir(workspace),
        dry_run=read.boolean("dry_run"),
        fail_above_usd=read.amount("fail_above_usd"),
        log_level=read.choice("log_level", LOG_LEVELS, default="info"),
        output_path=read.path("GITHUB_OUTPUT"),
        summary_path=read.path("GITHUB_STEP_SUMMARY"),
    )


def clock(environ: Mapping[str, str]) -> datetime:
    """The time of this run, in UTC and whole seconds; `PR_COST_BOT_NOW` fixes it. Raises SettingsError."""
    text = environ.get("PR_COST_BOT_NOW", "").strip()
    if not text:
        return datetime.now(UTC).replace(microsecond=0)
    return parse_time(text, "PR_COST_BOT_NOW").replace(microsecond=0)


def parse_time(text: str, name: str) -> datetime:
    """An RFC 3339 time as UTC. Raises SettingsError, naming `name`."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise SettingsError(Problem(f"{name} is not a time with its zone.", "", "Write it like 2026-11-21T09:30:00Z."))


class _Reader:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ

    def optional(self, name: str) -> str | None:
        return self.environ.get(name, "").strip() or None

    def input(self, name: str) -> str | None:
        return self.optional(f"INPUT_{name.upper()}")

    def lines(self, name: str) -> tuple[str, ...]:
        """An input of one value a line."""
        return tuple(line.strip() for line in (self.input(name) or "").splitlines() if line.strip())

    def file(self, name: str, workspace: Path) -> Path:
        """A file of an earlier step. The runner names it as it sees it; the container has the temporary folder elsewhere."""
        path = workspace / name
        temp = self.optional("RUNNER_TEMP")
        here = Path(temp) / path.name if temp else path
        return here if not path.exists() and here.exists() else path

    def required(self, name: str) -> str:
        value = self.optional(name)
        if value is None:
            raise SettingsError(
                Problem(
                    f"The variable {name} is not set.",
                    "GitHub's runner sets it; outside a workflow it is missing.",
                    "Use the Action in a workflow. On your own machine set it for 'doctor' and 'backfill'; "
                    "'pr-cost-bot demo' and 'pr-cost-bot attribute' need nothing.",
                )
            )
        return value

    def address(self, name: str) -> str:
        """The address of one of GitHub's APIs."""
        value = self.required(name)
        try:
            parts = urlsplit(value)
            fine = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:  # a port or an IPv6 address that is none
            fine = False
        if not fine or not value.isascii() or any(char.isspace() for char in value):
            raise SettingsError(
                Problem(
                    f"The variable {name} is not an address such as https://api.github.com.",
                    "GitHub's runner sets it.",
                    "Take it out of the workflow's 'env:'.",
                )
            )
        return value

    def missing_token(self) -> str:
        if "INPUT_GITHUB_TOKEN" not in self.environ:  # the runner sets it, empty or not
            raise SettingsError(
                Problem(
                    "The variable GITHUB_TOKEN is not set.",
                    "Outside a workflow nothing else names a token.",
                    "Set it to one that can read the repository, such as GITHUB_TOKEN=$(gh auth token).",
                )
            )
        raise SettingsError(
            Problem(
                "The input github_token is empty.",
                "It defaults to the workflow's own token; an empty value given with 'with:' replaces that.",
                "Remove github_token from the step's 'with:', or name a secret that is set.",
            )
        )

    def boolean(self, name: str) -> bool:
        value = (self.input(name) or "false").lower()
        if value not in {"true", "false"}:
            raise SettingsError(Problem(f"The input {name} must be true or false.", "", f"Write {name}: true or leave it out."))
        return value == "true"

    def amount(self, name: str) -> Decimal | None:
        text = self.input(name)
        if text is None:
            return None
        amount = _AMOUNT.fullmatch(text)
        if amount is None:
            raise SettingsError(
                Problem(f"The input {name} is not an amount in US dollars.", "", f"Write it like {name}: 20, 12.50 or 1,000.")
            )
        return Decimal(amount[1].replace(",", ""))

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        value = (self.input(name) or default).lower()
        if value not in choices:
            raise SettingsError(
                Problem(f"The input {name} must be one of {', '.join(choices)}.", "", f"The default is {default}.")
            )
        return value

    def path(self, name: str) -> Path | None:
        value = self.optional(name)
        return Path(value) if value else None

    def artifact_dir(self, workspace: Path) -> Path | None:
        """Under the workspace. Absent: the default; set to nothing: no files."""
        text = self.environ.get("INPUT_ARTIFACT_DIR")
        directory = DEFAULT_ARTIFACT_DIR if text is None else text.strip()
        if not directory:
            return None
        path = (workspace / directory).resolve()
        if not path.is_relative_to(workspace.resolve()):
            raise SettingsError(
                Problem(
                    "The input artifact_dir lies outside the workspace.",
                    "",
                    "Give a folder below GITHUB_WORKSPACE, such as pr-cost.",
                )
            )
        return path
