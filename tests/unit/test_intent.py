"""Tickets and estimate of a whole pull request: description, label and the commits' trailers."""

from decimal import Decimal

import pytest
from tests.factories import NOON, git_commit, minutes, pull_request

from pr_cost_bot.assemble import Findings, assemble
from pr_cost_bot.config import Config
from pr_cost_bot.people import resolve


def cost_of(*messages, **given):
    commits = tuple(
        git_commit(sha=f"{number:040x}", message=message, authored_at=NOON + minutes(number))
        for number, message in enumerate(messages)
    )
    pull = pull_request(**{"commits": commits, "head_ref": "work", "title": "Work", **given})
    findings = Findings(
        records={}, allocations=(), people=resolve((), []), sources=(), prices=None, config=Config(), now=NOON + minutes(60)
    )
    return assemble(pull, findings)


@pytest.mark.parametrize(
    ("given", "messages", "dollars"),
    [
        ({"body": "Text\n\nAI-Budget: $2"}, (), "2"),
        ({"labels": ("bug", "AI-Budget: $3.50")}, (), "3.5"),
        ({}, ("Add a form\n\nWhy.\n\nAI-Budget: $4",), "4"),
        ({}, ("One\n\nAI-Budget: $4", "Two\n\nai-budget: 5 USD\nSigned-off-by: A <a@b.c>"), "5"),
        ({"labels": ("ai-budget: $3",)}, ("One\n\nAI-Budget: $4",), "3"),
        ({"body": "AI-Budget: $2", "labels": ("ai-budget: $3",)}, ("One\n\nAI-Budget: $4",), "2"),
        ({"body": "<!--\nAI-Budget: $9\n-->\nText"}, (), None),
        ({}, ("One\n\nThe AI-Budget: $4 was too small.",), None),
        ({}, ("AI-Budget: $4",), None),
        ({}, (), None),
    ],
)
def test_the_estimate_is_the_descriptions_else_a_labels_else_the_newest_trailers(given, messages, dollars):
    assert cost_of(*messages, **given).estimate_usd == (None if dollars is None else Decimal(dollars))


def test_tickets_are_read_from_trailers_where_nothing_else_names_one():
    messages = ("One\n\nRefs: CHK-1", "Two\n\nTicket: CHK-2, CHK-1")
    assert cost_of(*messages).ticket == "CHK-1, CHK-2"
    assert cost_of(*messages, title="WEB-3: Work").ticket == "WEB-3"


def test_trailers_of_tools_and_people_name_no_ticket():
    message = "One\n\nAI-Model: GLM-4\nCo-authored-by: BOT-1 <a@b.c>\nCopilot-Model: XYZ-9\nSession-Id: ABC-7"
    assert cost_of(message).ticket is None


def test_what_a_template_hides_names_no_ticket():
    assert cost_of(body="<!-- for example ABC-123 -->\nFixes CHK-9 <!-- and <!-- ABC-4").ticket == "CHK-9"
