import pytest
from tests.integration.github.scenes import CONFIG, at, client_of

from pr_cost_bot.model import Author
from pr_cost_bot.simulator.github import Work

ADA = Author("Ada", "ada@example.com", "ada")
GRACE = Author("Grace", "grace@example.com")
WEB = ["acme/web"]
WINDOW = (at(0), at(100))


@pytest.fixture
def own(web):
    """The pull request in question: its author's account is known from it."""
    return web.open_pull_request("ada", [Work("ada", at(1), "Own")])


def work_of(client, own, people=(ADA,), repositories=WEB, window=WINDOW):
    client.pull_request(own, CONFIG)
    return client.competing_work(people, repositories, *window)


def messages(work, repository=None):
    return {(each.message, each.pr_number) for each in work.commits if repository in {None, each.repository}}


def test_other_pull_requests_come_with_their_commits_in_one_request(hub, web, client, own):
    other = web.open_pull_request("ada", [Work("ada", at(2), "Other\n\nCo-authored-by: Grace <grace@example.com>")], head="b")
    web.close(other, at(3))
    work = work_of(client, own)
    commit = next(each for each in work.commits if each.pr_number == other)
    assert [author.email for author in commit.authors] == ["ada@example.com", "grace@example.com"]
    assert (commit.branch, commit.additions, commit.authored_at) == ("b", 10, at(2))
    pull, author = next(pair for pair in work.pulls if pair[0].pr_number == other)
    assert (pull.head_ref, pull.opened_at, pull.closed_at, pull.merged_at, author.login) == ("b", at(2), at(3), None, "ada")
    assert work.problems == ()
    assert len(hub.exchanges) == 2


def test_direct_commits_are_work_outside_any_pull_request(web, client, own):
    web.commit_directly([Work("ada", at(2), "Direct"), Work("zoe", at(3), "Somebody else's")])
    web.commit_directly([Work("ada", at(4), "Sketch")], branch="sketch")
    work = work_of(client, own)
    assert messages(work) == {("Own", own), ("Direct", None), ("Sketch", None)}
    assert {each.message: each.branch for each in work.commits if not each.pr_number} == {"Direct": "main", "Sketch": "sketch"}


@pytest.mark.parametrize("method", ["squash", "rebase", "merge"])
def test_a_merged_pull_request_is_not_counted_again_on_the_default_branch(web, client, own, method):
    other = web.open_pull_request("ada", [Work("ada", at(2), "One"), Work("ada", at(3), "Two")])
    web.merge(other, at(4), method=method)
    web.commit_directly([Work("ada", at(5), "Later")], branch="later")  # a branch that has the merge behind it
    work = work_of(client, own)
    assert messages(work) == {("Own", own), ("One", other), ("Two", other), ("Later", None)}
    assert len(work.commits) == 4


def test_commits_in_somebody_elses_pull_request_compete(web, client, own):
    theirs = web.open_pull_request("zoe", [Work("zoe", at(2), "Zoe's"), Work("ada", at(3), "Ada's help")])
    web.open_pull_request("zoe", [Work("zoe", at(2), "Zoe alone")])
    assert messages(work_of(client, own)) == {("Own", own), ("Ada's help", theirs)}
    web.merge(theirs, at(4), method="rebase")
    work = work_of(client, own)
    assert ("Ada's help", theirs) in messages(work)
    assert {pull.pr_number for pull, _ in work.pulls} == {own, theirs}


def test_people_without_an_account_are_found_by_address(web, client, own):
    web.commit_directly([Work("Grace <grace@example.com>", at(2), "By address")])
    assert ("By address", None) in messages(work_of(client, own, [GRACE]))


def test_a_person_whose_account_is_unknown_yet_is_found_by_both(web, client):
    web.commit_directly([Work("ada", at(2), "Direct"), Work("Ada <ada@users.noreply.github.com>", at(3), "By the web")])
    work = client.competing_work([ADA], WEB, *WINDOW)
    assert messages(work) == {("Direct", None), ("By the web", None)}


def test_only_commits_of_the_window_count(web, client, own):
    web.commit_directly([Work("ada", at(-1), "Before"), Work("ada", at(2), "Rebased later", committed_at=at(120))])
    web.commit_directly([Work("ada", at(101), "After")])
    assert messages(work_of(client, own)) == {("Own", own), ("Rebased later", None)}


def test_bots_and_nobody_are_not_asked_for(hub, client, own):
    robot = Author("bot", "1+dependabot[bot]@users.noreply.github.com", "dependabot[bot]", is_bot=True)
    assert client.competing_work([robot, Author("Nameless")], WEB, *WINDOW).commits == ()
    assert hub.exchanges == []


def test_other_repositories_are_read_in_the_same_request(hub, web, client, own):
    api = hub.add_repository("acme/api", at=at(-1000))
    number = api.open_pull_request("ada", [Work("ada", at(2), "In the API")])
    api.commit_directly([Work("ada", at(3), "Straight")])
    work = work_of(client, own, repositories=["acme/web", "acme/api"])
    assert messages(work, "acme/api") == {("In the API", number), ("Straight", None)}
    assert len(hub.exchanges) == 2


