"""Reading `.github/pr-cost-bot.yml`: from text to `Config`, or one error that names the line, the key and the way out."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from pr_cost_bot.config import Config, SourceSettings
from pr_cost_bot.config_words import Fault, dotted, fault_of, nearest
from pr_cost_bot.model import Problem
from pr_cost_bot.plain_yaml import Document, Path, YamlError
from pr_cost_bot.tickets import check_pattern


class ConfigError(Exception):
    """The file is wrong. `problem` names line and key."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def parse_config(text: str, name: str) -> Config:
    """Read the file's text; `name` is how errors call the file. Raises ConfigError."""
    try:
        document = Document(text)
    except YamlError as error:
        where = name if error.line is None else f"{name}, line {error.line}"
        raise ConfigError(Problem(f"{where}: {error.what}.", "", error.remedy)) from None
    if document.value is None:
        return Config()
    try:
        config = msgspec.convert(document.value, Config, strict=True)
    except msgspec.ValidationError as error:
        raise ConfigError(_problem(fault_of(error, document.value), document, name)) from None
    for fault in _inconsistencies(config):
        raise ConfigError(_problem(fault, document, name))
    return config


def _problem(fault: Fault, document: Document, name: str) -> Problem:
    key = "" if fault.what.startswith("unknown key") else f"{dotted(fault.path) or 'the file'}: "
    return Problem(f"{name}, line {document.line(fault.path)}: {key}{fault.what}.", "", fault.remedy)


def without_people(config: Config) -> str:
    """What differs from the defaults, as JSON for the log; of `people`, teams and files only how many there are.

    Files name persons, and their addresses may be signed.
    """
    told, usual = (msgspec.to_builtins(one) for one in (config, Config()))
    for one, counted in ((told, config), (usual, Config())):
        one["people"], one["reports"]["teams"] = len(counted.people), len(counted.reports.teams)
        one["sources"]["files"] = len(counted.sources.files)
    return msgspec.json.encode(_changed(told, usual)).decode()


def _changed(value: dict[str, Any], default: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, part in value.items():
        usual = default.get(key)
        if part != usual:
            found[key] = _changed(part, usual) if isinstance(part, dict) and isinstance(usual, dict) else part
    return found


def json_schema() -> dict[str, Any]:
    """The file's JSON Schema (2020-12), for editors and for `pr-cost-bot config schema`."""
    schema = msgspec.json.schema(Config)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "pr-cost-bot configuration",
        **_numbers_too(schema),
    }


_REPOSITORY = re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+")
_BRANCH = re.compile(r"(?!.*(\.\.|//|@\{|\.lock$|/$|\.$))[A-Za-z0-9_][A-Za-z0-9._/+@-]*")
_BRANCHES_OF_CODE = frozenset({"main", "master", "trunk", "develop", "HEAD"})  # the real ones are looked up in the run
_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_LOG_GROUP = re.compile(r"[A-Za-z0-9_/.#:*-]{1,600}")
_PROJECT = re.compile(r"(?:[a-z0-9.-]{1,100}:)?[a-z][a-z0-9-]{4,61}[a-z0-9]")
_TABLE = re.compile(rf"{_PROJECT.pattern}\.[A-Za-z0-9_]{{1,300}}\.[A-Za-z0-9_-]{{1,300}}")  # it stands in a query's text
_LABEL_LIMIT = 50  # characters: GitHub answers 422 to more
_UNSEEN = frozenset({"Cc", "Cs", "Zl", "Zp"})  # Unicode categories: control characters, surrogates, line breaks
_ONLY_IN_FILES = frozenset({"google"})  # whose usage no API is asked for


def _inconsistencies(config: Config) -> Iterator[Fault]:
    """What each value alone cannot tell."""
    for path, amount in _amounts(config):
        if not amount.is_finite() or amount < 0:
            yield Fault(path, "expected an amount of 0 or more", "Write it like 2.50.")
    yield from _wrong_labels(config)
    yield from _wrong_vendors(config)
    yield from _wrong_names(config)
    yield from _wrong_files(config)
    yield from _wrong_clouds(config)
    yield from _wrong_budgets(config)
    yield from _wrong_teams(config.reports.teams)
    if problem := check_pattern(config.tickets.pattern):
        yield Fault(("tickets", "pattern"), problem.what.rstrip("."), problem.remedy)


def _wrong_labels(config: Config) -> Iterator[Fault]:
    labels = config.labels
    if labels.high_from_usd < labels.medium_from_usd:
        remedy = "Give it a value of at least medium_from_usd."
        yield Fault(("labels", "high_from_usd"), "it is below medium_from_usd", remedy)
    if len({labels.low.casefold(), labels.medium.casefold(), labels.high.casefold()}) < 3:
        yield Fault(("labels",), "two labels have the same name", "Give low, medium and high different names.")
    for key in ("low", "medium", "high"):
        name = getattr(labels, key)
        if not 0 < len(name) <= _LABEL_LIMIT:
            yield Fault(("labels", key), f"a label's name has 1 to {_LABEL_LIMIT} characters", f"Write it like cost:{key}.")
        elif name != name.strip():
            yield Fault(("labels", key), "a label's name neither begins nor ends with a blank", "Take the blanks out.")
        elif any(unicodedata.category(char) in _UNSEEN for char in name):
            yield Fault(("labels", key), "a label's name has no control characters or line breaks", "Take them out.")


