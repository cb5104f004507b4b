"""Receipts in commits, in files of the repository and from CI, through the whole program."""

import json

from tests.end_to_end.world import at, call, stage, work


def only_cursor(s):
    s.inputs = {"cursor_admin_key": s.vendors.keys["cursor"]}


def evidence(finished):
    lines = json.loads(finished.outputs["summary"])["lines"]
    return {(line["evidence"], line["source"], line["product"]): line["cost_usd"] for line in lines}


def test_a_trailer_counts_where_no_bill_speaks_and_is_called_self_reported():
    with stage() as s:
        only_cursor(s)
        message = "Add a button\n\nCopilot-AI-Credits: 142.50"
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"), message)])
        finished = s.event("opened", number, at("11:05"))
        assert evidence(finished) == {("receipt", "receipt", "copilot-budget"): "1.425"}
        assert "self-reported" in s.comment(number)
        assert json.loads(finished.outputs["summary"])["billed_usd"] is None


def test_the_bill_s_amount_is_split_as_the_receipts_say():
    """A person's day is $31.20 by the bill; the receipts of that day say 70:30 between two pull requests."""
    with stage() as s:
        s.inputs = {"anthropic_admin_key": s.vendors.keys["anthropic"]}
        s.vendors.anthropic_pair = s.vendors.anthropic_messages = False
        s.vendors.add(call("ada", at("10:00"), "anthropic", "3120"))
        trailers = "Work\n\nAI-Model: claude-sonnet-4-6\nAI-Cost-Estimate: ${}"
        one = s.repository.open_pull_request("ada", [work("ada", at("10:30"), trailers.format("7.00"))], head="one")
        two = s.repository.open_pull_request("ada", [work("ada", at("11:30"), trailers.format("3.00"))], head="two")
        now = at("12:00", 1)
        first, second = (s.event("opened", number, now) for number in (one, two))
        assert (first.outputs["cost_usd"], second.outputs["cost_usd"]) == ("21.84", "9.36")
        assert {key[0] for key in evidence(first)} == {"receipt"}


def test_a_checkpoint_is_read_from_its_branch():
    with stage() as s:
        only_cursor(s)
        root = {
            "checkpoint_id": "8df6319ef9a6",
            "token_usage_version": 2,
            "sessions": [{"metadata": "/8d/f6319ef9a6/1/metadata.json"}],
        }
        session = {
            "checkpoint_id": "8df6319ef9a6",
            "session_id": "s-1",
            "created_at": at("09:49").isoformat(),
            "agent": "Claude Code",
            "model": "claude-sonnet-4-6",
            "token_usage": {
                "input_tokens": 1000,
                "cache_creation_tokens": 0,
                "cache_read_tokens": 0,
                "output_tokens": 1000,
                "api_call_count": 3,
            },
        }
        files = {"8d/f6319ef9a6/metadata.json": json.dumps(root), "8d/f6319ef9a6/1/metadata.json": json.dumps(session)}
        s.repository.commit_directly([work("ada", at("09:49"), "checkpoint")], branch="entire/checkpoints/v1")
        data = s.repository.data
        data.commits[data.branches["entire/checkpoints/v1"]].files = files
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"), "Add\n\nEntire-Checkpoint: 8df6319ef9a6")])
        finished = s.event("opened", number, at("11:05"))
        assert finished.status == 0, finished.log
        assert evidence(finished) == {("receipt", "receipt", "entire"): "0.018"}


def test_the_ledger_of_the_pull_request_s_head_is_read():
    with stage() as s:
        only_cursor(s)
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))], head="feat")
        rows = [
            {
                "ts": at("09:40").isoformat(),
                "provider": "anthropic",
                "costUsd": 0.25,
                "model": "claude-sonnet-4-6",
                "git": {"branch": branch},
            }
            for branch in ("feat", "other")
        ]
        data = s.repository.data
        head = data.commits[data.pulls[number].commits[-1]]
        head.files = {**head.files, ".receipt/ledger.jsonl": "".join(json.dumps(row) + "\n" for row in rows)}
        assert evidence(s.event("opened", number, at("11:05"))) == {("receipt", "receipt", "receipt-ledger"): "0.25"}


def test_a_ci_run_is_a_line_of_its_own_and_is_kept_for_the_true_up(tmp_path):
    with stage() as s:
        s.vendors.add(call("ada", at("09:30")))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        result = [
            {"type": "system"},
            {"type": "result", "total_cost_usd": 0.42, "session_id": "ci-1", "usage": {"input_tokens": 10, "output_tokens": 5}},
        ]
        (tmp_path / "out.json").write_text(json.dumps(result))
        first = s.event("opened", number, at("11:05"), receipt_files=str(tmp_path / "out.json"))
        assert first.outputs["cost_usd"] == "1.92"
        assert ("receipt", "receipt", "ci") in evidence(first)
        again = s.event("edited", number, at("11:06"), receipt_files=str(tmp_path / "out.json"))
        assert again.outputs["cost_usd"] == "1.92"
        s.repository.merge(number, at("12:00"))
        s.true_up(at("12:00", 1))
        assert s.row()["cost_usd"] == "1.92"
        missing = s.event("edited", number, at("13:00", 1), receipt_files=str(tmp_path / "none.json"))
        assert "none.json" in missing.log
        assert missing.outputs["cost_usd"] == "1.92"


def test_absurd_and_negative_claims_are_refused_with_a_note():
    with stage() as s:
        only_cursor(s)
        works = [
            work("ada", at("09:50"), "A\n\nAI-Cost-Estimate: $-5"),
            work("ada", at("09:51"), "B\n\nAI-Cost-Estimate: $9999999"),
        ]
        number = s.repository.open_pull_request("ada", works)
        finished = s.event("opened", number, at("11:05"))
        assert finished.outputs["cost_usd"] == "0"
        assert finished.summary.count("refused") + finished.summary.count("not counted") >= 1


def test_a_note_that_names_the_agent_s_session_puts_its_usage_on_that_commit():
    with stage() as s:
        only_cursor(s)
        s.vendors.add(call("ada", at("09:30"), session="conv-1"), call("ada", at("09:35"), session="conv-2"))
        one = s.repository.open_pull_request("ada", [work("ada", at("09:40"))], head="one")
        two = s.repository.open_pull_request("ada", [work("ada", at("09:55"))], head="two")
        data = s.repository.data
        noted = data.pulls[two].commits[-1]
        note = {
            "schema_version": "authorship/3.0.0",
            "sessions": {"s_1": {"agent_id": {"tool": "cursor", "id": "conv-1", "model": "x"}}},
        }
        s.repository.commit_directly([work("ada", at("09:56"), "note")], branch="refs/notes/ai")
        data.commits[data.branches["refs/notes/ai"]].files = {noted: f"a.py\n  s_1 1-4\n---\n{json.dumps(note)}"}
        first, second = (s.event("opened", number, at("11:05")) for number in (one, two))
        assert (first.outputs["cost_usd"], second.outputs["cost_usd"]) == ("1.5", "1.5")
        assert {key[0] for key in evidence(second)} == {"receipt"}
