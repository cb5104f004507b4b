import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from tests.factories import pull_request, pull_request_cost
from tests.integration.github.scenes import CONFIG, at, client_of, requests_of

from pr_cost_bot.ledger.rows import row_of
from pr_cost_bot.ports import PublishError
from pr_cost_bot.simulator.github import Work

BRANCH = "pr-cost-data"


def row(number, cost="1.00", computed_at=None):
    time = (computed_at or datetime(2026, 11, 20, tzinfo=UTC)).isoformat().replace("+00:00", "Z")
    whole = row_of(pull_request_cost(pull=pull_request(number=number)), show_people=True)
    return {**whole, "cost_usd": cost, "computed_at": time}


def rows_of(web):
    files = web.files(BRANCH)
    return {json.loads(text)["pr_number"]: json.loads(text) for path, text in files.items() if path.startswith("pr_costs/")}


def open_one(web):
    return web.open_pull_request("ada", [Work("ada", at(1))])


def test_the_first_write_makes_a_branch_without_history(hub, web, client):
    number = open_one(web)
    client.pull_request(number, CONFIG)
    client.ledger().write([row(number)])
    assert rows_of(web) == {number: row(number)}
    assert "README.md" in web.files(BRANCH)
    assert CONFIG not in web.files(BRANCH)
    assert web.data.commits[web.data.branches[BRANCH]].parents == ()
    assert [request.rsplit("/", 1)[1] for request in requests_of(hub)[1:]] == ["trees", "commits", "refs"]


def test_files_are_pretty_and_sorted(web, client):
    number = open_one(web)
    client.ledger().write([row(number)])
    text = web.files(BRANCH)[f"pr_costs/{number}.json"]
    assert text == json.dumps(row(number), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def test_a_later_write_is_one_request_after_the_facts_and_keeps_other_files(hub, web, client):
    first, second = open_one(web), open_one(web)
    client.ledger().write([row(first)])
    fresh = client_of(hub)
    facts, _ = fresh.pull_request(second, CONFIG)
    assert facts.row is None
    before = len(hub.exchanges)
    fresh.ledger().write([row(second)])
    assert len(hub.exchanges) == before + 1
    assert rows_of(web) == {first: row(first), second: row(second)}
    head = web.data.commits[web.data.branches[BRANCH]]
    assert len(head.parents) == 1
    assert "#" not in head.message
    assert "[skip ci]" in head.message


def test_the_facts_bring_the_row_and_it_is_not_asked_for_again(hub, web, client):
    number = open_one(web)
    client.ledger().write([row(number)])
    fresh = client_of(hub)
    facts, _ = fresh.pull_request(number, CONFIG)
    assert facts.row == row(number)
    before = len(hub.exchanges)
    assert fresh.ledger().read("acme/web", [number]) == {number: row(number)}
    assert len(hub.exchanges) == before


def test_rows_are_read_without_facts_and_absent_ones_are_left_out(hub, web, client):
    numbers = [open_one(web) for _ in range(3)]
    client.ledger().write([row(number) for number in numbers])
    assert client_of(hub).ledger().read("acme/web", [*numbers, 99]) == {number: row(number) for number in numbers}
    assert client_of(hub).ledger().read("acme/other", numbers) == {}
    assert client_of(hub).ledger("elsewhere").read("acme/web", numbers) == {}


def test_many_rows_are_one_commit(hub, web, client):
    client.ledger().write([row(1)])
    before = len(web.data.commits)
    client_of(hub).ledger().write([row(number) for number in range(1, 121)])
    assert len(web.data.commits) == before + 1
    assert len(rows_of(web)) == 120


def test_an_equal_row_is_not_written(hub, web, client):
    client.ledger().write([row(1)])
    head = web.data.branches[BRANCH]
    client.ledger().write([row(1)])
    client_of(hub).ledger().write([row(1)])
    assert web.data.branches[BRANCH] == head


def test_an_older_run_does_not_overwrite_a_newer(hub, web, client):
    client.ledger().write([row(1, "2.00", at(5)), row(2, "2.00", at(1))])
    client_of(hub).ledger().write([row(1, "1.00", at(4)), row(2, "1.00", at(4))])
    assert rows_of(web)[1]["cost_usd"] == "2.00"
    assert rows_of(web)[2]["cost_usd"] == "1.00"


def test_an_older_run_that_loses_a_race_to_a_newer_one_gives_way(hub, web, client):
    client.ledger().write([row(9)])
    slow = client_of(hub)
    slow.pull_request(open_one(web), CONFIG)
    client.ledger().write([row(1, "2.00", at(5))])
    slow.ledger().write([row(1, "1.00", at(4))])
    assert rows_of(web)[1]["cost_usd"] == "2.00"


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"computed_at": 7}', '{"computed_at": "soon"}'])
def test_what_is_no_row_is_written_anew(hub, web, client, text):
    client.ledger().write([row(1)])
    head = web.data.branches[BRANCH]
    web.data.commits[head].files = {"pr_costs/1.json": text}
    client_of(hub).ledger().write([row(1)])
    assert rows_of(web) == {1: row(1)}


