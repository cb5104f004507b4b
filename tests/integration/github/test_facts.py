import json

import pytest
from tests.integration.github.scenes import CONFIG, at, body_of, client_of, requests_of

from pr_cost_bot.github import GitHubError
from pr_cost_bot.github.proof import UNPROVEN
from pr_cost_bot.ports import ReadError
from pr_cost_bot.simulator.github import Work
from pr_cost_bot.simulator.server import Response

WRONG = "Something went wrong while executing your query."


def many(count, author="ada"):
    return [Work(author, at(index / 60), f"Commit {index}") for index in range(count)]


def test_one_request_brings_everything(hub, web, client):
    hub.add_user("grace", emails=["Grace@Example.com"])
    number = web.open_pull_request(
        "ada",
        [Work("ada", at(2), "Two\n\nco-authored-by: Grace <grace@example.com>"), Work("ada", at(1), "One")],
        text="Title\n\nBody",
    )
    facts, config = client.pull_request(number, CONFIG)
    pull = facts.pull
    assert len(hub.exchanges) == 1
    assert config.text == "version: 1\n"
    assert config.problem is None
    assert (pull.title, pull.body, pull.state, pull.author.login) == ("Title", "Body", "open", "ada")
    assert (pull.base_ref, pull.head_ref, pull.default_branch) == ("main", "change-1", "main")
    assert pull.is_private
    assert not pull.is_fork
    assert [commit.message[:3] for commit in pull.commits] == ["One", "Two"]  # by author date
    assert [author.login for author in pull.commits[1].authors] == ["ada", "grace"]
    assert pull.commits[0].additions == 10
    assert pull.commits[0].pr_number == number
    assert (facts.comment, facts.row, facts.problems) == (None, None, ())


def test_in_a_strangers_fork_only_the_opener_s_name_is_proven(hub, web, client):
    hub.add_user("mallory", emails=["mallory@example.com"])
    forged = Work("ada", at(1), "Forged")
    shared = Work("mallory", at(2), "Own\n\nCo-authored-by: Ada <ada@example.com>")
    number = web.open_pull_request("mallory", [forged, shared], fork=True)
    facts, _ = client.pull_request(number, CONFIG)
    assert [[author.login for author in commit.authors] for commit in facts.pull.commits] == [[], ["mallory"]]
    assert not any("ada@" in commit.message for commit in facts.pull.commits)
    assert [problem.what for problem in facts.problems] == [UNPROVEN.what]


def test_who_may_push_here_is_believed_in_a_fork_too(web, client):
    number = web.open_pull_request("ada", [Work("ben", at(1))], fork=True)
    web.data.pulls[number].association = "COLLABORATOR"
    facts, _ = client.pull_request(number, CONFIG)
    assert [author.login for author in facts.pull.commits[0].authors] == ["ben"]
    assert facts.problems == ()


def test_all_of_three_hundred_commits_are_listed(hub, web, client):
    number = web.open_pull_request("ada", many(300))
    facts, _ = client.pull_request(number, CONFIG)
    assert len(facts.pull.commits) == 300
    assert len({commit.sha for commit in facts.pull.commits}) == 300
    assert facts.problems == ()
    assert len(hub.exchanges) == 3


def test_a_push_between_two_pages_is_told(hub, web, client):
    number = web.open_pull_request("ada", many(150))
    hub.trouble("PullRequestPages", act=lambda: web.force_push(number, many(3), keep=0))
    facts, _ = client.pull_request(number, CONFIG)
    assert "of the pull request's" in facts.problems[0].what


def test_a_force_push_leaves_the_former_head_where_github_still_has_it(web, client):
    number = web.open_pull_request("ada", [Work("ada", at(1), "First"), Work("ada", at(2), "Second")])
    web.force_push(number, [Work("ada", at(3), "Third")], keep=1)
    web.force_push(number, [Work("ada", at(4), "Fourth")], keep=0, collected=True)
    facts, _ = client.pull_request(number, CONFIG)
    assert [commit.message for commit in facts.pull.commits] == ["Fourth"]
    assert [commit.message for commit in facts.pull.dropped_commits] == ["Second"]


def test_all_of_a_hundred_and_twenty_force_pushes_are_followed(hub, web, client):
    number = web.open_pull_request("ada", many(1))
    for index in range(120):
        web.force_push(number, [Work("ada", at(2 + index), f"Push {index}")], keep=0)
    facts, _ = client.pull_request(number, CONFIG)
    assert len(facts.pull.dropped_commits) == 120
    assert len(hub.exchanges) == 2


def test_a_commit_of_a_dozen_authors_has_them_all(web, client):
    names = [f"dev{index}" for index in range(1, 13)]
    trailers = "\n".join(f"Co-authored-by: {name} <{name}@example.com>" for name in names)
    number = web.open_pull_request("ada", [Work("ada", at(1), f"Mob\n\n{trailers}")])
    facts, _ = client.pull_request(number, CONFIG)
    assert len(facts.pull.commits[0].authors) == 13
    assert facts.problems == ()


