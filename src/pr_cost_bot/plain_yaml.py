"""The YAML of a configuration file: plain values only, numbers exact, and the line of everything."""

import re
from decimal import Decimal
from typing import Any

import yaml

_MERGE = "tag:yaml.org,2002:merge"
_TEXT = "tag:yaml.org,2002:str"
_SURROGATE = re.compile("[\ud800-\udfff]")

Path = tuple[str | int, ...]
"""Keys and indices, from the document down."""


class YamlError(Exception):
    """The text cannot be read. `line` counts from 1; None: nowhere in particular."""

    def __init__(self, what: str, remedy: str, line: int | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.line = line


class _Loader(yaml.SafeLoader):
    """YAML's safe subset without references, with text as keys and with decimal numbers kept exact.

    A few hundred bytes of aliases can stand for more values than a machine holds, and a value can hold itself.
    """

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs leave it untyped
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise YamlError("anchors and aliases are not used in this file", "Write it out.", _line(event))
        return super().compose_node(parent, index)

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """PyYAML's place for merge keys: refuse them, and check the other keys before they become a dictionary's."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag == _MERGE:
                raise YamlError("merge keys (<<) are not used in this file", "Write it out.", _line(key))
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise YamlError(f"the key '{key.value}' stands twice", "Keep one of them.", _line(key))
                seen.add(key.value)
                key.tag = _TEXT  # `on` and `1` are names here

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyYAML's signature
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError):
            # PyYAML lets through what Python says to `!!int x` or to a number of 5,000 digits.
            raise YamlError("this value cannot be read", "Write a plain text or number.", _line(node)) from None

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> Any:
        value = super().construct_scalar(node)
        if isinstance(value, str) and _SURROGATE.search(value):
            raise YamlError("this text has half a character (a lone surrogate)", "Write the character itself.", _line(node))
        return value


def _exact(loader: _Loader, node: yaml.ScalarNode) -> Decimal | float:
    text = str(node.value).replace("_", "")
    plain = re.fullmatch(r"[-+]?(\d+\.\d*|\.\d+|\d+)([eE][-+]?\d+)?", text)
    return Decimal(text) if plain else loader.construct_yaml_float(node)


def _text(loader: _Loader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


_Loader.add_constructor("tag:yaml.org,2002:float", _exact)
# Dates are nowhere meant in this file: a model named 2024-01-01 stays text.
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _text)


class Document:
    """A document's value, None where it is empty, and where its parts stand. Raises YamlError."""

    def __init__(self, text: str) -> None:
        self._root, self.value = _load(text)

    def line(self, path: Path) -> int:
        """The line of the deepest part that the path reaches."""
        node, line = self._root, 1
        for step in path:
            if isinstance(node, yaml.MappingNode):
                found = next(((key, child) for key, child in node.value if key.value == str(step)), None)
                if found is None:
                    break
                line, node = _line(found[0]), found[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                line = _line(node)
            else:
                break
        return line


def _load(text: str) -> tuple[yaml.Node | None, Any]:
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        return root, None if root is None else loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = f"this is not YAML: {error.problem or error.context}"
        raise YamlError(what, "Check indentation, quotes and brackets there.", mark.line + 1 if mark else None) from None
    except yaml.YAMLError as error:
        raise YamlError(f"this is not YAML: {str(error).splitlines()[0]}", "Save it as UTF-8 text.") from None
    except RecursionError:
        what = "this is not YAML that can be read: it is nested too deeply"
        raise YamlError(what, "The configuration needs four levels at most.") from None


def _line(place: yaml.Node | yaml.Event) -> int:
    mark = place.start_mark
    return 1 if mark is None else int(mark.line) + 1
