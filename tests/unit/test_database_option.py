import argparse

import pytest

from pr_cost_bot.cli import main
from pr_cost_bot.database_option import add_database_option, named_database, with_database
from pr_cost_bot.doctor import at_a_terminal
from pr_cost_bot.settings import read_settings

NAMED, OLDER = "PR_COST_BOT_DATABASE_URL", "DATABASE_URL"
REPOSITORY = {"GITHUB_REPOSITORY": "acme/web", "GITHUB_TOKEN": "t"}


def options(*arguments):
    parser = argparse.ArgumentParser()
    add_database_option(parser)
    return parser.parse_args(arguments)


def test_the_option_goes_before_the_variable():
    assert named_database(options("--database", "sqlite:///a"), {NAMED: "sqlite:///b"}) == "sqlite:///a"
    assert named_database(options(), {NAMED: " sqlite:///b "}) == "sqlite:///b"
    assert named_database(options(), {NAMED: " "}) is None


def test_other_programs_variable_is_not_taken_for_ours():
    assert named_database(options(), {OLDER: "sqlite:///c"}) is None


@pytest.mark.parametrize(
    ("environ", "named", "expected"),
    [
        ({}, None, None),
        ({NAMED: "sqlite:///b", OLDER: "sqlite:///c"}, "sqlite:///a", "sqlite:///a"),
        ({NAMED: "sqlite:///b", OLDER: "sqlite:///c"}, None, "sqlite:///b"),
        ({OLDER: "sqlite:///c"}, None, "sqlite:///c"),
        ({"INPUT_DATABASE_URL": "sqlite:///d", NAMED: "sqlite:///b"}, None, "sqlite:///d"),
    ],
)
def test_backfill_and_doctor_take_it_the_same_way_and_in_its_older_spelling(environ, named, expected):
    assert read_settings(at_a_terminal({**REPOSITORY, **environ}, named)).database_url == expected
    assert with_database(environ, named)["INPUT_DATABASE_URL"] == (expected or "")


@pytest.mark.parametrize(
    "command",
    [
        ("report", "overview"),
        ("export", "focus"),
        ("export", "views"),
        ("ledger", "migrate"),
        ("ledger", "sync"),
        ("dashboard",),
        ("digest",),
        ("backfill",),
        ("doctor",),
    ],
    ids=" ".join,
)
def test_every_command_that_uses_a_database_has_the_option(command, capsys):
    with pytest.raises(SystemExit):
        main([*command, "--help"])
    said = capsys.readouterr().out
    assert "--database URL" in said
    assert NAMED in said