def test_more_authors_than_github_lists_at_once_are_said_to_be_unknown(web, client):
    trailers = "\n".join(f"Co-authored-by: Dev <dev{index}@example.com>" for index in range(101))
    number = web.open_pull_request("ada", [Work("ada", at(1), f"Mob\n\n{trailers}")])
    facts, _ = client.pull_request(number, CONFIG)
    assert "100 of the 102 authors" in facts.problems[0].what


def test_the_commits_stay_after_a_squash_merge(web, client):
    number = web.open_pull_request("ada", many(3))
    web.merge(number, at(5))
    facts, _ = client.pull_request(number, CONFIG)
    assert facts.pull.state == "merged"
    assert facts.pull.merged_at == at(5)
    assert len(facts.pull.commits) == 3


def test_merge_commits_are_marked(web, client):
    number = web.open_pull_request("ada", [Work("ada", at(1)), Work("ada", at(2), "Merge main", merges=True)])
    facts, _ = client.pull_request(number, CONFIG)
    assert [commit.parents for commit in facts.pull.commits] == [1, 2]


def test_ours_is_found_after_a_hundred_and_thirty_comments(hub, web, client):
    number = web.open_pull_request("ada", many(1))
    for index in range(130):
        web.comment(number, "grace", f"Remark {index}")
    ours = web.comment(number, "github-actions[bot]", body_of())
    facts, _ = client.pull_request(number, CONFIG)
    assert facts.comment is not None
    assert facts.comment.id == ours
    assert len(hub.exchanges) == 2


@pytest.mark.parametrize("impostor", ["mallory", "github-actions", "other-app[bot]"])
def test_a_comment_with_our_marker_by_somebody_else_is_not_ours(web, client, impostor):
    number = web.open_pull_request("ada", many(1))
    web.comment(number, impostor, body_of())
    facts, _ = client.pull_request(number, CONFIG)
    assert facts.comment is None
    assert facts.surplus_comments == ()


def test_a_comment_of_our_account_without_the_marker_at_its_start_is_not_ours(web, client):
    number = web.open_pull_request("ada", many(1))
    web.comment(number, "github-actions[bot]", "Quoting:\n" + body_of())
    assert client.pull_request(number, CONFIG)[0].comment is None


def test_own_further_comments_are_surplus(web, client):
    number = web.open_pull_request("ada", many(1))
    first, second, third = (web.comment(number, "github-actions[bot]", body_of(str(n))) for n in range(3))
    facts, _ = client.pull_request(number, CONFIG)
    assert facts.comment is not None
    assert facts.comment.id == first
    assert facts.surplus_comments == (second, third)


def test_the_configuration_is_read_from_the_base_branch(hub, web, client):
    web.commit_directly([Work("ada", at(0))], branch="release")
    head = web.data.branches["release"]
    web.data.commits[head].files = {CONFIG: "version: 1 # release\n"}
    number = web.open_pull_request("ada", many(1), base="release")
    assert client.pull_request(number, CONFIG)[1].text == "version: 1 # release\n"
    assert client.configuration(CONFIG).text == "version: 1\n"
    del web.data.branches["release"]
    assert client.pull_request(number, CONFIG)[1].text == "version: 1\n"  # the base branch is gone


@pytest.mark.parametrize("path", ["none.yml", ".github/none.yml"])
def test_no_configuration_file_is_no_problem(web, client, path):
    number = web.open_pull_request("ada", many(1))
    assert client.pull_request(number, path)[1] == client.configuration(path)
    assert client.configuration(path).problem is None


def test_a_folder_in_place_of_the_configuration_is_told(web, client):
    number = web.open_pull_request("ada", many(1))
    assert "no text file" in client.pull_request(number, ".github")[1].problem.what


def test_without_contents_the_commits_come_by_rest(hub, web):
    hub.add_token("blind", contents="none")
    number = web.open_pull_request("ada", [Work("ada", at(1), "One\n\nCo-Authored-By: Grace <grace@example.com>"), *many(260)])
    facts, config = client_of(hub, token="blind").pull_request(number, CONFIG)
    assert config.text is None
    assert "contents: read" in config.problem.remedy
    assert len(facts.pull.commits) == 250
    first = next(commit for commit in facts.pull.commits if commit.message.startswith("One"))
    assert [author.email for author in first.authors] == ["ada@example.com", "grace@example.com"]
    assert first.authors[0].login == "ada"
    assert "first 250" in facts.problems[-1].what


def test_without_contents_a_public_repository_can_be_read(hub):
    hub.add_token("blind", contents="none")
    number = hub.add_repository("acme/web", private=False).open_pull_request("ada", many(2))
    facts, config = client_of(hub, token="blind").pull_request(number, CONFIG)
    assert (len(facts.pull.commits), facts.problems, config.problem) == (2, (), None)
    assert not facts.pull.is_private


