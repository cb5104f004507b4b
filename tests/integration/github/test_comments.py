import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.integration.github.scenes import CONFIG, at, body_of, client_of, requests_of

from pr_cost_bot.ports import PublishError

BOT = "github-actions[bot]"


def facts_of(client, number):
    return client.pull_request(number, CONFIG)[0]


def test_a_comment_is_created_in_one_request_that_also_lists_what_there_is(hub, web, client, number):
    facts = facts_of(client, number)
    published = client.publish_comment(facts, body_of("Hello"), at(2))
    assert [comment.body for comment in web.comments(number)] == [body_of("Hello")]
    assert published is not None
    assert published.id == web.comments(number)[0].id
    assert published.url.endswith(f"#issuecomment-{published.id}")
    assert len(hub.exchanges) == 2


def test_a_changed_body_is_edited_after_a_look_at_what_is_there(hub, web, client, number):
    ours = web.comment(number, BOT, body_of("Old"))
    published = client.publish_comment(facts_of(client, number), body_of("New", computed_at=at(1)), at(1))
    assert published is not None
    assert published.id == ours
    assert web.comments(number)[0].body == body_of("New", computed_at=at(1))
    assert [request.split()[0] for request in requests_of(hub)[1:]] == ["GET", "PATCH"]


def test_an_equal_body_is_not_written(hub, web, client, number):
    web.comment(number, BOT, body_of("Same").replace("\n", "\r\n") + "\r\n")
    client.publish_comment(facts_of(client, number), body_of("Same"), at(2))
    assert len(hub.exchanges) == 1


def test_a_newer_comment_is_not_overwritten(web, client, number):
    web.comment(number, BOT, body_of("Stale", computed_at=at(0)))
    facts = facts_of(client, number)
    newer = body_of("From a run that was faster", computed_at=at(5))
    web.comments(number)[0].body = newer
    published = client.publish_comment(facts, body_of("Late", computed_at=at(4)), at(4))
    assert published is not None
    assert published.body == newer
    assert web.comments(number)[0].body == newer


def test_a_comment_that_somebody_deleted_is_made_again(web, client, number):
    ours = web.comment(number, BOT, body_of("Old"))
    facts = facts_of(client, number)
    del web.data.comments[ours]
    published = client.publish_comment(facts, body_of("New"), at(1))
    assert published is not None
    assert [(comment.id, comment.body) for comment in web.comments(number)] == [(published.id, body_of("New"))]


def test_a_comment_deleted_between_look_and_edit_is_made_again(hub, web, client, number):
    ours = web.comment(number, BOT, body_of("Old"))
    facts = facts_of(client, number)
    hub.trouble("PATCH", act=lambda: web.data.comments.pop(ours))
    client.publish_comment(facts, body_of("New"), at(1))
    assert [comment.body for comment in web.comments(number)] == [body_of("New")]


def test_no_body_only_tidies_up(hub, web, client, number):
    ids = [web.comment(number, BOT, body_of(str(n))) for n in range(3)]
    published = client.publish_comment(facts_of(client, number), None, at(1))
    assert published is not None
    assert [comment.id for comment in web.comments(number)] == [published.id] == ids[:1]
    web.data.comments.clear()
    assert client.publish_comment(facts_of(client, number), None, at(1)) is None
    assert web.comments(number) == []


def test_surplus_that_is_already_gone_is_fine(web, client, number):
    web.comment(number, BOT, body_of("One"))
    surplus = web.comment(number, BOT, body_of("Two"))
    facts = facts_of(client, number)
    del web.data.comments[surplus]
    client.publish_comment(facts, body_of("One"), at(1))
    assert len(web.comments(number)) == 1


def test_the_impostors_comment_is_left_alone(web, client, number):
    theirs = web.comment(number, "mallory", body_of("Free!"))
    client.publish_comment(facts_of(client, number), body_of("Ours"), at(1))
    assert [comment.body for comment in web.comments(number)] == [body_of("Free!"), body_of("Ours")]
    assert web.comments(number)[0].id == theirs


