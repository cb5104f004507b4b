"""The fixtures of tests/fixtures/files, read."""

import io
from pathlib import Path

from pr_cost_bot.files import BadRow, Reading, Usage
from pr_cost_bot.model import UsageRecord
from pr_cost_bot.sources.opened import open_path

FIXTURES = Path(__file__).parents[2] / "fixtures" / "files"
NAMES = tuple(sorted(path.name for path in FIXTURES.iterdir() if path.suffix != ".md"))


def rows_of(fixture: str) -> list[Usage | BadRow]:
    path = FIXTURES / fixture
    with open_path(path, path.name) as lines:
        return list(Reading(lines, path.name))


def records_of(fixture: str) -> list[UsageRecord]:
    rows = rows_of(fixture)
    assert not [row for row in rows if isinstance(row, BadRow)]
    return [row.record for row in rows if isinstance(row, Usage)]


def text_of(fixture: str) -> str:
    return (FIXTURES / fixture).read_text(encoding="utf-8-sig")


def read_text(text: str, name: str = "file", format_name: str | None = None) -> list[Usage | BadRow]:
    return list(Reading(io.StringIO(text, newline=""), name, format_name))