def test_other_repositories_are_read_with_the_organisations_token(hub, web, own):
    api = hub.add_repository("acme/api", at=at(-1000))
    number = api.open_pull_request("ada", [Work("ada", at(2), "In the API")])
    hub.add_token("job", repositories=["acme/web"])
    hub.add_token("org", "machine", contents="read", pull_requests="read", issues="read")
    client = client_of(hub, token="job", org_token="org")
    work = work_of(client, own, repositories=["ACME/Web", "acme/api"])
    assert messages(work) == {("Own", own), ("In the API", number)}
    assert {each.repository for each in work.commits} == {"acme/web", "acme/api"}
    assert [each.request.headers["authorization"].split()[1] for each in hub.exchanges] == ["job", "job", "org"]


def test_a_repository_that_may_not_be_read_is_told_and_the_others_are_read(hub, web, own):
    hub.add_repository("acme/secret")
    hub.add_token("job", repositories=["acme/web"])
    work = work_of(client_of(hub, token="job"), own, repositories=["acme/web", "acme/secret"])
    assert messages(work) == {("Own", own)}
    assert len(work.problems) == 1
    assert "acme/secret" in work.problems[0].what
    assert "org_token" in work.problems[0].remedy


def test_a_name_that_is_no_repository_is_told_and_not_asked_for(hub, client, own):
    names = ["acme/web", 'acme/web author:zoe "', "acme", "a/b/c"]
    work = work_of(client, own, repositories=names)
    assert len(work.problems) == 3
    variables = hub.exchanges[-1].request.json()["variables"]
    assert variables["s0"].split() == [
        "is:pr",
        "author:ada",
        "repo:acme/web",
        variables["s0"].split()[3],
        variables["s0"].split()[4],
    ]


def test_a_login_cannot_change_the_search(hub, client, own):
    work_of(client, own, [Author("x", "x@example.com", "zoe repo:acme/secret")])
    assert "s0" not in hub.exchanges[-1].request.json()["variables"]


def test_more_pull_requests_than_fit_a_page_are_paged(hub, web, client, own):
    for index in range(60):
        web.open_pull_request("ada", [Work("ada", at(2), f"Number {index}")])
    work = work_of(client, own)
    assert len(work.pulls) == 61
    assert len(hub.exchanges) == 3


def test_more_direct_commits_than_fit_a_page_are_paged(hub, web, client, own):
    web.commit_directly([Work("ada", at(index / 60), f"Direct {index}") for index in range(250)])
    work = work_of(client, own)
    assert len(work.commits) == 251
    assert len(hub.exchanges) == 4


def test_a_competitor_with_very_many_commits_is_told(web, client, own):
    web.open_pull_request("ada", [Work("ada", at(index / 60), f"Commit {index}") for index in range(130)])
    work = work_of(client, own)
    assert len(work.commits) == 101
    assert "100 of the 130 commits of acme/web#2" in work.problems[0].what


def test_a_query_too_heavy_for_github_is_asked_without_line_counts(hub, web, client, own):
    hub.trouble("CompetingWork", status=502, times=2)
    work = work_of(client, own)
    assert [each.additions for each in work.commits] == [None]
    assert work.problems == ()


def test_an_outage_is_a_problem_and_no_exception(hub, client, own):
    hub.trouble("CompetingWork", status=503, times=99)
    work = work_of(client, own)
    assert work.commits == ()
    assert "could not be read" in work.problems[0].what


def test_a_wrong_organisation_token_is_told(hub, web, own):
    hub.add_repository("acme/api")
    client = client_of(hub, org_token="expired")
    work = work_of(client, own, repositories=["acme/web", "acme/api"])
    assert messages(work) == {("Own", own)}
    assert "acme/api" in work.problems[0].what
    assert "expired" not in str(work.problems)


def test_many_people_are_asked_for_in_several_requests(hub, web, client, own):
    people = [Author(f"P{index}", f"p{index}@example.com", f"p{index}") for index in range(40)]
    for person in people[:3] + people[-3:]:
        hub.add_user(person.login)
        web.open_pull_request(person.login, [Work(person.login, at(2), person.login)])
    assert {message for message, _ in messages(work_of(client, own, people))} == {"p0", "p1", "p2", "p37", "p38", "p39"}
    assert len(hub.exchanges) == 6


def test_people_over_whom_github_gives_up_are_asked_for_in_halves(hub, web, client, own):
    people = [ADA, *(Author(name, f"{name}@example.com", name) for name in ("bob", "cy", "di"))]
    for person in people:
        web.open_pull_request(person.login, [Work(person.login, at(2), person.login)])
    hub.trouble("CompetingWork", status=504, times=4)  # the four, then the first two
    work = work_of(client, own, people)
    assert {message for message, _ in messages(work)} == {"Own", "ada", "bob", "cy", "di"}
    assert work.problems == ()
