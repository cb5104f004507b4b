import os
import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from markdown_it import MarkdownIt
from tests.unit.render import examples
from tests.unit.render.examples import EXAMPLES

from pr_cost_bot.marker import read_marker
from pr_cost_bot.model import Evidence, Kept, PullRequestCost, Remainder, SourceStatus, Tokens, UnmatchedAuthor
from pr_cost_bot.render import render_comment

GOLDEN = Path(__file__).parents[2] / "golden"
HOUR = timedelta(hours=1)


def visible(cost: PullRequestCost, *, show_people: bool = False) -> str:
    return render_comment(cost, show_people=show_people).body.partition("\n")[2]


def digest(cost: PullRequestCost, *, show_people: bool = False) -> str:
    return render_comment(cost, show_people=show_people).digest


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_comment_is_the_one_looked_at(name: str) -> None:
    compare(f"comment_{name}.md", render_comment(EXAMPLES[name](), show_people=False).body)


def test_the_comment_with_people_is_the_one_looked_at() -> None:
    compare("comment_people.md", render_comment(EXAMPLES["merged"](), show_people=True).body)


def compare(file: str, text: str) -> None:
    """Set UPDATE_GOLDEN=1 to accept what is rendered now; then look at the difference."""
    golden = GOLDEN / file
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_marker_comes_first_and_can_be_read(name: str) -> None:
    cost = EXAMPLES[name]()
    comment = render_comment(cost, show_people=False)
    marker = read_marker(comment.body)
    assert marker is not None
    assert (marker.repository, marker.pr, marker.head_sha) == (cost.pull.repository, cost.pull.number, cost.pull.head_sha)
    assert (marker.computed_at, marker.digest) == (cost.computed_at, comment.digest)


def test_the_first_sentence_has_the_promised_form() -> None:
    first = visible(examples.ordinary()).splitlines()[0]
    assert first == "This PR consumed 432K input tokens, 14K output tokens, $4.21 across Sonnet 4.6 (88%) and Opus 4.7 (12%)."


def test_at_most_four_models_are_named_in_the_sentence() -> None:
    first = visible(examples.large()).splitlines()[0]
    assert first.endswith("across Opus 4.7 (42%), Sonnet 4.6 (22%), GPT-5.1 Codex Max (8%), house-model-0 (3%) and 36 more.")


def test_ids_of_one_model_are_one_row() -> None:
    lines = (examples.line("claude-4.5-sonnet", "1", 10, 1), examples.line("claude-sonnet-4-5-20250929", "3", 30, 3))
    text = visible(examples.cost(lines=lines))
    assert "| Sonnet 4.5 | 40 |" in text
    assert text.count("| Sonnet 4.5 |") == 1


def test_shares_are_of_tokens_when_the_cost_is_zero() -> None:
    lines = (examples.line("gpt-5", "0", 900, 0), examples.line("gpt-4.1", "0", 100, 0))
    assert "$0.00 across GPT-5 (90%) and GPT-4.1 (10%)." in visible(examples.cost(lines=lines))


def test_forty_models_are_ten_rows_and_the_sum_of_the_rest() -> None:
    table = [line for line in visible(examples.large()).splitlines() if line.startswith("|")][:14]
    assert len(table) == 14
    assert table[-2].startswith("| 30 more |")
    assert table[-1].startswith("| **Total** | 2.59B |")


def test_an_eleventh_model_has_its_own_row() -> None:
    lines = tuple(examples.line(f"model-{number:02}", "1", 10, 1) for number in range(11))
    text = visible(examples.cost(lines=lines))
    assert "| model-10 |" in text
    assert " more |" not in text


def test_words_of_warning_stand_only_where_they_apply() -> None:
    lowered = visible(examples.tiny()).lower()
    for word in (
        "incomplete",
        "unpriced",
        "unattributed",
        "not attributed",
        "pending",
        "range",
        "billed",
        "not matched",
        "final",
    ):
        assert word not in lowered


def test_a_failed_source_makes_the_figure_incomplete_and_names_what_happened() -> None:
    text = visible(examples.incomplete())
    assert "incomplete: Cursor answered 503; OpenAI answered 429 for 2 of 9 pages." in text
    assert "- OpenAI: Run the true-up later." in text
    assert "Cursor (failed)" in text


def test_the_earlier_figure_stands_in_the_sentence_that_says_who_is_silent() -> None:
    down, in_part = examples.CURSOR_DOWN, examples.incomplete().sources[2]

    def told(*sources: SourceStatus) -> str:
        kept = Kept(cost_usd=Decimal(31), label="cost:high", sources=sources)
        return visible(msgspec.structs.replace(examples.incomplete(), kept=kept))

    assert "of 9 pages; it was $31.00 before Cursor went silent, which label and table keep." in told(down)
    assert "it was $31.00 before Cursor and OpenAI went silent," in told(down, in_part)
    assert "it was $31.00 while OpenAI answered in full," in told(in_part)
    assert "it was $31.00 before, which" in told()


