"""Several runs at once, answers that lie, and strangers in the conversation."""

import json
import tempfile
from contextlib import ExitStack
from pathlib import Path

from pr_cost_bot.marker import Marker, write_marker
from tests.end_to_end.world import at, call, stage, work


def at_once(s, *runs):
    """Start all, then wait for all. Each run: action, number, time."""
    with ExitStack() as stack:
        started = []
        for action, number, now in runs:
            temp = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            process = s.workflow.start("pull_request_target", s.repository.event(action, number), temp, now)
            started.append((process, temp))
        return [s.workflow.finished(process.wait(), process.communicate()[0], temp) for process, temp in started]


def test_two_processes_at_once_leave_one_comment_and_one_row():
    with stage(latency=0.02) as s:
        s.vendors.add(call("ada", at("09:30")))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        s.vendors.now = at("11:05")
        ended = at_once(s, ("opened", number, at("11:05")), ("synchronize", number, at("11:05")))
        assert not [finished.log for finished in ended if finished.status]
        assert len(s.own_comments(number)) == 1
        assert list(s.rows()) == ["pr_costs/1.json"]
        assert s.labels(number) == ["cost:low"]


def test_ten_pull_requests_writing_the_table_at_once_leave_ten_rows():
    with stage() as s:
        numbers = [s.repository.open_pull_request("ada", [work("ada", at(f"09:{10 + n}"))], head=f"b{n}") for n in range(10)]
        s.vendors.add(*(call("ada", at(f"09:{9 + n:02d}")) for n in range(10)))
        s.vendors.now = at("11:05")
        ended = at_once(s, *(("opened", number, at("11:05")) for number in numbers))
        assert not [finished.log for finished in ended if finished.status]
        rows = s.rows()
        assert len(rows) == 10
        assert sum(float(json.loads(text)["cost_usd"]) for text in rows.values()) == 15.0


def test_a_post_answered_502_after_it_was_stored_makes_no_second_comment():
    with stage() as s:
        s.vendors.add(call("ada", at("09:30")))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        s.github.trouble("AddComment|POST .*/comments", status=502, stored=True)
        finished = s.event("opened", number, at("11:05"))
        assert finished.status == 0, finished.log
        assert len(s.own_comments(number)) == 1


def test_ours_is_found_behind_130_others_and_an_impostor_is_left_alone():
    with stage() as s:
        s.vendors.add(call("ada", at("09:30")))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        marker = write_marker(Marker(repository="acme/web", pr=number, head_sha="x", computed_at=at("23:00")))
        impostor = f"{marker}\nThis PR consumed nothing."
        s.repository.comment(number, "mallory", impostor)
        for n in range(130):
            s.repository.comment(number, "ben", f"Remark {n}")
        s.event("opened", number, at("11:05"))
        s.vendors.add(call("ada", at("09:31")))
        s.event("synchronize", number, at("11:06"))
        ours = [c for c in s.repository.comments(number) if c.login == "github-actions[bot]"]
        assert len(ours) == 1
        assert "$3.00" in ours[0].body
        assert [c.body for c in s.repository.comments(number) if c.login == "mallory"] == [impostor]


def test_an_older_run_never_overwrites_a_newer_one():
    with stage() as s:
        s.vendors.add(call("ada", at("09:30")))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        s.event("opened", number, at("13:05"))
        newer, row = s.comment(number), s.rows()
        s.vendors.add(call("ada", at("09:31")))
        s.vendors.now = at("13:05")
        s.workflow.run("pull_request_target", s.repository.event("synchronize", number), at("12:30"))
        assert s.comment(number) == newer
        assert s.rows() == row


def test_the_surplus_comments_of_an_old_race_are_removed():
    with stage() as s:
        s.vendors.add(call("ada", at("09:30")))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        s.event("opened", number, at("11:05"))
        s.repository.comment(number, "github-actions[bot]", s.comment(number))
        assert len(s.own_comments(number)) == 2
        s.event("edited", number, at("11:10"))
        assert len(s.own_comments(number)) == 1


def test_three_hundred_commits_and_a_force_push_are_all_seen():
    with stage() as s:
        s.vendors.add(call("ada", at("01:00")), call("ada", at("05:10")))
        works = [work("ada", at(f"{1 + n // 60:02d}:{n % 60:02d}"), f"Commit {n}") for n in range(300)]
        number = s.repository.open_pull_request("ada", works)
        finished = s.event("opened", number, at("11:05"))
        assert json.loads(finished.outputs["summary"])["commits"] == 300
        s.repository.force_push(number, [work("ada", at("06:00"), "All in one")])
        again = s.event("synchronize", number, at("11:06"))
        assert json.loads(again.outputs["summary"])["commits"] == 1
        assert again.outputs["cost_usd"] == finished.outputs["cost_usd"] == "3"