def test_an_unknown_number_and_an_unknown_repository_are_errors(hub, web, client):
    with pytest.raises(GitHubError, match="404"):
        client.pull_request(99, CONFIG)
    hub.add_token("stranger", repositories=["acme/other"])
    with pytest.raises(GitHubError, match="404"):
        client_of(hub, token="stranger").pull_request(1, CONFIG)


def test_a_wrong_token_is_an_error_of_credentials_that_does_not_show_it(hub, web):
    with pytest.raises(ReadError) as caught:
        client_of(hub, token="wrong-secret").pull_request(1, CONFIG)
    assert caught.value.credentials
    assert "wrong-secret" not in f"{caught.value}{caught.value!r}{caught.value.problem}"


def test_many_pull_requests_come_ten_to_a_request_and_unknown_ones_are_left_out(hub, web, client):
    numbers = [web.open_pull_request("ada", many(2)) for _ in range(12)]
    web.comment(3, "github-actions[bot]", body_of(number=3))
    facts = client.pull_requests([*numbers, 77], ".github/pr-cost-bot.yml")
    assert [each.pull.number for each in facts] == numbers
    assert facts[2].comment is not None
    assert len(hub.exchanges) == 2


def test_a_batch_over_which_github_gives_up_is_asked_in_halves(hub, web, client):
    numbers = [web.open_pull_request("ada", many(1)) for _ in range(4)]
    hub.trouble("PullRequestsFacts", status=502, times=4)  # two tries with line counts, two without
    assert [each.pull.number for each in client.pull_requests(numbers, ".github/pr-cost-bot.yml")] == numbers


def test_recent_pull_requests_are_the_open_and_the_lately_closed(hub, web, client):
    opened = [web.open_pull_request("ada", many(1)) for _ in range(105)]
    for number in opened[:3]:
        web.close(number, at(10 * number))
    assert set(client.recent_pull_requests(at(15))) == set(opened[1:])


def _with_a_hole(good, message, kind=None):
    """The answer of `good`, but for one pull request that GitHub could not read."""
    value = json.loads(good.body)
    value["data"]["repository"]["open"]["nodes"][0] = None
    error = {"message": message, "path": ["repository", "open", "nodes", 0]}
    value["errors"] = [{**error, "type": kind} if kind else error]
    return Response.of(value)


def test_a_list_of_pull_requests_with_a_hole_is_asked_for_again(hub, web, client, monkeypatch):
    numbers = [web.open_pull_request("ada", many(1)) for _ in range(2)]
    answer, holes = hub._answer, [1]
    monkeypatch.setattr(
        hub, "_answer", lambda request: _with_a_hole(answer(request), WRONG) if holes and holes.pop() else answer(request)
    )
    assert client.recent_pull_requests(at(0)) == tuple(numbers)


def test_a_list_of_pull_requests_that_keeps_its_hole_is_an_error(hub, web, client, monkeypatch):
    web.open_pull_request("ada", many(1))
    answer = hub._answer
    monkeypatch.setattr(hub, "_answer", lambda request: _with_a_hole(answer(request), "Not for you", "FORBIDDEN"))
    with pytest.raises(GitHubError, match="Not for you"):
        client.recent_pull_requests(at(0))


def test_a_hostile_path_and_name_stay_data(hub, web, client):
    number = web.open_pull_request("ada", many(1), head='x"}) { viewer { login } }', text='"\n\\ }')
    facts, config = client.pull_request(number, 'a"}) {b')
    assert facts.pull.head_ref == 'x"}) { viewer { login } }'
    assert config.text is None
    assert requests_of(hub)[0].endswith("/graphql")


def test_enterprise_servers_are_reached_below_their_prefix(hub, web, client):
    number = web.open_pull_request("ada", many(1))
    facts, _ = client.pull_request(number, CONFIG)
    client.publish_label(facts, "cost:low", ("cost:low",))
    prefix = "/api/v3" if "/api/v3" in hub.api_url else ""
    assert requests_of(hub)[1:] == [f"POST {prefix}/repos/acme/web/labels", f"POST {prefix}/repos/acme/web/issues/1/labels"]


def test_a_token_that_may_not_see_pull_requests_is_told_so(hub, web):
    number = web.open_pull_request("ada", many(1))
    hub.add_token("blind", pull_requests="none")
    with pytest.raises(GitHubError, match="403"):
        client_of(hub, token="blind").pull_request(number, CONFIG)


def test_a_query_too_heavy_for_github_is_asked_without_line_counts(hub, web, client):
    number = web.open_pull_request("ada", many(150))
    hub.trouble("PullRequestFacts", status=502, times=2)
    hub.trouble("PullRequestPages", status=504, times=2)
    facts, _ = client.pull_request(number, CONFIG)
    assert len(facts.pull.commits) == 150
    assert {commit.additions for commit in facts.pull.commits} == {None}
