import pytest

from pr_cost_bot.github.api import Patience
from pr_cost_bot.github.errors import GitHubError, publish_error


@pytest.mark.parametrize(
    ("status", "message", "headers", "limited"),
    [
        (429, "", {}, True),
        (403, "You have exceeded a secondary rate limit", {}, True),
        (403, "", {"retry-after": "5"}, True),
        (403, "", {"x-ratelimit-remaining": "0"}, True),
        (403, "Resource not accessible by integration", {"x-ratelimit-remaining": "7"}, False),
        (422, "rate limit", {}, False),
    ],
)
def test_a_limit_is_told_from_a_missing_right(status, message, headers, limited):
    error = GitHubError(status, message, headers)
    assert error.rate_limited is limited
    assert error.forbidden is (status == 403 and not limited)


@pytest.mark.parametrize("status", [0, 401, 403, 404, 422, 429, 500, 502])
def test_every_error_says_what_happened_and_most_what_to_do(status):
    problem = GitHubError(status, "Because").problem
    assert problem.what
    assert "Because" in problem.why
    assert problem.remedy or status == 422


def test_what_github_said_ends_as_a_sentence():
    assert "It said: Bad credentials. Check" in str(GitHubError(401, "Bad credentials").problem)
    assert "It said: Not found. Check" in str(GitHubError(404, "Not found.").problem)


def test_a_long_answer_is_cut_and_kept_on_one_line():
    error = GitHubError(502, "<html>\n" * 1000)
    assert len(error.message) == 300
    assert "\n" not in error.message


def test_a_missing_right_is_permanent_and_an_outage_is_not():
    assert publish_error("No.", GitHubError(403, "Resource not accessible by integration"), "contents: write").permission
    assert not publish_error("No.", GitHubError(502, "Bad gateway"), "contents: write").permission


def test_patience_ends():
    slept = []
    patience = Patience(100, slept.append)
    assert [patience.wait(60), patience.wait(60), patience.wait(40), patience.wait(1)] == [True, False, True, False]
    assert slept == [60, 40]


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("issues=write; pull_requests=write", " GitHub asks for issues: write, or pull-requests: write."),
        ("contents=write,workflows=write", " GitHub asks for contents: write and workflows: write."),
        ("", ""),
    ],
)
def test_the_permissions_that_github_asks_for_are_told(header, told):
    error = GitHubError(403, "Resource not accessible by integration", {"x-accepted-github-permissions": header})
    assert error.problem.remedy.endswith(f"the token's scopes.{told}")
