import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pr_cost_bot.model import Author, GitCommit, Terms, Tokens
from pr_cost_bot.people import resolve
from pr_cost_bot.receipts import entire, git_ai
from pr_cost_bot.receipts.claude_code_action import read_result
from pr_cost_bot.receipts.receipt_ledger import read_ledger

FIXTURES = Path(__file__).parents[2] / "fixtures" / "receipts"
MONA = Author("Mona", "mona@example.com", "mona")
WHEN = datetime(2026, 11, 2, 10, tzinfo=UTC)
PEOPLE = resolve([], [MONA])


def fixture(name):
    return (FIXTURES / name).read_text()


# --- Receipt's ledger -----------------------------------------------------------------------------------------------


def test_a_ledger_row_is_usage_on_its_branch():
    paid, unpriced = read_ledger(fixture("ledger.jsonl"), "Acme/Web").records
    assert paid.tokens == Tokens(input=11_400, cache_read=9_000, cache_write=1_000, output=700)
    assert (paid.cost_usd, paid.terms) == (Decimal("0.1245"), Terms(cache_write_1h=200))
    assert (paid.repository, paid.branch, paid.commit, paid.requests) == ("Acme/Web", "feat/payments", "abc1234", 1)
    assert (paid.start, paid.end, paid.provider, paid.source) == (paid.end, paid.start, "anthropic", "receipt")
    assert (unpriced.cost_usd, unpriced.provider, unpriced.commit) == (None, "", None)


def test_rows_that_repeat_lie_elsewhere_or_cannot_be_read_are_left_out_and_told():
    reading = read_ledger(fixture("ledger.jsonl"), "acme/web")
    assert len(reading.records) == 2
    assert reading.notes == (
        "2 rows of .receipt/ledger.jsonl cannot be read and are not counted.",
        "1 rows of .receipt/ledger.jsonl name another repository and are not counted.",
    )


# --- Entire ---------------------------------------------------------------------------------------------------------

HEX, ULID = "8df6319ef9a6", "01KXGTTNGCEACC83QZEJ5YAF0D"


def test_checkpoints_are_named_by_trailers():
    message = f"T (#1)\n\n* a\n\nEntire-Checkpoint: {HEX}\n\n* b\n\nEntire-Checkpoint: {ULID}\nEntire-Checkpoint: ../../x"
    assert entire.checkpoint_ids(message) == (HEX, ULID)


def test_a_checkpoint_lies_on_the_branch_or_on_a_ref_of_its_own():
    assert entire.location(HEX) == entire.Location("refs/heads/entire/checkpoints/v1", "8d/f6319ef9a6/metadata.json")
    assert entire.location(ULID) == entire.Location(f"refs/entire/checkpoints/0D/{ULID}", "metadata.json")


def test_the_root_names_the_metadata_of_its_sessions_and_no_other_file():
    root = entire.read_root(fixture("entire-root.json"))
    assert root == entire.Root(True, ("8d/f6319ef9a6/1/metadata.json", "8d/f6319ef9a6/2/metadata.json"))


def test_a_session_counts_its_subagents_and_no_token_twice():
    session = entire.read_session(fixture("entire-session.json"), entire.read_root(fixture("entire-root.json")), HEX)
    assert session.tokens == Tokens(input=94_030, cache_read=90_000, cache_write=4_000, output=1_500)
    assert (session.requests, session.is_total, session.model) == (9, False, "claude-opus-4-8")


@pytest.mark.parametrize(("start", "version", "is_total"), [(0, 0, True), (None, 0, True), (5, 0, False), (0, 2, False)])
def test_old_counts_from_the_start_of_a_session_are_running_totals(start, version, is_total):
    text = json.dumps({"session_id": "s", "token_usage": {"output_tokens": 1}, "checkpoint_transcript_start": start})
    root = entire.read_root(json.dumps({"token_usage_version": version}))
    assert entire.read_session(text, root, HEX).is_total is is_total


def test_a_session_without_tokens_is_no_evidence():
    assert entire.read_session('{"session_id":"s","agent":"Cursor"}', entire.Root(True, ()), HEX) is None


def commit(checkpoint_id, hours, sha):
    message = f"T\n\nEntire-Checkpoint: {checkpoint_id}"
    return GitCommit(
        sha=sha, repository="acme/web", authors=(MONA,), authored_at=WHEN + timedelta(hours=hours), message=message
    )


def checkpoint(number, output, *, is_total, session="s", created=None):
    return entire.Checkpoint(
        id=f"{number:012x}",
        session=session,
        created_at=created,
        agent="Claude Code",
        model="m",
        tokens=Tokens(input=output, cache_read=output, output=output),
        requests=output,
        is_total=is_total,
    )


