import logging

import pytest

from pr_cost_bot.http_log import Trace, told, waiting


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.DEBUG, logger="pr_cost_bot.http")
    return lambda: [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize(
    ("url", "parameters", "expected"),
    [
        ("https://api.x.com/v1/usage", (), "GET api.x.com/v1/usage"),
        (
            "https://api.x.com/?since=2026-11-16",
            (("to", "2026-11-16T10:00:00Z"), ("who", "2026-11-16 ada")),
            "GET api.x.com/?since=2026-11-16&to=2026-11-16T10:00:00Z&who",
        ),
        ("https://api.x.com:8443/a?user=ada@x.com&b=", (("c", "d"), ("b", "e")), "GET api.x.com:8443/a?user&…&c&b"),
        ("https://api.x.com/a?S3CRET", (), "GET api.x.com/a?…"),
        ("https://api.x.com/a?ada@x.com=1", (), "GET api.x.com/a?…"),
        ("https://user:password@api.x.com/a", (), "GET api.x.com/a"),
        ("https://api.x.com/users/ada@x.com/usage", (), "GET api.x.com/users/…/usage"),
        ("https://api.x.com/users/ada%40x.com", (), "GET api.x.com/users/…"),
        ("https://api.x.com:port/a", (), "GET (not an address)"),
    ],
)
def test_a_request_is_told_without_values_that_can_hold_names(url, parameters, expected):
    assert told("GET", url, parameters) == expected


def test_an_answer_is_told_with_its_status_size_and_time(log):
    times = iter([1.0, 1.25])
    with Trace("GET x/a", 2, lambda: next(times)) as trace:
        trace.answered(200, 12)
    assert log() == ["GET x/a: 200, 12 bytes, 250 ms (attempt 2)"]


def test_a_failure_is_told_by_its_kind_and_not_by_its_text(log):
    with pytest.raises(TimeoutError), Trace("GET x/a", 1, lambda: 0.0):
        raise TimeoutError("https://x/a?user=ada")
    assert log() == ["GET x/a: no whole answer (TimeoutError), 0 ms"]


def test_waiting_is_told(log):
    waiting("Cursor", 0.5, 2)
    assert log() == ["Cursor: waiting 0.5 s before attempt 2."]
