"""Every question of the command with every filter: heard, or refused in words. What each leaves is held in test_matrix."""

import io
import json

import pytest
import sqlalchemy as sa
from tests.organisation import PEOPLE, fill

from pr_cost_bot.ledger.database import Database
from pr_cost_bot.ledger.sql import SqlLedger
from pr_cost_bot.ledger.tables import PR_COSTS
from pr_cost_bot.report_command import main
from pr_cost_bot.reports.scope import Filters

GIVEN = {
    "developer": "DEV37",
    "team": "crew",
    "repository": "acme/web0",
    "pull-request": "acme/web0#3",
    "ticket": "OPS-3",
    "purpose": "fix",
    "label": "cost:high",
    "source": "cursor",
    "product": "claude_code",
    "model": "gpt-5.5",
}
QUESTIONS = [
    ["overview"],
    *(["by", name] for name in ("developer", "team", "repository", "pull-request", "ticket", "model", "source", "product")),
    *(["by", name] for name in ("purpose", "label", "day", "week", "month")),
    *([name] for name in ("concentration", "caching", "models", "unmerged", "outliers", "unattributed", "billed", "forecast")),
    *(["estimates", "--by", name] for name in ("repository", "team", "developer", "purpose")),
    ["reconcile"],
    ["explain", "acme/web0#3"],
]
REFUSED = {"reconcile": {"developer", "team", "source", "product", "model"}, "explain": set(GIVEN)}


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """The organisation; of every seventh pull request the row was changed by hand."""
    url = f"sqlite:///{tmp_path_factory.mktemp('filters')}/costs.db"
    fill(SqlLedger(url))
    with Database(url).writing() as connection:
        connection.execute(sa.update(PR_COSTS).where(PR_COSTS.c.pr_number % 7 == 3).values(cost_usd=77))
    return url


@pytest.fixture(scope="module")
def report(url, tmp_path_factory):
    config = tmp_path_factory.mktemp("config") / "costs.yml"
    crew, pair = list(PEOPLE[30:40]), list(PEOPLE[40:42])
    config.write_text(json.dumps({"reports": {"teams": {"crew": crew, "pair": pair, "Payments": [PEOPLE[42]]}}}))

    def ask(*arguments, config=config):
        out, err = io.StringIO(), io.StringIO()
        environ = {"PR_COST_BOT_DATABASE_URL": url, "PR_COST_BOT_NOW": "2026-11-16T09:00:00Z"}
        status = main([*arguments, "--days", "90", *(["--config", str(config)] if config else [])], environ, out, err)
        return status, out.getvalue(), err.getvalue()

    return ask


def test_the_table_has_every_filter():
    assert {name.replace("-", "_") for name in GIVEN} == set(Filters.__struct_fields__)


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_every_question_hears_every_filter_or_says_that_it_does_not(report, question):
    status, everything, _ = report(*question, "--people", "--format", "csv")
    assert status == 0
    for name, value in GIVEN.items():
        status, out, err = report(*question, "--people", "--format", "csv", f"--{name}", value)
        if name in REFUSED.get(question[0], ()):
            assert (status, out) == (2, "")
            assert f"takes no --{name}" in err
        else:
            assert (status, err) == (0, "")
            assert out != everything


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
@pytest.mark.parametrize("filters", [["--developer", "dev31"], ["--team", "pair"], ["--team", "Payments"]], ids=str)
def test_no_question_tells_on_few_people_by_way_of_a_filter(report, question, filters):
    status, out, err = report(*question, "--no-people", *filters)
    assert (status, out) == (2, "")
    assert "--people" in err or "This question takes no" in err


@pytest.mark.parametrize(
    ("option", "value", "by"),
    [
        ("purpose", "(none)", "purpose"),
        ("purpose", "(no pull request)", "purpose"),
        ("label", "(no pull request)", "label"),
        ("ticket", "(none)", "ticket"),
        ("ticket", "(no pull request)", "ticket"),
        ("repository", "(no repository)", "repository"),
        ("pull-request", "(no pull request)", "pull-request"),
        ("team", "(no team)", "team"),
        ("product", "(none)", "product"),
    ],
)
def test_a_name_that_a_report_shows_is_one_that_a_filter_takes(report, option, value, by):
    everything = report("by", by, "--people", "--format", "csv")[1].splitlines()
    only = report("by", by, "--people", "--format", "csv", f"--{option}", value)[1].splitlines()
    (row,) = [line.split(",") for line in everything[1:] if line.split(",")[0] == value]
    (found,) = [line.split(",") for line in only[1:]]
    assert found[:2] == row[:2]
    assert report("overview", f"--{option}", value, "--people")[0] == 0


@pytest.mark.parametrize(
    ("team", "words"),
    [
        ("crow", ["There is no team 'crow'.", "reports.teams", "Did you mean 'crew'?"]),
        ("payments", ["Did you mean 'Payments'?"]),
        ("zzzzzz", ["Known teams: (no team), Payments, crew, pair."]),
        ("(small teams)", ["no team '(small teams)'", "Name the teams that are in it."]),
        ("pair", ["Figures of pair alone", "Fewer than 3 people", "by team"]),
    ],
)
def test_a_team_that_is_not_known_or_too_small_is_told_what_to_do(report, team, words):
    status, out, err = report("overview", "--team", team)
    assert (status, out) == (2, "")
    assert all(word in err for word in words)


def test_without_teams_the_filter_says_how_to_name_them(report, tmp_path):
    config = tmp_path / "none.yml"
    config.write_text("version: 1\n")
    status, out, err = report("overview", "--team", "crew", config=config)
    assert (status, out) == (2, "")
    assert "Set reports.teams there, like" in err


def test_several_teams_are_alternatives_and_ci_is_one(report):
    both = report("by", "team", "--people", "--format", "csv", "--team", "crew", "--team", "pair", "--team", "(CI)")[1]
    assert sorted(line.split(",")[0] for line in both.splitlines()[1:]) == ["crew", "pair"]


def test_rows_that_are_told_together_say_so(report):
    status, out, _ = report("by", "pull-request", "--no-people", "--team", "crew", "--format", "json")
    sheet = json.loads(out)
    assert status == 0
    assert sheet["rows"][-1]["pull-request"] == "(too few people)"
    assert "--people shows it apart" in sheet["notes"][-1]
