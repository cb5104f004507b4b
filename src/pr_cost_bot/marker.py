"""The hidden first line by which the bot knows its own comment (docs/comment.md)."""

import re
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec

PREFIX = "<!-- pr-cost-bot:v1 "
_LINE = re.compile(re.escape(PREFIX) + r"(\{.*?\}) -->")

_NO_RUN_WAITS = timedelta(days=40)  # longer than anything is computed again
_ESCAPES = (("<", "\\u003c"), (">", "\\u003e"), ("--", "-\\u002d"))


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """What the comment remembers. `digest` is a fingerprint of all that the comment says, but for times of the run."""

    repository: str
    pr: int
    head_sha: str
    computed_at: datetime
    digest: str = ""
    text: str = ""  # fingerprint of the text below the marker, by which somebody else's edit is noticed


def write_marker(marker: Marker) -> str:
    """The line. Inside its JSON no `<` or `>` can end the HTML comment early."""
    text = msgspec.json.encode(marker).decode()
    for unsafe, escaped in _ESCAPES:
        text = text.replace(unsafe, escaped)
    return f"{PREFIX}{text} -->"


def fingerprint(text: str) -> str:
    """Of a text as GitHub hands it back: line ends and blanks at the end do not count."""
    return sha256(text.replace("\r\n", "\n").strip().encode()).hexdigest()[:16]


def is_untouched(body: str, marker: Marker) -> bool:
    """Whether a comment still says what the bot wrote."""
    return marker.text == fingerprint(body.partition("\n")[2])


def is_newer(there: datetime, than: datetime) -> bool:
    """Whether a run at `there` was later. A time far in the future is nobody's run and keeps nobody from writing."""
    return than < there <= than + _NO_RUN_WAITS


def read_marker(body: str) -> Marker | None:
    """The marker at the very start of a comment's body; None when there is none that can be read."""
    match = _LINE.match(body)
    if match is None:
        return None
    try:
        return msgspec.json.decode(match[1], type=Marker)
    except msgspec.DecodeError:
        return None
