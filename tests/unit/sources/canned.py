"""A connection that answers from memory: no sockets, no waiting."""

import io
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from pr_cost_bot.http import Connection, Limits, Vendor
from pr_cost_bot.model import Identity, UsageQuery

FIXTURES = Path(__file__).parents[2] / "fixtures" / "vendors"
ANY = Vendor(title="Vendor", key_input="vendor_key", needs="a key")

Answer = bytes | int | tuple[int, bytes] | Callable[[dict[str, Any]], "bytes | int | tuple[int, bytes]"]


class Canned(Connection):
    """`answers`: path to body, status or both, or to a function of what was asked that gives them. Unknown paths are 404."""

    def __init__(self, answers: Mapping[str, Answer], attempts: int = 1) -> None:
        super().__init__(ANY, "http://127.0.0.1:9", {}, Limits(deadline=20, attempts=attempts, backoff=0))
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def send(self, method: str, path: str, timeout: tuple[float, float], **how: Any) -> requests.Response:
        self.asked.append((path, how))
        answer = self.answers.get(path, 404)
        if callable(answer):
            answer = answer(how)
        response = requests.Response()
        whole = answer if isinstance(answer, tuple) else (answer, b"{}") if isinstance(answer, int) else (200, answer)
        response.status_code, body = whole
        response.raw = io.BytesIO(body)
        return response

    def count(self, path: str) -> int:
        return sum(1 for asked, _ in self.asked if asked == path)


def fixture(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def body(value: Any) -> bytes:
    return json.dumps(value).encode()


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00").astimezone(UTC)


def query(*people: Identity, start: str, end: str, now: str) -> UsageQuery:
    return UsageQuery(people=people, start=at(start), end=at(end), now=at(now))
