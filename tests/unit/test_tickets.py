from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pr_cost_bot.config import Tickets
from pr_cost_bot.tickets import check_pattern, estimate, purpose, ticket

DEFAULT = Tickets().pattern


def find(pattern=DEFAULT, *, branch="", title="", body="", **more):
    return ticket(pattern, branch=branch, title=title, body=body, **more)


def test_the_branch_names_the_ticket_before_title_and_body():
    assert find(branch="feat/ABC-1-x", title="DEF-2", body="GHI-3") == "ABC-1"
    assert find(branch="main", title="DEF-2: x", body="GHI-3") == "DEF-2"
    assert find(branch="main", title="x", body="text\n\nCloses GHI-3") == "GHI-3"
    assert find(messages=["x", "JKL-4 y"]) == "JKL-4"


def test_no_ticket_is_none():
    assert find(branch="main", title="Fix things", body="") is None


def test_names_of_standards_are_no_tickets():
    assert find(title="Read UTF-8 and SHA-256 in ABC-12") == "ABC-12"
    assert find(title="Use GPT-5") is None


def test_a_pattern_of_ones_own_finds_what_it_says():
    assert find(r"UTF-\d+", title="UTF-8") == "UTF-8"
    assert find(r"(?:#)(?P<ticket>\d+)", title="Fix #12") == "12"
    assert find(r"(ABC|DEF)-\d+", title="Fix DEF-12") == "DEF-12"


@pytest.mark.parametrize(
    "pattern", ["(", "[A-Z", "(a+)+$", "(a|a)*b", r"(\d+)+-x", "", "x*", "a+" * 5 + "b", "a" * 201, "(?:ab){2,}", "[[a]"]
)
def test_a_bad_pattern_is_named_and_finds_nothing(pattern):
    assert check_pattern(pattern) is not None
    assert find(pattern, title="aaaa-1 ab") is None


@pytest.mark.parametrize(
    "pattern", [DEFAULT, r"#\d+", r"(?:ABC|DEF)-\d+", r"(?i)[a-z]{2,9}-\d{1,6}", r"[()+*]x-\d+", r"\(\d+\)+"]
)
def test_usual_patterns_are_fine(pattern):
    assert check_pattern(pattern) is None


def test_long_texts_are_looked_at_only_at_their_beginning():
    assert find(title="A" * 100_000 + " ABC-1") is None
    assert find(body="x\n" * 100_000 + "ABC-1") is None


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_pattern_on_any_text_is_survived(pattern, text):
    found = find(pattern, title=text)
    assert found is None or all(part in text for part in found.split(", "))


def test_several_tickets_of_one_place_are_all_named_and_other_places_are_not_asked():
    assert find(r"[A-Z]+-\d+", title="WEB-1, API-2 and WEB-1 again") == "WEB-1, API-2"


@pytest.mark.parametrize(
    ("body", "dollars"),
    [
        ("AI-Budget: $2", "2"),
        ("text\nai-budget: 2.50\nmore", "2.50"),
        ("- **AI-Budget:** $1,250.00", "1250.00"),
        ("AI-Budget: 3 USD\r", "3"),
        ("> AI budget: US$4", "4"),
        ("AI-Budget: -2", None),
        ("AI-Budget: lots", None),
        ("AI-Budget: 1e9", None),
        ("the AI-Budget: $2 was set", None),
        ("AI-Budget: $" + "9" * 50, None),
        ("", None),
    ],
)
def test_the_estimate_is_the_amount_of_its_line(body, dollars):
    assert estimate(body) == (None if dollars is None else Decimal(dollars))


def test_a_label_can_carry_the_estimate_and_the_body_comes_first():
    assert estimate("", ["bug", "ai-budget: $5"]) == 5
    assert estimate("AI-Budget: 1", ["ai-budget: $5"]) == 1


@pytest.mark.parametrize(
    ("title", "branch", "labels", "expected"),
    [
        ("feat: x", "main", (), "feature"),
        ("fix(api)!: x", "feat/x", (), "fix"),
        ("Chore: x", "", (), "chore"),
        ("docs: x", "", (), "docs"),
        ("Add x", "bugfix/ABC-1", (), "fix"),
        ("Add x", "mona/feature/x", (), "feature"),
        ("Add x", "fix", ("good first issue", "Documentation"), "docs"),
        ("Note: x", "x", (), None),
        ("", "", (), None),
    ],
)
def test_the_purpose_comes_from_title_then_branch_then_labels(title, branch, labels, expected):
    assert purpose(title=title, branch=branch, labels=labels) == expected


def test_a_commits_subject_tells_the_purpose_where_nothing_else_does():
    assert purpose("Work", "work", (), ["Begin", "fix(api): x", "feat: y"]) == "fix"
    assert purpose("docs: x", "work", (), ["fix: x"]) == "docs"


@given(st.text(), st.text(), st.lists(st.text()))
def test_any_text_is_survived(title, branch, labels):
    purpose(title, branch, labels)
    amount = estimate(title, labels)
    assert amount is None or amount >= 0
