from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pr_cost_bot.model import Author, GitCommit, Tokens
from pr_cost_bot.people import resolve
from pr_cost_bot.receipts import read_commits

FIXTURES = Path(__file__).parents[2] / "fixtures" / "receipts"
MONA = Author("Mona", "mona@example.com", "mona")
WHEN = datetime(2026, 11, 2, 10, tzinfo=UTC)
PEOPLE = resolve([], [MONA])


def commit(message, sha="a1b2c3d4", *, hours=0, author=MONA, **more):
    return GitCommit(
        sha=sha, repository="acme/web", authors=(author,), authored_at=WHEN + timedelta(hours=hours), message=message, **more
    )


def read(*trailers, title="Title"):
    return read_commits([commit(f"{title}\n\n" + "\n".join(trailers))], PEOPLE)


def amounts(reading):
    return [(receipt.model, receipt.cost_usd) for receipt in reading.receipts]


# --- our own --------------------------------------------------------------------------------------------------------


def test_our_own_receipt_names_model_and_dollars():
    (receipt,) = read("AI-Model: claude-opus-5", "AI-Cost-Estimate: 4.21").receipts
    assert (receipt.model, receipt.cost_usd, receipt.person, receipt.commit) == (
        "claude-opus-5",
        Decimal("4.21"),
        "mona",
        "a1b2c3d4",
    )
    assert (receipt.repository, receipt.end, receipt.start, receipt.tool) == ("acme/web", WHEN, None, "")


@pytest.mark.parametrize("text", ["4.21", "$4.21", "~4.21", "US$4.21", "4.21 USD", " $ 4.21 "])
def test_dollars_are_understood_in_the_usual_spellings(text):
    assert amounts(read(f"AI-Cost-Estimate: {text}")) == [("", Decimal("4.21"))]


def test_each_model_has_its_own_amount():
    reading = read("AI-Model: a", "AI-Cost-Estimate: 1", "AI-Model: b", "AI-Cost-Estimate: 2")
    assert amounts(reading) == [("a", 1), ("b", 2)]


def test_the_amount_may_stand_before_the_model():
    assert amounts(read("AI-Cost-Estimate: 1", "AI-Model: a", "AI-Cost-Estimate: 2", "AI-Model: b")) == [("a", 1), ("b", 2)]


def test_an_amount_beside_several_models_is_theirs_together():
    assert amounts(read("AI-Model: a", "AI-Model: b", "AI-Cost-Estimate: 3")) == [("", 3)]


def test_a_model_alone_is_no_receipt():
    reading = read("AI-Model: a")
    assert (reading.receipts, reading.notes) == ((), ())


# --- Copilot --------------------------------------------------------------------------------------------------------


def test_a_credit_is_a_cent():
    (receipt,) = read("Copilot-AI-Credits: 42.31").receipts
    assert (receipt.cost_usd, receipt.tool) == (Decimal("0.4231"), "copilot")


def test_credits_come_before_cost_before_requests():
    everything = ["Copilot-AI-Credits: 42.31", "Copilot-Est-Cost: $0.42", "Copilot-Premium-Requests: 15.00"]
    for dollars in ("0.4231", "0.42", "0.6"):
        assert amounts(read(*everything)) == [("", Decimal(dollars))]
        everything = everything[1:]


def test_credits_are_split_by_model_and_sum_exactly():
    reading = read("Copilot-AI-Credits: 42.31", "Copilot-AI-Credits-Models: Claude Sonnet 4.6=40.81,GPT-4.1=1.50")
    assert amounts(reading) == [("Claude Sonnet 4.6", Decimal("0.4081")), ("GPT-4.1", Decimal("0.0150"))]


def test_credits_win_over_models_that_do_not_sum_to_them():
    reading = read("Copilot-AI-Credits: 3", "Copilot-AI-Credits-Models: A=1,B=1")
    assert sum(receipt.cost_usd for receipt in reading.receipts) == Decimal("0.03")


def test_credits_by_model_count_alone():
    assert amounts(read("Copilot-AI-Credits-Models: A=1.5,B=2")) == [("A", Decimal("0.015")), ("B", Decimal("0.02"))]


def test_the_oldest_form_counts_premium_requests_by_model():
    reading = read("Copilot-Model: claude_sonnet_4 1250/3800/1.00", "Copilot-Model: gpt_5 10/20/2.00")
    assert amounts(reading) == [("claude-sonnet-4", Decimal("0.04")), ("gpt-5", Decimal("0.08"))]
    assert reading.receipts[0].tokens == Tokens(input=1250, output=3800)


def test_the_oldest_keys_are_copilots_with_their_model():
    reading = read("AI-Premium-Requests: 2", "AI-Est-Cost: $0.07", "AI-Model: gpt-4.1")
    assert amounts(reading) == [("gpt-4.1", Decimal("0.07"))]
    assert reading.receipts[0].tool == "copilot"


def test_ours_and_copilots_on_one_commit_count_once():
    reading = read("AI-Model: a", "AI-Cost-Estimate: 0.42", "Copilot-AI-Credits: 42.31")
    assert amounts(reading) == [("", Decimal("0.4231"))]


