"""While a source is silent: one story in comment, label, row, outputs and artifact."""

import json

from pr_cost_bot.ledger.sql import SqlLedger
from tests.end_to_end.world import at, call, stage


def thirty_one_dollars(s):
    """$30 by Cursor and $1 by Anthropic."""
    s.vendors.add(call("ada", at("09:31"), vendor="anthropic", cents="100"))
    return s.opened(cents="3000")


def summary(finished):
    return json.loads(finished.outputs["summary"])


def switch(s, text):
    s.configure(lambda before: before.replace("  cursor: {", "  cursor: {" + text))


def test_taking_one_key_of_several_away_lowers_nothing_until_somebody_says_that_the_source_is_gone():
    with stage() as s:
        number = thirty_one_dollars(s)
        key = s.inputs.pop("cursor_admin_key")
        finished = s.event("edited", number, at("11:30"))
        assert (s.row()["cost_usd"], s.row()["complete"], s.labels(number)) == ("31", False, ["cost:high"])
        assert finished.outputs["complete"] == "false"
        assert "Cursor's key is not set in this run; it was $31.00 before Cursor went silent" in s.comment(number)
        assert "cursor_admin_key" in finished.log
        before = len(s.github.exchanges)
        s.event("edited", number, at("11:40"))
        assert not s.writes(before)
        s.inputs["cursor_admin_key"] = key
        s.event("edited", number, at("11:50"))
        assert (s.row()["cost_usd"], s.row()["complete"]) == ("31", True)
        del s.inputs["cursor_admin_key"]
        switch(s, "enabled: false, ")
        s.event("edited", number, at("12:00"))
        assert (s.row()["cost_usd"], s.row()["complete"], s.labels(number)) == ("1", True, ["cost:low"])


def test_the_true_up_misses_a_key_too():
    with stage() as s:
        number = thirty_one_dollars(s)
        s.repository.merge(number, at("12:00"))
        del s.inputs["cursor_admin_key"]
        s.true_up(at("12:00", 34))
        assert (s.row()["cost_usd"], s.row()["complete"], s.row()["settled"]) == ("31", False, False)


def test_what_machines_read_is_the_figure_that_row_and_label_keep():
    with stage() as s:
        number = thirty_one_dollars(s)
        s.vendors.fail["cursor"] = "401"
        finished = s.event("edited", number, at("11:30"), fail_above_usd="20")
        assert finished.status == 3
        outputs = finished.outputs
        assert (outputs["cost_usd"], outputs["cost_label"], outputs["complete"]) == ("31", "cost:high", "false")
        assert outputs["attributed_percent"] == ""
        found = summary(finished)
        assert [found[name] for name in ("cost_usd", "cost_label", "lines")] == ["31", "cost:high", s.row()["lines"]]
        assert {each["name"]: each["state"] for each in found["sources"]}["cursor"] == "failed"
        assert json.loads((s.workspace / "pr-cost" / "pr_cost.json").read_text()) == found
        assert "$1.00 across" in s.comment(number)
        assert "it was $31.00 before Cursor went silent, which label and table keep" in s.comment(number)


def test_the_earlier_figure_is_told_when_every_source_fails():
    with stage() as s:
        number = thirty_one_dollars(s)
        s.vendors.fail.update(dict.fromkeys(("cursor", "anthropic", "openai"), "401"))
        finished = s.event("edited", number, at("11:30"))
        outputs = finished.outputs
        assert (outputs["cost_usd"], outputs["cost_label"], outputs["complete"]) == ("31", "cost:high", "false")
        assert "\nThe AI cost of this pull request was $31.00 before Anthropic and Cursor went silent," in s.comment(number)
        assert s.comment(number).count("$31.00") == 1
        assert s.labels(number) == ["cost:high"]


def test_the_label_s_output_is_the_label_that_is_there():
    with stage() as s:
        number = s.opened()
        s.repository.data.pulls[number].labels[:] = []
        assert s.event("edited", number, at("11:30")).outputs["cost_label"] == "cost:low"
        assert s.event("edited", number, at("11:40")).outputs["cost_label"] == "cost:low"
        s.vendors.calls.clear()
        assert s.event("edited", number, at("11:50")).outputs["cost_label"] == ""
        assert s.labels(number) == []


def test_the_summary_of_a_settled_figure_has_the_shape_of_any_other(tmp_path):
    result = tmp_path / "execution.json"
    result.write_text(json.dumps([{"type": "result", "total_cost_usd": 0.42, "session_id": "s"}]))
    with stage() as s:
        number = s.opened()
        s.repository.merge(number, at("12:00"))
        computed = s.event("closed", number, at("12:01"), receipt_files=str(result))
        s.true_up(at("12:00", 32))
        assert s.row()["settled"] is True
        assert "ci_usage" in s.row()
        settled = s.event("edited", number, at("12:00", 33))
        assert list(summary(settled)) == list(summary(computed))
        assert (summary(settled)["cost_usd"], summary(settled)["unattributed"]) == (s.row()["cost_usd"], [])


def test_a_true_up_asks_no_vendor_for_pull_requests_that_have_long_been_idle():
    with stage() as s:
        s.opened()
        s.true_up(at("12:00", 48))
        asked = {name: len(server.exchanges) for name, server in s.servers.items()}
        s.true_up(at("12:00", 200))
        assert {name: len(server.exchanges) for name, server in s.servers.items()} == asked


def test_a_deleted_comment_comes_back_though_only_the_silent_source_had_told_anything():
    with stage() as s:
        number = s.opened(cents="3000")
        s.vendors.fail["cursor"] = "401"
        s.repository.data.comments.clear()
        s.event("edited", number, at("11:30"))
        assert "No AI usage found" in s.comment(number)
        assert "the cost was $30.00 before Cursor went silent" in s.comment(number)


def test_a_database_keeps_the_earlier_figure_and_is_not_written_again(tmp_path):
    with stage() as s:
        s.inputs["database_url"] = url = f"sqlite:///{tmp_path}/costs.db"
        number = thirty_one_dollars(s)
        del s.inputs["cursor_admin_key"]
        assert s.event("edited", number, at("11:30")).outputs["cost_usd"] == "31"
        (first,) = SqlLedger(url).read("acme/web", [number]).values()
        s.event("edited", number, at("11:40"))
        (second,) = SqlLedger(url).read("acme/web", [number]).values()
        assert (first["cost_usd"], first["complete"]) == ("31", False)
        assert second == first
