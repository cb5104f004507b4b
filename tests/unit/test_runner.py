import io
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pr_cost_bot import runner
from pr_cost_bot.model import Problem


@pytest.fixture
def log():
    stream = io.StringIO()
    runner.set_up_logging(stream, level="debug", secrets=["s3cr3t-key", "multi\nline-secret"], workflow=True)
    yield stream
    runner.LOGGER.handlers.clear()


def test_problems_become_annotations(log):
    runner.warn(Problem("Cursor answered 503.", "It may be down.", "Wait."))
    runner.fail(Problem("No."))
    runner.notice("All well.")
    assert log.getvalue().splitlines() == [
        "::warning title=pr-cost-bot::Cursor answered 503. It may be down. Wait.",
        "::error title=pr-cost-bot::No.",
        "::notice::All well.",
    ]


def test_annotations_are_escaped(log):
    runner.warn(Problem("50%\n::error::x\r"))
    assert log.getvalue() == "::warning title=pr-cost-bot::50%25%0A::error::x \n"


def test_secrets_never_reach_the_log(log):
    runner.LOGGER.info("key %s and %s", "s3cr3t-key", "line-secret")
    assert log.getvalue() == "key *** and ***\n"


@given(st.text())
def test_a_plain_line_is_never_a_command(text):
    line = runner.harmless_line(text)
    assert not line.lstrip().startswith("::")
    assert "##[" not in line
    assert len(line.splitlines()) <= 1


def test_a_terminal_sees_plain_words():
    stream = io.StringIO()
    runner.set_up_logging(stream, level="info", secrets=(), workflow=False)
    runner.warn(Problem("Careful."))
    runner.LOGGER.info("Done.")
    runner.LOGGER.debug("unseen")
    runner.LOGGER.handlers.clear()
    assert stream.getvalue() == "warning: Careful.\nDone.\n"
    assert logging.getLevelName(runner.NOTICE) == "NOTICE"


def test_outputs_cannot_end_their_own_value(tmp_path):
    path = tmp_path / "output"
    runner.write_outputs(path, {"summary": "a\nend_x\nb=c", "cost_usd": "4.21"})
    lines = path.read_text().splitlines()
    name, delimiter = lines[0].split("<<")
    assert name == "summary"
    assert lines[1:4] == ["a", "end_x", "b=c"]
    assert lines[4] == delimiter


def test_a_summary_over_the_limit_is_cut_at_a_line(tmp_path):
    path = tmp_path / "summary"
    runner.write_summary(path, "é line\n" * 200_000)
    data = path.read_bytes()
    assert len(data) <= runner.SUMMARY_LIMIT
    assert data.decode().endswith("has everything.\n")
