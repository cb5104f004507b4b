import subprocess
import sys

import pytest

from pr_cost_bot.config import Sources, SourceSettings
from pr_cost_bot.model import SourceState
from pr_cost_bot.sources import KNOWN, active_sources, table, unread

KEYS = {known.keys[0]: f"key of {known.name}" for known in KNOWN}


def test_a_source_is_active_when_its_key_is_set():
    assert [source.name for source in active_sources(KEYS, Sources())] == ["anthropic", "openai", "cursor"]
    assert [source.name for source in active_sources({"openai_admin_key": " k ", "cursor_admin_key": " "}, Sources())] == [
        "openai"
    ]
    assert active_sources({}, Sources()) == ()


def test_a_disabled_source_is_not():
    config = Sources(openai=SourceSettings(enabled=False))
    assert [source.name for source in active_sources(KEYS, config)] == ["anthropic", "cursor"]


def test_names_and_titles_of_sources_are_those_of_the_registry():
    made = active_sources(KEYS, Sources())
    assert [(source.name, source.title) for source in made] == [(known.name, known.title) for known in KNOWN]


def test_no_key_appears_in_a_source():
    for source, known in zip(active_sources(KEYS, Sources()), KNOWN, strict=True):
        assert f"key of {known.name}" not in repr(source)


def test_keys_that_nothing_reads_are_failures_and_never_a_silent_zero():
    keys = {"copilot_token": "t", "langfuse_public_key": "p", "langfuse_secret_key": "s", "helicone_api_key": ""}
    copilot, langfuse = unread(keys)
    assert (copilot.name, copilot.state, langfuse.name) == ("copilot", SourceState.FAILED, "langfuse")
    assert "Copilot is not read by this version, so its cost is not in the figure" in str(copilot.problem)
    assert unread(KEYS) == ()


def test_a_key_that_nothing_reads_can_be_left_out_knowingly():
    assert unread({"portkey_api_key": "k"}, Sources(portkey=SourceSettings(enabled=False))) == ()


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_every_source_has_a_row_in_the_table_and_a_key_in_the_configuration(known):
    assert f"| **{known.title}** | `{known.keys[0]}` |" in table()
    assert hasattr(Sources(), known.name)


def test_the_table_is_well_formed():
    lines = table().splitlines()
    assert {line.count("|") for line in lines} == {9}
    assert len(lines) == 2 + len(KNOWN)


def test_only_active_sources_are_imported():
    code = (
        "import sys; from pr_cost_bot.sources import active_sources; from pr_cost_bot.config import Sources;"
        "assert 'requests' not in sys.modules; active_sources({'cursor_admin_key': 'k'}, Sources());"
        "assert 'pr_cost_bot.sources.cursor' in sys.modules;"
        "assert not any('anthropic' in name or 'openai' in name for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
