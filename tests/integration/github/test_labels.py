import pytest
from tests.integration.github.scenes import CONFIG, NAMES, client_of, requests_of

from pr_cost_bot.ports import PublishError


def publish(client, number, label, names=NAMES):
    client.publish_label(client.pull_request(number, CONFIG)[0], label, names)


def labels_of(web, number):
    return web.data.pulls[number].labels


def test_a_missing_label_is_created_with_its_colour_and_added(hub, web, client, number):
    publish(client, number, "cost:medium")
    assert labels_of(web, number) == ["cost:medium"]
    assert web.data.labels["cost:medium"] == ("cost:medium", "fbca04")
    assert len(hub.exchanges) == 3


def test_a_label_that_the_repository_has_is_only_added(hub, web, client, number):
    web.data.labels["cost:low"] = ("cost:low", "123456")
    publish(client, number, "cost:low")
    assert labels_of(web, number) == ["cost:low"]
    assert web.data.labels["cost:low"][1] == "123456"
    assert len(hub.exchanges) == 2


def test_the_right_label_is_left_alone(hub, web, client, number):
    web.label(number, "Cost:Low")
    publish(client, number, "cost:low")
    assert labels_of(web, number) == ["Cost:Low"]
    assert len(hub.exchanges) == 1


def test_the_wrong_ones_are_removed_and_other_peoples_stay(web, client, number):
    web.label(number, "bug", "cost:high", "cost:low")
    publish(client, number, "cost:medium")
    assert sorted(labels_of(web, number)) == ["bug", "cost:medium"]


def test_no_label_removes_ours(web, client, number):
    web.label(number, "cost:high", "keep")
    publish(client, number, None)
    assert labels_of(web, number) == ["keep"]


def test_a_label_that_another_run_has_set_meanwhile_goes(web, client, number):
    facts = client.pull_request(number, CONFIG)[0]
    web.label(number, "cost:high")
    client.publish_label(facts, "cost:low", NAMES)
    assert labels_of(web, number) == ["cost:low"]


def test_a_label_added_by_somebody_meanwhile_stays(web, client, number):
    facts = client.pull_request(number, CONFIG)[0]
    web.label(number, "urgent")
    client.publish_label(facts, "cost:low", NAMES)
    assert set(labels_of(web, number)) == {"urgent", "cost:low"}


def test_a_label_removed_by_somebody_meanwhile_is_fine(web, client, number):
    web.label(number, "cost:high")
    facts = client.pull_request(number, CONFIG)[0]
    labels_of(web, number).clear()
    client.publish_label(facts, "cost:low", NAMES)
    assert labels_of(web, number) == ["cost:low"]


def test_a_label_created_by_another_run_meanwhile_is_fine(hub, web, client, number):
    hub.trouble("POST .*/labels$", act=lambda: web.data.labels.update({"cost:low": ("cost:low", "c2e0c6")}))
    publish(client, number, "cost:low")
    assert labels_of(web, number) == ["cost:low"]


def test_a_name_full_of_signs_is_data(hub, web, client, number):
    name = "cost/low?x=1&y=#2 é %2F"
    publish(client, number, name, (name, "b"))
    assert labels_of(web, number) == [name]
    publish(client, number, "b", (name, "b"))
    assert labels_of(web, number) == ["b"]
    assert any("%2F" in request and "%3Fx%3D1" in request for request in requests_of(hub))


def test_a_name_that_github_does_not_take_is_told(client, number):
    with pytest.raises(PublishError, match="at most 50") as caught:
        publish(client, number, "x" * 51)
    assert not caught.value.permission


def test_without_the_right_to_make_labels_an_existing_one_is_added(hub, web, number):
    hub.add_token("pulls-only", issues="read")
    web.data.labels["cost:low"] = ("cost:low", "123456")
    publish(client_of(hub, token="pulls-only"), number, "cost:low")
    assert labels_of(web, number) == ["cost:low"]


def test_without_the_right_to_make_labels_a_missing_one_is_told(hub, web, number):
    hub.add_token("pulls-only", issues="read")
    with pytest.raises(PublishError) as caught:
        publish(client_of(hub, token="pulls-only"), number, "cost:low")
    assert caught.value.permission
    assert "issues: write" in caught.value.problem.remedy