def _wrong_vendors(config: Config) -> Iterator[Fault]:
    known = _ONLY_IN_FILES.union(config.sources.__struct_fields__) - {"files"}
    for index, person in enumerate(config.people):
        for vendor in person.vendors:
            remedy = nearest(vendor, known, "Known sources")
            # A file in the program's own format names its sources itself: with files, only what looks mistyped is wrong.
            if vendor not in known and (not config.sources.files or remedy.startswith("Did you mean")):
                yield Fault(("people", index, "vendors", vendor), "no source has this name", remedy)


def _wrong_names(config: Config) -> Iterator[Fault]:
    for index, repository in enumerate(config.attribution.repositories):
        if not _REPOSITORY.fullmatch(repository):
            yield Fault(("attribution", "repositories", index), "expected owner/name", "Write it like acme/web.")
    branch = config.ledger.branch
    if not _BRANCH.fullmatch(branch):
        remedy = "Use letters, digits, '-', '_' and '/', such as pr-cost-data."
        yield Fault(("ledger", "branch"), "this is not a branch name", remedy)
    if branch in _BRANCHES_OF_CODE:
        remedy = "Give the table a branch of its own, such as pr-cost-data."
        yield Fault(("ledger", "branch"), f"'{branch}' is a branch for code", remedy)
    for name in config.sources.__struct_fields__:
        settings = getattr(config.sources, name)
        url = settings.base_url if isinstance(settings, SourceSettings) else None
        if url is not None and not re.match(r"https?://[^/\s@]+(/|$)", url.strip()):
            what = "expected scheme and host, without a password"
            yield Fault(
                ("sources", name, "base_url"), what, "Write it like https://api.example.com; keys are the Action's inputs."
            )


def _wrong_budgets(config: Config) -> Iterator[Fault]:
    budgets, link = config.budgets, config.digest.link
    for repository, amount in budgets.repositories.items():
        here = ("budgets", "repositories", repository)
        if not _REPOSITORY.fullmatch(repository):
            yield Fault(here, "expected owner/name", "Write it like acme/web: 300.")
        elif not amount:
            yield Fault(here, "a budget is more than 0", "Leave it out for none.")
    if budgets.monthly_usd is not None and not budgets.monthly_usd:
        yield Fault(("budgets", "monthly_usd"), "a budget is more than 0", "Leave it out for none.")
    if link and not re.fullmatch(r"https?://[^/\s@]+(/\S*)?", link):
        yield Fault(("digest", "link"), "expected http(s), host and path", "Write it like https://acme.github.io/costs/.")


def _wrong_files(config: Config) -> Iterator[Fault]:
    for index, file in enumerate(config.sources.files):
        here = ("sources", "files", index)
        if bool(file.path) == bool(file.url):
            yield Fault(here, "expected either path or url", "Write it like {path: exports/cursor.csv}.")
        elif file.url is not None and not re.fullmatch(r"https?://[^/\s@]+(/\S*)?", file.url):
            what = "expected http(s), host and path, without a password"
            yield Fault((*here, "url"), what, "Write it like https://example.com/usage.csv.")


def _wrong_teams(teams: Mapping[str, Sequence[str]]) -> Iterator[Fault]:
    there: dict[str, str] = {}
    for name, members in teams.items():
        here = ("reports", "teams", name)
        if not name.strip() or name.startswith("("):
            yield Fault(here, "a team needs a name, and one that does not begin with '('", "Write it like platform: [octocat].")
        for index, login in enumerate(members):
            other = there.setdefault(login.casefold(), name)
            if other != name:
                what = f"'{login}' is in the team {other} already, and would count twice"
                yield Fault((*here, index), what, "Put everybody into one team.")


def _wrong_clouds(config: Config) -> Iterator[Fault]:
    bedrock, vertex = config.sources.bedrock, config.sources.vertex
    here = ("sources", "bedrock")
    for region in _listed(bedrock.regions):
        if not _REGION.fullmatch(region):
            yield Fault((*here, "regions"), f"'{region}' is no region", "Write it like us-east-1.")
    if bedrock.bucket is not None and not _BUCKET.fullmatch(bedrock.bucket):
        yield Fault((*here, "bucket"), "expected a bucket's name alone", "Write it like acme-bedrock-logs, without s3://.")
    if bedrock.log_group is not None and not _LOG_GROUP.fullmatch(bedrock.log_group):
        yield Fault((*here, "log_group"), "expected the name or ARN of a log group", "Write it like /acme/bedrock.")
    for key in ("table", "log_view"):
        for table in _listed(getattr(vertex, key)):
            if not _TABLE.fullmatch(table):
                remedy = "Write it like acme-ai.vertex_logs.request_response_logging."
                yield Fault(("sources", "vertex", key), "expected project.dataset.table", remedy)
    if vertex.project is not None and not _PROJECT.fullmatch(vertex.project):
        yield Fault(("sources", "vertex", "project"), "this is no project id", "Write it like acme-ai.")


def _listed(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _amounts(value: Any, path: Path = ()) -> Iterator[tuple[Path, Decimal]]:
    """Every amount in the configuration with its path."""
    if isinstance(value, Decimal):
        yield path, value
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _amounts(item, (*path, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _amounts(item, (*path, key))
    elif isinstance(value, msgspec.Struct):
        for key in value.__struct_fields__:
            yield from _amounts(getattr(value, key), (*path, key))


def _numbers_too(schema: Any) -> Any:
    """Say in the schema that money may be written as a number: msgspec describes decimals as strings only."""
    if isinstance(schema, dict):
        if schema.get("format") == "decimal":
            rest = {key: value for key, value in schema.items() if key not in {"type", "format"}}
            return {"type": ["number", "string"], "minimum": 0, **rest}
        return {key: _numbers_too(value) for key, value in schema.items()}
    return [_numbers_too(item) for item in schema] if isinstance(schema, list) else schema
