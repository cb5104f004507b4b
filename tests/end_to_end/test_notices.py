"""Alerts and the digest: told once, whoever runs, whatever fails."""

import json
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from pr_cost_bot.simulator.server import Request, Response, Server
from tests.end_to_end.world import at, call, stage, work

ABOVE = "alerts: {pull_request_above_usd: 1}\n"
NO_DIGEST = "digest: {when: never}\n"
HOSTILE = "</a><b>x</b> @channel [y](javascript:alert(1)) ::error::z"


class Service:
    """A webhook as Apprise's `json://` posts to it."""

    def __init__(self):
        self.got = []
        self.status = 200

    def __call__(self, request: Request) -> Response:
        if self.status == 200:
            self.got.append(json.loads(request.body))
        return Response(self.status, b"{}", {"Content-Type": "application/json"})

    @property
    def titles(self):
        return [message["title"] for message in self.got]


@contextmanager
def scene(config=ABOVE + NO_DIGEST, **given):
    """A pull request of $1.50, and a service to tell."""
    service = Service()
    with Server(service) as server, stage(config=config, **given) as s:
        s.inputs["notify_urls"] = server.url.replace("http://", "json://") + "/s3cret-key"
        s.vendors.add(call("ada", at("09:30")))
        s.repository.open_pull_request("ada", [work("ada", at("09:50"))], text=HOSTILE)
        yield s, service


def kept(s):
    return json.loads(s.repository.files("pr-cost-data")["notices.json"])["notices"]


def head(s):
    return s.repository.data.branches["pr-cost-data"]


def fine(finished):
    assert finished.status == 0, finished.log
    return finished


def test_an_alert_is_told_once_and_the_second_run_changes_nothing():
    with scene() as (s, service):
        first = fine(s.true_up(at("11:05")))
        assert service.titles == ["AI cost: acme/web#1"]
        assert "cost $1.50, above $1.00." in service.got[0]["message"]
        assert "::warning title=pr-cost-bot::acme/web#1: cost $1.50" in first.log
        assert "### Alerts" in first.summary
        before = head(s)
        second = fine(s.true_up(at("12:05")))
        assert len(service.got) == 1
        assert head(s) == before
        assert "above" not in second.log + second.summary


def test_a_title_from_anybody_is_harmless_everywhere():
    with scene() as (s, service):
        finished = fine(s.true_up(at("11:05")))
        said = service.got[0]["message"]
        assert "@channel" not in said
        assert "[y](javascript" not in said + finished.summary
        assert "<b>" not in said + finished.summary
        assert "\n::error::" not in finished.log


def test_what_was_not_sent_is_sent_by_the_next_run_and_the_address_is_not_told():
    with scene() as (s, service):
        service.status = 503
        failed = fine(s.true_up(at("11:05")))
        assert "::warning title=pr-cost-bot::JSON (json 1) did not take the message." in failed.log
        assert "s3cret" not in failed.log + failed.summary + json.dumps(kept(s))
        assert [record["state"] for record in kept(s).values()] == ["failed"]
        service.status = 200
        fine(s.true_up(at("12:05")))
        fine(s.true_up(at("13:05")))
        assert service.titles == ["AI cost: acme/web#1"]
        assert [record["state"] for record in kept(s).values()] == ["done"]


def test_only_the_service_that_failed_gets_it_again_and_a_new_one_gets_nothing_of_before():
    with scene() as (s, service), Server(late := Service()) as other, Server(new := Service()) as third:
        late.status = 503
        urls = [s.inputs["notify_urls"], other.url.replace("http://", "json://")]
        fine(s.true_up(at("11:05"), notify_urls="\n".join(urls)))
        late.status = 200
        fine(s.true_up(at("12:05"), notify_urls="\n".join([*urls, third.url.replace("http://", "json://")])))
        assert (len(service.got), len(late.got), len(new.got)) == (1, 1, 0)


