from datetime import UTC, datetime

import pytest

from pr_cost_bot.config import Sources, SourceSettings
from pr_cost_bot.http_address import is_in_clear
from pr_cost_bot.model import Problem, SourceResult, SourceState, SourceStatus, UsageQuery
from pr_cost_bot.ports import Inspection
from pr_cost_bot.sources import active_sources
from pr_cost_bot.sources.in_clear import InClear, telling
from pr_cost_bot.sources.unset import Unset

NOW = datetime(2026, 11, 20, tzinfo=UTC)
QUERY = UsageQuery(people=(), start=NOW, end=NOW, now=NOW)
OPEN = "http://llm.example.com:4000/v1"


class Fine(Unset):
    def fetch(self, query):
        return SourceResult(status=SourceStatus(name=self.name, title=self.title))

    def inspect(self, now):
        return Inspection(title=self.title, sees=("everything",))


FINE = Fine("litellm", "LiteLLM", Problem(""))
BROKEN = Unset("litellm", "LiteLLM", Problem("LiteLLM answered 503."))


@pytest.mark.parametrize(
    "url", [OPEN, " HTTP://1.2.3.4 ", "http://[2606:4700::1]/x", "http://internal.example.com", "http://8.8.8.8."]
)
def test_http_beyond_the_own_network_can_be_read_on_the_way(url):
    assert is_in_clear(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://llm.example.com",
        "http://127.0.0.1:4000",
        "http://localhost:4000",
        "http://[::1]:1",
        "http://10.1.2.3",
        "http://192.168.0.9/prefix",
        "http://[fd00::1]",
        "http://litellm:4000",
        "http://litellm.ai.svc:4000",
        "http://proxy.internal.",
        "http://[",
        "nonsense",
    ],
)
def test_https_and_the_own_network_are_fine(url):
    assert not is_in_clear(url)


def test_every_answer_of_such_a_source_warns_and_stays_whole():
    status = telling(FINE, OPEN).fetch(QUERY).status
    assert (status.state, status.name) == (SourceState.OK, "litellm")
    assert "LiteLLM is asked at llm.example.com without encryption" in str(status.problem)
    assert "sources.litellm.base_url" in str(status.problem)


def test_a_failure_is_told_first():
    status = telling(BROKEN, OPEN).fetch(QUERY).status
    assert (status.state, str(status.problem)) == (SourceState.FAILED, "LiteLLM answered 503.")
    assert "without encryption" in status.notes[0]


def test_doctor_is_warned_too():
    seen = telling(FINE, OPEN).inspect(NOW)
    assert (seen.sees, seen.problem) == (("everything",), None)
    assert "without encryption" in str(seen.warnings[0])


def test_the_registry_asks_the_address_of_each_source():
    config = Sources(openai=SourceSettings(base_url=OPEN), cursor=SourceSettings(base_url="http://cursor-proxy:80"))
    made = active_sources({"openai_admin_key": "k", "cursor_admin_key": "k", "helicone_api_key": "k"}, config)
    assert [(each.name, isinstance(each, InClear)) for each in made] == [
        ("openai", True),
        ("cursor", False),
        ("helicone", False),
    ]
