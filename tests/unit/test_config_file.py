import contextlib
import json
from decimal import Decimal
from itertools import pairwise
from typing import get_args

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pr_cost_bot.config import Config, FileFormat
from pr_cost_bot.config_file import ConfigError, json_schema, parse_config, without_people
from pr_cost_bot.files import FORMATS
from pr_cost_bot.files.vendors import vendor_of_provider

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
        ("sources:\n  cursor:\n    base_url: https://user:password@api.cursor.com\n", 3, "sources.cursor.base_url"),
        ("sources:\n  cursor:\n    base_url: https://user@api.cursor.com/v1\n", 3, "sources.cursor.base_url"),
        ("reports:\n  teams:\n    a: [x]\n    b: x\n", 4, "reports.teams.b"),
        ("reports: {teams: {a: [x, 5]}}\n", 1, "reports.teams.a.1"),
        ("budgets:\n  repositories:\n    acme/web: 5\n    acme/api: lots\n", 4, "budgets.repositories.acme/api"),
        ("people:\n  - {github: a}\n  - {github: b, vendors: {cursor: x,\n     openai: 5}}\n", 4, "people.1.vendors.openai"),
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


@pytest.mark.parametrize("text", ["a: [1\nb: 2\n", "a: 'x\n", "\tversion: 1\n", "!!python/object:os.system {}\n", "a: \x00"])
def test_what_is_not_plain_yaml_is_refused_with_a_reason(text):
    assert "not YAML" in problem_of(text)


def test_a_key_that_stands_twice_is_refused():
    assert "line 3: the key 'labels' stands twice" in problem_of("labels: {}\nversion: 1\nlabels: {}\n")


ALIAS_BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in pairwise("abcdefghij")
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (ALIAS_BOMB, 1),
        ("people: &x [*x]\n", 1),
        ("version: 1\nlabels: *b\n", 2),
        ("labels:\n  low: &low cheap\n", 2),
        ("labels:\n  &low low: cheap\n", 2),
    ],
)
def test_anchors_and_aliases_are_refused_with_their_line(text, line):
    assert f"line {line}: anchors and aliases are not used in this file. Write it out." in problem_of(text)


def test_a_merge_key_is_refused_as_what_it_is():
    assert "line 3: merge keys (<<) are not used" in problem_of("labels:\n  low: a\n  <<: {low: b}\n")
    assert "unknown key '<<'" in problem_of("'<<': {}\n")


@pytest.mark.parametrize(
    "text",
    [f"version:\n  {'9' * 5000}", "version:\n  !!int x", "version:\n  !!float x", "version:\n  !!bool x", 'a:\n  "\\ud800"'],
)
def test_a_value_that_yaml_accepts_and_python_does_not_is_refused_with_its_line(text):
    problem = problem_of(text)
    assert "line 2: this " in problem
    assert len(problem) < 200


def test_keys_are_text_whatever_yaml_takes_them_for():
    assert "line 2: unknown key 'on' under 'labels'" in problem_of("labels:\n  on: a\n")
    assert "line 1: unknown key '1'" in problem_of("1: a\n")


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("comment: {when: sometimes}", "comment.when: expected one of always, never, usage; got 'sometimes'."),
        ("comment: {when: usge}", "Did you mean 'usage'?"),
        ("comment: {when: off}", "comment.when: expected one of always, never, usage; got true or false"),
        ("comment: {show_people: 1}", "comment.show_people: expected true or false; got a number."),
        ("comment: {show_people: 'true'}", "expected true or false; got a text. Write it without quotes."),
        ("labels: {low: 3}", "labels.low: expected a text; got a number. Put it in quotes."),
        ("labels: {high_from_usd: [1]}", "expected an amount in US dollars; got a list. Write it like 2.50."),
        ("labels: {high_from_usd: '1,4'}", "expected an amount in US dollars. Write it like 2.50."),
        ("labels:", "labels: expected keys with values; got nothing. Known keys there: high, "),
        ("people: octocat", "people: expected a list; got a text. Write it like [first, second]"),
        ("people: [{emails: [a]}]", "people.0: the key 'github' is missing. Add it."),
        ("people: [{github: a, vendors: [b]}]", "people.0.vendors: expected names with values; got a list."),
        (
            "people: [{github: a, vendors: {openai: 3}}]",
            "people.0.vendors.openai: expected a text or a list; got a number. Put",
        ),
        (
            "people: [{github: a, vendors: {openai: [3]}}]",
            "people.0.vendors.openai.0: expected a text; got a number. Put it in",
        ),
        ("attribution: {lookback_hours: 0}", "attribution.lookback_hours: expected a whole number from 1 to 336."),
        ("version: 2", "version: expected 1; got 2."),
        ("ledger: {show_people: [1]}", "ledger.show_people: expected true or false; got a list."),
    ],
)
def test_a_wrong_value_is_told_what_would_be_right(text, right):
    assert right in problem_of(text)


@pytest.mark.parametrize("branch", ["main", "master", "trunk", "develop", "HEAD"])
def test_the_ledger_has_a_branch_of_its_own(branch):
    assert f"line 2: ledger.branch: '{branch}' is a branch for code." in problem_of(f"ledger:\n  branch: {branch}\n")
    assert parse_config(f"ledger: {{branch: cost/{branch}}}", NAME).ledger.branch == f"cost/{branch}"


