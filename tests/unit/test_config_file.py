import json
from decimal import Decimal
from typing import get_args

import jsonschema
import pytest
import yaml

from pr_cost_bot.config import Config, FileFormat
from pr_cost_bot.config_file import ConfigError, json_schema, parse_config
from pr_cost_bot.files import FORMATS

NAME = ".github/pr-cost-bot.yml"

DOCUMENTED = r"""
version: 1
labels:            {low: cost:low, medium: cost:medium, high: cost:high, medium_from_usd: 2, high_from_usd: 20}
comment:           {when: usage, show_people: false}
people:
  - {github: octocat, emails: [octo@example.com], vendors: {copilot: octocat, anthropic: [apikey_01ABC], litellm: octo}}
sources:
  anthropic:       {base_url: https://api.anthropic.com}
  openai:          {base_url: https://api.openai.com}
  cursor:          {base_url: https://api.cursor.com}
  copilot:         {organization: acme}
attribution:       {lookback_hours: 48, repositories: [acme/web, acme/api]}
tickets:           {pattern: '[A-Z][A-Z0-9]+-\d+'}
prices:            [{model: house-model, input_usd_per_mtok: 1, output_usd_per_mtok: 4}]
ledger:            {branch: pr-cost-data}
"""


def problem_of(text):
    with pytest.raises(ConfigError) as caught:
        parse_config(text, NAME)
    return str(caught.value.problem)


def test_the_documented_file_is_read_whole():
    config = parse_config(DOCUMENTED, NAME)
    assert config.people[0].vendors == {"copilot": "octocat", "anthropic": ("apikey_01ABC",), "litellm": "octo"}
    assert config.sources.copilot.organization == "acme"
    assert config.attribution.repositories == ("acme/web", "acme/api")
    assert config.prices[0].output_usd_per_mtok == Decimal(4)
    assert config.labels == Config().labels


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "version: 1\n", "{}"])
def test_an_empty_file_is_the_default_configuration(text):
    assert parse_config(text, NAME) == Config()


def test_amounts_are_exact_decimals():
    text = "labels: {medium_from_usd: 0.1, high_from_usd: 1.10}"
    labels = parse_config(text, NAME).labels
    assert (labels.medium_from_usd, labels.high_from_usd) == (Decimal("0.1"), Decimal("1.10"))


@pytest.mark.parametrize(
    ("text", "line", "key", "help_"),
    [
        ("version: 1\nlables: {}\n", 2, "lables", "Did you mean 'labels'?"),
        ("labels:\n  low: a\n  midium: b\n", 3, "midium", "Did you mean 'medium'?"),
        ("sources:\n  anthropics: {}\n", 2, "anthropics", "Did you mean 'anthropic'?"),
        ("people:\n  - github: a\n  - github: b\n    email: [x]\n", 4, "email", "Did you mean 'emails'?"),
        ("ledger: {xyzzy: 1}\n", 1, "xyzzy", "Known keys there: branch, show_people."),
    ],
)
def test_an_unknown_key_is_named_with_its_line_and_the_nearest_known_one(text, line, key, help_):
    problem = problem_of(text)
    assert f"line {line}" in problem
    assert f"'{key}'" in problem
    assert help_ in problem


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("version: 2\n", 1, "version"),
        ("comment:\n  when: sometimes\n", 2, "comment.when"),
        ("comment: {show_people: 1}\n", 1, "comment.show_people"),
        ("labels:\n  high_from_usd: lots\n", 2, "labels.high_from_usd"),
        ("labels:\n  medium_from_usd: -1\n", 2, "labels.medium_from_usd"),
        ("labels:\n  medium_from_usd: .nan\n", 2, "labels.medium_from_usd"),
        ("labels:\n  medium_from_usd: 30\n  high_from_usd: 20\n", 3, "labels.high_from_usd"),
        ("labels: {low: x, high: X}\n", 1, "labels"),
        ("attribution:\n  lookback_hours: 0\n", 2, "attribution.lookback_hours"),
        ("attribution:\n  repositories:\n    - acme/web\n    - acme\n", 4, "attribution.repositories.1"),
        ("sources:\n  cursor:\n    base_url: api.cursor.com\n", 3, "sources.cursor.base_url"),
        ("ledger:\n  branch: ../x\n", 2, "ledger.branch"),
        ("tickets:\n  pattern: '['\n", 2, "tickets.pattern"),
        ("people: octocat\n", 1, "people"),
        ("- a\n", 1, "the file"),
    ],
)
def test_a_wrong_value_is_named_with_its_line_and_key(text, line, key):
    problem = problem_of(text)
    assert f"line {line}:" in problem
    assert f"{key}:" in problem


@pytest.mark.parametrize(
    "text", ["a: [1\nb: 2\n", "a: 'x\n", "\tversion: 1\n", "a: *b\n", "!!python/object:os.system {}\n", "a: \x00"]
)
def test_what_is_not_plain_yaml_is_refused_with_a_reason(text):
    assert "not YAML" in problem_of(text)


def test_a_key_that_stands_twice_is_refused():
    assert "'labels' stands twice" in problem_of("labels: {}\nversion: 1\nlabels: {}\n")


def test_deep_nesting_is_refused_and_does_not_crash():
    assert problem_of("[" * 5000)


def test_the_schema_accepts_the_documented_file_and_refuses_an_unknown_key():
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(DOCUMENTED), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"lables": {}}, schema)
    assert "medium_from_usd" in json.dumps(schema)


def test_files_of_usage_are_a_list_beside_the_sources():
    text = "sources:\n  files:\n    - {path: exports/cursor.csv}\n    - {url: 'https://example.com/u.csv?x=1', format: otlp, person: octocat}\n"
    files = parse_config(text, NAME).sources.files
    assert (files[0].path, files[0].format, files[1].person) == ("exports/cursor.csv", None, "octocat")
    jsonschema.validate(yaml.safe_load(text), json_schema())


@pytest.mark.parametrize(
    ("entry", "line", "said"),
    [
        ("{}", 3, "sources.files.0: expected either path or url"),
        ("{path: a, url: 'https://example.com/a'}", 3, "sources.files.0: expected either path or url"),
        ("{url: ftp://example.com/a}", 3, "sources.files.0.url: expected http(s)"),
        ("{url: 'https://user:secret@example.com/a'}", 3, "without a password"),
        ("{path: a, fromat: otlp}", 3, "Did you mean 'format'?"),
        ("{path: a, format: xlsx}", 3, "sources.files.0.format: invalid enum value 'xlsx'"),
    ],
)
def test_a_wrong_file_of_usage_is_named_with_its_line(entry, line, said):
    problem = problem_of(f"sources:\n  files:\n    - {entry}\n")
    assert f"line {line}:" in problem
    assert said in problem
    assert "secret" not in problem


def test_the_formats_of_the_configuration_are_those_that_can_be_read():
    assert set(get_args(FileFormat)) == set(FORMATS)
