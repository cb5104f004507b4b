"""Sources that read a simulated vendor in memory: no sockets, no waiting."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import requests
from tests.integration.sources.worlds import KINDS, PATIENT

from pr_cost_bot.http import Connection
from pr_cost_bot.ports import Source
from pr_cost_bot.simulator.server import Handler, Request
from pr_cost_bot.simulator.vendors import World, handlers, inputs

ADDRESS = "http://127.0.0.1:9"


def _sent(handler: Handler, connection: Connection, method: str, path: str, how: dict[str, Any]) -> requests.Response:
    prepared = requests.Request(method, connection.base_url + path, params=how.get("params"), json=how.get("json")).prepare()
    parts = urlsplit(prepared.url or "")
    headers = {**connection._http.headers, **prepared.headers, **how.get("headers", {})}
    body = prepared.body or b""
    asked = Request(
        method,
        parts.path,
        parse_qs(parts.query, keep_blank_values=True),
        {name.lower(): value for name, value in headers.items()},
        body.encode() if isinstance(body, str) else body,
        ADDRESS,
    )
    answer = handler(asked)
    response = requests.Response()
    response.status_code, response.raw = answer.status, io.BytesIO(answer.body)
    response.headers.update(answer.headers)
    return response


@contextmanager
def answering(handler: Handler) -> Iterator[None]:
    """Every connection reaches this handler until the block ends."""

    def send(connection: Connection, method: str, path: str, timeout: tuple[float, float], **how: Any) -> requests.Response:
        return _sent(handler, connection, method, path, how)

    with patch.object(Connection, "send", send):
        yield


@contextmanager
def reading(kind: str, over: World) -> Iterator[Source]:
    """The source of this kind, before its vendor."""
    row = KINDS[kind]
    handler = row.handler(over) if row.handler else handlers(over, [row.vendor])[row.vendor]
    keys: Sequence[str] = tuple(inputs(over, [row.vendor]).values())
    with answering(handler):
        source = row.make(ADDRESS, keys, PATIENT)
        if kind.startswith("portkey"):
            source._connection.sleep = float  # a wait that takes no time
        yield source