def test_a_problem_that_does_not_name_its_source_gets_the_name() -> None:
    status = msgspec.structs.replace(
        examples.CURSOR_DOWN, problem=msgspec.structs.replace(examples.CURSOR_DOWN.problem, what="Timeout")
    )
    assert "incomplete: Cursor: Timeout." in visible(
        examples.cost(sources=(status,), lines=examples.tiny().lines, complete=False)
    )


def test_a_figure_may_be_incomplete_though_no_source_failed() -> None:
    text = visible(examples.cost(lines=examples.tiny().lines, complete=False, notes=("Only 250 commits could be read.",)))
    assert "**This figure is incomplete.**" in text
    assert "- Only 250 commits could be read." in text


def test_unpriced_tokens_are_never_zero_dollars() -> None:
    text = visible(examples.only_unpriced())
    assert "$0" not in text
    assert "12.4K input tokens, 800 output tokens, cost unknown (unpriced), across house/model\\_2 (100%)." in text
    beside = visible(examples.unpriced())
    assert "$0.00" not in beside
    assert "| house/model\\_2 | 12.4K | 0 | 0 | 800 | unpriced | \u2013 |" in beside
    assert "$4.21 across Sonnet 4.6 (88%) and Opus 4.7 (12%)." in beside


def test_no_usage_is_a_short_sentence_without_dollars() -> None:
    text = visible(examples.nothing_found())
    expected = "No AI usage found for this pull request's authors between 17 Nov 2026 14:05 UTC and 21 Nov 2026 14:05 UTC."
    assert text.startswith(expected)
    assert "$" not in text
    in_part = visible(examples.nothing_found_in_part())
    assert "in the sources that answered." in in_part
    assert "incomplete: Cursor answered 503." in in_part
    assert "$" not in in_part


def test_when_every_source_failed_nothing_is_claimed() -> None:
    text = visible(examples.nothing_known())
    assert text.startswith("The AI cost of this pull request is not known: every source failed.\n")
    assert "earlier" not in text
    assert "$" not in text


@pytest.mark.parametrize("limit", [60_000, 620])
def test_when_every_source_failed_the_earlier_figure_is_told_once_and_first(limit: int) -> None:
    failed = examples.nothing_known()
    kept = Kept(cost_usd=Decimal(31), label="cost:high", sources=failed.sources[1:])
    whole = msgspec.structs.replace(failed, kept=kept)
    text = render_comment(whole, show_people=False, limit=limit).body.partition("\n")[2]
    first = "The AI cost of this pull request was $31.00 before Cursor went silent, which label and table keep."
    assert text.startswith(f"{first}\n")
    assert text.count("$31.00") == text.count("silent") == 1
    assert "This figure is incomplete" in text
    assert "not known" not in text


def test_beside_no_usage_found_the_earlier_figure_is_called_the_cost() -> None:
    kept = Kept(cost_usd=Decimal(31), label="cost:high", sources=(examples.CURSOR_DOWN,))
    text = visible(msgspec.structs.replace(examples.nothing_found_in_part(), kept=kept))
    assert "**This is incomplete: Cursor answered 503; the cost was $31.00 before Cursor went silent, which" in text


def test_pending_work_is_shown_beside_the_figure() -> None:
    assert "**Pending:** $0.31 of usage after the last commit" in visible(examples.pending())
    alone = examples.cost(pending=examples.pending().pending)
    assert visible(alone).startswith("No AI usage found up to the last commit of this pull request; $0.31 after it is pending.")


def test_what_is_not_attributed_is_told_with_amount_and_reasons() -> None:
    assert "$0.42 of the same people's usage in this time is not attributed to any work: no commit followed." in visible(
        examples.ordinary()
    )
    assert (
        "reason 0 ($40.00); reason 1 ($39.00); reason 2 ($38.00); reason 3 ($37.00); reason 4 ($36.00); 3 more reasons"
        in visible(examples.large())
    )
    tokens_only = examples.cost(unattributed=(Remainder(reason="idle", tokens=Tokens(2_000, 0, 0, 10)),))
    assert "**Unattributed:** 2K input tokens, 10 output tokens (unpriced) of" in visible(tokens_only)


def test_a_range_that_is_the_figure_itself_is_not_told() -> None:
    lines = examples.ordinary().lines
    near = examples.cost(lines=lines, low_usd=Decimal("4.2099"), high_usd=Decimal("4.2101"))
    assert "Range" not in visible(near)
    assert "**Range:** between $3.90 and $4.80" in visible(examples.ordinary())