def outputs(*checkpoints, commits=None):
    commits = commits or [commit(one.id, n, f"c{n}") for n, one in enumerate(checkpoints)]
    return [(r.commit, r.tokens.output, r.requests) for r in entire.read_checkpoints(commits, checkpoints, PEOPLE).receipts]


def test_increments_count_as_they_are():
    assert outputs(checkpoint(1, 10, is_total=False), checkpoint(2, 5, is_total=False)) == [("c0", 10, 10), ("c1", 5, 5)]


def test_running_totals_count_what_they_add():
    found = outputs(checkpoint(1, 10, is_total=True), checkpoint(2, 25, is_total=True), checkpoint(3, 25, is_total=True))
    assert found == [("c0", 10, 10), ("c1", 15, 15)]


def test_totals_and_increments_mix_in_one_session():
    found = outputs(checkpoint(1, 10, is_total=True), checkpoint(2, 5, is_total=False), checkpoint(3, 40, is_total=True))
    assert found == [("c0", 10, 10), ("c1", 5, 5), ("c2", 25, 25)]


def test_sessions_do_not_mix():
    assert len(outputs(checkpoint(1, 10, is_total=True), checkpoint(2, 10, is_total=True, session="t"))) == 2


def test_a_checkpoint_that_several_commits_name_counts_once_on_the_oldest():
    one = checkpoint(1, 10, is_total=False)
    assert outputs(one, commits=[commit(one.id, 5, "squash"), commit(one.id, 0, "own")]) == [("own", 10, 10)]


def test_the_time_of_an_import_is_not_the_time_of_the_work():
    late = checkpoint(1, 10, is_total=False, created=WHEN + timedelta(days=30))
    (receipt,) = entire.read_checkpoints([commit(late.id, 0, "c")], [late], PEOPLE).receipts
    assert (receipt.end, receipt.tool, receipt.session) == (WHEN, "anthropic", "s")


@given(st.lists(st.tuples(st.integers(1, 50), st.booleans()), max_size=8))
def test_running_totals_never_count_more_than_the_largest_total_and_the_increments(parts):
    checkpoints = [checkpoint(n, output, is_total=is_total) for n, (output, is_total) in enumerate(parts)]
    counted = sum(output for _, output, _ in outputs(*checkpoints))
    increments = sum(output for output, is_total in parts if not is_total)
    totals = [output for output, is_total in parts if is_total]
    assert max([increments, *totals]) <= counted <= max([0, *totals]) + increments


# --- git-ai ---------------------------------------------------------------------------------------------------------


def test_a_note_names_tools_models_and_sessions():
    assert git_ai.read_note(fixture("git-ai-note.txt")) == (
        git_ai.AgentSession("codex", "gpt-5.6-sol", "01a113f0-0000"),
        git_ai.AgentSession("cursor", "claude-4.5-sonnet", "c-1"),
    )


# --- claude-code-action ---------------------------------------------------------------------------------------------


def result(text):
    return read_result(text, repository="acme/web", pr_number=7, when=WHEN, run="99")


def test_a_ci_run_is_usage_of_its_pull_request_by_model():
    small, large = result(fixture("claude-execution-output.json"))
    assert (small.model, small.cost_usd) == ("claude-haiku-4-5-20251001", Decimal("0.004173"))
    assert (large.model, large.cost_usd) == ("claude-opus-4-5-20251101", Decimal("0.2587115"))
    assert large.tokens == Tokens(input=89_394, cache_read=59_073, cache_write=30_316, output=1_587)
    assert {(r.repository, r.pr_number, r.product, r.session) for r in (small, large)} == {("acme/web", 7, "ci", "s-1")}
    assert small.id != large.id


def test_a_result_without_models_is_one_record():
    (record,) = result(
        '{"type":"system"}\n{"type":"result","total_cost_usd":1.5,"usage":{"input_tokens":3,"output_tokens":4}}\n'
    )
    assert (record.cost_usd, record.tokens, record.model) == (Decimal("1.5"), Tokens(input=3, output=4), "unknown")


@pytest.mark.parametrize(
    "text", ["", "[]", '[{"type":"assistant"}]', '{"type":"result"}', '[{"type":"result","total_cost_usd":-1}]']
)
def test_a_file_without_an_amount_is_no_usage(text):
    assert result(text) == ()


# --- any text -------------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["sessions", "metadata", "token_usage", "session_id", "subagent_tokens", "input_tokens", "type", "agent_id"]
            )
            | st.sampled_from(
                ["ts", "costUsd", "git", "inputTokens", "total_cost_usd", "modelUsage", "costUSD", "prompts", "tool"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(st.text() | JSON.map(json.dumps) | st.dictionaries(st.just("type"), st.just("result")).map(json.dumps))
def test_any_file_is_survived(text):
    read_ledger(text, "acme/web")
    root = entire.read_root(text)
    entire.read_session(text, root, HEX)
    git_ai.read_note(text)
    git_ai.read_note(f"file\n---\n{text}")
    result(text)
