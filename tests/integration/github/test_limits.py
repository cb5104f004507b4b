import pytest
from tests.integration.github.scenes import CONFIG, at, client_of

from pr_cost_bot.github import GitHubError
from pr_cost_bot.simulator.github import Trouble, Work
from pr_cost_bot.simulator.server import Response


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_read_is_repeated_after_a_hiccup(hub, client, number, waits, status):
    hub.trouble("PullRequestFacts", status=status)
    assert client.pull_request(number, CONFIG)[0].pull.commits[0].additions == 10
    assert len(waits) == 1
    assert waits[0] < 1


@pytest.mark.parametrize("status", [403, 429])
def test_a_limit_is_waited_for_as_long_as_github_says(hub, client, number, waits, status):
    hub.limit("PullRequestFacts", status=status, retry_after=11)
    client.pull_request(number, CONFIG)
    assert waits == [11]


def test_a_limit_without_a_time_is_waited_for_a_minute(hub, client, number, waits):
    hub.limit("PullRequestFacts", retry_after=None)
    client.pull_request(number, CONFIG)
    assert waits == [60]


def test_a_limit_that_lasts_too_long_ends_the_run_at_once(hub, client, number, waits):
    hub.limit("PullRequestFacts", retry_after=3600, times=9)
    with pytest.raises(GitHubError, match="rate limit") as caught:
        client.pull_request(number, CONFIG)
    assert caught.value.rate_limited
    assert waits == []


def test_a_used_up_budget_is_waited_for_until_it_is_reset(hub, client, number, waits):
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}
    hub.trouble("PullRequestFacts", status=403, message="API rate limit exceeded for installation.", headers=headers)
    client.pull_request(number, CONFIG)
    assert waits == [1]


def test_an_outage_ends_after_a_few_tries(hub, client, number, waits):
    hub.trouble(".*", status=503, times=99)
    with pytest.raises(GitHubError, match="503"):
        client.pull_request(number, CONFIG)
    assert len(hub.exchanges) == 4
    assert sum(waits) < 10


def test_no_connection_is_an_error_that_names_no_secret(hub, web, number, waits):
    client = client_of(hub, waits)
    hub.server.__exit__(None, None, None)
    with pytest.raises(GitHubError, match="could not be reached") as caught:
        client.pull_request(number, CONFIG)
    assert "job-token" not in str(caught.value)


def test_no_token_is_an_error_of_credentials(hub):
    with pytest.raises(GitHubError) as caught:
        client_of(hub, token="")
    assert caught.value.credentials


def test_a_first_run_takes_eight_requests_and_one_without_news_two(hub, web, client, number):
    facts, _ = client.pull_request(number, CONFIG)
    client.competing_work(facts.pull.commits[0].authors, ["acme/web"], at(0), at(9))
    client.publish_comment(facts, "<!-- pr-cost-bot:v1 {} -->\nHello", at(9))
    client.publish_label(facts, "cost:low", ("cost:low",))
    row = {"repository": "acme/web", "pr_number": number, "computed_at": "2026-11-20T00:00:00Z"}
    client.ledger().write([row])
    assert len(hub.exchanges) == 8
    again = client_of(hub)
    facts, _ = again.pull_request(number, CONFIG)
    again.competing_work(facts.pull.commits[0].authors, ["acme/web"], at(0), at(9))
    assert facts.comment is not None
    again.publish_comment(facts, facts.comment.body, at(10))
    again.publish_label(facts, "cost:low", ("cost:low",))
    again.ledger().write([row])
    assert len(hub.exchanges) == 10


def test_doctor_learns_what_can_be_known(hub, web, client, number):
    web.commit_directly([Work("Grace <grace@example.com>", at(1)), Work("dependabot[bot]", at(2))])
    web.open_pull_request("zoe", [])
    seen = client.inspect(at(0))
    assert (seen.viewer, seen.repository, seen.visibility) == ("github-actions[bot]", "acme/web", "private")
    assert seen.may_read_contents
    assert seen.may_write is None
    assert {(each.email, each.login) for each in seen.recent_authors} == {
        ("grace@example.com", None),
        ("ada@example.com", "ada"),
        ("", "zoe"),
    }
    hub.add_token("person", "grace", contents="none")
    assert client_of(hub, token="person").inspect(at(0)).may_write
    assert not client_of(hub, token="person").inspect(at(0)).may_read_contents


def test_a_permission_that_github_names_is_told(hub, web, number):
    hub.add_token("reader", contents="read")
    with pytest.raises(GitHubError) as caught:
        client_of(hub, token="reader")._site.api.rest("POST", "/repos/acme/web/git/trees", {"tree": []})
    assert "GitHub asks for contents: write." in caught.value.problem.remedy


@pytest.mark.parametrize(
    ("pulls", "refused", "readable"),
    [
        (None, [], False),
        ({"nodes": [None]}, ["nodes", 0], False),
        ({"nodes": []}, ["nodes", 0, "commits", "nodes", 0, "commit"], True),
    ],
)
def test_doctor_sees_in_either_form_that_pull_requests_may_not_be_read(hub, client, pulls, refused, readable):
    home = {
        "id": "R", "nameWithOwner": "acme/web", "visibility": "PRIVATE", "viewerPermission": None, "isArchived": False,
        "data": None, "labels": None, "workflows": None, "defaultBranchRef": None,
    }  # fmt: skip
    answered(hub, home, pulls and {"pullRequests": pulls}, ["pulls", "pullRequests", *refused])
    assert client.inspect(at(0)).may_read_pull_requests is readable


def answered(hub, home, pulls, refused):
    """Have GitHub answer doctor so, with one field refused."""
    errors = [{"type": "FORBIDDEN", "path": refused, "message": "Resource protected by organization SAML enforcement."}]
    data = {"repository": home, "pulls": pulls, "viewer": {"login": "bot"}}
    hub.troubles.append(Trouble("Inspection", Response.of({"data": data, "errors": errors})))


def test_a_repository_that_may_not_be_seen_is_told_with_githubs_own_status(hub, client):
    answered(hub, None, None, ["repository"])
    with pytest.raises(GitHubError, match="SAML") as caught:
        client.inspect(at(0))
    assert caught.value.forbidden
