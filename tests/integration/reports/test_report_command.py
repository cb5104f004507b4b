import io
import json
import re
import sys
from collections import Counter

import pytest
from tests.organisation import fill

from pr_cost_bot.ledger.sql import SqlLedger
from pr_cost_bot.report_command import main

QUESTIONS = [
    [],
    ["by", "repository"],
    ["by", "week", "model"],
    ["concentration"],
    ["caching"],
    ["models"],
    ["unmerged"],
    ["outliers"],
    ["unattributed"],
    ["billed"],
    ["forecast"],
    ["estimates"],
    ["reconcile"],
    ["explain", "acme/web0#3"],
]


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('command')}/costs.db"
    fill(SqlLedger(url))
    return url


@pytest.fixture
def report(url):
    def ask(*arguments, stdout=None, **environ):
        out, err = stdout or io.StringIO(), io.StringIO()
        given = {"PR_COST_BOT_DATABASE_URL": url, "PR_COST_BOT_NOW": "2026-11-16T09:00:00Z", **environ}
        return main(arguments, given, out, err), out.getvalue(), err.getvalue()

    return ask


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
@pytest.mark.parametrize("form", ["table", "csv", "json", "markdown"])
def test_every_question_is_answered_in_every_form_without_naming_anybody(report, question, form):
    status, out, err = report(*question, "--format", form)
    assert (status, err) == (0, "")
    assert out.endswith("\n")
    assert not re.search(r"dev\d", out)
    if form == "json" and question[:1] != ["explain"]:
        assert set(json.loads(out)) == {"title", "rows", "total", "notes"}


def test_a_database_that_is_not_there_is_said_to_be_so_and_not_made(report, tmp_path):
    file = tmp_path / "mistyped.db"
    status, out, err = report("overview", "--database", f"sqlite:///{file}")
    assert (status, out) == (2, "")
    assert err.startswith(f"There is no database {file}.")
    assert not file.exists()


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_an_answer_without_rows_says_so(report, form):
    status, out, _ = report(
        "estimates", "--repository", "acme/web0", "--from", "2026-01-01", "--to", "2026-01-02", "--format", form
    )
    assert (status, "Nothing to show." in out) == (0, True)


@pytest.mark.parametrize(
    ("option", "given", "meant"),
    [
        ("repository", "web0", "acme/web0"),
        ("repository", "Acme/Web0", "acme/web0"),
        ("model", "gpt5.5", "gpt-5.5"),
        ("source", "cursr", "cursor"),
        ("product", "claude-code", "claude_code"),
        ("purpose", "fixx", "fix"),
        ("label", "cost:hihg", "cost:high"),
        ("ticket", "OPS3", "OPS-3"),
        ("developer", "dev003", "dev00"),
        ("pull-request", "acme/web0#100000", "acme/web0#10"),
        ("product", "", "'pr-cost-bot report by product'"),
    ],
)
def test_a_name_that_is_nowhere_in_the_table_is_an_error_that_names_the_nearest(report, option, given, meant):
    status, out, err = report("overview", f"--{option}", given, "--people", "--days", "90")
    assert (status, out) == (2, "")
    assert err.startswith(f"There is no {option.replace('-', ' ')} {given} in this table.")
    assert meant in err


def test_a_name_without_figures_in_these_days_is_no_error(report):
    for option, name in (("repository", "acme/web0"), ("ticket", "(none)"), ("label", "(no pull request)")):
        status, out, _ = report("by", "model", f"--{option}", name, "--from", "2025-01-01", "--to", "2025-01-02")
        assert (status, "Nothing to show." in out or "$0.00" in out) == (0, True)


def test_nobody_learns_who_is_in_the_table_where_people_are_hidden(report):
    err = report("overview", "--developer", "dev003")[2]
    assert "dev00." not in err
    assert "--people" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["by", "developer", "pull-request"],
        ["by", "developer", "--pull-request", "acme/web0#3"],
        ["by", "developer", "ticket", "--days", "90"],
        ["by", "developer", "--ticket", "OPS-3", "--pull-request", "acme/web0#3"],
        ["concentration", "--pull-request", "acme/web0#3"],
        ["estimates", "--by", "developer", "--pull-request", "acme/web0#3"],
        ["by", "model", "--developer", "dev09"],
        ["overview", "--developer", "dev09"],
    ],
    ids=" ".join,
)
def test_a_pseudonym_never_stands_beside_a_single_pull_request_or_a_name(report, arguments):
    status, out, err = report(*arguments, "--pseudonyms", PR_COST_BOT_PSEUDONYM_KEY="k")
    assert (status, out) == (2, "")
    assert "would tell whose" in err
    assert report(*arguments, "--people")[0] == 0


def test_a_filter_that_leaves_one_pull_request_tells_no_pseudonym_either(report):
    rows = json.loads(report("by", "ticket", "pull-request", "--days", "90", "--format", "json")[1])["rows"]
    of_ticket = Counter(row["ticket"] for row in rows)
    alone = next(name for name, count in of_ticket.items() if count == 1 and not name.startswith("("))
    several = next(name for name, count in of_ticket.items() if count > 1 and not name.startswith("("))
    asked = ("by", "developer", "--days", "90", "--pseudonyms", "--ticket")
    assert report(*asked, alone, PR_COST_BOT_PSEUDONYM_KEY="k")[0] == 2
    assert report(*asked, several, PR_COST_BOT_PSEUDONYM_KEY="k")[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [["--limit", "0"], ["--limit", "-1"], ["--days", "0"], ["--days", "3661"], ["--days", "9999999999"], ["--days", "x"]],
    ids=" ".join,
)
def test_a_number_that_makes_no_sense_is_refused(report, arguments, capsys):
    with pytest.raises(SystemExit) as end:
        report(*arguments)
    assert end.value.code == 2
    assert f"no number of {arguments[0][2:].replace('limit', 'rows')} from 1 to" in capsys.readouterr().err