@pytest.mark.parametrize("there", [False, True], ids=["new branch", "existing branch"])
def test_ten_writers_at_once_leave_ten_rows(hub, web, client, there):
    if there:
        client.ledger().write([row(99)])
    start = threading.Barrier(10)

    def write(number):
        ledger = client_of(hub).ledger()
        start.wait()
        ledger.write([row(number)])

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(write, range(10)))
    assert set(rows_of(web)) == {*range(10)} | ({99} if there else set())


def test_a_write_of_which_nobody_knows_whether_it_was_stored_is_looked_at(hub, web, client):
    client.ledger().write([row(1)])
    hub.trouble("CommitOnBranch", status=502, stored=True)
    client.ledger().write([row(1, "3.00", at(99))])
    before = len(web.data.commits)
    assert rows_of(web)[1]["cost_usd"] == "3.00"
    assert len(web.data.commits) == before


def test_a_branch_that_never_stands_still_is_told(hub, web, client):
    client.ledger().write([row(1)])
    hub.trouble(
        "CommitOnBranch", times=99, act=lambda: web.commit_directly([Work("ada", at(len(hub.exchanges)))], branch=BRANCH)
    )
    with pytest.raises(PublishError, match="at the same time") as caught:
        client.ledger().write([row(2)])
    assert not caught.value.permission


@pytest.mark.parametrize("there", [False, True], ids=["new branch", "existing branch"])
@pytest.mark.parametrize("access", ["none", "read"])
def test_a_token_that_may_not_write_contents_is_told_the_permission(hub, web, client, there, access):
    number = open_one(web)
    if there:
        client.ledger().write([row(99)])
    hub.add_token("weak", contents=access)
    weak = client_of(hub, token="weak")
    weak.pull_request(number, CONFIG)
    assert weak.ledger().read("acme/web", [number]) == {}
    with pytest.raises(PublishError) as caught:
        weak.ledger().write([row(number)])
    assert caught.value.permission
    assert "contents: write" in caught.value.problem.remedy


def test_the_branchs_name_is_data(web, client):
    ledger = client.ledger('costs/"x" é')
    ledger.write([row(1)])
    assert 'costs/"x" é' in web.data.branches
    assert ledger.read("acme/web", [1]) == {1: row(1)}


def test_a_branch_that_somebody_deleted_is_made_again(web, client):
    client.ledger().write([row(1)])
    del web.data.branches[BRANCH]
    client.ledger().write([row(1, "2.00", at(999))])
    assert rows_of(web) == {1: row(1, "2.00", at(999))}


def test_rows_of_another_repository_are_not_written_here(hub, client):
    client.ledger().write([{**row(1), "repository": "acme/api"}])
    assert hub.exchanges == []


def test_rows_of_a_sweep_are_written_in_one_request(hub, web, client):
    client.ledger().write([row(99)])
    numbers = [open_one(web) for _ in range(25)]
    sweep = client_of(hub)
    sweep.pull_requests(numbers, ".github/pr-cost-bot.yml")
    before = len(hub.exchanges)
    sweep.ledger().write([row(number) for number in numbers])
    assert len(hub.exchanges) == before + 1
    assert len(rows_of(web)) == 26


def test_a_sweep_during_which_the_branch_moves_does_not_overwrite_what_is_newer(hub, web, client):
    numbers = [open_one(web) for _ in range(12)]
    client.ledger().write([row(number) for number in numbers])
    sweep = client_of(hub)
    sweep.pull_requests(numbers[:10], ".github/pr-cost-bot.yml")
    client_of(hub).ledger().write([row(numbers[0], "9.00", at(999))])
    sweep.pull_requests(numbers[10:], ".github/pr-cost-bot.yml")
    sweep.ledger().write([row(number, "2.00", at(500)) for number in numbers])
    assert rows_of(web)[numbers[0]]["cost_usd"] == "9.00"
    assert rows_of(web)[numbers[1]]["cost_usd"] == "2.00"
