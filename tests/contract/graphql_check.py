"""A GraphQL exchange against GitHub's schema: is the document valid, and has the answer exactly the shape it asks for."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    build_schema,
    parse,
    validate,
)
from graphql.execution.values import get_directive_values, get_variable_values
from graphql.type import GraphQLIncludeDirective

from pr_cost_bot.simulator.server import Exchange

_SCALARS: Mapping[str, Any] = {
    "Int": lambda value: isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31,
    "Float": lambda value: isinstance(value, float | int),
    "Boolean": lambda value: isinstance(value, bool),
    "String": lambda value: isinstance(value, str),
    "ID": lambda value: isinstance(value, str),
    "BigInt": lambda value: isinstance(value, str) and value.isdigit(),
    "URI": lambda value: isinstance(value, str) and "://" in value,
    "DateTime": lambda value: isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value),
    "GitTimestamp": lambda value: isinstance(value, str) and value[10:11] == "T",
    "GitObjectID": lambda value: isinstance(value, str) and re.fullmatch(r"[0-9a-f]{40}", value),
}


@cache
def schema() -> GraphQLSchema:
    return build_schema((Path(__file__).parent / "data/schema.graphql").read_text())


@cache
def _valid(text: str) -> DocumentNode:
    document = parse(text)
    errors = validate(schema(), document)
    assert not errors, f"{[error.message for error in errors]} in {text}"
    return document


def check_graphql(exchange: Exchange) -> None:
    """Raises: AssertionError."""
    given = json.loads(exchange.request.body)
    document = _valid(given["query"])
    operation = next(each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    variables = get_variable_values(schema(), operation.variable_definitions or (), given.get("variables") or {})
    assert not isinstance(variables, list), f"variables: {[error.message for error in variables]}"
    if exchange.response.status != 200:
        return
    answer = json.loads(exchange.response.body)
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    root = schema().get_root_type(operation.operation)
    assert root is not None
    _Shape(fragments, variables).check_object(root, [operation.selection_set], answer["data"], "data")


class _Shape:
    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode], variables: Any) -> None:
        self.fragments, self.variables = fragments, variables

    def check_object(self, kind: GraphQLObjectType, selections: list[SelectionSetNode], value: Any, where: str) -> None:
        assert isinstance(value, dict), f"{where} is no object: {value!r}"
        wanted: dict[str, list[FieldNode]] = {}
        for field in (field for each in selections for field in self.fields(kind, each)):
            wanted.setdefault((field.alias or field.name).value, []).append(field)
        assert wanted.keys() == value.keys(), f"{where} ({kind.name}) has {sorted(value)}, asked for was {sorted(wanted)}"
        for key, fields in wanted.items():
            name = fields[0].name.value
            if name == "__typename":
                assert value[key] == kind.name, f"{where}.{key} is {value[key]!r}, not {kind.name}"
                continue
            inner = [field.selection_set for field in fields if field.selection_set]
            self.check_value(kind.fields[name].type, inner, value[key], f"{where}.{key}")

    def fields(self, kind: GraphQLObjectType, selections: SelectionSetNode) -> Iterator[FieldNode]:
        for each in selections.selections:
            included = get_directive_values(GraphQLIncludeDirective, each, self.variables)
            if included and not included["if"]:
                continue
            if isinstance(each, FieldNode):
                yield each
                continue
            fragment = self.fragments[each.name.value] if isinstance(each, FragmentSpreadNode) else each
            assert isinstance(fragment, InlineFragmentNode | FragmentDefinitionNode)
            condition = fragment.type_condition
            assert condition is not None
            if condition.name.value in {kind.name, *(interface.name for interface in kind.interfaces)}:
                yield from self.fields(kind, fragment.selection_set)

    def check_value(self, kind: Any, selections: list[SelectionSetNode], value: Any, where: str) -> None:
        if isinstance(kind, GraphQLNonNull):
            assert value is not None, f"{where} is null, but {kind}"
            kind = kind.of_type
        if value is None:
            return
        if isinstance(kind, GraphQLList):
            assert isinstance(value, list), f"{where} is no list"
            for index, item in enumerate(value):
                self.check_value(kind.of_type, selections, item, f"{where}[{index}]")
        elif isinstance(kind, GraphQLScalarType):
            assert _SCALARS.get(kind.name, lambda _: True)(value), f"{where} is {value!r}, no {kind.name}"
        elif isinstance(kind, GraphQLEnumType):
            assert value in kind.values, f"{where} is {value!r}, no {kind.name}"
        else:
            self.check_object(self.object_type(kind, value, where), selections, value, where)

    @staticmethod
    def object_type(kind: Any, value: Any, where: str) -> GraphQLObjectType:
        if isinstance(kind, GraphQLObjectType):
            return kind
        name = value.get("__typename")
        found = next((each for each in schema().get_possible_types(kind) if each.name == name), None)
        assert found is not None, f"{where} is a {kind.name}: the query has to ask for __typename ({name!r})"
        return found
