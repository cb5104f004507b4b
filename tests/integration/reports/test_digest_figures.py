"""The digest's figures of a database are those of the reports of the same days, on SQLite and PostgreSQL."""

import io
import json
from datetime import timedelta
from decimal import Decimal

import pytest
from tests.organisation import NOW

from pr_cost_bot.dashboard.reading import read_table
from pr_cost_bot.digest.advice import advice
from pr_cost_bot.digest.figures import WEEKS_BEFORE, Question, digest
from pr_cost_bot.digest.reading import read_used
from pr_cost_bot.report_command import main
from pr_cost_bot.reports.privacy import Privacy

END = NOW.date()  # a Monday, so that the days are whole weeks
SHOWN = Privacy(people="shown")


@pytest.fixture(params=[7, 14])
def week(request, organisation_url):
    question = Question(now=NOW, days=request.param, until=END, people=True)
    table = read_table([organisation_url], NOW.date())
    used = read_used(organisation_url, question, SHOWN)
    return question, used, digest(table.entries, table.usage, question, str, used)


def report(url, question, days, end=END):
    out = io.StringIO()
    dates = ("--from", f"{end - timedelta(days=days)}", "--to", f"{end - timedelta(days=1)}")
    given = [*question.split(), "--database", url, *dates, "--people", "--format", "json"]
    assert main(given, {"PR_COST_BOT_NOW": "2026-11-16T09:00:00Z"}, out, io.StringIO()) == 0
    return json.loads(out.getvalue())


def costs(sheet, name):
    return {row[name]: Decimal(row["cost_usd"]) for row in sheet["rows"] if row[name] != "(no repository)"}


@pytest.mark.parametrize("kind", ["repository", "developer"])
def test_who_stands_out_is_held_against_the_reports_of_the_days_and_of_those_before(week, organisation_url, kind):
    question, used, made = week
    here = costs(report(organisation_url, f"by {kind}", question.days), kind)
    start = END - timedelta(days=question.days)
    before = costs(report(organisation_url, f"by {kind}", question.days * WEEKS_BEFORE, start), kind)
    names = {"repository": "repositories", "developer": "developers"}[kind]
    assert getattr(used, names) == here
    assert getattr(used, f"{names}_before") == before
    found = {one.name: (one.cost_usd, one.usual_usd) for one in made.findings if one.kind == kind}
    assert all(found[name] == (here[name], before[name] / WEEKS_BEFORE) for name in found)


def test_what_is_not_merged_is_what_report_unmerged_says(week, organisation_url):
    question, _, made = week
    sheet = report(organisation_url, "unmerged", question.days)
    rows = {row["reason"]: row for row in sheet["rows"]}
    ours = [row for reason, row in rows.items() if "pull requests" in reason]
    assert made.unmerged_usd == sum(Decimal(row["cost_usd"]) for row in ours) > 0
    share = sum(Decimal(row["share"]) for row in ours)
    assert abs(made.unmerged_usd / made.spent_usd - share) < Decimal("1e-5")


def test_how_few_took_half_is_what_report_concentration_says(week, organisation_url):
    question, _, made = week
    rows = {row["by"]: row for row in report(organisation_url, "concentration", question.days)["rows"]}
    row = rows["pull-request"]
    assert (made.pulls.count, len(made.pulls.half), made.pulls.top) == (row["count"], row["half"], row["top"])


def test_what_is_not_attributed_is_what_report_unattributed_says(week, organisation_url):
    question, _, made = week
    rows = report(organisation_url, "unattributed", question.days)["rows"]
    assert {row["reason"]: Decimal(row["cost_usd"]) for row in rows} == {
        reason: cost for reason, cost in made.usage.rest_usd.items() if cost
    }


def test_the_models_shares_are_those_of_report_models_for_the_same_week(week, organisation_url):
    question, _, made = week
    by_model = report(organisation_url, "by model", question.days)
    assert {one.model: one.cost_usd for one in made.models if one.cost_usd} == costs(by_model, "model")
    if question.days == 7:
        rows = [row for row in report(organisation_url, "models", 14)["rows"] if row["week"] == f"{END - timedelta(days=7)}"]
        wanted = {row["model"]: (Decimal(row["share"]), Decimal(row["change"])) for row in rows}
        found = {one.model: (one.share, one.change) for one in made.models}
        assert set(found) == set(wanted)
        for name, pair in found.items():
            assert all(abs(one - other) < Decimal("1e-5") for one, other in zip(pair, wanted[name], strict=True))


def test_open_pull_requests_do_not_lie_on_the_day_of_the_last_look(week):
    _, used, made = week
    assert made.unmerged_usd < made.headline.open_usd or not made.headline.open_usd
    assert sum(used.repositories.values()) <= made.spent_usd
    assert not any("Of what these pull requests cost" in one for one in advice(made))


def test_people_are_in_it_only_where_they_may_be(organisation_url):
    question = Question(now=NOW, until=END)
    assert read_used(organisation_url, question, Privacy()).developers == {}
    invented = read_used(organisation_url, Question(now=NOW, until=END, people=True), Privacy(people="pseudonyms", key=b"k"))
    assert all(name.startswith("dev-") for name in invented.developers)
    assert invented.developers
