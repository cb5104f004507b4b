import io
import logging
import re
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pr_cost_bot import runner
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import PublishError


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


@pytest.mark.parametrize(
    ("level", "told"),
    [
        ("debug", ["debugging", "informing", "::notice::noting"]),
        ("info", ["informing", "::notice::noting"]),
        ("warning", ["::notice::noting"]),
        ("error", ["::notice::noting"]),
    ],
)
def test_the_level_is_for_plain_lines_and_annotations_always_pass(level, told):
    stream = io.StringIO()
    runner.set_up_logging(stream, level=level, secrets=(), workflow=True)
    runner.LOGGER.debug("debugging")
    runner.LOGGER.info("informing")
    runner.notice("noting")
    runner.warn(Problem("Careful."))
    runner.fail(Problem("No."))
    runner.LOGGER.handlers.clear()
    assert stream.getvalue().splitlines() == [
        *told,
        "::warning title=pr-cost-bot::Careful.",
        "::error title=pr-cost-bot::No.",
    ]


def test_a_bug_is_one_problem_and_its_traceback_is_in_the_debug_log_only(log):
    with pytest.raises(KeyError) as caught:
        {}["::error::x s3cr3t-key"]
    problem = runner.bug(caught.value)
    assert problem.what == "This is a bug in pr-cost-bot: KeyError."
    assert "log_level: debug" in problem.remedy
    lines = log.getvalue().splitlines()
    assert lines[0].startswith("Traceback")
    assert "::error::x ***" in lines[-1]
    assert not any(line.lstrip().startswith("::") for line in lines)
    assert "s3cr3t" not in log.getvalue()


def test_a_bug_names_the_place_in_this_program():
    with pytest.raises(AttributeError) as caught:
        runner.write_outputs("no path", {})
    assert re.search(r"AttributeError in runner\.py, line \d+\.", runner.bug(caught.value).what)


def test_the_end_is_told_in_the_step_summary_without_secrets(log, tmp_path):
    path = tmp_path / "summary"
    runner.fail_in_summary(path, Problem("No."), lambda problem: f"- {problem} s3cr3t-key\n")
    assert path.read_text() == "- No. ***\n"
    assert log.getvalue() == "::error title=pr-cost-bot::No.\n"


def test_the_end_is_told_even_where_the_template_engine_is_what_broke(log, tmp_path):
    path = tmp_path / "summary"

    def broken(problem):
        raise RuntimeError

    runner.fail_in_summary(path, Problem("No <b>.\n# Head"), broken)
    assert log.getvalue().splitlines()[0] == "::error title=pr-cost-bot::No <b>.%0A# Head"
    assert log.getvalue().count("::error") == 1
    assert path.read_text() == "    No <b>. # Head\n"


def test_a_thread_that_fails_leaves_its_traceback_in_the_debug_log_only(log, capsys, monkeypatch):
    monkeypatch.setattr(threading, "excepthook", runner.failed_thread)
    thread = threading.Thread(target={}.__getitem__, args=("s3cr3t-key",))
    thread.start()
    thread.join()
    assert log.getvalue().splitlines()[-1] == "KeyError: '***'"
    assert capsys.readouterr() == ("", "")


def test_a_summary_that_cannot_be_written_is_a_warning(log, tmp_path):
    runner.write_summary(tmp_path, "text")
    assert log.getvalue().startswith("::warning title=pr-cost-bot::The step summary could not be written")


def test_outputs_that_cannot_be_written_are_a_failure_to_publish(tmp_path):
    with pytest.raises(PublishError, match="GITHUB_OUTPUT"):
        runner.write_outputs(tmp_path, {"cost_usd": "1"})


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
