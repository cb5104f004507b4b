"""A file at an address, over a real socket."""

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pr_cost_bot.config import UsageFile
from pr_cost_bot.http import Limits
from pr_cost_bot.model import Identity, SourceResult, SourceState, UsageQuery
from pr_cost_bot.simulator.server import Response, Server
from pr_cost_bot.sources.files import make

EXPORT = (Path(__file__).parents[2] / "fixtures" / "files" / "cursor-team.csv").read_bytes()
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
QUERY = UsageQuery(
    people=(Identity(person="dev", emails=("dev@example.com",)),), start=NOW - timedelta(hours=48), end=NOW, now=NOW
)
QUICK = Limits(deadline=2, read=0.4, connect=0.4, attempts=2, backoff=0.01, max_bytes=100_000)


def fetch(server: Server, path: str = "/exports/usage.csv?signature=SECRET") -> SourceResult:
    return make([UsageFile(url=server.url + path)], {}, QUICK).fetch(QUERY)


@pytest.mark.parametrize("body", [EXPORT, gzip.compress(EXPORT, mtime=0)])
def test_a_file_is_fetched_without_credentials(body):
    with Server(lambda _: Response(200, body)) as server:
        answer = fetch(server)
        (exchange,) = server.exchanges
    assert (answer.status.state, len(answer.records)) == (SourceState.OK, 3)
    assert (exchange.request.path, exchange.request.query) == ("/exports/usage.csv", {"signature": ["SECRET"]})
    assert "authorization" not in exchange.request.headers
    assert exchange.request.headers["accept"] == "*/*"


@pytest.mark.parametrize(
    "response",
    [
        Response(403),
        Response(404),
        Response(500),
        Response(302, headers={"Location": "http://127.0.0.1:1/"}),
        Response(200, b"x" * 200_000),
        Response(200, EXPORT, truncate_to=40),
        Response(200, EXPORT, pause=1.0),
        Response(200, b"<html>Sign in</html>"),
    ],
    ids=["403", "404", "500", "redirect", "too large", "cut off", "slow", "another page"],
)
def test_every_failure_is_told_and_never_looks_like_nothing(response):
    with Server(lambda _: response) as server:
        answer = fetch(server)
    assert (answer.status.state, answer.records) == (SourceState.FAILED, ())
    assert "The file at 127.0.0.1" in str(answer.status.problem)
    assert "SECRET" not in str(answer.status)
    assert "input" not in str(answer.status.problem)
