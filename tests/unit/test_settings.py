from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from pr_cost_bot.settings import SettingsError, clock, read_settings

RUNNER = {
    "GITHUB_REPOSITORY": "acme/web",
    "GITHUB_EVENT_NAME": "pull_request_target",
    "GITHUB_EVENT_PATH": "/github/workflow/event.json",
    "GITHUB_API_URL": "https://api.github.com",
    "GITHUB_GRAPHQL_URL": "https://api.github.com/graphql",
    "GITHUB_WORKSPACE": "/github/workspace",
    "INPUT_GITHUB_TOKEN": "ghs_secret",
}


def test_defaults_are_those_of_the_interface():
    settings = read_settings(RUNNER)
    assert settings.config_path == ".github/pr-cost-bot.yml"
    assert settings.artifact_dir == Path("/github/workspace/pr-cost")
    assert settings.dry_run is False
    assert settings.fail_above_usd is None
    assert settings.log_level == "info"
    assert settings.keys == {}


def test_empty_inputs_count_as_unset():
    settings = read_settings({**RUNNER, "INPUT_ANTHROPIC_ADMIN_KEY": "", "INPUT_CURSOR_ADMIN_KEY": " ", "INPUT_DRY_RUN": ""})
    assert settings.keys == {}
    assert settings.dry_run is False


def test_keys_are_read_by_input_name_and_never_shown():
    settings = read_settings({**RUNNER, "INPUT_ANTHROPIC_ADMIN_KEY": "sk-ant-admin-1", "INPUT_DATABASE_URL": "sqlite:///x.db"})
    assert settings.keys == {"anthropic_admin_key": "sk-ant-admin-1"}
    for secret in ("sk-ant-admin-1", "ghs_secret", "sqlite:///x.db"):
        assert secret in settings.secrets
        assert secret not in repr(settings)


def test_an_empty_artifact_dir_turns_the_files_off():
    assert read_settings({**RUNNER, "INPUT_ARTIFACT_DIR": ""}).artifact_dir is None


@pytest.mark.parametrize("name", sorted(RUNNER))
def test_what_the_runner_must_set_is_named_when_it_is_missing(name):
    if name == "GITHUB_WORKSPACE":
        assert read_settings({k: v for k, v in RUNNER.items() if k != name}).workspace == Path.cwd()
        return
    with pytest.raises(SettingsError, match=f"variable {name.removeprefix('INPUT_')}"):
        read_settings({k: v for k, v in RUNNER.items() if k != name})


def test_a_token_that_the_workflow_makes_empty_is_the_inputs_fault():
    with pytest.raises(SettingsError, match=r"input github_token is empty.*'with:'"):
        read_settings({**RUNNER, "INPUT_GITHUB_TOKEN": ""})


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        ("foo", "1"),
        ("slack://a/b/c\nhooks.slack.com/services/x\n\nmailto:a@b.c", "2, 3"),
        ("://x", "1"),
        ("json://", "1"),
        ("slack://a/b/c\nJSONS://x", ""),
        ("", ""),
    ],
)
def test_lines_that_are_no_addresses_are_named_by_their_place_alone(given, lines):
    problem = read_settings({**RUNNER, "INPUT_NOTIFY_URLS": given}).wrong_addresses
    assert (f"in line {lines}." in problem.what) if lines else problem is None
    assert not lines or not any(line in str(problem) for line in given.splitlines() if len(line) > 4)


@pytest.mark.parametrize(
    ("given", "amount"),
    [("20", "20"), ("$12.50", "12.50"), ("$ 1,000", "1000"), ("12,345,678.9", "12345678.9"), (".5", "0.5"), ("0", "0")],
)
def test_fail_above_usd_is_an_exact_amount(given, amount):
    assert read_settings({**RUNNER, "INPUT_FAIL_ABOVE_USD": given}).fail_above_usd == Decimal(amount)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("INPUT_FAIL_ABOVE_USD", "much"),
        ("INPUT_FAIL_ABOVE_USD", "-1"),
        ("INPUT_FAIL_ABOVE_USD", "NaN"),
        ("INPUT_FAIL_ABOVE_USD", "1,4"),
        ("INPUT_FAIL_ABOVE_USD", "1,40"),
        ("INPUT_FAIL_ABOVE_USD", "1.400,00"),
        ("INPUT_FAIL_ABOVE_USD", "1000,000"),
        ("INPUT_FAIL_ABOVE_USD", "1,000,00"),
        ("INPUT_FAIL_ABOVE_USD", "1e999999999"),
        ("INPUT_FAIL_ABOVE_USD", "9" * 5000),
        ("INPUT_DRY_RUN", "perhaps"),
        ("INPUT_LOG_LEVEL", "loud"),
        ("INPUT_ARTIFACT_DIR", "../../etc"),
        ("INPUT_ARTIFACT_DIR", "/etc"),
    ],
)
def test_a_wrong_input_is_named(name, value):
    with pytest.raises(SettingsError, match=name.removeprefix("INPUT_").lower()):
        read_settings({**RUNNER, name: value})


@pytest.mark.parametrize("name", ["GITHUB_API_URL", "GITHUB_GRAPHQL_URL"])
@pytest.mark.parametrize(
    "value", ["nonsense", "ftp://api.github.com", "https://", "https://x:port", "https://[x", "https://a b", "https://x:99999"]
)
def test_an_address_that_is_none_is_named_by_its_variable(name, value):
    with pytest.raises(SettingsError, match=name):
        read_settings({**RUNNER, name: value})


@pytest.mark.parametrize("value", ["https://ghe.acme.example/api/v3", "http://127.0.0.1:8080", "http://[::1]:80/api"])
def test_addresses_of_enterprise_servers_are_read(value):
    assert read_settings({**RUNNER, "GITHUB_API_URL": value}).api_url == value


def test_the_clock_counts_whole_seconds():
    assert clock({"PR_COST_BOT_NOW": "2026-11-21T09:30:00.999Z"}) == datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
    assert clock({}).microsecond == 0


def test_the_clock_can_be_fixed():
    assert clock({"PR_COST_BOT_NOW": "2026-11-21T10:30:00+01:00"}) == datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
    assert clock({}).tzinfo is UTC


@pytest.mark.parametrize("text", ["yesterday", "2026-11-21T10:30:00", "0001-01-01T00:00:00+14:00"])
def test_a_clock_without_zone_or_sense_is_refused(text):
    with pytest.raises(SettingsError, match="PR_COST_BOT_NOW"):
        clock({"PR_COST_BOT_NOW": text})
