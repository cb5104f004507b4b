import re
from decimal import Decimal

import msgspec
import pytest
from markdown_it import MarkdownIt
from tests.unit.render import examples
from tests.unit.render.examples import EXAMPLES
from tests.unit.render.test_comment import compare

from pr_cost_bot.model import Kept, Problem, UnmatchedAuthor
from pr_cost_bot.render import render_summary, summary

_DENIED = Problem("The label could not be set.", "The token may not write pull requests.", "Give the job pull-requests: write")


def test_the_summary_is_the_one_looked_at() -> None:
    compare("summary.md", render_summary([examples.merged(), examples.incomplete()], [_DENIED], show_people=True))


def test_problems_come_first_with_cause_and_remedy() -> None:
    text = render_summary([examples.tiny()], [_DENIED], show_people=False)
    expected = "- **The label could not be set.** The token may not write pull requests. Give the job pull-requests: write."
    assert text.startswith(f"### Problems\n\n{expected}\n")


def test_the_summary_has_every_row() -> None:
    text = render_summary([examples.large()], [], show_people=False)
    assert "| house-model-36 |" in text
    assert "Step 0 of the migration" in text
    assert " more |" not in text


def test_an_author_who_is_not_matched_is_named_with_the_line_to_add() -> None:
    text = render_summary([examples.merged()], [], show_people=False)
    assert "```yaml\npeople:\n  - {github: mona, emails: [mona@example.com]}\n```" in text
    assert "mona@\u200bexample.com:" in text
    assert "By person" not in text


def test_several_pull_requests_have_an_overview() -> None:
    failed = examples.nothing_known()
    kept = msgspec.structs.replace(failed, kept=Kept(cost_usd=Decimal(31), label=None, sources=failed.sources))
    text = render_summary([examples.merged(), examples.incomplete(), failed, kept], [], show_people=False)
    assert "### AI cost of 4 pull requests" in text
    assert "| [acme/web #12](https://github.com/acme/web/pull/12) | Add the checkout page | merged | $22.59 | final |" in text
    assert "| open | $2.90 | incomplete |" in text
    assert "| open | not known | incomplete |" in text
    assert "| open | was $31.00 | incomplete |" in text


def test_nothing_to_tell_is_an_empty_text() -> None:
    assert render_summary([], [], show_people=False) == ""


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_kind_of_cost_has_a_summary(name: str) -> None:
    cost = EXAMPLES[name]()
    assert "AI cost of" in render_summary([cost], [], show_people=True)


def test_a_hostile_suggestion_stays_in_its_block() -> None:
    problem = Problem(examples.HOSTILE, examples.HOSTILE, examples.HOSTILE)
    text = render_summary([examples.hostile()], [problem], show_people=True)
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    fences = [token for token in tokens if token.type == "fence"]
    assert [fence.info for fence in fences] == ["yaml"]
    inline = [child for token in tokens for child in token.children or ()]
    assert {child.content for child in inline if child.type == "html_inline"} <= {"<sub>", "</sub>"}
    assert not [child for child in inline if child.type in {"image", "link_open"}]
    assert not [line for line in text.splitlines() if line.lstrip().startswith("::")]


def test_the_summary_stays_below_a_mebibyte() -> None:
    unmatched = tuple(UnmatchedAuthor(person=f"someone{number}", suggestion="x\n" * 4_000) for number in range(3_000))
    cost = msgspec.structs.replace(examples.long_names(), unmatched=unmatched, notes=("note " * 30,) * 3_000)
    text = render_summary([cost, cost], [Problem("\u20ac" * 9_000)] * 500, show_people=True)
    assert 100_000 < len(text.encode()) <= 1024 * 1024
    assert re.search(r"And \d+ more rows\.", text)


def test_pull_requests_that_do_not_fit_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "_MAX_BYTES", 20_000)
    text = render_summary([examples.large() for _ in range(9)], [], show_people=False)
    assert len(text.encode()) <= 20_000
    assert re.search(r"\n\d more pull requests are left out here for want of room\.\n$", text)
    assert text.count("This PR consumed") + int(re.findall(r"(\d) more pull", text)[0]) == 9
