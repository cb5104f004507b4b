"""A small HTTP server on loopback: handlers are plain functions from request to response, every exchange is kept."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Request:
    """What a client sent. `query` keeps every value of a repeated parameter; header names are in lower case.

    `target` is path and query as they came.
    """

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    url: str = ""
    target: str = ""

    def json(self) -> Any:
        return json.loads(self.body or b"null")


@dataclass(frozen=True)
class Response:
    """What the server answers; `pause` and `truncate_to` play a slow or a broken server."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    pause: float = 0.0  # before anything is sent
    truncate_to: int | None = None  # send only so many bytes of the announced body, then hang up

    @classmethod
    def of(cls, value: Any, status: int = 200, **headers: str) -> "Response":
        return cls(status, json.dumps(value).encode(), {"Content-Type": "application/json; charset=utf-8", **headers})


@dataclass(frozen=True)
class Exchange:
    """One request with its answer and when it came, in seconds of `time.monotonic`."""

    request: Request
    response: Response
    started: float
    ended: float


Handler = Callable[[Request], Response]


class _Connection(BaseHTTPRequestHandler):
    """One client's connection. The listener carries the `Server` whose handler answers."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: "_Listener"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        started = time.monotonic()
        owner = self.server.owner
        parts = urlsplit(self.path)
        request = Request(
            self.command,
            parts.path,
            parse_qs(parts.query, keep_blank_values=True),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(int(self.headers.get("Content-Length") or 0)),
            owner.url,
            self.path,
        )
        response = owner.handler(request)
        owner.closing.wait(owner.latency + response.pause)
        owner.exchanges.append(Exchange(request, response, started, time.monotonic()))
        try:
            self._send(response)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status not in {204, 304}:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body[: response.truncate_to])
        self.wfile.flush()
        if response.truncate_to is not None:
            self.close_connection = True


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    owner: "Server"


class Server:
    """Serves `handler` on 127.0.0.1 until the `with` block ends; `latency` seconds pass before every answer."""

    def __init__(self, handler: Handler, *, latency: float = 0.0, port: int = 0) -> None:
        self.handler = handler
        self.latency = latency
        self.exchanges: list[Exchange] = []
        self.closing = threading.Event()
        self._http = _Listener(("127.0.0.1", port), _Connection)
        self._http.owner = self
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
