import json
from datetime import date
from decimal import Decimal

import pytest
from tests.organisation import END, NOW, fill, organisation
from tests.unit.dashboard.rows import row

from pr_cost_bot.dashboard import figures
from pr_cost_bot.dashboard.entries import EntryError
from pr_cost_bot.dashboard.reading import read_table
from pr_cost_bot.dashboard.series import usage_within
from pr_cost_bot.dashboard_command import run
from pr_cost_bot.ledger.database import Database
from pr_cost_bot.ledger.sql import SqlLedger
from pr_cost_bot.reports.headline import headline
from pr_cost_bot.reports.scope import Scope, last_days
from pr_cost_bot.reports.spend import spend

TODAY = date(2026, 11, 21)
ENVIRONMENT = {"PR_COST_BOT_NOW": "2026-11-21T18:00:00Z"}


@pytest.fixture
def branch(tmp_path):
    folder = tmp_path / "branch" / "pr_costs"
    folder.mkdir(parents=True)
    for number in (1, 2):
        (folder / f"{number}.json").write_text(json.dumps(row(number, author="ada-lovelace")))
    return folder.parent


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('organisation')}/costs.db"
    fill(SqlLedger(url))
    return url


def data(folder):
    return "".join((folder / "data" / f"{name}.js").read_text() for name in ("summary", "pulls"))


def test_the_branchs_folder_makes_a_dashboard_without_people(branch, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(["--from", str(branch), "--output", str(out)], ENVIRONMENT) == 0
    assert "2 pull requests" in capsys.readouterr().out
    assert (out / "index.html").is_file()
    assert "ada" not in data(out)
    assert run(["--from", str(branch), "--output", str(out), "--people"], ENVIRONMENT) == 0
    assert "ada-lovelace" in data(out)


def test_several_repositories_are_read_together(branch, tmp_path):
    other = tmp_path / "other" / "api" / "pr_costs"
    other.mkdir(parents=True)
    (other / "9.json").write_text(json.dumps(row(9, repository="acme/api")))
    one = tmp_path / "pr_cost.json"
    one.write_text(json.dumps([row(5), row(1)]))
    table = read_table([str(branch), str(tmp_path / "other"), str(one)], TODAY)
    assert sorted(entry.name for entry in table.entries) == ["acme/api#9", "acme/web#1", "acme/web#2", "acme/web#5"]
    assert table.usage is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "No table is named"),
        (["--from", "/nowhere/at/all"], "cannot be read"),
        (["--from", "."], "no rows"),
        (["--from", "nonsense://x"], "database_url"),
        (["--database", "nonsense://x"], "database_url"),
        (["--database", "sqlite:///x", "--from", "."], "two tables"),
        (["--pseudonyms", "--from", "x"], "needs a key"),
    ],
)
def test_a_wrong_command_says_what_would_be_right(arguments, told, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run([*arguments, "--output", str(tmp_path / "out")], ENVIRONMENT) != 0
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_broken_row_is_named_by_its_file(branch):
    (branch / "pr_costs" / "2.json").write_text("{}")
    with pytest.raises(EntryError, match=r"pr_costs/2\.json"):
        read_table([str(branch)], TODAY)


def test_a_folder_that_cannot_be_written_is_no_traceback(branch, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert run(["--from", str(branch), "--output", str(tmp_path / "file")], ENVIRONMENT) == 1
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("days", [7, 30, 90])
def test_a_databases_figures_are_those_of_the_reports(database, days):
    table = read_table([database], NOW.date())
    period = last_days(days, NOW)
    with Database(database).reading() as connection:
        expected = headline(connection, Scope(period))
        reasons = {group.key[0]: group.amounts.cost_usd for group in spend(connection, Scope(period), "reason")}
    found = figures.headline(table.entries, period, None)
    assert (found.merged.count, found.merged.mean_usd, found.merged.median_usd) == (
        expected.merged,
        expected.mean_usd,
        expected.median_usd,
    )
    assert found.per_commit_usd == expected.per_commit_usd
    used = usage_within(table.usage, period)
    assert (used.total_usd, used.pulls_usd) == (expected.spent.cost_usd, expected.spent.attributed_usd)
    assert dict(used.rest_usd) == {reason: cost for reason, cost in reasons.items() if reason}


def test_a_databases_rows_are_all_there_to_the_cent(database):
    table = read_table([database], NOW.date())
    known = sum((share.cost for share in organisation().shares if share.pr_number is not None), Decimal(0))
    assert sum((entry.cost_usd for entry in table.entries), Decimal(0)) == known
    assert len(table.entries) == len(organisation().pulls)
    assert max(table.usage) < END.date()


def test_the_budget_comes_from_the_configuration_and_the_option_goes_before_it(branch, tmp_path):
    config = tmp_path / "costs.yml"
    config.write_text("budgets: {monthly_usd: 2000}\n")
    for extra, expected in (([], "2000"), (["--budget", "50"], "50")):
        site = tmp_path / expected
        assert run(["--from", str(branch), "--config", str(config), "--output", str(site), *extra], ENVIRONMENT) == 0
        assert f'"monthly_usd":"{expected}"' in (site / "data" / "summary.js").read_text()


def test_the_configuration_says_whether_people_are_named_and_an_option_goes_before_it(branch, tmp_path):
    config = tmp_path / "config.yml"
    config.write_text("reports: {show_people: true}\n")
    out, given = tmp_path / "out", ["--from", str(branch), "--config", str(config)]
    assert run([*given, "--output", str(out)], ENVIRONMENT) == 0
    assert "ada-lovelace" in data(out)
    assert run([*given, "--no-people", "--output", str(out)], ENVIRONMENT) == 0
    assert "ada-lovelace" not in data(out)
    config.write_text("reports: {pseudonymise: true}\n")
    assert run([*given, "--output", str(out)], ENVIRONMENT) == 2
    assert run([*given, "--output", str(out)], {**ENVIRONMENT, "PR_COST_BOT_PSEUDONYM_KEY": "key"}) == 0
    assert "ada" not in data(out)