@pytest.mark.parametrize("url", ["nonsense://s3cret-key", "s3cret-key", "json://127.0.0.1:1/s3cret-key"])
def test_a_bad_address_is_a_warning_without_its_secret(url):
    with scene() as (s, _):
        finished = fine(s.true_up(at("11:05"), notify_urls=url))
        assert "::warning" in finished.log
        assert "s3cret" not in finished.log + finished.summary + json.dumps(kept(s))


def test_without_addresses_an_alert_is_an_annotation_and_in_the_summary_once():
    with scene() as (s, service):
        first, second = (fine(s.true_up(at(time), notify_urls="")) for time in ("11:05", "12:05"))
        assert "acme/web#1: cost $1.50" in first.log
        assert "### Alerts" in first.summary
        assert "above" not in second.log + second.summary
        assert "Digest" not in first.summary
        assert not service.got


def test_a_dry_run_says_what_it_would_send_and_sends_nothing():
    with scene("alerts: {pull_request_above_usd: 1}\n") as (s, service):
        finished = fine(s.true_up(at("11:05"), dry_run="true"))
        assert "::notice::Dry run: this would be sent to json 1" in finished.log
        assert "### Alerts" in finished.summary
        assert "### Digest" in finished.summary
        assert not service.got
        assert "pr-cost-data" not in s.repository.data.branches


def test_without_a_table_nothing_is_sent_and_the_warning_says_why():
    with scene(contents="read") as (s, service):
        finished = fine(s.true_up(at("11:05")))
        assert "Nothing was sent, for the table cannot say what was sent before." in finished.log
        assert "acme/web#1: cost $1.50" in finished.log
        assert not service.got


def test_a_notices_file_that_cannot_be_read_stops_sending():
    with scene() as (s, service):
        fine(s.true_up(at("11:05")))
        commit = s.repository.data.commits[head(s)]
        commit.files = {**commit.files, "notices.json": '{"notices": 7}'}
        finished = fine(s.true_up(at("12:05")))
        assert "notices.json on the branch pr-cost-data cannot be read" in finished.log
        assert len(service.got) == 1


def test_a_run_that_ended_while_sending_is_told_of_and_nothing_is_sent_twice():
    with scene() as (s, service):
        fine(s.true_up(at("11:05")))
        commit = s.repository.data.commits[head(s)]
        for time, said in (("11:30", False), ("12:06", True), ("12:07", False)):
            records = kept(s)
            if time == "11:30":
                (key,) = records
                records[key] |= {"state": "claimed", "run": "of another", "unsent": ["json 1"]}
                commit.files = {**commit.files, "notices.json": json.dumps({"notices": records})}
            finished = fine(s.true_up(at(time)))
            assert ("nobody knows whether they were sent" in finished.log) is said
        assert len(service.got) == 1


def test_a_lost_answer_to_the_claim_does_not_keep_the_run_from_sending():
    with scene() as (s, service):
        s.event("opened", 1, at("10:00"))
        s.github.trouble("CommitOnBranch", status=502, stored=True, times=1)
        fine(s.true_up(at("11:05")))
        assert len(service.got) == 1


def test_a_source_that_fails_is_told_once_a_week():
    with scene(NO_DIGEST) as (s, service):
        s.vendors.fail["cursor"] = "401"
        for time, day in (("11:05", 0), ("11:05", 1), ("11:05", 7)):
            fine(s.true_up(at(time, day)))
        assert service.titles == ["AI cost: Cursor", "AI cost: Cursor"]


# --- several runs at once -------------------------------------------------------------------------------------------


def at_once(s, count, now):
    s.vendors.now = now
    with ExitStack() as stack:
        started = []
        for _ in range(count):
            temp = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            started.append((s.workflow.start("schedule", s.repository.schedule_event(), temp, now), temp))
        return [s.workflow.finished(process.wait(), process.communicate()[0], temp) for process, temp in started]


@pytest.mark.parametrize("where", ["branch", "sqlite", "postgresql"])
def test_of_runs_at_once_one_sends(where, tmp_path, request):
    with scene("alerts: {pull_request_above_usd: 1}\n", latency=0.02) as (s, service):
        if where == "sqlite":
            s.inputs["database_url"] = f"sqlite:///{tmp_path}/costs.db"
        elif where == "postgresql":
            s.inputs["database_url"] = request.getfixturevalue("postgresql_url")
        for finished in at_once(s, 3, at("11:05")):
            fine(finished)
        alert, digest = sorted(service.titles)
        assert alert == "AI cost: acme/web#1"
        assert digest.startswith("AI cost: no pull request merged")


