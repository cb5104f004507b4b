import json
from dataclasses import replace

import pytest

from pr_cost_bot.simulator.server import Exchange, Request, Response
from tests.contract.checker import ContractError, check

QUERY = """
query Q($o: String!, $c: Boolean!) {
  repository(owner: $o, name: "x") { id visibility @include(if: $c) labels(first: 1) { nodes { name } } }
}
"""
GOOD = {"data": {"repository": {"id": "R_1", "visibility": "PUBLIC", "labels": {"nodes": [{"name": "a"}]}}}}


def graphql(query=QUERY, answer=GOOD, **variables):
    body = json.dumps({"query": query, "variables": {"o": "acme", "c": True, **variables}}).encode()
    return exchange("POST", "/graphql", body, Response.of(answer))


def exchange(method, path, body=b"", response=None, **query):
    headers = {"content-type": "application/json"} if body else {}
    request = Request(method, path, {name: [value] for name, value in query.items()}, headers, body)
    return Exchange(request, response or Response.of({}), 0.0, 1.0)


def label(**given):
    made = {
        "id": 1,
        "node_id": "x",
        "url": "http://x/y",
        "name": "a",
        "description": None,
        "color": "fff",
        "default": False,
        **given,
    }
    return {key: value for key, value in made.items() if value is not ...}


def test_a_right_exchange_passes():
    assert check([graphql()]) == 1
    created = exchange("POST", "/repos/a/b/labels", b'{"name": "a", "color": "ffffff"}', Response.of(label(), 201))
    assert check([created, replace(created, request=replace(created.request, path="/api/v3/repos/a/b/labels"))]) == 2


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (QUERY.replace("visibility", "visibilty"), "visibilty"),
        (QUERY.replace("first: 1", 'first: "1"'), "first"),
        (QUERY.replace("$o: String!, ", ""), r"\$o"),
        (QUERY.replace("owner: $o, ", ""), "owner"),
    ],
)
def test_a_query_that_github_would_refuse_is_found(query, message):
    with pytest.raises(ContractError, match=message):
        check([graphql(query)])


def test_a_variable_of_the_wrong_kind_is_found():
    with pytest.raises(ContractError, match="variables"):
        check([graphql(o=1)])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": None}, "is null"),
        ({"id": 5}, "no ID"),
        ({"visibility": "SECRET"}, "RepositoryVisibility"),
        ({"labels": {"nodes": [{"name": "a", "color": "fff"}]}}, "asked for was"),
        ({"labels": {"nodes": [{}]}}, "asked for was"),
        ({"labels": {"nodes": {}}}, "no list"),
        ({"extra": 1}, "asked for was"),
    ],
)
def test_an_answer_of_another_shape_is_found(change, message):
    answer = {"data": {"repository": {**GOOD["data"]["repository"], **change}}}
    with pytest.raises(ContractError, match=message):
        check([graphql(answer=answer)])


def test_what_is_not_included_may_not_be_answered():
    with pytest.raises(ContractError, match="asked for was"):
        check([graphql(c=False)])


def test_an_interface_needs_its_typename():
    query = 'query Q { repository(owner: "a", name: "b") { object(expression: "c") { oid } } }'
    answer = {"data": {"repository": {"object": {"oid": "a" * 40}}}}
    with pytest.raises(ContractError, match="__typename"):
        check([graphql(query, answer)])


@pytest.mark.parametrize(
    "bad",
    [
        exchange("GET", "/repos/a/b/unheard-of"),
        exchange("GET", "/repos/a/b/labels"),
        exchange("POST", "/repos/a/b/labels", b'{"color": "ffffff"}', Response.of(label(), 201)),
        exchange("POST", "/repos/a/b/labels", b'{"name": "a"}', Response.of(label(node_id=...), 201)),
        exchange("POST", "/repos/a/b/labels", b'{"name": "a"}', Response.of(label(id="1"), 201)),
        exchange("POST", "/repos/a/b/labels", b'{"name": "a"}', Response.of(label(), 202)),
        exchange("POST", "/repos/a/b/issues/1/labels", b'{"labels": []}', Response.of([label()])),
        exchange("POST", "/repos/a/b/issues/1/labels", b'{"labels": ["a"]}', Response.of([label(), {"name": "b"}])),
        exchange("GET", "/repos/a/b/pulls/1/commits", b"", Response.of([]), per_page="many"),
        exchange("GET", "/repos/a/b/issues/comments/one", b"", Response.of([])),
    ],
    ids=lambda bad: f"{bad.request.method} {bad.request.path} {bad.request.body!r}",
)
def test_a_rest_exchange_that_github_would_not_have_is_found(bad):
    with pytest.raises(ContractError):
        check([bad])
