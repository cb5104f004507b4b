"""As much of GraphQL as a simulated GitHub needs: parse a document and run it over plain Python objects.

An object is a mapping from field to value; a value that is callable gets the field's arguments. `__typename` says which
fragments fit. There is no schema here: the tests check queries and answers against GitHub's own.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(r'[\s,]+|#[^\n]*|(\.\.\.|[!$():=@\[\]{|}]|"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|[A-Za-z_]\w*)')
_INTERFACES = {"Actor": {"User", "Bot"}, "GitObject": {"Commit", "Blob", "Tree"}}


class GraphQLError(Exception):
    """Makes the field null and adds an entry to `errors`."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Variable:
    """A variable where a value may stand."""

    name: str


@dataclass(frozen=True)
class Selection:
    """A field, or (with `fragment` or `on`) a spread."""

    key: str = ""
    name: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    include: Any = True
    fragment: str | None = None
    on: str | None = None
    children: tuple["Selection", ...] = ()


@dataclass
class Document:
    """An operation and its fragments."""

    kind: str = "query"
    name: str = ""
    selections: tuple[Selection, ...] = ()
    fragments: dict[str, Selection] = field(default_factory=dict)


def parse(text: str) -> Document:
    """Raises: ValueError."""
    return _Parser(text).document()


def execute(document: Document, root: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    """The answer's JSON: `data`, and `errors` when there are any. Fields run in the order in which they stand."""
    run = _Execution(document.fragments, variables)
    data = run.select(root, document.selections, ())
    return {"data": data, "errors": run.errors} if run.errors else {"data": data}


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = [*self._split(text)]
        self.at = 0

    @staticmethod
    def _split(text: str) -> Iterator[str]:
        position = 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise ValueError(f"cannot read {text[position : position + 20]!r}")
            position = match.end()
            if match[1]:
                yield match[1]

    @property
    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, expected: str | None = None) -> str:
        token = self.peek
        if not token or (expected is not None and token != expected):
            raise ValueError(f"expected {expected or 'more'}, found {token!r}")
        self.at += 1
        return token

    def document(self) -> Document:
        document = Document()
        while self.peek:
            if self.peek == "fragment":
                self.take()
                name = self.take()
                self.take("on")
                on = self.take()
                document.fragments[name] = Selection(on=on, children=self.selections())
            else:
                document.kind, document.name = self.take(), self.take()
                if self.peek == "(":
                    while self.take() != ")":
                        pass
                document.selections = self.selections()
        return document

    def selections(self) -> tuple[Selection, ...]:
        self.take("{")
        found = []
        while self.peek != "}":
            found.append(self.spread() if self.peek == "..." else self.field())
        self.take("}")
        return tuple(found)

    def spread(self) -> Selection:
        self.take("...")
        if self.peek == "on":
            self.take()
            return Selection(on=self.take(), include=self.directive(), children=self.selections())
        return Selection(fragment=self.take(), include=self.directive())

    def field(self) -> Selection:
        key = name = self.take()
        if self.peek == ":":
            self.take()
            name = self.take()
        arguments = self.arguments()
        include = self.directive()
        children = self.selections() if self.peek == "{" else ()
        return Selection(key=key, name=name, arguments=arguments, include=include, children=children)

    def directive(self) -> Any:
        if self.peek != "@":
            return True
        self.take()
        self.take("include")
        return self.arguments()["if"]

    def arguments(self) -> dict[str, Any]:
        if self.peek != "(":
            return {}
        self.take()
        return self.pairs(")")

    def pairs(self, end: str) -> dict[str, Any]:
        found = {}
        while self.peek != end:
            name = self.take()
            self.take(":")
            found[name] = self.value()
        self.take(end)
        return found

    def value(self) -> Any:
        token = self.take()
        if token == "$":
            return Variable(self.take())
        if token == "[":
            items = []
            while self.peek != "]":
                items.append(self.value())
            self.take("]")
            return items
        if token == "{":
            return self.pairs("}")
        constants = {"true": True, "false": False, "null": None}
        if token in constants:
            return constants[token]
        return json.loads(token) if token[0] in '"-0123456789' else token


class _Execution:
    def __init__(self, fragments: Mapping[str, Selection], variables: Mapping[str, Any]) -> None:
        self.fragments, self.variables = fragments, variables
        self.errors: list[dict[str, Any]] = []

    def select(
        self, value: Mapping[str, Any], selections: tuple[Selection, ...], path: tuple[str | int, ...]
    ) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for selection in selections:
            if not self.resolve(selection.include):
                continue
            if selection.name:
                merge(data, selection.key, self.read(value, selection, (*path, selection.key)))
                continue
            spread = self.fragments[selection.fragment] if selection.fragment else selection
            kind = value.get("__typename")
            if kind is None or spread.on in {kind, None} or kind in _INTERFACES.get(spread.on or "", ()):
                for key, part in self.select(value, spread.children, path).items():
                    merge(data, key, part)
        return data

    def read(self, value: Mapping[str, Any], selection: Selection, path: tuple[str | int, ...]) -> Any:
        if selection.name not in value:
            raise ValueError(f"{value.get('__typename')} has no field {selection.name}")
        found = value[selection.name]
        try:
            if callable(found):
                found = call(found, self.resolve(selection.arguments))
        except GraphQLError as error:
            self.errors.append({"type": error.kind, "path": list(path), "message": str(error)})
            return None
        return self.complete(found, selection, path)

    def complete(self, found: Any, selection: Selection, path: tuple[str | int, ...]) -> Any:
        if isinstance(found, list):
            return [self.complete(item, selection, (*path, index)) for index, item in enumerate(found)]
        if isinstance(found, GraphQLError):
            self.errors.append({"type": found.kind, "path": list(path), "message": str(found)})
            return None
        return self.select(found, selection.children, path) if isinstance(found, Mapping) else found

    def resolve(self, value: Any) -> Any:
        if isinstance(value, Variable):
            return self.variables.get(value.name)
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if isinstance(value, dict):
            return {key: self.resolve(item) for key, item in value.items()}
        return value


def call(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """Arguments by name; one called `if` or the like is none of GitHub's."""
    return function(**{re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower(): value for name, value in arguments.items()})


def merge(data: dict[str, Any], key: str, value: Any) -> None:
    """Fields of one name that two fragments ask for become one object."""
    if isinstance(data.get(key), dict) and isinstance(value, dict):
        for inner, part in value.items():
            merge(data[key], inner, part)
    else:
        data[key] = value
