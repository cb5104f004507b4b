from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pr_cost_bot.receipts.messages import Trailer, is_squash, squashed_shas, trailer_blocks

FIXTURES = Path(__file__).parents[2] / "fixtures" / "receipts"


def keys(message):
    return [[trailer.key for trailer in block] for block in trailer_blocks(message)]


def test_trailers_are_the_last_paragraph():
    message = "Title\n\nAI-Model: not this\n\nBody\n\nAI-Model: x\nSigned-off-by: M <m@x>\n\n"
    assert trailer_blocks(message) == ((Trailer("ai-model", "x"), Trailer("signed-off-by", "M <m@x>")),)


@pytest.mark.parametrize(
    "message",
    [
        "AI-Model: x",
        "AI-Model: x\nAI-Cost-Estimate: 1",
        "Title\n\nAI-Model: x\n\nMore text.",
        "Title\n\n    AI-Model: x",
        "",
        "\n\n\n",
    ],
)
def test_title_quotation_and_middle_of_the_text_are_no_trailers(message):
    assert trailer_blocks(message) == ()


def test_a_line_that_begins_with_white_space_continues_the_one_before():
    assert trailer_blocks("T\n\nA-Key: one\n two\n\tthree\nB: x") == ((Trailer("a-key", "one two three"), Trailer("b", "x")),)


def test_keys_are_case_insensitive_and_may_stand_before_a_space():
    assert trailer_blocks("T\r\n\r\nAI-MODEL : x\r\n") == ((Trailer("ai-model", "x"),),)


def test_a_paragraph_with_other_text_needs_a_known_key_and_a_quarter_of_trailers():
    assert keys("T\n\nprose\nprose\nprose\nSigned-off-by: M <m@x>") == [["signed-off-by"]]
    assert keys("T\n\nprose\nprose\nprose\nprose\nSigned-off-by: M <m@x>") == []
    assert keys("T\n\nprose\nReviewed-by: M <m@x>") == []


def test_each_commit_of_githubs_squash_button_has_its_block():
    message = (FIXTURES / "github-squash.txt").read_text()
    assert keys(message) == [
        ["ai-model", "ai-cost-estimate"],
        ["ai-model", "ai-cost-estimate", "signed-off-by"],
        ["co-authored-by"],
    ]
    assert is_squash(message)


def test_each_indented_commit_of_a_merge_squash_has_its_block():
    message = (FIXTURES / "copilot-squash.txt").read_text() + "\nSigned-off-by: M <m@x>\n"
    assert keys(message) == [["copilot-ai-credits", "copilot-est-cost"], ["copilot-est-cost"], ["signed-off-by"]]
    assert squashed_shas(message) == ("1" * 40, "2" * 40)


def test_a_list_in_the_text_does_not_hide_the_trailers():
    assert keys("T\n\n* one\n* two\n\nAI-Model: x") == [["ai-model"]]


@given(st.text())
def test_any_text_is_survived(message):
    for block in trailer_blocks(message):
        assert all(trailer.key == trailer.key.lower() for trailer in block)


LINES = st.sampled_from(
    [
        "Title",
        "",
        "AI-Model: x",
        " more",
        "* a",
        "---",
        "commit 1234567",
        "Author: x",
        "    AI-Model: y",
        "# c",
        "Signed-off-by: z",
    ]
)


@given(st.lists(LINES, max_size=25).map("\n".join))
def test_any_mixture_of_what_messages_are_made_of_is_survived(message):
    assert all(block for block in trailer_blocks(message))