@pytest.mark.parametrize(
    ("billed", "words"),
    [
        ("1.20", "$1.20 of it is billed; the rest lies inside a seat or pool."),
        ("0", "none of it; it lies inside a seat or pool."),
        ("3", None),
        (None, None),
    ],
)
def test_the_billed_part_is_told_where_it_differs(billed: str | None, words: str | None) -> None:
    amount = None if billed is None else Decimal(billed)
    text = visible(examples.cost(lines=(examples.line("gpt-5", "3.00", 10, 1, billed_usd=amount),)))
    assert ("Billed" in text) == (words is not None)
    assert words is None or words in text


def test_unmatched_authors_are_counted_and_named_only_where_people_are_shown() -> None:
    cost = examples.merged()
    assert "**1 of 3 authors not matched**" in visible(cost)
    assert "mona" not in visible(cost)
    assert "mona@\u200bexample.com" in visible(cost, show_people=True)


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_person_is_named_unless_people_are_shown(name: str) -> None:
    cost = EXAMPLES[name]()
    lines = tuple(msgspec.structs.replace(line, person="zoe-the-author") for line in cost.lines)
    unmatched = (UnmatchedAuthor(person="zoe-the-author", suggestion="people: zoe-the-author"),)
    named = msgspec.structs.replace(cost, lines=lines, unmatched=unmatched, authors=1)
    assert "zoe" not in visible(named)
    assert "zoe" in visible(named, show_people=True)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (examples.ordinary, "Open: the figure may still change with every push."),
        (examples.pooled, "Merged: the figure may still change until 24 Nov 2026 09:05 UTC"),
        (examples.merged, "Merged: this figure is final."),
    ],
)
def test_the_small_print_tells_whether_the_figure_can_change(make: Callable[[], PullRequestCost], words: str) -> None:
    assert words in visible(make())


