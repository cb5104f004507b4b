"""What is known is kept, whatever a later run lacks."""

import csv
import json
from datetime import datetime

import pytest

from tests.end_to_end.world import at, call, stage, work


def test_an_idle_open_pull_request_keeps_its_figure_for_ever():
    with stage() as s:
        number = s.opened()
        s.true_up(at("12:00", 20))
        before, comment = len(s.github.exchanges), s.comment(number)
        for day in (88, 95, 200):
            s.true_up(at("12:00", day))
        assert not s.writes(before)
        assert (s.row()["cost_usd"], s.row()["complete"], s.labels(number)) == ("1.5", True, ["cost:low"])
        assert s.comment(number) == comment


def test_a_run_without_keys_keeps_row_and_label_and_settles_nothing():
    with stage() as s:
        number = s.opened()
        s.repository.merge(number, at("12:00"))
        keys, s.inputs = s.inputs, {}
        s.event("closed", number, at("12:01"))
        assert (s.row()["cost_usd"], s.row()["settled"], s.labels(number)) == ("1.5", False, ["cost:low"])
        s.inputs = keys
        s.true_up(at("12:00", 1))
        assert (s.row()["cost_usd"], s.row()["state"]) == ("1.5", "merged")
        assert "$1.50" in s.comment(number)


def test_a_settled_figure_changes_only_when_asked_for_by_number():
    with stage() as s:
        number = s.opened()
        s.repository.merge(number, at("12:00"))
        s.true_up(at("12:00", 32))
        assert s.row()["settled"] is True
        s.vendors.calls.clear()
        edited = s.event("edited", number, at("12:00", 33))
        assert (edited.outputs["cost_usd"], edited.outputs["settled"]) == ("1.5", "true")
        assert s.row()["cost_usd"] == "1.5"
        s.vendors.now = at("12:00", 34)
        s.workflow.run("workflow_dispatch", s.repository.dispatch_event({"pull_request": str(number)}), at("12:00", 34))
        assert s.row()["cost_usd"] == "0"


def test_an_older_run_leaves_the_label_of_a_newer_one():
    with stage() as s:
        number = s.opened()
        s.vendors.add(call("ada", at("09:31"), cents="3000"))
        s.event("synchronize", number, at("14:00"))
        s.vendors.calls.pop()
        s.event("synchronize", number, at("13:00"))
        assert s.labels(number) == ["cost:high"]


def test_a_silent_source_does_not_make_the_label_cheaper():
    with stage() as s:
        number = s.opened(cents="3000")
        s.vendors.fail["cursor"] = "401"
        finished = s.event("edited", number, at("11:30"))
        assert finished.outputs["complete"] == "false"
        assert s.labels(number) == ["cost:high"]
        assert "incomplete" in s.comment(number)


def test_what_a_silent_source_told_stays_in_row_and_label_however_long_it_is_silent():
    with stage() as s:
        s.vendors.add(call("ada", at("09:31"), vendor="anthropic", cents="100"))
        number = s.opened(cents="3000")
        known = s.row()
        s.vendors.fail["cursor"] = "401"
        for minute in ("11:30", "11:40"):
            assert s.event("edited", number, at(minute)).outputs["complete"] == "false"
        s.repository.merge(number, at("12:00"))
        s.event("closed", number, at("12:01"))
        silent = s.row()
        assert (silent["cost_usd"], silent["lines"], silent["cost_label"]) == ("31", known["lines"], "cost:high")
        assert (silent["state"], silent["complete"], silent["settled"]) == ("merged", False, False)
        assert s.labels(number) == ["cost:high"]
        s.vendors.fail.clear()
        s.vendors.calls.pop()
        s.event("edited", number, at("12:30"))
        assert (s.row()["cost_usd"], s.row()["complete"]) == ("1", True)


def test_a_settled_figure_still_fails_a_step_that_allows_less():
    with stage() as s:
        number = s.opened()
        s.repository.merge(number, at("12:00"))
        s.true_up(at("12:00", 32))
        assert s.row()["settled"] is True
        assert s.event("edited", number, at("12:00", 33), fail_above_usd="1").status == 3
        assert s.event("edited", number, at("12:00", 33), fail_above_usd="2").status == 0