def test_the_squash_hooks_sum_is_not_added_to_the_lines_it_leaves():
    reading = read_commits([commit((FIXTURES / "copilot-squash.txt").read_text())], PEOPLE)
    assert amounts(reading) == [("", Decimal("0.4231"))]


# --- Claude-Cost-Metrics --------------------------------------------------------------------------------------------

METRICS = (
    'Claude-Cost-Metrics: {"method":"%s","cost":[{"model":"claude-opus-5","cost":1.05,"in":100,"out":50,"cacheWrites":"23k",'
    '"cacheReads":"249k"}],"since":"2026-11-02T08:00:00Z","sessionId":"-repo"}'
)


@pytest.mark.parametrize("method", ["inc", "incremental"])
def test_increments_of_claude_cost_metrics_count(method):
    (receipt,) = read("Co-Authored-By: Claude Code <noreply@anthropic.com>", METRICS % method).receipts
    assert (receipt.cost_usd, receipt.model, receipt.tool) == (Decimal("1.05"), "claude-opus-5", "anthropic")
    assert receipt.tokens == Tokens(input=272_100, cache_read=249_000, cache_write=23_000, output=50)
    assert (receipt.start, receipt.session) == (WHEN - timedelta(hours=2), "-repo")


@pytest.mark.parametrize("method", ["cum", "merge", ""])
def test_running_totals_of_claude_cost_metrics_are_refused(method):
    reading = read(METRICS % method)
    assert reading.receipts == ()
    assert "running total" in reading.notes[0]


UNREADABLE = """
not json
[]
{"method":"inc","cost":3}
{"method":"inc","cost":[{"model":"m","cost":-1}]}
{"method":"inc","cost":[{"model":"m","cost":1e999999999}]}
{"method":"inc","cost":[{"cost":NaN}]}
""".strip().split("\n")


@pytest.mark.parametrize("value", [*UNREADABLE, "[" * 5000])
def test_unreadable_claude_cost_metrics_are_refused(value):
    reading = read(f"Claude-Cost-Metrics: {value}")
    assert reading.receipts == ()
    assert len(reading.notes) == 1


def test_a_long_trailer_may_be_folded():
    folded = (METRICS % "inc").replace(',"since"', ',\n "since"')
    assert amounts(read(folded)) == [("claude-opus-5", Decimal("1.05"))]


def test_copilot_and_claude_on_one_commit_are_two_usages():
    assert len(read("Copilot-AI-Credits: 10", METRICS % "inc").receipts) == 2


# --- aGiTrack -------------------------------------------------------------------------------------------------------


def test_agitracks_block_gives_tokens_whose_input_includes_cache_writes():
    (receipt,) = read_commits([commit((FIXTURES / "agitrack.txt").read_bytes().decode())], PEOPLE).receipts
    assert receipt.tokens == Tokens(input=1_402_907, cache_read=1_000_000, cache_write=402_607, output=5_020)
    assert (receipt.cost_usd, receipt.model, receipt.tool, receipt.session) == (None, "claude-opus-4-8", "anthropic", "ses-1")
    assert (receipt.start, receipt.end) == (WHEN - timedelta(hours=1), WHEN - timedelta(minutes=10))


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trailer", "reason"),
    [
        ("AI-Cost-Estimate: -1", "is negative"),
        ("AI-Cost-Estimate: $-1.50", "is negative"),
        ("AI-Cost-Estimate: 10000.01", "is more than 10,000"),
        ("AI-Cost-Estimate: 1e3", "is not an amount"),
        ("AI-Cost-Estimate: NaN", "is not an amount"),
        ("AI-Cost-Estimate: lots", "is not an amount"),
        ("Copilot-AI-Credits: 1000001", "is more than 1,000,000"),
        ("Copilot-Est-Cost: -0.01", "is negative"),
    ],
)
def test_amounts_that_nobody_can_mean_are_refused_with_a_note(trailer, reason):
    reading = read(trailer)
    assert reading.receipts == ()
    assert len(reading.notes) == 1
    assert "commit a1b2c3d" in reading.notes[0]
    assert reason in reading.notes[0]


@pytest.mark.parametrize("trailer", ["AI-Cost-Estimate: 2", "Copilot-AI-Credits: 200", METRICS % "inc"])
def test_the_same_line_twice_counts_once(trailer):
    reading = read(trailer, trailer)
    assert len(reading.receipts) == 1
    assert "twice" in reading.notes[0]


def test_a_commit_whose_amounts_sum_to_the_absurd_is_refused():
    reading = read("AI-Model: a", "AI-Cost-Estimate: 6000", "AI-Model: b", "AI-Cost-Estimate: 6001")
    assert reading.receipts == ()
    assert "sum to more than $10,000" in reading.notes[0]


def test_many_refusals_are_told_in_few_words():
    bad = [commit("T\n\nAI-Cost-Estimate: -1", sha=f"{n:040d}") for n in range(40)]
    reading = read_commits(bad, PEOPLE)
    assert len(reading.notes) == 11
    assert reading.notes[-1] == "30 more receipts are not counted."


