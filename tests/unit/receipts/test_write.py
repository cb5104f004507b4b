from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pr_cost_bot.model import Author, GitCommit
from pr_cost_bot.people import resolve
from pr_cost_bot.receipts import read_commits
from pr_cost_bot.receipts.write import append, trailers

MONA = Author("Mona", "mona@example.com", "mona")


def read_back(message):
    when = datetime(2026, 11, 2, tzinfo=UTC)
    commit = GitCommit(sha="a1", repository="acme/web", authors=(MONA,), authored_at=when, message=message)
    reading = read_commits([commit], resolve([], [MONA]))
    assert reading.notes == ()
    return [(receipt.model, receipt.cost_usd) for receipt in reading.receipts]


def test_trailers_are_a_pair_of_lines_for_each_model():
    lines = trailers([("claude-opus-5", Decimal("4.210")), ("free", Decimal(0)), ("gpt-5", Decimal("1E+1"))])
    assert lines == "AI-Model: claude-opus-5\nAI-Cost-Estimate: 4.210\nAI-Model: gpt-5\nAI-Cost-Estimate: 10\n"


def test_they_begin_a_paragraph_of_their_own():
    assert append("Title", [("m", Decimal(1))]) == "Title\n\nAI-Model: m\nAI-Cost-Estimate: 1\n"


def test_they_join_the_trailers_that_are_there():
    message = append("Title\n\nSigned-off-by: M <m@x>\n", [("m", Decimal(1))])
    assert message == "Title\n\nSigned-off-by: M <m@x>\nAI-Model: m\nAI-Cost-Estimate: 1\n"


def test_nothing_spent_writes_nothing():
    assert append("Title\n", [("m", Decimal(0))]) == "Title\n"


@pytest.mark.parametrize("dollars", ["-1", "10001", "NaN", "Infinity"])
def test_an_amount_that_nobody_would_believe_is_not_written(dollars):
    with pytest.raises(ValueError, match="no amount"):
        trailers([("m", Decimal(dollars))])


def test_a_message_without_title_gets_no_trailers():
    with pytest.raises(ValueError, match="title"):
        append(" \n", [("m", Decimal(1))])


def test_a_model_name_cannot_add_lines():
    assert trailers([("a\nAI-Cost-Estimate: 9", Decimal(1))]).count("\n") == 2


MODELS = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=30)
COSTS = st.dictionaries(MODELS, st.decimals("0.0001", "100", places=4), max_size=4)


@given(st.text(max_size=80), COSTS)
def test_what_is_written_is_read_back(message, costs):
    assume(message.strip())
    pairs = list(costs.items())
    assert read_back(append(f"Title {message}", pairs)) == pairs
    assert read_back(append(f"Title\n\n{message}\n\nReviewed-by: Bo <bo@x>", pairs)) == pairs
