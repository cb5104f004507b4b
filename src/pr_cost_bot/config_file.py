"""Reading `.github/pr-cost-bot.yml`: from text to `Config`, or one error that names the line, the key and the way out."""

import difflib
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import yaml

from pr_cost_bot.config import Config
from pr_cost_bot.model import Problem
from pr_cost_bot.tickets import check_pattern


class ConfigError(Exception):
    """The file is wrong. `problem` names line and key."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class _Loader(yaml.SafeLoader):
    """YAML's safe subset, with decimal numbers kept exact."""


def _exact(loader: _Loader, node: yaml.ScalarNode) -> Decimal | float:
    text = str(node.value).replace("_", "")
    plain = re.fullmatch(r"[-+]?(\d+\.\d*|\.\d+|\d+)([eE][-+]?\d+)?", text)
    return Decimal(text) if plain else loader.construct_yaml_float(node)


def _text(loader: _Loader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


_Loader.add_constructor("tag:yaml.org,2002:float", _exact)
# Dates are nowhere meant in this file: a model named 2024-01-01 stays text.
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _text)


def parse_config(text: str, name: str) -> Config:
    """Read the file's text; `name` is how errors call the file. Raises ConfigError."""
    root, value = _load(text, name)
    if value is None:
        return Config()
    _reject_duplicates(root, name)
    try:
        config = msgspec.convert(value, Config, strict=True)
    except msgspec.ValidationError as error:
        raise ConfigError(_explain(str(error), root, name)) from None
    for path, what, remedy in _inconsistencies(config):
        raise ConfigError(Problem(f"{name}, line {_line(root, path)}: {'.'.join(map(str, path))}: {what}.", "", remedy))
    return config


def json_schema() -> dict[str, Any]:
    """The file's JSON Schema (2020-12), for editors and for `pr-cost-bot config schema`."""
    schema = msgspec.json.schema(Config)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "pr-cost-bot configuration",
        **_numbers_too(schema),
    }


def _load(text: str, name: str) -> tuple[yaml.Node | None, Any]:
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        return root, None if root is None else loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = f"{name}{f', line {mark.line + 1}' if mark else ''}: this is not YAML: {error.problem or error.context}."
        raise ConfigError(Problem(what, "", "Check indentation, quotes and brackets there.")) from None
    except yaml.YAMLError as error:
        what = f"{name}: this is not YAML: {str(error).splitlines()[0]}."
        raise ConfigError(Problem(what, "", "Save it as UTF-8 text.")) from None
    except RecursionError:
        what = f"{name}: this is not YAML that can be read: it is nested too deeply."
        raise ConfigError(Problem(what, "", "The configuration needs four levels at most.")) from None


def _reject_duplicates(node: yaml.Node | None, name: str) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, child in node.value:
            if key.value in seen:
                raise ConfigError(
                    Problem(
                        f"{name}, line {key.start_mark.line + 1}: the key '{key.value}' stands twice.", "", "Keep one of them."
                    )
                )
            seen.add(key.value)
            _reject_duplicates(child, name)
    elif isinstance(node, yaml.SequenceNode):
        for child in node.value:
            _reject_duplicates(child, name)


_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>.*?)`(?: - at `(?P<path>.*)`)?$")
_INVALID = re.compile(r"(?P<what>.*?)(?: - at `(?P<path>.*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")


def _explain(error: str, root: yaml.Node | None, name: str) -> Problem:
    """Turn msgspec's words ("... - at `$.labels`") into the user's: file, line, key, what would be right."""
    if match := _UNKNOWN.match(error):
        path = _steps(match["path"])
        known = sorted(_known_keys(path))
        near = difflib.get_close_matches(match["key"], known, n=1, cutoff=0.5)
        where = f" under '{'.'.join(map(str, path))}'" if path else ""
        remedy = f"Did you mean '{near[0]}'?" if near else f"Known keys there: {', '.join(known)}."
        return Problem(f"{name}, line {_line(root, (*path, match['key']))}: unknown key '{match['key']}'{where}.", "", remedy)
    match = _INVALID.match(error)
    path = _steps(match["path"] if match else None)
    what = (match["what"] if match else error).replace("`", "'")
    key = ".".join(map(str, path)) or "the file"
    return Problem(
        f"{name}, line {_line(root, path)}: {key}: {_lower_first(what)}.", "", "See docs/configuration.md for the shape."
    )


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _steps(path: str | None) -> tuple[str | int, ...]:
    return tuple(int(index) if index.isdecimal() else key or index for key, index in _STEP.findall(path or ""))


def _known_keys(path: tuple[str | int, ...]) -> set[str]:
    info: Any = msgspec.inspect.type_info(Config)
    for step in path:
        if isinstance(info, msgspec.inspect.StructType) and isinstance(step, str):
            info = next((field.type for field in info.fields if field.encode_name == step), None)
        elif hasattr(info, "item_type"):
            info = info.item_type
    return {field.encode_name for field in info.fields} if isinstance(info, msgspec.inspect.StructType) else set()


def _line(root: yaml.Node | None, path: tuple[str | int, ...]) -> int:
    """The line of the deepest node that the path reaches."""
    node, line = root, 1
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, child) for key, child in node.value if key.value == str(step)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line


_REPOSITORY = re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+")
_BRANCH = re.compile(r"(?!.*(\.\.|//|@\{|\.lock$|/$|\.$))[A-Za-z0-9_][A-Za-z0-9._/+@-]*")


_Finding = tuple[tuple[str | int, ...], str, str]


def _inconsistencies(config: Config) -> Iterator[_Finding]:
    """What each value alone cannot tell: path, what is wrong, what would be right."""
    for path, amount in _amounts(config):
        if not amount.is_finite() or amount < 0:
            yield path, "expected an amount of 0 or more", "Write it like 2.50."
    yield from _wrong_labels(config)
    yield from _wrong_names(config)
    if problem := check_pattern(config.tickets.pattern):
        yield ("tickets", "pattern"), problem.what.rstrip("."), problem.remedy


def _wrong_labels(config: Config) -> Iterator[_Finding]:
    labels = config.labels
    if labels.high_from_usd < labels.medium_from_usd:
        yield ("labels", "high_from_usd"), "it is below medium_from_usd", "Give it a value of at least medium_from_usd."
    if len({labels.low.lower(), labels.medium.lower(), labels.high.lower()}) < 3:
        yield ("labels",), "two labels have the same name", "Give low, medium and high different names."
    for key in ("low", "medium", "high"):
        if not 0 < len(getattr(labels, key)) <= 50:
            yield ("labels", key), "a label's name has 1 to 50 characters", "Shorten it."


def _wrong_names(config: Config) -> Iterator[_Finding]:
    for index, repository in enumerate(config.attribution.repositories):
        if not _REPOSITORY.fullmatch(repository):
            yield ("attribution", "repositories", index), "expected owner/name", "Write it like acme/web."
    if not _BRANCH.fullmatch(config.ledger.branch):
        yield ("ledger", "branch"), "this is not a branch name", "Use letters, digits, '-', '_' and '/', such as pr-cost-data."
    for name in config.sources.__struct_fields__:
        url = getattr(config.sources, name).base_url
        if url is not None and not re.match(r"https?://[^/\s]+", url):
            yield ("sources", name, "base_url"), "expected scheme and host", "Write it like https://api.example.com."


def _amounts(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Decimal]]:
    """Every amount in the configuration with its path."""
    if isinstance(value, Decimal):
        yield path, value
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _amounts(item, (*path, index))
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
