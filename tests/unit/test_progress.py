import io
import sys

import pytest

from pr_cost_bot.progress import lines, on_terminal


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_lines_come_now_and_then_and_tell_the_time_left():
    times = iter([0.0, 1.0, 6.0, 7.0, 20.0, 30.0])
    shown = io.StringIO()
    with lines(200, "Reading", shown, lambda: next(times)) as progress:
        for done in (1, 10, 11, 150, 200):
            progress(done)
    assert shown.getvalue().splitlines() == [
        "Reading: 5 %, about 2 min left",
        "Reading: 75 %, about 7 s left",
        "Reading: 100 %",
    ]


def test_work_without_anything_to_do_is_done():
    times = iter([0.0, 9.0])
    shown = io.StringIO()
    with lines(0, "Reading", shown, lambda: next(times)) as progress:
        progress(0)
    assert shown.getvalue() == "Reading: 100 %\n"


def test_quick_work_shows_nothing_where_there_is_no_terminal(capsys):
    with on_terminal(1, "Reading") as progress:
        progress(0.5)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_a_bar_with_its_name(monkeypatch):
    pytest.importorskip("rich")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with on_terminal(4, "Backfilling") as progress:
        progress(1)
    assert "Backfilling" in terminal.getvalue()
    assert "25%" in terminal.getvalue()


def test_a_terminal_without_rich_gets_lines(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    with on_terminal(4, "Backfilling") as progress:
        progress(1)
    assert terminal.getvalue() == ""
