import threading
from functools import partial

import pytest
from tests.integration.github.scenes import START, client_of
from tests.integration.github.test_branch_ledger import row

from pr_cost_bot.alerts.book import claimed, settled
from pr_cost_bot.ports import PublishError

BRANCH = "pr-cost-data"
KEYS = ("a", "b")


def claim(client, run, keys=KEYS):
    return client.notices().change(keys, partial(claimed, keys=keys, services=("json 1",), run=run, now=START))


def test_the_first_notice_makes_the_branch_and_rows_stand_beside_it(web, client):
    mine = claim(client, "x")
    client.ledger().write([row(1)])
    client.notices().change(KEYS, lambda _: settled(mine, {}, START))
    assert sorted(web.files(BRANCH)) == ["README.md", "notices.json", "pr_costs/1.json"]
    assert web.files(BRANCH)["notices.json"].startswith('{\n  "notices": {\n    "a": {\n')
    assert {key: one.state for key, one in client.notices().read([*KEYS, "c"]).items()} == {"a": "done", "b": "done"}


def test_other_keys_stay_as_they_are(client):
    claim(client, "x", ("a",))
    claim(client, "y", ("b",))
    assert {key: one.run for key, one in client.notices().read(KEYS).items()} == {"a": "x", "b": "y"}


def test_what_changes_nothing_is_no_commit(web, client):
    claim(client, "x")
    head = web.data.branches[BRANCH]
    assert claim(client, "y") == {}
    assert web.data.branches[BRANCH] == head


def test_of_runs_at_once_each_notice_is_claimed_by_one(hub, web):
    claims = []
    threads = [threading.Thread(target=lambda n=n: claims.append(claim(client_of(hub), str(n)))) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(key for one in claims for key in one) == sorted(KEYS)


def test_a_claim_whose_answer_was_lost_is_still_one_s_own(hub, client):
    claim(client, "x", ("a",))
    hub.trouble("CommitOnBranch", status=502, stored=True)
    assert list(claim(client, "y", ("b",))) == ["b"]


@pytest.mark.parametrize("text", ["", "[]", '{"notices": {"a": {}}}', '{"notices": {}, "version": 2}'])
def test_what_cannot_be_read_is_no_proof_that_nothing_was_sent(web, client, text):
    claim(client, "x")
    head = web.data.branches[BRANCH]
    web.data.commits[head].files = {"notices.json": text}
    with pytest.raises(PublishError, match=r"notices\.json"):
        claim(client, "y")


def test_a_token_that_may_not_write_says_which_permission_is_missing(hub, web):
    hub.add_token("reader", contents="read")
    with pytest.raises(PublishError, match="contents: write") as caught:
        claim(client_of(hub, token="reader"), "x")
    assert caught.value.permission