@pytest.mark.parametrize(
    "forged",
    [
        "{}",
        '{"computed_at": 5, "cost_usd": "1"}',
        '{"computed_at": "2026-11-16T11:00:00", "cost_usd": "1"}',
        '{"computed_at": "2026-11-16T11:00:00Z", "cost_usd": null}',
        '{"computed_at": "2026-11-16T11:00:00Z", "cost_usd": "1", "cost_label": 7}',
        '{"computed_at": "2026-11-16T11:00:00Z", "cost_usd": "9", "sources": 5, "lines": 3, "ci_usage": 4}',
    ],
)
def test_a_row_that_somebody_forged_is_written_anew(forged):
    with stage() as s:
        number = s.opened()
        s.put("pr-cost-data", f"pr_costs/{number}.json", forged)
        finished = s.event("edited", number, at("11:30"))
        assert (finished.status, s.row()["cost_usd"]) == (0, "1.5")


@pytest.mark.parametrize("moment", ["2027-11-16T09:55:00+00:00", "9999-12-31T23:59:59+00:00", "1970-01-01T00:00:00+00:00"])
def test_a_commit_with_an_impossible_date_takes_no_usage_out_of_the_figure(moment):
    with stage() as s:
        s.vendors.add(call("ada", at("09:30")))
        wrong = datetime.fromisoformat(moment)
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50")), work("ada", wrong, "Wrong clock")])
        finished = s.event("opened", number, at("11:05"))
        assert finished.status == 0, finished.log
        assert finished.outputs["cost_usd"] == "1.5"


def test_somebody_s_edit_of_the_comment_is_put_right():
    with stage() as s:
        number = s.opened()
        (comment,) = [c for c in s.repository.data.comments.values() if c.number == number]
        comment.body = comment.body.replace("$1.50", "$0.01")
        s.event("edited", number, at("11:30"))
        assert "$0.01" not in s.comment(number)
        assert "$1.50" in s.comment(number)


def test_a_comment_that_somebody_deleted_and_a_label_that_somebody_removed_come_back():
    with stage() as s:
        number = s.opened()
        s.repository.data.comments.clear()
        s.repository.data.pulls[number].labels.clear()
        s.event("edited", number, at("11:30"))
        assert s.comment(number)
        assert s.labels(number) == ["cost:low"]


def test_a_renamed_label_replaces_the_old_one():
    with stage() as s:
        number = s.opened()
        s.configure(lambda text: text + "labels: {low: cheap}\n")
        s.event("edited", number, at("11:30"))
        assert s.labels(number) == ["cheap"]


def test_a_true_up_judges_by_the_configuration_of_each_base_branch():
    with stage() as s:
        s.repository.commit_directly([work("ben", at("08:30"))], branch="develop")
        s.configure(lambda text: text + "labels: {low: dev-low}\n", branch="develop")
        s.vendors.add(call("ada", at("09:30")))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))], base="develop")
        s.event("opened", number, at("11:05"))
        before = len(s.github.exchanges)
        s.true_up(at("11:45"))
        assert s.labels(number) == ["dev-low"]
        assert not s.writes(before)


def test_a_true_up_over_several_configurations_tells_of_all_pull_requests_once():
    with stage() as s:
        s.repository.commit_directly([work("ben", at("08:30"))], branch="develop")
        s.configure(lambda text: text + "labels: {low: dev-low}\n", branch="develop")
        s.vendors.fail["openai"] = "401"
        for number, base in enumerate(("main", "develop", "main"), 1):
            s.vendors.add(call("ada", at(f"09:{10 + number}")))
            commit = work("ada", at(f"09:{10 + number}"), f"{number}")
            s.repository.open_pull_request("ada", [commit], head=f"b{number}", base=base)
        finished = s.true_up(at("11:05"))
        with (s.workspace / "pr-cost" / "pr_costs.csv").open(encoding="utf-8", newline="") as file:
            assert [found["pr_number"] for found in csv.DictReader(file)] == ["1", "2", "3"]
        documents = json.loads((s.workspace / "pr-cost" / "pr_cost.json").read_text(encoding="utf-8"))
        assert [found["pr_number"] for found in documents] == [1, 2, 3]
        assert [s.labels(number) for number in (1, 2, 3)] == [["cost:low"], ["dev-low"], ["cost:low"]]
        assert finished.summary.count("### Problems") == 1
        assert "AI cost of 3 pull requests" in finished.summary
        assert len([line for line in finished.log.splitlines() if line.startswith("::warning")]) == 1
        assert finished.outputs == {}


