"""What msgspec says about a wrong value, in the words of whoever wrote the file: what would be right there."""

import difflib
import re
from collections.abc import Collection, Iterable
from typing import Any

import msgspec
from msgspec import inspect

from pr_cost_bot.config import Config
from pr_cost_bot.plain_yaml import Path

_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>.*?)`(?: - at `(?P<path>.*)`)?$")
_MISSING = re.compile(r"Object missing required field `(.*)`$")
_ENUM = re.compile(r"Invalid enum value (.*)$")
_KIND = re.compile(r"Expected `[^`]*`, got `([^`]*)`$")
_INVALID = re.compile(r"(?P<what>.*?)(?: - at `(?P<path>.*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")
_ANY = "..."  # msgspec's step into a dictionary

_KINDS = {
    "array": "a list",
    "bool": "true or false (so YAML reads yes, no, on and off)",
    "decimal": "a number",
    "float": "a number",
    "int": "a number",
    "null": "nothing",
    "object": "keys with values",
    "str": "a text",
}
_RIGHT: dict[type, tuple[str, str]] = {
    inspect.BoolType: ("true or false", ""),
    inspect.DecimalType: ("an amount in US dollars", "Write it like 2.50."),
    inspect.DictType: ("names with values", "Write it like {copilot: octocat}."),
    inspect.StrType: ("a text", ""),
    inspect.VarTupleType: ("a list", "Write it like [first, second], or each on a line of its own after '- '."),
}
_SCALARS = frozenset({"bool", "decimal", "float", "int"})


class Fault(msgspec.Struct, frozen=True):
    """Where, what, and what to do."""

    path: Path
    what: str
    remedy: str = ""


def fault_of(error: msgspec.ValidationError, document: Any = None) -> Fault:
    """Turn "Expected `bool`, got `int` - at `$.comment.show_people`" into path, "expected true or false; got a number".

    `document`: what was to be a `Config`, in which the names are found that msgspec leaves out.
    """
    if match := _UNKNOWN.match(str(error)):
        path = _steps(match["path"])
        where = f" under '{dotted(path)}'" if path else ""
        remedy = nearest(match["key"], _keys(_type_at(path)), "Known keys there")
        return Fault((*path, match["key"]), f"unknown key '{match['key']}'{where}", remedy)
    found = _INVALID.match(str(error))
    path = _steps(found["path"] if found else None)
    what = found["what"] if found else str(error)
    if match := _MISSING.match(what):
        return Fault(path, f"the key '{match[1]}' is missing", "Add it.")
    info = _type_at(path)
    expected, remedy = _right(info)
    path = _named(path, document, str(error)) if _ANY in path else path
    if not expected:
        return Fault(path, what[:1].lower() + what[1:].replace("`", "'"), "See docs/configuration.md for the shape.")
    if match := _ENUM.match(what):
        return Fault(path, f"expected {expected}; got {match[1]}", _did_you_mean(match[1].strip("'"), _values(info)))
    kind = match[1] if (match := _KIND.match(what)) else ""
    if kind in _SCALARS and _takes_text(info):
        remedy = "Put it in quotes."
    elif kind == "str":
        remedy = remedy or "Write it without quotes."
    got = f"; got {_KINDS.get(kind, kind)}" if kind else ""
    return Fault(path, f"expected {expected}{got}", remedy)


def _named(path: Path, document: Any, error: str) -> Path:
    """The path with the name of the dictionary's value that is wrong: the one that alone gives the same error."""
    here, rest = path[: path.index(_ANY)], path[path.index(_ANY) + 1 :]
    names = _reached(document, here)
    for name in names if isinstance(names, dict) else ():
        try:
            msgspec.convert(_only(document, here, name), Config, strict=True)
        except msgspec.ValidationError as alone:
            if str(alone) == error:
                return (*here, str(name), *rest)
    return here


def _reached(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def _only(value: Any, path: Path, name: str) -> Any:
    """The same with but one entry in the dictionary at the path."""
    if not path:
        return {name: value[name]}
    inside = _only(value[path[0]], path[1:], name)
    if isinstance(value, list):
        return [inside if place == path[0] else item for place, item in enumerate(value)]
    return {**value, path[0]: inside}


def dotted(path: Path) -> str:
    """The path as messages show it."""
    return ".".join(map(str, path))


def nearest(name: str, known: Collection[str], all_of_them: str) -> str:
    """Ask whether the nearest known name was meant; where none is near, name them all."""
    return _did_you_mean(name, known) or f"{all_of_them}: {', '.join(sorted(known))}."


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name.lower(), sorted(known), n=1, cutoff=0.5)
    return f"Did you mean '{near[0]}'?" if near else ""


def _steps(path: str | None) -> Path:
    return tuple(int(index) if index.isdecimal() else key or index for key, index in _STEP.findall(path or ""))


def _type_at(path: Path) -> Any:
    """The description of the value there; None where the path leads nowhere."""
    info: Any = inspect.type_info(Config)
    for step in path:
        arms = _arms(info)
        if isinstance(step, int):
            info = next((arm.item_type for arm in arms if hasattr(arm, "item_type")), None)
        elif step == _ANY:
            info = next((arm.value_type for arm in arms if isinstance(arm, inspect.DictType)), None)
        else:
            fields = (field for arm in arms if isinstance(arm, inspect.StructType) for field in arm.fields)
            info = next((field.type for field in fields if field.encode_name == step), None)
    return info


def _arms(info: Any) -> tuple[Any, ...]:
    arms = info.types if isinstance(info, inspect.UnionType) else (info,)
    return tuple(arm for arm in arms if not isinstance(arm, inspect.NoneType))


def _keys(info: Any) -> set[str]:
    return {field.encode_name for arm in _arms(info) if isinstance(arm, inspect.StructType) for field in arm.fields}


def _values(info: Any) -> set[str]:
    return {str(value) for arm in _arms(info) if isinstance(arm, inspect.LiteralType) for value in arm.values}


def _takes_text(info: Any) -> bool:
    return any(isinstance(arm, inspect.StrType) for arm in _arms(info))


def _right(info: Any) -> tuple[str, str]:
    """What may stand there, and how it is written. Empty where there is nothing to say."""
    said = [_right_kind(arm) for arm in _arms(info)]
    return " or ".join(words for words, _ in said), next((remedy for _, remedy in said if remedy), "")


def _right_kind(info: Any) -> tuple[str, str]:
    match info:
        case inspect.LiteralType(values=values):
            words = ", ".join(map(str, values))
            return (f"one of {words}" if len(values) > 1 else words), ""
        case inspect.IntType(ge=int(least), le=int(most)):
            return f"a whole number from {least} to {most}", ""
        case inspect.StructType():
            return "keys with values", f"Known keys there: {', '.join(sorted(_keys(info)))}."
    return _RIGHT.get(type(info), ("", ""))
