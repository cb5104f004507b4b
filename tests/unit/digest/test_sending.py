import json
import sys

import pytest
from tests.unit.dashboard.rows import row

from pr_cost_bot.digest.message import Message
from pr_cost_bot.digest.sending import send
from pr_cost_bot.digest_command import run
from pr_cost_bot.simulator.server import Request, Response, Server

# Apprise, while it loads, looks for a module that Python 3.13 took away.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

ENVIRONMENT = {"PR_COST_BOT_NOW": "2026-11-21T18:00:00Z"}
MESSAGE = Message("The title", {"text": "plain", "markdown": "**marked**", "html": "<b>tagged</b>"})


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "pr_cost.json"
    path.write_text(json.dumps([row(1, author="ada-lovelace")]))
    return str(path)


@pytest.fixture
def service():
    """A webhook that takes what Apprise posts, but nothing at /down."""
    got = []

    def handler(request: Request) -> Response:
        got.append(json.loads(request.body))
        return Response(503 if request.path.startswith("/down") else 200, b"{}", {"Content-Type": "application/json"})

    with Server(handler) as server:
        yield server.url.replace("http://", "json://"), got


def test_a_digest_is_printed_without_people(source, capsys):
    assert run(["--from", source], ENVIRONMENT) == 0
    out = capsys.readouterr().out
    assert out.startswith("AI cost: $4.21 per merged pull request\n")
    assert "ada" not in out


def test_a_digest_is_written_to_a_file(source, tmp_path):
    target = tmp_path / "digest.html"
    assert run(["--from", source, "--format", "html", "--output", str(target)], ENVIRONMENT) == 0
    assert "<b>$4.21</b>" in target.read_text()
    assert run(["--from", source, "--output", str(tmp_path / "no" / "where")], ENVIRONMENT) == 1


@pytest.mark.parametrize("arguments", [["--days", "0"], ["--days", "x"], ["--budget", "lots"], ["--budget", "-1"]])
def test_a_wrong_option_ends_with_its_name(arguments, source, capsys):
    with pytest.raises(SystemExit, match="2"):
        run(["--from", source, *arguments], ENVIRONMENT)
    assert arguments[0] in capsys.readouterr().err


def test_sending_without_addresses_says_where_they_go(source, capsys):
    assert run(["--from", source, "--send"], ENVIRONMENT) == 2
    assert "PR_COST_BOT_NOTIFY_URLS" in capsys.readouterr().err


def test_without_apprise_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    (problem,) = send(MESSAGE, ["json://localhost"])
    assert "pr-cost-bot[notify]" in str(problem)


def test_a_service_gets_the_form_it_likes_best(service):
    pytest.importorskip("apprise")
    url, got = service
    assert send(MESSAGE, [url]) == []
    assert got[0]["title"] == "The title"
    assert got[0]["message"] == "**marked**"


def test_one_failing_service_does_not_keep_the_others_from_it_and_no_address_is_told(service, source, capsys):
    pytest.importorskip("apprise")
    url, got = service
    addresses = [f"{url}/down/s3cret-key", "nonsense://s3cret-key", url]
    environment = {**ENVIRONMENT, "PR_COST_BOT_NOTIFY_URLS": "\n".join(addresses)}
    assert run(["--from", source, "--send"], environment) == 1
    told = capsys.readouterr()
    assert "notification address 1" in told.err
    assert "Notification address 2 is not known" in told.err
    assert "s3cret" not in told.out + told.err
    assert got[-1]["title"].startswith("AI cost: $4.21")
