import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from pr_cost_bot.http import Clock, Connection, HttpSession, Kind, Limits, SourceError, Vendor
from pr_cost_bot.http_address import normalise_base_url as normalise
from pr_cost_bot.http_errors import kind_of, quotable, retry_after
from pr_cost_bot.simulator.server import Handler, Request, Response, Server

VENDOR = Vendor(title="Acme", key_input="acme_key", needs="an Acme key")
KEY = "sk-secret-0123456789"


class Body(msgspec.Struct):
    amount: Decimal


def connection(url: str, *, attempts: int = 3, deadline: float = 20.0, read: float = 5.0) -> tuple[Connection, list[float]]:
    sleeps: list[float] = []
    limits = Limits(deadline=deadline, read=read, attempts=attempts, backoff=0.01)
    return Connection(VENDOR, url, {"x-api-key": KEY}, limits, clock=Clock(sleep=sleeps.append)), sleeps


@contextmanager
def serving(handler: Handler, **how: float) -> Iterator[tuple[HttpSession, Server, list[float]]]:
    with Server(handler) as server:
        made, sleeps = connection(server.url, **how)
        yield made.session(), server, sleeps


def answers(*responses: Response) -> Handler:
    """Each answer once, the last for ever."""
    left = list(responses)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def failure(session: HttpSession) -> SourceError:
    with pytest.raises(SourceError) as caught:
        session.get("/x", Body)
    return caught.value


GOOD = Response.of({"amount": 0.1})


def test_numbers_are_read_exactly():
    with serving(answers(Response(200, b'{"amount": 20.18232000000000001}'))) as (session, _, _):
        assert session.get("/x", Body).amount == Decimal("20.18232000000000001")


def test_headers_name_the_program_and_carry_the_key():
    with serving(answers(GOOD)) as (session, server, _):
        session.get("/x", Body, headers={"anthropic-beta": "b"})
        headers = server.exchanges[0].request.headers
    assert headers["user-agent"].startswith("pr-cost-bot/")
    assert headers["x-api-key"] == KEY
    assert headers["anthropic-beta"] == "b"


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 529])
def test_passing_failures_are_tried_again(status):
    with serving(answers(Response.of({}, status), GOOD)) as (session, server, sleeps):
        assert session.get("/x", Body).amount == Decimal("0.1")
        assert len(server.exchanges) == 2
    assert len(sleeps) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Kind.REJECTED), (401, Kind.UNAUTHORIZED), (403, Kind.FORBIDDEN), (404, Kind.NOT_FOUND), (422, Kind.REJECTED)],
)
def test_other_refusals_are_final(status, kind):
    with serving(answers(Response.of({}, status))) as (session, server, _):
        error = failure(session)
        assert len(server.exchanges) == 1
    assert (error.kind, error.status) == (kind, status)
    assert error.problem.what.startswith(f"Acme answered {status}")
    assert error.problem.why
    assert error.problem.remedy


def test_500_for_ever_ends_after_the_attempts_with_growing_pauses():
    with serving(answers(Response.of({}, 500)), attempts=4) as (session, server, sleeps):
        assert failure(session).kind is Kind.SERVER
        assert len(server.exchanges) == 4
    assert sleeps == sorted(sleeps)
    assert 0.01 <= sleeps[0] <= 0.0125
    assert 0.04 <= sleeps[2] <= 0.05


def test_what_nothing_depends_on_is_not_tried_again():
    with serving(answers(Response.of({}, 500), GOOD)) as (session, _, sleeps):
        assert failure(session.once()).kind is Kind.SERVER
        assert session.get("/x", Body).amount == Decimal("0.1")
    assert sleeps == []


@pytest.mark.parametrize("refused", [Response.of({}, 408), Response.of({}, 503), Response(200, b"{", truncate_to=0)])
def test_what_may_have_made_something_is_not_sent_again(refused):
    with serving(answers(refused, GOOD)) as (session, server, sleeps):
        with pytest.raises(SourceError):
            session.create("/exports", Body, {})
        assert len(server.exchanges) == 1
    assert sleeps == []