@pytest.mark.parametrize("name", ["", " ", " a", "a ", "a\nb", "a\0b", "a\u2028b", "a\u0085b", "x" * 51])
def test_a_label_that_github_would_refuse_or_change_is_refused(name):
    assert "line 2: labels.low: a label's name " in problem_of(f"labels:\n  low: {json.dumps(name)}\n")


def test_a_label_may_hold_blanks_commas_and_other_scripts():
    assert parse_config("labels: {low: 'Kosten, gering ✅ 低'}", NAME).labels.low == "Kosten, gering ✅ 低"


def test_a_vendor_that_is_no_source_is_named_with_the_nearest_one():
    text = "people:\n  - github: octocat\n    vendors:\n      Antropic: [a]\n"
    assert "line 4: people.0.vendors.Antropic: no source has this name. Did you mean 'anthropic'?" in problem_of(text)
    assert "Known sources: anthropic, bedrock, copilot, " in problem_of("people: [{github: a, vendors: {xyzzy: b}}]")


@pytest.mark.parametrize(
    ("section", "line"),
    [
        ("bedrock: {bucket: s3://acme}", "sources.bedrock.bucket: expected a bucket's name alone"),
        ("bedrock: {log_group: 'a b'}", "sources.bedrock.log_group: expected the name or ARN of a log group"),
        ("bedrock: {regions: [eu-west-1, Ireland]}", "sources.bedrock.regions: 'Ireland' is no region"),
        ("bedrock: {regions: 'eu-west-1.evil.example/'}", "is no region"),
        ("vertex: {table: logs.calls}", "sources.vertex.table: expected project.dataset.table"),
        ("vertex: {log_view: 'acme-ai.d.t` WHERE 1=1 --'}", "sources.vertex.log_view: expected project.dataset.table"),
        ("vertex: {table: [acme-ai.d.t, 'acme-ai.d.t\\n']}", "sources.vertex.table"),
        ("vertex: {project: ../secret}", "sources.vertex.project: this is no project id"),
        ("vertex: {max_gib: 0}", "sources.vertex.max_gib"),
    ],
)
def test_what_stands_in_an_address_or_a_query_is_nothing_but_a_name(section, line):
    assert line in problem_of(f"sources: {{{section}}}")


def test_names_of_clouds_are_taken_as_they_are():
    text = (
        "sources:\n  bedrock: {log_group: 'arn:aws:logs:eu-west-1:1:log-group:/a/b', regions: us-gov-west-1, bucket: a.logs}\n"
        "  vertex: {table: ['acme.com:acme-ai.logs_1.calls-2'], project: acme-ai, max_gib: 5}\n"
    )
    sources = parse_config(text, NAME).sources
    assert (sources.bedrock.regions, sources.vertex.table) == ("us-gov-west-1", ("acme.com:acme-ai.logs_1.calls-2",))


def test_with_files_any_name_that_is_not_mistyped_may_be_a_source():
    files = "sources: {files: [{path: usage.jsonl}]}\n"
    assert parse_config(files + "people: [{github: a, vendors: {xyzzy: b}}]", NAME).people[0].vendors == {"xyzzy": "b"}
    assert "Did you mean 'openai'?" in problem_of(files + "people: [{github: a, vendors: {opneai: b}}]")


def test_what_files_call_their_sources_may_stand_in_the_people_map():
    for name in {vendor_of_provider(name) for name in ("aws", "google", "github", "cursor", "openai", "anthropic")}:
        assert parse_config(f"people: [{{github: a, vendors: {{{name}: b}}}}]", NAME).people[0].vendors == {name: "b"}


@given(st.text(st.sampled_from("ab01.-:,[]{}&*!|>%@#?'\"\\ \n<~\t"), max_size=40))
def test_any_text_is_a_configuration_or_an_error_for_its_author(text):
    with contextlib.suppress(ConfigError):
        assert isinstance(parse_config(text, NAME), Config)


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
    given = ["{path: exports/cursor.csv}", "{url: 'https://example.com/u.csv?x=1', format: otlp, person: octocat}"]
    text = "sources:\n  files:\n" + "".join(f"    - {entry}\n" for entry in given)
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
        ("{path: a, format: xlsx}", 3, "sources.files.0.format: expected one of anthropic-cost, "),
        ("{path: a, format: otpl}", 3, "got 'otpl'. Did you mean 'otlp'?"),
    ],
)
def test_a_wrong_file_of_usage_is_named_with_its_line(entry, line, said):
    problem = problem_of(f"sources:\n  files:\n    - {entry}\n")
    assert f"line {line}:" in problem
    assert said in problem
    assert "secret" not in problem


def test_the_formats_of_the_configuration_are_those_that_can_be_read():
    assert set(get_args(FileFormat)) == set(FORMATS)


def test_the_log_tells_what_was_chosen_and_nobodys_address():
    text = "people: [{github: ada, emails: [ada@acme.example]}]\nreports: {teams: {web: [ada]}, min_group_size: 5}\n"
    told = without_people(parse_config(f"{text}comment: {{when: always}}\nlabels: {{high_from_usd: 30}}\n", NAME))
    assert json.loads(told) == {
        "people": 1,
        "reports": {"teams": 1, "min_group_size": 5},
        "comment": {"when": "always"},
        "labels": {"high_from_usd": "30"},
    }
    assert without_people(Config()) == "{}"
