"""Which configuration the commands that show figures read, and what goes before what."""

import argparse
from decimal import Decimal

import pytest
from tests.factories import NOON

from pr_cost_bot.config import Price, ReportSettings
from pr_cost_bot.config_file import ConfigError, parse_config
from pr_cost_bot.list_prices import list_prices
from pr_cost_bot.reports.privacy import Privacy
from pr_cost_bot.reports_config import KEY_VARIABLE, add_privacy_options, privacy_of, read_config
from pr_cost_bot.settings import SettingsError

KEY = {KEY_VARIABLE: "secret"}


def options(*arguments):
    parser = argparse.ArgumentParser()
    add_privacy_options(parser)
    parser.add_argument("--min-group", type=int)
    return parser.parse_args(arguments)


def privacy(*arguments, environ=KEY, **settings):
    return privacy_of(options(*arguments), ReportSettings(**settings), environ)


@pytest.mark.parametrize(
    ("arguments", "settings", "people"),
    [
        ((), {}, "hidden"),
        ((), {"show_people": True}, "shown"),
        ((), {"pseudonymise": True}, "pseudonyms"),
        ((), {"show_people": True, "pseudonymise": True}, "pseudonyms"),
        (("--people",), {"pseudonymise": True}, "shown"),
        (("--pseudonyms",), {"show_people": True}, "pseudonyms"),
        (("--no-people",), {"show_people": True, "pseudonymise": True}, "hidden"),
    ],
)
def test_an_option_goes_before_the_configuration(arguments, settings, people):
    found = privacy(*arguments, **settings)
    assert found.people == people
    assert found.key == (b"secret" if people == "pseudonyms" else b"")


def test_three_people_stand_behind_a_teams_figure_unless_told_otherwise():
    assert (privacy().min_team, privacy().min_group) == (3, 1)
    assert (privacy(min_group_size=5).min_team, privacy(min_group_size=5).min_group) == (5, 1)
    assert (privacy("--min-group", "4", min_group_size=9).min_team, privacy("--min-group", "4").min_group) == (4, 4)
    assert Privacy(people="shown", min_team=3).least == 1


@pytest.mark.parametrize(("arguments", "who"), [((), "reports.pseudonymise"), (("--pseudonyms",), "--pseudonyms")])
def test_pseudonyms_without_a_key_are_refused(arguments, who):
    with pytest.raises(SettingsError, match=f"{who} needs a key in {KEY_VARIABLE}"):
        privacy(*arguments, environ={}, pseudonymise=True)


def test_the_file_in_its_usual_place_is_read_and_another_one_when_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read_config(options()).reports == ReportSettings()
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github/pr-cost-bot.yml").write_text("reports: {min_group_size: 7, teams: {platform: [octocat, mona]}}\n")
    (tmp_path / "other.yml").write_text("reports: {show_people: true}\n")
    assert read_config(options()).reports == ReportSettings(min_group_size=7, teams={"platform": ("octocat", "mona")})
    assert read_config(options("--config", "other.yml")).reports.show_people


@pytest.mark.parametrize(
    ("text", "words"), [("reports: {people: true}", "unknown key 'people'"), (b"\xff", "UTF-8"), (None, "No such")]
)
def test_a_file_that_cannot_be_used_is_named(tmp_path, text, words):
    path = tmp_path / "config.yml"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SettingsError, match=words) as caught:
        read_config(options("--config", str(path)))
    assert "config.yml" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("reports: {teams: {a: [Octo, mona], b: [octo]}}", "reports.teams.b.0: 'octo' is in the team a already"),
        ("reports: {teams: {(no team): [octo]}}", "does not begin with"),
        ("reports: {min_group_size: 0}", "from 1 to 1000"),
        ("reports: {teams: [octo]}", "reports.teams"),
        ("reports: {teams: {a: octo}}", "a list"),
    ],
)
def test_a_wrong_section_is_told_with_its_key(text, words):
    with pytest.raises(ConfigError) as caught:
        parse_config(text, "config.yml")
    assert words in str(caught.value)


def test_own_prices_go_before_the_list():
    own = Price(model="House-1", input_usd_per_mtok=Decimal(2), output_usd_per_mtok=Decimal(8))
    prices = list_prices(NOON, [own])
    found = prices("house-1")
    assert (found.input, found.cache_read, found.cache_write, found.output) == tuple(
        Decimal(number) / 1_000_000 for number in (2, 2, 2, 8)
    )
    assert prices("claude-sonnet-4-6").output == Decimal("0.000015")
    assert prices("no-such-model") is None
