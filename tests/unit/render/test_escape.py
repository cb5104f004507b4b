import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from tests.unit.render.examples import HOSTILE

from pr_cost_bot.render.escape import clean, code_block, escape

_PARSER = MarkdownIt("commonmark", {"html": True, "breaks": True}).enable(["table", "strikethrough"])
_FRAME = re.compile(r"(bullet_list|list_item|paragraph|table|thead|tbody|tr|th|td)_(open|close)$|inline$|text$|text_special$")
_NASTY = st.text(
    alphabet=st.sampled_from(list("@#*_`[]()<>!|~$&\\:/.-+=1aw \n\r\t\u202e\u2066\u200f\u200b\x00{}\"'x;")), max_size=60
)


def _kinds(text: str) -> set[str]:
    """What Markdown finds in `text` where the comment puts text: after a bullet, inside a cell, within a sentence."""
    pages = (f"- {text}", f"| a | b |\n|--|--|\n| x | {text} |", f"So {text} it is", text)
    found: set[str] = set()
    for page in pages:
        for token in _PARSER.parse(page):
            found.add(token.type)
            found |= {child.type for child in token.children or ()}
    return {kind for kind in found if not _FRAME.match(kind)}


def _shown(text: str) -> str:
    """What a reader sees of an escaped text inside a sentence."""
    (_, inline, _) = _PARSER.parse(f"x{text}")
    return "".join(child.content for child in inline.children or ())[1:].replace("\u200b", "")


@given(_NASTY | st.text(max_size=80))
def test_escaped_text_is_only_text_wherever_it_stands(text: str) -> None:
    assert _kinds(escape(text)) == set()


@given(_NASTY)
def test_escaped_text_shows_as_written(text: str) -> None:
    assert _shown(escape(text)).strip() == clean(text, 80).replace("\u200b", "").strip()


def test_a_table_row_keeps_its_cells() -> None:
    tokens = _PARSER.parse(f"| a | b |\n|--|--|\n| {escape(HOSTILE, 500)} | 1 |")
    assert [token.type for token in tokens].count("td_open") == 2


@pytest.mark.parametrize("text", ["@octocat", "\\@octocat", "(@acme/team)", "a@example.com", "@@x"])
def test_nobody_is_mentioned(text: str) -> None:
    assert not re.search(r"@\w", escape(text))


@pytest.mark.parametrize(
    ("text", "trigger"),
    [
        ("#1", r"#\d"),
        ("acme/web#12", r"#\d"),
        ("GH-7", r"(?i)gh-\d"),
        ("https://evil.example", r"://"),
        ("www.evil.example", r"(?i)www\."),
        (":tada:", r":tada:"),
        ("::error::x", r"::"),
        ("##[error]x", r"##\["),
    ],
)
def test_nothing_is_linked_or_run(text: str, trigger: str) -> None:
    assert not re.search(trigger, escape(text))


@given(st.text(max_size=200))
def test_no_control_format_or_bidirectional_character_is_left(text: str) -> None:
    for character in clean(text, 80):
        assert unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"}
        assert character not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\ufeff\u200b"


@given(st.text(), st.integers(2, 100))
def test_a_text_is_cut_with_an_ellipsis(text: str, limit: int) -> None:
    assert len(clean(text, limit)) <= limit


def test_long_text_ends_with_an_ellipsis_and_short_text_does_not() -> None:
    assert clean("x" * 81, 80) == "x" * 79 + "…"
    assert clean("x" * 80, 80) == "x" * 80
    assert len(clean("y" * 10_000_000, 80)) == 80


def test_lone_surrogates_do_not_break_the_encoding() -> None:
    assert escape("a\ud800b").encode() == b"ab"


@given(st.text(alphabet=st.sampled_from("`~a \n:#"), max_size=60))
def test_a_code_block_cannot_be_left(text: str) -> None:
    tokens = _PARSER.parse(code_block(text, "yaml") + "\n\nafter")
    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]
