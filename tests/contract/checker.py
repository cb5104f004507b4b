"""Holds every exchange with the simulated GitHub against GitHub's own descriptions: OpenAPI, and the GraphQL schema."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from openapi_core import OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse

from pr_cost_bot.simulator.server import Exchange
from tests.contract.graphql_check import check_graphql

DATA = Path(__file__).parent / "data"
_ENTERPRISE_PREFIX = "/api/v3"
_UNDOCUMENTED = frozenset(
    {401, 403, 404, 429, 500, 502, 503, 504}
)  # any operation may answer so, whatever its description lists


class ContractError(AssertionError):
    """An exchange that GitHub would not have had."""


def check(exchanges: Iterable[Exchange]) -> int:
    """Check all of them. Returns how many there were.

    REST is checked against github.com's description and those of the Enterprise Servers that differ from it, from the
    oldest supported one on (`sources.json` names those that do not differ).

    Raises: ContractError, which names the exchange.
    """
    listed = list(exchanges)
    for exchange in listed:
        request = exchange.request
        try:
            if request.path in {"/graphql", "/api/graphql"}:
                check_graphql(exchange)
            else:
                for file in sorted(DATA.glob("openapi-*.json")):
                    _check_rest(exchange, file)
        except AssertionError as error:
            raise ContractError(f"{request.method} {request.path}: {error}") from error
    return len(listed)


def _check_rest(exchange: Exchange, file: Path) -> None:
    spec = _openapi(file)
    request, response = exchange.request, exchange.response
    path = request.path.removeprefix(_ENTERPRISE_PREFIX)
    query = [(name, value) for name, values in request.query.items() for value in values]
    given = MockRequest(
        "http://github",
        request.method.lower(),
        path,
        args=dict(query),
        headers=dict(request.headers),
        data=request.body or None,
        content_type=request.headers.get("content-type", "application/json").split(";")[0],
    )
    where = f"{file.stem}, {urlencode(query)}"
    try:
        spec.validate_request(given)
        if response.status not in _UNDOCUMENTED:
            spec.validate_response(given, _answer(response.status, response.body, response.headers))
    except OpenAPIError as error:
        raise AssertionError(f"{where}: {_causes(error)}") from error


def _answer(status: int, body: bytes, headers: Mapping[str, str]) -> MockResponse:
    kind = headers.get("Content-Type", "application/json").split(";")[0]
    return MockResponse(data=body, status_code=status, headers=dict(headers), content_type=kind)


def _causes(error: BaseException) -> str:
    """The whole chain: the outermost says only that something is invalid."""
    parts = [f"{type(error).__name__}: {error}"]
    parts += [f"{'/'.join(map(str, each.absolute_path))}: {each.message}" for each in getattr(error, "schema_errors", ())]
    cause = error.__cause__
    return " <- ".join([*parts, _causes(cause)] if cause else parts)


@cache
def _openapi(file: Path) -> OpenAPI:
    spec: dict[str, Any] = json.loads(file.read_text())
    return OpenAPI.from_dict(spec)
