import pytest

from pr_cost_bot.events import FORK_WITHOUT_KEYS, HANDLED_ACTIONS, EventError, Nothing, OnePullRequest, TrueUp, find_activity


def payload(action="opened", head=1, base=1, user="octocat", sender="octocat"):
    return {
        "action": action,
        "number": 7,
        "pull_request": {"number": 7, "user": {"login": user}, "head": {"repo": {"id": head}}, "base": {"repo": {"id": base}}},
        "sender": {"login": sender},
    }


@pytest.mark.parametrize("event", ["pull_request", "pull_request_target"])
@pytest.mark.parametrize("action", HANDLED_ACTIONS)
def test_every_handled_action_leads_to_its_pull_request(event, action):
    assert find_activity(event, payload(action), has_keys=True) == OnePullRequest(7)


@pytest.mark.parametrize("action", ["labeled", "assigned", None])
def test_other_actions_are_left_alone_with_a_notice(action):
    activity = find_activity("pull_request", payload(action), has_keys=True)
    assert isinstance(activity, Nothing)
    assert str(action) in activity.notice


@pytest.mark.parametrize("event", ["push", "issue_comment", "merge_group"])
def test_other_events_are_left_alone_with_a_notice(event):
    activity = find_activity(event, {}, has_keys=True)
    assert isinstance(activity, Nothing)
    assert event in activity.notice


def test_a_schedule_is_a_true_up():
    assert find_activity("schedule", {}, has_keys=True) == TrueUp()


@pytest.mark.parametrize("inputs", [None, {}, {"pull_request": ""}, {"pull_request": "  "}])
def test_a_dispatch_without_a_number_is_a_true_up(inputs):
    assert find_activity("workflow_dispatch", {"inputs": inputs}, has_keys=True) == TrueUp()


@pytest.mark.parametrize("given", ["42", "#42", " 42 ", 42])
def test_a_dispatch_with_a_number_is_that_pull_request(given):
    assert find_activity("workflow_dispatch", {"inputs": {"pull_request": given}}, has_keys=True) == OnePullRequest(
        42, by_hand=True
    )


def test_the_highest_number_that_github_can_be_asked_for_is_taken():
    payload = {"inputs": {"pull_request": str(2**31 - 1)}}
    assert find_activity("workflow_dispatch", payload, has_keys=True) == OnePullRequest(2**31 - 1, by_hand=True)


@pytest.mark.parametrize("given", ["x", "-1", "0", "4.2", "1; rm", str(2**31), "9" * 5000])
def test_a_dispatch_with_something_else_is_refused(given):
    with pytest.raises(EventError, match="Give a number such as 42"):
        find_activity("workflow_dispatch", {"inputs": {"pull_request": given}}, has_keys=True)


def test_a_fork_without_keys_is_told_about_pull_request_target():
    assert find_activity("pull_request", payload(head=2), has_keys=False) == Nothing(FORK_WITHOUT_KEYS)


def test_a_fork_whose_repository_is_gone_counts_as_a_fork():
    gone = payload()
    gone["pull_request"]["head"]["repo"] = None
    assert find_activity("pull_request", gone, has_keys=False) == Nothing(FORK_WITHOUT_KEYS)


def test_a_fork_with_keys_and_a_fork_under_pull_request_target_are_computed():
    assert find_activity("pull_request", payload(head=2), has_keys=True) == OnePullRequest(7)
    assert find_activity("pull_request_target", payload(head=2), has_keys=False) == OnePullRequest(7)


def test_dependabot_without_keys_is_treated_as_a_fork():
    assert find_activity("pull_request", payload(user="dependabot[bot]"), has_keys=False) == Nothing(FORK_WITHOUT_KEYS)


@pytest.mark.parametrize("broken", [{"action": "opened"}, {"action": "opened", "pull_request": {"number": "7"}}])
def test_a_payload_without_a_pull_request_is_an_error(broken):
    with pytest.raises(EventError, match="names no pull request"):
        find_activity("pull_request", broken, has_keys=True)
