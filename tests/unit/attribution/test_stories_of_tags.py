"""Records that name where they belong: one story per kind of tag."""

import pytest
from tests.unit.attribution.stories import API, WEB, allocate, at, call, commit, pull, spent

from pr_cost_bot.model import Evidence

NEXT = commit("10:00", 1)


def test_a_record_that_names_its_pull_request_goes_there_whatever_is_committed_next():
    [share] = allocate([call("09:50", repository=WEB, pr_number=9)], [NEXT])
    assert (share.pr_number, share.evidence, share.low_usd, share.high_usd) == (9, Evidence.TAGGED, 1, 1)


def test_a_number_alone_is_enough_where_the_person_works_on_one_such_pull_request():
    commits = [NEXT, commit("11:00", 9), commit("11:00", 9, person="bob", repository=API)]
    assert spent([call("09:50", pr_number=9)], commits) == {9: 1}


def test_a_number_that_could_be_two_pull_requests_says_nothing():
    commits = [NEXT, commit("11:00", 9), commit("12:00", 9, repository=API)]
    assert spent([call("09:50", pr_number=9)], commits) == {1: 1}


def test_a_record_that_names_a_commit_goes_to_its_pull_request():
    commits = [NEXT, commit("12:00", 2, sha="0123456789abcdef")]
    assert spent([call("09:50", commit="0123456789abcdef")], commits) == {2: 1}
    assert spent([call("09:50", commit="0123456")], commits) == {2: 1}
    assert spent([call("09:50", commit="fedcba9")], commits) == {1: 1}


def test_a_record_of_nobody_that_names_its_pull_request_still_goes_there():
    assert spent([call("09:50", person=None, repository=WEB, pr_number=9)], [NEXT]) == {9: 1}


def test_a_branch_leads_to_its_pull_request():
    usage = [call("09:50", repository=WEB, branch="feature-2")]
    assert spent(usage, [NEXT, commit("11:00", 2)], [pull(2)]) == {2: 1}
    assert spent(usage, [NEXT, commit("11:00", 2)], [pull(2)], without=["tags"]) == {1: 1}


def test_a_branch_without_a_repository_leads_there_if_it_is_the_persons_own():
    usage = [call("09:50", branch="feature-2")]
    assert spent(usage, [NEXT, commit("11:00", 2)], [pull(2), pull(2, repository=API)]) == {2: 1}


@pytest.mark.parametrize("branch", ["main", "master", "HEAD", "develop", "trunk"])
def test_a_branch_that_everybody_shares_says_nothing(branch):
    usage = [call("09:50", repository=WEB, branch=branch)]
    assert spent(usage, [NEXT, commit("11:00", 2)], [pull(2, head=branch)]) == {1: 1}


def test_a_branch_name_used_again_leads_to_the_pull_request_of_the_time():
    pulls = [pull(3, merged=at("12:00"), head="fix"), pull(4, merged=at("18:00"), head="fix")]
    commits = [commit("11:00", 3), commit("17:00", 4)]
    usage = [call("10:50", repository=WEB, branch="fix"), call("13:00", "2.00", repository=WEB, branch="fix")]
    assert spent(usage, commits, pulls) == {3: 1, 4: 2}


def test_a_branch_whose_commits_have_no_pull_request_is_work_outside_any():
    usage = [call("09:50", repository=WEB, branch="spike")]
    assert spent(usage, [NEXT, commit("11:00", None, branch="spike")]) == {"work outside any pull request": 1}


def test_a_branch_that_nobody_has_seen_leaves_it_to_time():
    assert spent([call("09:50", repository=WEB, branch="unpublished")], [NEXT]) == {1: 1}


def test_a_repository_alone_keeps_usage_in_that_repository():
    usage = [call("09:50", repository=API)]
    assert spent(usage, [NEXT, commit("11:00", 5, repository=API)]) == {5: 1}


def test_a_branch_left_checked_out_after_its_last_commit_does_not_hold_the_next_piece_of_work():
    usage = [call("09:50", repository=WEB, branch="feature-2")]
    commits = [commit("08:00", 2), NEXT]
    assert spent(usage, commits, [pull(2)]) == {1: 1}
    assert spent(usage, commits, [pull(2)], without=["stale-branch"]) == {2: 1}


def test_a_branch_with_another_commit_soon_keeps_its_usage():
    usage = [call("09:50", repository=WEB, branch="feature-2")]
    assert spent(usage, [commit("08:00", 2), NEXT, commit("10:40", 2)], [pull(2)]) == {2: 1}


def test_a_conversation_that_ends_with_its_commit_elsewhere_had_already_left_its_branch():
    usage = [call(f"09:4{minute}", repository=WEB, branch="feature-2", session="a") for minute in range(4)]
    commits = [commit("08:00", 2), commit("09:45", 1), commit("12:00", 2)]
    assert spent(usage, commits, [pull(2)]) == {1: 4}
    assert spent(usage, commits, [pull(2)], without=["leaving"]) == {2: 4}


def test_a_conversation_that_stays_on_its_branch_keeps_its_usage_whatever_is_committed_elsewhere():
    clocks = ["09:40", "09:43", "09:50"]
    usage = [call(clock, repository=WEB, branch="feature-2", session="a") for clock in clocks]
    commits = [commit("08:00", 2), commit("09:45", 1), commit("12:00", 2)]
    assert spent(usage, commits, [pull(2)]) == {2: 3}


def test_where_branch_and_next_commit_disagree_it_may_be_either():
    usage = [call("09:50", repository=WEB, branch="feature-2")]
    shares = allocate(usage, [NEXT, commit("11:00", 2)], [pull(2)])
    assert [(share.pr_number, share.cost_usd) for share in shares] == [(2, 1), (1, 0)]
    assert {(share.low_usd, share.high_usd) for share in shares} == {(0, 1)}
    [share] = allocate(usage, [commit("10:00", 2)], [pull(2)])
    assert (share.low_usd, share.high_usd) == (1, 1)
