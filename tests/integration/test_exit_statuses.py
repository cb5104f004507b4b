"""One exit status for one mistake, whichever command meets it (README.md): 2 a wrong setting, 1 what is out of reach."""

import pytest

from pr_cost_bot.cli import main
from pr_cost_bot.ledger.sql import SqlLedger

NOBODY = "postgresql+psycopg://user:secret@127.0.0.1:1/x"
WRONG = [
    "no url",
    "nosuchdatabase://user:secret@h/x",
    "mssql+pymssql://user:secret@h/x",
    "postgresql+psycopg://user:secret@h:port/x",
]
COMMANDS = [
    ["report"],
    ["report", "explain", "acme/web#7"],
    ["export", "focus"],
    ["export", "views"],
    ["ledger", "migrate"],
    ["ledger", "sync", "sqlite:///{folder}/costs.db"],
    ["dashboard", "--output", "{folder}/site"],
    ["digest"],
]


def ends(arguments, url, tmp_path, monkeypatch):
    monkeypatch.setenv("PR_COST_BOT_DATABASE_URL", url)
    monkeypatch.chdir(tmp_path)
    SqlLedger(f"sqlite:///{tmp_path}/costs.db").read("acme/web", [7])
    return main([each.format(folder=tmp_path) for each in arguments])


@pytest.mark.parametrize("url", WRONG[1:])
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_url_that_leads_to_no_database_is_a_wrong_setting(arguments, url, tmp_path, monkeypatch):
    assert ends(arguments, url, tmp_path, monkeypatch) == 2


@pytest.mark.parametrize("arguments", COMMANDS[:5], ids=" ".join)
def test_a_text_that_is_no_url_is_a_wrong_setting(arguments, tmp_path, monkeypatch):
    assert ends(arguments, WRONG[0], tmp_path, monkeypatch) == 2


@pytest.mark.parametrize("arguments", [one for one in COMMANDS if one[1:2] != ["sync"]], ids=" ".join)
def test_a_database_out_of_reach_is_none(arguments, tmp_path, monkeypatch):
    assert ends(arguments, NOBODY, tmp_path, monkeypatch) == 1
