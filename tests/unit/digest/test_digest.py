import re
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from markdown_it import MarkdownIt
from tests.unit.dashboard.rows import NOW, entries, line, row

from pr_cost_bot.config import Budgets
from pr_cost_bot.dashboard.series import DayUsage
from pr_cost_bot.digest.advice import advice
from pr_cost_bot.digest.figures import Question, digest
from pr_cost_bot.digest.forms import FORMS, Message
from pr_cost_bot.digest.message import compose

MOMENT = datetime.fromisoformat(NOW)
HOSTILE = "</a><script>alert(1)</script> @channel [x](javascript:alert(1)) **b** `c` http://evil.example \u202e\n# h"


def made(*rows, usage=None, **question):
    return digest(entries(*rows), usage, Question(now=MOMENT, **question), str)


def weeks_before(number, cost, **given):
    """Each of the four weeks before has one such pull request."""
    return [row(number + week, cost, day=str((MOMENT - timedelta(weeks=week + 1)).date()), **given) for week in range(4)]


def test_the_title_has_the_number_and_its_trend():
    assert compose(made(row(1, "3"), *weeks_before(10, "2"))).title == "AI cost: $3.00 per merged pull request, up 50%"
    assert compose(made(row(1, "3"), *weeks_before(10, "4"))).title == "AI cost: $3.00 per merged pull request, down 25%"
    assert compose(made(row(1, "3"), *weeks_before(10, "3"))).title == "AI cost: $3.00 per merged pull request, unchanged"
    assert compose(made(row(1, "3"))).title == "AI cost: $3.00 per merged pull request"
    assert compose(made(row(1, "3", state="open"))).title == "AI cost: no pull request merged, spend $3.00"


@pytest.mark.parametrize("form", FORMS)
def test_a_table_without_rows_is_a_short_message(form):
    body = compose(made()).bodies[form]
    assert "$0.00" in body
    assert "stands out" not in body
    assert len(body) < 250


def test_what_stands_out_is_ten_at_most_by_what_is_above_the_usual():
    usual = [row(number, "1") for number in range(100, 130)]
    dear = [row(number, str(10 * number)) for number in range(1, 15)]
    found = made(*usual, *dear).findings
    assert [one.name for one in found] == [f"acme/web#{number}" for number in range(14, 4, -1)]
    assert found[0].times == 140


def test_a_repository_stands_out_against_its_own_weeks_before_and_a_new_one_does_not():
    calm = [*weeks_before(10, "5", repository="acme/calm"), row(1, "6", repository="acme/calm")]
    risen = [*weeks_before(10, "5", repository="acme/risen"), row(1, "20", repository="acme/risen")]
    new = [row(1, "50", repository="acme/new")]
    (one,) = made(*calm, *risen, *new).findings
    assert (one.kind, one.name, one.cost_usd, one.usual_usd) == ("repository", "acme/risen", 20, 5)


def test_developers_stand_out_only_where_people_are_switched_on():
    table = [*weeks_before(10, "5", lines=[line("5", "ada")]), row(1, "20", lines=[line("20", "ada")])]
    assert "developer" not in {one.kind for one in made(*table).findings}
    (one,) = [one for one in made(*table, people=True).findings if one.kind == "developer"]
    assert (one.name, one.times) == ("ada", 4)


def test_what_is_not_attributed_is_told_where_the_table_knows_it():
    usage = {MOMENT.date(): DayUsage(Decimal(30), {"no commit followed": Decimal(8), "pending": Decimal(2)})}
    one = made(row(1, "30"), usage=usage)
    assert one.unattributed_share == Decimal("0.25")
    assert "25% of the usage is not attributed to any pull request; the most of it, $8.00: no commit followed." in advice(one)
    assert "of it not attributed: 25% ($10.00)" in compose(one).bodies["text"]
    assert "attributed" not in compose(made(row(1, "30"))).bodies["text"]


def test_advice_tells_a_few_costly_ones_from_a_rise_of_all():
    few = made(row(1, "1"), row(2, "1"), row(3, "40"), *weeks_before(10, "1"))
    assert "a few costly pull requests made it" in advice(few)[0]
    rise = made(row(1, "2"), row(2, "2"), *weeks_before(10, "1"))
    assert advice(rise)[0] == "Most pull requests cost more than before: the median rose by 100%."
    assert "less than before" in advice(made(row(1, "1"), *weeks_before(10, "2")))[0]