def test_dates_beyond_the_calendar_are_refused(report):
    for days in (("--from", "0001-01-01"), ("--to", "9999-12-31"), ("--to", "0001-01-02")):
        status, _, err = report(*days)
        assert (status, "beyond all calendars" in err) == (2, True)


@pytest.mark.parametrize("question", [["forecast"], ["reconcile"], ["explain", "acme/web0#3"]], ids=" ".join)
def test_a_question_with_days_of_its_own_says_that_it_does_not_heed_others(report, question):
    said = "--days, --from and --to change nothing here"
    assert said in report(*question, "--days", "7")[1]
    assert said in report(*question, "--from", "2026-10-01")[1]
    assert said not in report(*question)[1]


def test_the_help_and_the_answer_hold_outliers_against_the_team(capsys):
    with pytest.raises(SystemExit):
        main(["--help"], {}, io.StringIO())
    assert "times their team's median" in " ".join(capsys.readouterr().out.split())


def test_a_product_without_a_name_is_none(report):
    assert "(none)" in report("by", "product", "--days", "90")[1]
    assert report("by", "product", "--days", "90", "--product", "(none)", "--format", "csv")[1].count("\n") == 2


def test_the_ratio_of_estimates_is_named_as_the_median_that_it_is(report):
    out = report("estimates", "--days", "90")[1]
    assert "Median of actual / estimate" in out
    assert re.search(r" \d+\.\d\d +[\d.]+% +\d+$", out.splitlines()[4])


def test_the_headline_comes_first(report):
    assert "Cost per merged pull request, mean" in report()[1].splitlines()[4]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["by", "developer"], "--people"),
        (["--developer", "dev01"], "--people"),
        (["--pseudonyms"], "PR_COST_BOT_PSEUDONYM_KEY"),
        (["--from", "2026-11-02", "--to", "2026-11-01"], "no day"),
        (["explain", "acme/web0"], "owner/repository#42"),
        (["explain", "acme/web0#99999"], "acme/web0#99999"),
        (["by", "model", "--pull-request", "7"], "owner/repository#42"),
    ],
)
def test_a_question_that_cannot_be_answered_is_told_what_to_do(report, arguments, words):
    status, out, err = report(*arguments)
    assert (status, out) == (2, "")
    assert words in err


def test_people_are_named_when_asked_and_invented_with_a_key(report):
    assert "dev09" in report("by", "developer", "--people")[1]
    out = report("by", "developer", "--pseudonyms", PR_COST_BOT_PSEUDONYM_KEY="k")[1]
    assert "dev09" not in out
    assert "dev-" in out


def test_dates_and_filters_narrow_the_answer(report):
    status, out, _ = report(
        "by", "repository", "--from", "2026-10-05", "--to", "2026-10-11", "--source", "cursor", "--format", "json"
    )
    assert status == 0
    assert "2026-10-05 to 2026-10-11" in out
    assert report("by", "source", "--source", "cursor", "--format", "csv")[1].count("\n") == 2


def test_a_limit_says_how_much_it_leaves_out(report):
    out = report("by", "repository", "--limit", "2")[1]
    assert "more rows: --limit" in out


def test_a_terminal_gets_the_table_of_rich(report):
    rich = pytest.importorskip("rich")
    assert rich

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    assert "━" in report("billed", stdout=Terminal())[1]


def test_without_rich_a_terminal_gets_the_plain_table(report, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.delitem(sys.modules, "pr_cost_bot.reports.rich_table", raising=False)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert "---" in report("billed", stdout=Terminal())[1]


def test_the_forecast_is_held_against_the_configured_budget_of_everything(report, tmp_path):
    config = tmp_path / "costs.yml"
    config.write_text("budgets: {monthly_usd: 1000}\n")
    asked = ("forecast", "--config", str(config), "--format", "json")
    sheet = json.loads(report(*asked)[1])
    part = float(sheet["rows"][0]["forecast_usd"]) / 10
    assert f"The forecast is {part:.0f}% of the month's budget of $1,000.00." in sheet["notes"]
    assert "budget" not in report(*asked, "--repository", "acme/web0")[1]


def test_without_a_database_it_says_how_to_get_one(report):
    status, _, err = report(PR_COST_BOT_DATABASE_URL="")
    assert status == 2
    assert "ledger sync" in err


def test_a_database_out_of_reach_is_an_error_without_its_password(report):
    status, _, err = report("--database", "postgresql+psycopg://u:secret@127.0.0.1:1/x")
    assert status == 1
    assert "secret" not in err


def test_the_configuration_names_teams_and_decides_about_people_and_options_go_before_it(report, tmp_path):
    config = tmp_path / "config.yml"
    config.write_text(
        "reports: {show_people: true, teams: {platform: [dev00, dev01, dev02], solo: [DEV09], pair: [dev10, dev11]}}\n"
    )
    named = ["--config", str(config), "--format", "csv"]
    assert "dev09" in report("by", "developer", *named)[1]
    assert "solo" in report("by", "team", *named)[1]
    hidden = report("by", "team", *named, "--no-people")[1]
    assert "platform" in hidden
    assert "solo" not in hidden
    assert report("by", "developer", *named, "--no-people")[0] == 2


def test_a_wrong_configuration_is_named_and_nothing_is_answered(report, tmp_path):
    config = tmp_path / "config.yml"
    config.write_text("reports: {show_peeple: true}\n")
    status, out, err = report("--config", str(config))
    assert (status, out) == (2, "")
    assert "Did you mean 'show_people'?" in err