def test_times_that_cannot_be_are_put_at_the_commit():
    far = (METRICS % "inc").replace("2026-11-02T08", "2020-01-01T08")
    (receipt,) = read(far).receipts
    assert (receipt.start, receipt.end) == (None, WHEN)


# --- copies ---------------------------------------------------------------------------------------------------------

OWN = "AI-Model: a\nAI-Cost-Estimate: 1.10"


def test_a_rebased_or_picked_commit_counts_once():
    reading = read_commits([commit(f"T\n\n{OWN}", "1" * 40), commit(f"T\n\n{OWN}", "2" * 40, pr_number=1)], PEOPLE)
    assert [receipt.commit for receipt in reading.receipts] == ["2" * 40]
    assert reading.notes == ("1 receipts repeat those of other commits and count once.",)


def test_one_commit_in_two_pull_requests_counts_once_and_is_no_repetition():
    reading = read_commits([commit(f"T\n\n{OWN}", pr_number=1), commit(f"T\n\n{OWN}", pr_number=2)], PEOPLE)
    assert (len(reading.receipts), reading.notes) == (1, ())


def test_equal_amounts_on_two_commits_are_two_receipts():
    reading = read_commits([commit(f"T\n\n{OWN}", "1" * 40), commit(f"T\n\n{OWN}", "2" * 40, hours=1)], PEOPLE)
    assert len(reading.receipts) == 2


def test_a_squashed_commit_carries_the_receipts_of_its_commits():
    reading = read_commits([commit((FIXTURES / "github-squash.txt").read_text())], PEOPLE)
    assert amounts(reading) == [("Sonnet 4.6", Decimal("1.10")), ("Opus 4.8", Decimal("2.20"))]


def test_equal_receipts_inside_one_squashed_commit_are_of_two_commits():
    message = f"T (#1)\n\n* one\n\n{OWN}\n\n* two\n\n{OWN}"
    assert len(read_commits([commit(message)], PEOPLE).receipts) == 2


def test_a_squashed_commit_beside_its_commits_adds_nothing():
    squash = commit((FIXTURES / "github-squash.txt").read_text(), "f" * 40, hours=2)
    form = commit("Add the form\n\nAI-Model: Sonnet 4.6\nAI-Cost-Estimate: 1.10", "1" * 40)
    button = commit("Add the button\n\nAI-Model: Opus 4.8\nAI-Cost-Estimate: 2.20", "2" * 40, hours=1)
    reading = read_commits([squash, form, button], PEOPLE)
    assert [receipt.commit for receipt in reading.receipts] == ["1" * 40, "2" * 40]


def test_a_merge_squash_replaces_the_commits_it_names():
    squash = commit((FIXTURES / "copilot-squash.txt").read_text(), "f" * 40, hours=2)
    old = commit("Add the button\n\nCopilot-AI-Credits: 12.31", "1" * 40)
    assert [receipt.commit for receipt in read_commits([old, squash], PEOPLE).receipts] == ["f" * 40]


def test_nobody_makes_the_receipts_of_others_vanish():
    mallory = Author("M", "mallory@example.com", "mallory")
    squash = commit((FIXTURES / "copilot-squash.txt").read_text(), "f" * 40, hours=2, author=mallory)
    old = commit("Add the button\n\nCopilot-AI-Credits: 12.31", "1" * 40)
    reading = read_commits([old, squash], resolve([], [MONA, mallory]))
    assert "1" * 40 in [receipt.commit for receipt in reading.receipts]


def test_a_commit_of_nobody_has_no_receipts():
    assert read_commits([commit(f"T\n\n{OWN}", author=Author("?"))], PEOPLE).receipts == ()


# --- any text -------------------------------------------------------------------------------------------------------

PIECES = """
T

* x
---
AI-Model: a
AI-Model: gpt 1/2/3
AI-Cost-Estimate: 1.5
AI-Cost-Estimate: -2
AI-Est-Cost: 3
Copilot-AI-Credits: 7
Copilot-AI-Credits-Models: a=1,b=,=2,c
Copilot-Model: x 1/2
# aGiTrack Metadata
backend: codex
tokens_since_last_commit_input: 5
tokens_since_last_commit_output: x
""".splitlines()
LINES = st.sampled_from([*PIECES, METRICS % "inc", METRICS % "cum"])


@given(st.lists(st.lists(LINES, max_size=12).map("\n".join), max_size=4))
def test_any_history_is_survived_and_says_nothing_impossible(messages):
    commits = [commit(message, sha=f"{n:040d}", hours=n) for n, message in enumerate(messages)]
    reading = read_commits(commits, PEOPLE)
    assert len({receipt.usage_key for receipt in reading.receipts}) == len(reading.receipts)
    for receipt in reading.receipts:
        assert receipt.cost_usd is None or 0 <= receipt.cost_usd <= 10_000
        assert receipt.cost_usd or receipt.tokens
    assert read_commits(list(reversed(commits)), PEOPLE) == reading


@given(st.text())
def test_any_message_is_survived(message):
    read_commits(
        [commit(message), commit(f"T\n\nAI-Cost-Estimate: {message}"), commit(f"T\n\nCopilot-Model: {message}")], PEOPLE
    )
