from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pr_cost_bot.marker import Marker, read_marker, write_marker

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@given(st.text(), st.text(), st.text())
def test_what_is_written_is_read_and_cannot_end_the_html_comment(repository, sha, digest):
    marker = Marker(repository=repository, pr=1, head_sha=sha, computed_at=NOW, digest=digest)
    line = write_marker(marker)
    assert read_marker(line + "\n\nThis PR") == marker
    assert line.count("-->") == 1
    assert "--" not in line[4:-3]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "x <!-- pr-cost-bot:v1 {} -->",
        "<!-- pr-cost-bot:v1 {} -->",
        "<!-- pr-cost-bot:v1 [] -->",
        "<!-- pr-cost-bot:v2 {} -->",
    ],
)
def test_anything_else_is_no_marker(body):
    assert read_marker(body) is None