def test_a_creation_answered_502_after_it_was_stored_is_not_repeated(hub, web, client, number):
    facts = facts_of(client, number)
    hub.trouble("AddComment", status=502, stored=True)
    published = client.publish_comment(facts, body_of("Once"), at(1))
    assert published is not None
    assert [comment.id for comment in web.comments(number)] == [published.id]


def test_a_creation_answered_502_without_being_stored_is_tried_once_more(hub, web, client, number):
    facts = facts_of(client, number)
    hub.trouble("AddComment", status=502)
    client.publish_comment(facts, body_of("Twice"), at(1))
    assert len(web.comments(number)) == 1


def test_a_creation_that_always_fails_ends_after_the_second_try(hub, web, client, number):
    facts = facts_of(client, number)
    hub.trouble("AddComment", status=502, times=9)
    with pytest.raises(PublishError, match="502") as caught:
        client.publish_comment(facts, body_of("Never"), at(1))
    assert not caught.value.permission
    assert sum(each.request.json().get("query", "").lstrip().startswith("mutation") for each in hub.exchanges) == 2


def test_of_two_clients_at_once_one_comment_remains(hub, web, number):
    clients = [client_of(hub) for _ in range(2)]
    facts = [facts_of(client, number) for client in clients]
    start = threading.Barrier(2)

    def publish(index):
        start.wait()
        return clients[index].publish_comment(facts[index], body_of(f"From {index}", computed_at=at(index)), at(index))

    with ThreadPoolExecutor(2) as pool:
        published = list(pool.map(publish, range(2)))
    assert [comment.body for comment in web.comments(number)] == [body_of("From 1", computed_at=at(1))]
    assert {each.id for each in published if each} == {web.comments(number)[0].id}


def test_the_slower_of_two_gives_way_to_the_comment_that_was_there_first(hub, web, client, number):
    facts = facts_of(client, number)
    newer = body_of("Faster and newer", computed_at=at(9))
    hub.trouble("AddComment", act=lambda: web.comment(number, BOT, newer))
    published = client.publish_comment(facts, body_of("Slower", computed_at=at(8)), at(8))
    assert published is not None
    assert [comment.body for comment in web.comments(number)] == [published.body] == [newer]


def test_a_token_that_may_not_write_is_told_the_permission(hub, web, number):
    hub.add_token("reader", pull_requests="read", issues="read")
    client = client_of(hub, token="reader")
    with pytest.raises(PublishError) as caught:
        client.publish_comment(facts_of(client, number), body_of(), at(1))
    assert caught.value.permission
    assert "permissions: pull-requests: write" in caught.value.problem.remedy


def test_an_edit_that_is_forbidden_is_told_the_permission(hub, web, number):
    hub.add_token("reader", pull_requests="read", issues="read")
    web.comment(number, BOT, body_of("Old"))
    client = client_of(hub, token="reader")
    with pytest.raises(PublishError) as caught:
        client.publish_comment(facts_of(client, number), body_of("New"), at(1))
    assert caught.value.permission


def test_a_locked_conversation_is_told(web, client, number):
    web.data.pulls[number].locked = True
    with pytest.raises(PublishError, match="locked"):
        client.publish_comment(facts_of(client, number), body_of(), at(1))


@pytest.mark.parametrize("there", [False, True])
def test_a_body_that_is_too_long_is_told(web, client, number, there):
    if there:
        web.comment(number, BOT, body_of())
    with pytest.raises(PublishError, match="65,536"):
        client.publish_comment(facts_of(client, number), body_of("x" * 65_536), at(1))


def test_a_secondary_limit_is_waited_out(hub, web, client, number, waits):
    facts = facts_of(client, number)
    hub.limit("AddComment", retry_after=7)
    hub.limit("AddComment", status=429, retry_after=None)
    client.publish_comment(facts, body_of(), at(1))
    assert len(web.comments(number)) == 1
    assert waits == [7, 90]