def test_a_commit_of_somebody_else_between_reading_and_writing_costs_nothing():
    with scene() as (s, service):
        fine(s.true_up(at("11:05"), notify_urls=""))
        data = s.repository.data
        data.commits[head(s)].files = {k: v for k, v in data.commits[head(s)].files.items() if k != "notices.json"}
        moved = []

        def somebody():
            s.repository.commit_directly([work("ben", at("11:06"))], branch="pr-cost-data")
            moved.append(head(s))

        s.github.trouble("CommitOnBranch", act=somebody)
        fine(s.true_up(at("12:05")))
        assert moved
        assert len(service.got) == 1


# --- the digest, budgets --------------------------------------------------------------------------------------------


def test_the_digest_goes_out_once_a_week_by_the_first_run_on_or_after_its_day():
    with scene("digest: {weekday: wednesday, link: https://acme.example/costs}\n") as (s, service):
        s.repository.merge(1, at("12:00"))
        for day in (0, 1, 3, 4, 6, 7, 9, 10):  # Monday is 0
            fine(s.true_up(at("11:05", day)))
        assert len(service.got) == 2
        assert "https://acme.example/costs" in service.got[0]["message"]
        assert sorted(kept(s)) == ["digest/2026-W47", "digest/2026-W48"]
        assert service.titles[0] == "AI cost: $1.50 per merged pull request"


def test_a_digest_without_addresses_is_in_the_summary_once_and_only_when_asked_for():
    with scene("digest: {when: weekly}\n") as (s, service):
        first, second = (fine(s.true_up(at("11:05", day), notify_urls="")) for day in (0, 1))
        assert "### Digest" in first.summary
        assert "### Digest" not in second.summary
        assert not service.got


@pytest.mark.parametrize("database", [False, True])
def test_a_budget_is_told_at_each_part_and_nobody_is_named(database, tmp_path):
    with scene("budgets: {monthly_usd: 4, repositories: {acme/web: 100, acme/api: 5}}\ndigest: {when: weekly}\n") as (
        s,
        service,
    ):
        if database:
            s.inputs["database_url"] = f"sqlite:///{tmp_path}/costs.db"
        fine(s.true_up(at("11:05")))
        s.vendors.add(call("ada", at("09:31"), cents="200"))
        fine(s.true_up(at("12:05")))
        digest, quiet = service.got[0], service.got[1:]
        assert "This month has used $1.50 of $4.00, 38% of its budget." in digest["message"]
        assert [message["title"] for message in quiet] == ["AI cost: Budget"]
        assert "88% used, $3.50 of $4.00 in November" in quiet[0]["message"]
        assert "ada" not in json.dumps(service.got)


def test_a_public_repository_shows_nothing_of_what_people_did_elsewhere():
    config = "alerts: {day_above_usd: 1, pull_request_above_usd: 1}\n" + NO_DIGEST
    with scene(config, private=False) as (s, service):
        finished = fine(s.true_up(at("11:05")))
        assert service.titles == ["AI cost: 2 alerts"]
        assert "a day" in service.got[0]["message"]
        assert "acme/web#1: cost $1.50" in finished.log
        assert "a day" not in finished.log + finished.summary
        assert "### Alerts" not in fine(s.true_up(at("11:05", 1), notify_urls="")).summary


def test_a_public_repository_shows_no_digest_of_a_database(tmp_path):
    with scene("digest: {when: weekly}\n", private=False) as (s, service):
        s.inputs["database_url"] = f"sqlite:///{tmp_path}/costs.db"
        assert "not shown in a public repository" in fine(s.true_up(at("11:05"))).summary
        assert len(service.got) == 1
        assert "Digest" not in fine(s.true_up(at("11:05", 7), notify_urls="")).summary
