import subprocess
import sys

import msgspec
import pytest

from pr_cost_bot.config import BedrockSettings, Sources, SourceSettings, VertexSettings
from pr_cost_bot.model import SourceState
from pr_cost_bot.settings import KEY_INPUTS
from pr_cost_bot.sources import KNOWN, active_sources, table, unread

KEYS = {key: f"key of {known.name}" for known in KNOWN for key in known.keys}
LOGS = Sources(
    bedrock=BedrockSettings(bucket="acme-logs", regions="eu-west-1"), vertex=VertexSettings(log_view="acme-ai.logs._Default")
)
NAMES = [known.name for known in KNOWN if known.keys]
CONFIGURED = [known.name for known in KNOWN if not known.keys]


def test_a_source_is_active_when_its_key_is_set():
    assert [source.name for source in active_sources(KEYS, Sources())] == NAMES
    assert [source.name for source in active_sources({"openai_admin_key": " k ", "cursor_admin_key": " "}, Sources())] == [
        "openai"
    ]
    assert active_sources({}, Sources()) == ()


def test_a_source_without_a_key_is_active_when_its_logs_are_set():
    assert CONFIGURED == ["bedrock", "vertex"]
    assert [source.name for source in active_sources({}, LOGS)] == CONFIGURED
    off = Sources(bedrock=msgspec.structs.replace(LOGS.bedrock, enabled=False), vertex=VertexSettings(project="acme-ai"))
    assert active_sources({}, off) == ()


def test_a_disabled_source_is_not():
    config = Sources(openai=SourceSettings(enabled=False))
    assert [source.name for source in active_sources(KEYS, config)] == [name for name in NAMES if name != "openai"]


def test_names_and_titles_of_sources_are_those_of_the_registry():
    made = active_sources(KEYS, LOGS)
    assert [(source.name, source.title) for source in made] == [(known.name, known.title) for known in KNOWN]


def test_no_key_appears_in_a_source():
    for source, known in zip(active_sources(KEYS, LOGS), KNOWN, strict=True):
        assert f"key of {known.name}" not in repr(source)


def test_keys_that_are_set_are_read():
    assert unread(KEYS) == unread({}) == ()
    assert set(KEYS) == set(KEY_INPUTS)


@pytest.mark.parametrize(
    ("given", "missing"),
    [("langfuse_public_key", "langfuse_secret_key"), ("langfuse_secret_key", "langfuse_public_key")],
)
def test_a_source_with_half_of_its_keys_says_which_one_is_missing(given, missing):
    assert active_sources({given: "half-of-a-pair", missing: " "}, Sources()) == ()
    (status,) = unread({given: "half-of-a-pair"})
    assert (status.name, status.state) == ("langfuse", SourceState.FAILED)
    assert f"the input `{missing}` is missing" in str(status.problem)
    assert "half-of-a-pair" not in str(status.problem)
    assert unread({given: "half-of-a-pair"}, Sources(langfuse=SourceSettings(enabled=False))) == ()


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_every_source_has_a_row_in_the_table_and_a_key_in_the_configuration(known):
    inputs = ", ".join(f"`{key}`" for key in known.keys) or "none"
    assert f"| **{known.title}** | {inputs} |" in table()
    assert hasattr(Sources(), known.name)


def test_the_table_is_well_formed():
    lines = table().splitlines()
    assert {line.count("|") for line in lines} == {9}
    assert len(lines) == 2 + len(KNOWN) + 1  # head, and files


def test_only_active_sources_are_imported():
    code = (
        "import sys; from pr_cost_bot.sources import active_sources; from pr_cost_bot.config import Sources;"
        "assert 'requests' not in sys.modules; active_sources({'cursor_admin_key': 'k'}, Sources());"
        "assert 'pr_cost_bot.sources.cursor' in sys.modules;"
        "assert not any(part in name for part in ('anthropic', 'openai', 'botocore', 'google.auth') for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
