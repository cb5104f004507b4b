import pytest
from tests.contract.checker import check
from tests.integration.github.scenes import CONFIG, at, client_of

from pr_cost_bot.simulator.github import FakeGitHub, Work


@pytest.fixture(params=[False, True], ids=["github.com", "enterprise"])
def hub(request):
    """A GitHub whose every exchange has to be one that GitHub itself could have had."""
    with FakeGitHub(enterprise=request.param) as hub:
        hub.add_token("job-token")
        yield hub
        check(hub.exchanges)


@pytest.fixture
def web(hub):
    return hub.add_repository("acme/web", files={CONFIG: "version: 1\n"}, at=at(-1000))


@pytest.fixture
def number(web):
    """An open pull request's."""
    return web.open_pull_request("ada", [Work("ada", at(1))])


@pytest.fixture
def waits():
    """The pauses that were made, in seconds; nobody really waits."""
    return []


@pytest.fixture
def client(hub, web, waits):
    return client_of(hub, waits)