def _later(cost: PullRequestCost) -> PullRequestCost:
    def moved(status: SourceStatus) -> SourceStatus:
        fresh = status.fresh_until
        return msgspec.structs.replace(status, fresh_until=fresh + HOUR if fresh else None)

    since = cost.since + HOUR if cost.since else None
    return msgspec.structs.replace(
        cost, computed_at=cost.computed_at + HOUR, sources=tuple(map(moved, cost.sources)), since=since
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_digest_stays_when_only_the_clock_moved(name: str) -> None:
    cost = EXAMPLES[name]()
    assert digest(cost) == digest(_later(cost))


def test_the_digest_stays_when_only_a_time_inside_a_note_moved() -> None:
    notes = [f"Usage before 2026-08-{day} is not in the figure, read at 14:0{day % 10}." for day in (21, 22)]
    assert digest(examples.cost(notes=(notes[0],))) == digest(examples.cost(notes=(notes[1],)))


def _changed(**changes: object) -> PullRequestCost:
    return msgspec.structs.replace(examples.ordinary(), **changes)


_FIRST = examples.ordinary().lines[0]


@pytest.mark.parametrize(
    "other",
    [
        _changed(lines=(msgspec.structs.replace(_FIRST, cost_usd=Decimal("2.95")), *examples.ordinary().lines[1:])),
        _changed(lines=(msgspec.structs.replace(_FIRST, tokens=Tokens(301_000, 0, 0, 10_100)), *examples.ordinary().lines[1:])),
        _changed(lines=(msgspec.structs.replace(_FIRST, evidence=Evidence.SHARED), *examples.ordinary().lines[1:])),
        _changed(low_usd=Decimal("3.80")),
        _changed(high_usd=Decimal("4.90")),
        _changed(pending=Remainder(reason="pending", cost_usd=Decimal("0.10"))),
        _changed(unattributed=()),
        _changed(commits=()),
        _changed(settled=True),
        _changed(complete=False),
        _changed(unmatched=(UnmatchedAuthor(person="mona", suggestion=""),)),
        _changed(notes=("Something to know.",)),
        _changed(sources=(examples.ANTHROPIC, examples.CURSOR_DOWN)),
        _changed(pull=examples.pull(head_sha="f" * 40)),
        _changed(pull=examples.pull(state="closed", closed_at=examples.NOW)),
    ],
)
def test_the_digest_changes_with_every_fact(other: PullRequestCost) -> None:
    assert digest(examples.ordinary()) != digest(other)


@pytest.mark.parametrize("limit", [60_000, 8_000, 4_000])
@pytest.mark.parametrize("make", [examples.long_names, examples.large])
def test_the_body_stays_below_its_limit(make: Callable[[], PullRequestCost], limit: int) -> None:
    body = render_comment(make(), show_people=True, limit=limit).body
    assert len(body) <= limit
    assert "This PR consumed" in body


def test_dropped_rows_are_told() -> None:
    body = render_comment(examples.large(), show_people=False, limit=4_000).body
    assert re.search(r"\| \d+ more rows, each for less \|", body)
    shortest = render_comment(examples.large(), show_people=False, limit=800).body
    assert "see the step summary" in shortest
    assert len(shortest) <= 800


def test_hundreds_of_commits_fit() -> None:
    commits = tuple(examples.commit(number, "<&|`" * 20, "0.10") for number in range(600))
    body = render_comment(examples.cost(lines=examples.large().lines, commits=commits), show_people=False).body
    assert len(body) <= 60_000
    assert "570 more rows" in body


def test_hostile_text_makes_neither_html_nor_links_nor_mentions() -> None:
    body = render_comment(examples.hostile(), show_people=True).body
    page = MarkdownIt("commonmark", {"html": True}).enable("table").parse(body)
    inline = [child for token in page for child in token.children or ()]
    assert {child.content for child in inline if child.type == "html_inline"} <= {"<sub>", "</sub>"}
    assert not [child for child in inline if child.type in {"image", "link_open", "code_inline"}]
    blocks = "".join(token.content for token in page if token.type == "html_block").partition("-->\n")[2]
    assert not re.sub(r"</?details>|<summary>[A-Za-z ,]+</summary>|\s", "", blocks)
    assert not re.search(
        r"@\w|#\d|://|::|##\[|[\x00-\x09\x0b-\x1f\u202a-\u202e\u2066-\u2069\u200e\u200f]", body.partition("\n")[2]
    )
    assert body.count("<!--") == 1


def test_no_source_at_all_is_said() -> None:
    assert "no source of usage is set up, so receipts are all there is" in visible(examples.no_sources())
    assert "no source of usage is set up, and no commit carries a receipt" in visible(examples.cost(sources=()))


def test_usage_without_token_counts_is_not_shown_as_no_tokens() -> None:
    credits_only = examples.line("gpt-5", "3.00", 0, 0, source="copilot")
    text = visible(examples.cost(lines=(credits_only, examples.line("claude-opus-4-7", "1.00", 2_000, 10))))
    assert "| GPT-5 | \u2013 | \u2013 | \u2013 | \u2013 | $3.00 | 75% |" in text
    assert "- **Tokens:** not reported for $3.00 of it." in text


@pytest.mark.parametrize(
    ("cost", "estimate", "said"),
    [
        ("4.21", "2", "**Estimate $2.00, actual $4.21 (2.1 times).**"),
        ("4.21", "1234.5", "**Estimate $1,234.50, actual $4.21 (under 0.1 times).**"),
        ("4.21", "0.3", "**Estimate $0.30, actual $4.21 (14 times).**"),
        ("4.21", "0", "**Estimate $0.00, actual $4.21.**"),
        ("0", "2", "**Estimate $2.00, actual $0.00.**"),
    ],
)
def test_an_estimate_is_held_against_what_it_came_to(cost: str, estimate: str, said: str) -> None:
    lines = (examples.line("claude-sonnet-4-6", cost, 10, 1),)
    assert said in visible(examples.cost(lines=lines, estimate_usd=Decimal(estimate)))


def test_an_estimate_without_a_price_to_compare_with_says_so() -> None:
    cost = msgspec.structs.replace(examples.only_unpriced(), estimate_usd=Decimal(2))
    assert "**Estimate $2.00, actual cost unknown (unpriced).**" in visible(cost)


def test_several_tickets_are_said_to_share_the_cost_evenly() -> None:
    assert "- **Tickets:** split evenly between CHK-1 and CHK-2." in visible(with_ticket("CHK-1, CHK-2"))
    assert "split evenly between CHK-1, CHK-2 and API-3." in visible(with_ticket("CHK-1, CHK-2, API-3"))
    assert "Tickets" not in visible(with_ticket("CHK-1"))


def test_tickets_from_outside_do_nothing_in_the_comment() -> None:
    text = visible(with_ticket("@octocat, [x](https://evil.example/)|<b>, #1"))
    assert "@octocat" not in text
    assert "](https://evil" not in text
    assert "<b>" not in text
    assert "#1" not in text


def test_an_estimate_and_tickets_are_new_facts_and_the_clock_is_none() -> None:
    plain, planned = with_ticket("CHK-1, CHK-2"), examples.cost(lines=examples.tiny().lines, estimate_usd=Decimal(2))
    assert len({digest(plain), digest(with_ticket("CHK-1")), digest(planned), digest(with_ticket("CHK-1, CHK-3"))}) == 4
    for cost in (plain, planned):
        later = msgspec.structs.replace(cost, computed_at=cost.computed_at + HOUR)
        assert digest(later) == digest(cost)


def with_ticket(names: str) -> PullRequestCost:
    return examples.cost(lines=examples.tiny().lines, ticket=names)
