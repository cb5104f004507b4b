import json
import sys

import pytest
from tests.unit.dashboard.rows import row

from pr_cost_bot.digest.forms import Message
from pr_cost_bot.digest.sending import post, send, service_names
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


def test_budgets_and_the_link_come_from_the_configuration_and_options_go_before_them(source, tmp_path, capsys):
    config = tmp_path / "costs.yml"
    config.write_text(
        "budgets: {monthly_usd: 8, repositories: {acme/web: 1, acme/other: 1}}\ndigest: {link: 'https://acme.example/c'}\n"
    )
    assert run(["--from", source, "--config", str(config)], ENVIRONMENT) == 0
    out = capsys.readouterr().out
    assert "This month has used $4.21 of $8.00, 53% of its budget." in out
    assert "acme/web: this month is over its budget: $4.21 of $1.00." in out
    assert "acme/other" not in out
    assert "https://acme.example/c" in out
    assert run(["--from", source, "--config", str(config), "--budget", "4", "--link", "https://b.example"], ENVIRONMENT) == 0
    out = capsys.readouterr().out
    assert "This month is over its budget: $4.21 of $4.00." in out
    assert "https://b.example" in out


def test_an_address_is_named_by_its_scheme_and_place_and_by_nothing_else():
    urls = ["slack://a/b/c", "https://hooks.example/s3cret", "SLACK://d/e/f", "s3cret", "://s3cret", "x" * 30 + "://y"]
    assert service_names(urls) == {
        "slack 1": urls[0],
        "https 1": urls[1],
        "slack 2": urls[2],
        "address 1": urls[3],
        "address 2": urls[4],
        "address 3": urls[5],
    }


def test_an_error_inside_a_service_is_a_problem_without_its_words(service, monkeypatch):
    apprise = pytest.importorskip("apprise")

    def notify(self, **given):
        raise RuntimeError("s3cret-key")

    monkeypatch.setattr(apprise.Apprise, "notify", notify)
    problem = post(MESSAGE, service[0], "json 1")
    assert "JSON (json 1) did not take the message." in str(problem)
    assert "s3cret" not in str(problem)


def test_without_apprise_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    (problem,) = send(MESSAGE, ["json://localhost"])
    assert "pip install apprise" in str(problem)


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


def test_a_title_is_sent_once(service, source, capsys):
    pytest.importorskip("apprise")
    url, got = service
    assert run(["--from", source, "--send"], {**ENVIRONMENT, "PR_COST_BOT_NOTIFY_URLS": url}) == 0
    assert got[0]["title"] == "AI cost: $4.21 per merged pull request"
    assert got[0]["title"] not in got[0]["message"]
    assert "**$4.21**" in got[0]["message"]
    assert got[0]["title"] in capsys.readouterr().out