def test_what_was_turned_away_has_made_nothing_and_is_sent_again():
    with serving(answers(Response.of({}, 429, **{"Retry-After": "3"}), GOOD)) as (session, server, sleeps):
        assert session.create("/exports", Body, {}).amount == Decimal("0.1")
        assert [each.request.method for each in server.exchanges] == ["POST", "POST"]
    assert sleeps == [3.0]


def test_a_wait_that_the_vendor_asks_for_is_kept():
    with serving(answers(Response.of({}, 429, **{"Retry-After": "7"}), GOOD)) as (session, _, sleeps):
        session.get("/x", Body)
    assert sleeps == [7.0]


def test_a_wait_longer_than_the_deadline_fails_at_once():
    with serving(answers(Response.of({}, 429, **{"Retry-After": "3600"}))) as (session, server, sleeps):
        error = failure(session)
        assert len(server.exchanges) == 1
    assert (error.kind, sleeps) == (Kind.RATE_LIMITED, [])
    assert "3600 s" in error.problem.why


def test_forms_of_retry_after():
    now = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
    assert retry_after({"retry-after": "5"}) == 5
    assert retry_after({"retry-after-ms": "250", "retry-after": "5"}) == 0.25
    assert retry_after({"retry-after": "Fri, 20 Nov 2026 12:00:30 GMT"}, now) == 30
    assert retry_after({"retry-after": "Fri, 20 Nov 2026 11:00:00 GMT"}, now) == 0
    for text in ("", "soon", "-3", "1e3", "²"):
        assert retry_after({"retry-after": text}, now) is None


def test_a_hang_ends_at_the_deadline():
    with serving(answers(Response(pause=3600)), deadline=0.3) as (session, _, _):
        assert failure(session).kind is Kind.TIMEOUT


def test_half_a_body_is_tried_again_and_then_named():
    half = Response(200, GOOD.body, truncate_to=4)
    with serving(answers(half, GOOD)) as (session, _, _):
        assert session.get("/x", Body).amount == Decimal("0.1")
    with serving(answers(half)) as (session, server, _):
        error = failure(session)
        assert len(server.exchanges) == 3
    assert error.kind is Kind.NETWORK
    assert "middle of its answer" in error.problem.what


@pytest.mark.parametrize("body", [b"<html>", b"", b'{"amount": "a lot"}', b"[]", b'{"amount": NaN}', b"\xff", b'{"amo'])
def test_wrong_bodies_are_malformed_and_not_tried_again(body):
    with serving(answers(Response(200, body))) as (session, server, _):
        assert failure(session).kind is Kind.MALFORMED
        assert len(server.exchanges) == 1


def test_redirects_are_not_followed():
    with Server(answers(GOOD)) as elsewhere:
        moved = Response(302, b"", {"Location": elsewhere.url + "/x"})
        with serving(answers(moved)) as (session, _, _):
            assert failure(session).status == 302
        assert elsewhere.exchanges == []


def test_nobody_listening_is_a_network_error():
    made, sleeps = connection("http://127.0.0.1:9")
    error = failure(made.session())
    assert error.kind is Kind.NETWORK
    assert len(sleeps) == 2


@pytest.mark.parametrize("url", ["nonsense", "ftp://x", "http://", "http://[::1"])
def test_an_address_that_is_none_is_an_error_and_no_crash(url):
    made, _ = connection(url)
    assert failure(made.session()).kind is Kind.NETWORK


@pytest.mark.parametrize("key", ["with\nnewline", "Ключ-Ключ-Ключ"])
def test_a_key_that_no_header_can_hold_is_an_error_without_the_key(key):
    with Server(answers(GOOD)) as server:
        error = failure(Connection(VENDOR, server.url, {"x-api-key": key}).session())
    assert error.kind is Kind.UNAUTHORIZED
    assert key not in str(error)