def test_pull_requests_closed_before_the_bot_came_get_a_row_and_no_noise():
    with stage() as s:
        s.vendors.add(call("ada", at("09:30")))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        s.repository.merge(number, at("12:00"))
        s.true_up(at("12:00", 1))
        assert s.row()["cost_usd"] == "1.5"
        assert not s.repository.comments(number)
        assert not s.labels(number)


def test_a_row_that_somebody_forged_neither_stops_the_true_up_nor_costs_anything():
    with stage() as s:
        number = s.opened()
        forged = s.row()
        entry = {"id": "receipt:ci:x:m", "source": "receipt", "product": "ci", "actor": "", "start": "2026-11-16T09:00:00Z"}
        entry |= {"end": "2026-11-16T09:00:00Z", "model": "m", "provider": "anthropic"}
        costs = ("NaN", "1E+99999", "-5", "1e-30", "99999999")
        forged["ci_usage"] = [{**entry, "id": f"receipt:ci:{n}:m", "cost_usd": cost} for n, cost in enumerate(costs)] + ["x", 3]
        s.put("pr-cost-data", "pr_costs/1.json", json.dumps(forged))
        finished = s.true_up(at("12:00"))
        assert finished.status == 0, finished.log
        assert s.row()["cost_usd"] == "1.5"
        assert s.comment(number)


def test_the_table_s_branch_may_not_be_one_that_people_work_on():
    with stage(config="ledger: {branch: release}\n") as s:
        s.repository.commit_directly([work("ben", at("08:30"))], branch="release")
        data = s.repository.data
        release = data.commits[data.branches["release"]]
        release.files = dict(data.commits[data.branches["main"]].files)
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))], base="release")
        finished = s.event("opened", number, at("11:05"))
        assert finished.status == 2
        assert "ledger.branch" in finished.log
        assert set(s.repository.files("release")) == set(release.files)


def test_a_database_out_of_reach_costs_neither_comment_nor_outputs():
    with stage() as s:
        s.inputs["database_url"] = "sqlite:////nowhere/at/all.db"
        s.vendors.add(call("ada", at("09:30")))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        finished = s.event("opened", number, at("11:05"))
        assert finished.status == 1
        assert finished.outputs["cost_usd"] == "1.5"
        assert "$1.50" in s.comment(number)
        assert "database" in finished.summary


def test_an_artifact_that_cannot_be_written_costs_neither_outputs_nor_summary():
    with stage() as s:
        (s.workspace / "pr-cost").write_text("a file in the way")
        s.vendors.add(call("ada", at("09:30")))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        finished = s.event("opened", number, at("11:05"))
        assert finished.status == 1
        assert finished.outputs["cost_usd"] == "1.5"
        assert "artifact" in finished.summary


def test_what_is_not_known_is_no_zero_for_machines():
    with stage() as s:
        s.inputs = {"cursor_admin_key": s.vendors.keys["cursor"]}
        s.vendors.fail["cursor"] = "401"
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        finished = s.event("opened", number, at("11:05"), fail_above_usd="1")
        assert finished.outputs["cost_usd"] == ""
        assert finished.outputs["artifact_dir"] == ""
        assert not list(s.workspace.iterdir())
        assert "fail_above_usd could not be judged" in finished.log


def test_a_true_up_without_news_does_not_wait():
    with stage() as s:
        for n in range(12):
            s.vendors.add(call("ada", at(f"09:{10 + n}")))
            s.repository.open_pull_request("ada", [work("ada", at(f"09:{10 + n}"), f"{n}")], head=f"b{n}")
        s.true_up(at("11:05"))
        before = len(s.github.exchanges)
        s.true_up(at("11:10"))
        assert not s.writes(before)
        gaps = s.github.exchanges[-1].ended - s.github.exchanges[before].started
        assert gaps < 8