def test_advice_speaks_of_budget_models_unmerged_and_incomplete():
    table = [
        row(1, "6", complete=False, lines=[line("6", model="opus")]),
        row(2, "4", state="open"),
        *weeks_before(10, "2", lines=[line("2", model="sonnet")]),
    ]
    said = " ".join(advice(made(*table, budgets=Budgets(monthly_usd=Decimal(9)))))
    assert "over its budget: $14.00 of $9.00" in said
    assert "opus took 60% of the spend, 60 points more" in said
    assert "Of what these pull requests cost, 40% ($4.00) lies on ones that are not merged." in said
    assert "1 pull request is incomplete" in said


def hostile():
    usual = [row(number, "1", repository=HOSTILE) for number in range(100, 110)]
    usage = {MOMENT.date(): DayUsage(Decimal(30), {HOSTILE: Decimal(30)})}
    dear = row(1, "90", title=HOSTILE, repository=HOSTILE, url="https://github.com/a/b/pull/1)[y](javascript:alert(2)")
    return compose(made(*usual, dear, usage=usage, link="javascript:alert(3)")).bodies


def test_hostile_text_does_nothing_in_html():
    body = hostile()["html"]
    assert set(re.findall(r"<(/?\w+)", body)) <= {"h2", "/h2", "h3", "/h3", "p", "/p", "b", "/b", "ul", "/ul", "li", "/li"}
    assert "@channel" not in body


def test_hostile_text_does_nothing_in_markdown():
    body = hostile()["markdown"]
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(body)
    kinds = {child.type for token in tokens for child in [token, *(token.children or [])]}
    assert kinds <= {
        *(f"{name}_{end}" for name in ("paragraph", "strong", "bullet_list", "list_item") for end in ("open", "close")),
        "inline",
        "text",
        "text_special",
        "softbreak",
    }
    assert "@channel" not in body


def test_hostile_text_stays_on_its_line_and_mentions_nobody():
    body = hostile()["text"]
    assert "@channel" not in body
    assert "\u202e" not in body
    assert not [text for text in body.splitlines() if text.startswith("#")]


def test_links_lead_to_pull_requests_and_to_the_dashboard():
    table = [row(number, "1") for number in range(100, 110)]
    bodies = compose(made(*table, row(1, "90"), link="https://acme.github.io/costs/")).bodies
    assert "](https://github.com/acme/web/pull/1): **$90.00**" in bodies["markdown"]
    assert '<a href="https://github.com/acme/web/pull/1">' in bodies["html"]
    assert all("https://acme.github.io/costs/" in body for body in bodies.values())
    assert "<b>&lt;$0.01</b>" in compose(made(row(1, "0.001"))).bodies["html"]


def test_what_nobody_knows_is_not_told_as_no_dollars():
    silent = made(row(1, "0", complete=False), row(2, "0", unpriced=[{"source": "openai", "model": "house-model"}]))
    assert compose(silent).title.startswith("AI cost per merged pull request: not known")
    assert all("$0" not in body for body in compose(silent).bodies.values())
    assert "1 pull request used a model without a known price, which is in no figure: the real cost is higher." in advice(
        silent
    )
    unfinished = made(row(1, "0", complete=False, state="open"))
    assert compose(unfinished).title == "AI cost: no pull request merged, spend not known"
    assert "AI cost: $0.00 per merged pull request" in compose(made(row(1, "0"))).title


def test_html_is_plain_ascii_for_readers_that_guess_its_encoding():
    usual = [row(number, "1") for number in range(100, 110)]
    body = compose(made(*usual, row(1, "90", title="Größe @ada \u05e9\u05dc\u05d5\u05dd"))).bodies["html"]
    assert body.isascii()
    assert "Gr&#246;&#223;e @&#8203;ada" in body


def test_a_chat_which_shows_the_title_gets_the_rest_beneath_it():
    message = compose(made(row(1, "3")))
    for form in FORMS:
        beneath = message.beneath_title(form)
        assert message.title not in beneath
        assert "15 Nov to 21 Nov 2026" in beneath.split("\n")[0]
        assert message.bodies[form].endswith(beneath)
    assert Message("T", {"text": "other\nbody"}).beneath_title("text") == "other\nbody"