def test_the_vendors_message_is_quoted_short_printable_and_without_the_key():
    message = f"no\x1b[31m way\n::error::x \u202e{KEY} " + "x" * 500
    with serving(answers(Response.of({"error": {"type": "permission_error", "message": message}}, 403))) as (session, _, _):
        text = failure(session).problem.what
    assert "permission_error: no[31m way ::error::x ***" in text
    assert KEY not in text
    assert len(text) < 260
    assert not set(text) & set("\x1b\n\u202e")


def test_what_is_said_about_a_refused_key_is_not_repeated():
    with serving(answers(Response.of({"error": {"message": f"Incorrect key {KEY[:12]}***"}}, 401))) as (session, _, _):
        assert KEY[:8] not in str(failure(session))


def test_a_basic_key_is_hidden_in_both_forms():
    encoded = base64.b64encode(f"{KEY}:".encode()).decode()
    with Server(answers(Response.of({"error": "Forbidden", "message": f"{KEY} {encoded}"}, 403))) as server:
        made = Connection(VENDOR, server.url, {"Authorization": f"Basic {encoded}"})
        assert failure(made.session()).detail == "Forbidden: *** ***"
        assert KEY not in repr(made)


def test_gather_keeps_the_order_and_gives_errors_beside_values():
    def handler(request: Request) -> Response:
        return GOOD if request.path != "/bad" else Response.of({}, 404)

    with serving(handler) as (session, server, _):
        paths = [*[f"/{n}" for n in range(20)], "/bad"]
        results = session.gather([lambda path=path: (path, session.get(path, Body).amount) for path in paths])
        assert len(server.exchanges) == len(paths)
    assert [result[0] for result in results[:-1] if not isinstance(result, SourceError)] == paths[:-1]
    assert isinstance(results[-1], SourceError)


def test_gather_gives_up_what_has_not_come_by_the_deadline():
    never = threading.Event()
    made, _ = connection("http://127.0.0.1:9", deadline=0.1)
    slow, quick = made.session().gather([lambda: never.wait(30), lambda: True])
    never.set()
    assert isinstance(slow, SourceError)
    assert slow.kind is Kind.TIMEOUT
    assert quick is True


def test_faults_of_the_program_are_not_swallowed():
    made, _ = connection("http://127.0.0.1:9")
    with pytest.raises(ZeroDivisionError):
        made.session().gather([lambda: 1 // 0])


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"])
def test_a_drip_ends_at_the_deadline_whether_in_headers_or_body(head):
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            client, _ = listener.accept()
            with client:
                client.sendall(head)
                while not stop.wait(0.01):
                    try:
                        client.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        made, _ = connection(f"http://127.0.0.1:{listener.getsockname()[1]}", deadline=0.3)
        session = made.session()
        (result,) = session.gather([lambda: session.get("/x", Body)])
        stop.set()
        thread.join()
    assert isinstance(result, SourceError)
    assert result.kind is Kind.TIMEOUT


def test_a_session_whose_time_is_up_sends_nothing():
    with Server(answers(GOOD)) as server:
        made, _ = connection(server.url)
        assert failure(made.session(0)).kind is Kind.TIMEOUT
        assert server.exchanges == []


def test_an_endless_body_is_cut_off():
    with Server(answers(Response(200, b" " * 5000))) as server:
        made = Connection(VENDOR, server.url, {}, Limits(max_bytes=1000))
        assert failure(made.session()).kind is Kind.MALFORMED


@pytest.mark.parametrize("given", ["https://h", "https://h/", "https://h/v1", "https://h/v1/", " https://h/v1 "])
def test_base_urls_with_and_without_the_version_are_one(given):
    assert normalise(given) == "https://h"
    assert normalise(given.replace("//h", "//h/prefix")) == "https://h/prefix"


def test_cleaning_and_kinds():
    assert quotable("a\tb\u200b\nc") == "a b c"
    assert len(quotable("x" * 999)) == 200
    assert kind_of(408) is kind_of(503) is Kind.SERVER
    assert kind_of(302) is kind_of(409) is Kind.REJECTED
