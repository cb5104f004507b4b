"""The hidden first line by which the bot knows its own comment (interface section 5)."""

import re
from datetime import datetime

import msgspec

PREFIX = "<!-- pr-cost-bot:v1 "
_LINE = re.compile(re.escape(PREFIX) + r"(\{.*?\}) -->")

_ESCAPES = (("<", "\\u003c"), (">", "\\u003e"), ("--", "-\\u002d"))


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """What the comment remembers. `digest` is a fingerprint of all that the comment says, but for times of the run."""

    repository: str
    pr: int
    head_sha: str
    computed_at: datetime
    digest: str = ""


def write_marker(marker: Marker) -> str:
    """The line. Inside its JSON no `<` or `>` can end the HTML comment early."""
    text = msgspec.json.encode(marker).decode()
    for unsafe, escaped in _ESCAPES:
        text = text.replace(unsafe, escaped)
    return f"{PREFIX}{text} -->"


def read_marker(body: str) -> Marker | None:
    """The marker at the very start of a comment's body; None when there is none that can be read."""
    match = _LINE.match(body)
    if match is None:
        return None
    try:
        return msgspec.json.decode(match[1], type=Marker)
    except msgspec.DecodeError:
        return None
