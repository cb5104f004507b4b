"""Text from outside, made harmless for GitHub's Markdown: it shows as written and does nothing.

Mentions, references, emoji and automatic links are found by GitHub *after* Markdown and HTML entities are resolved, so that
neither a backslash nor `&#64;` stops them (github/markup issue 1168); a zero-width space inside does, in e-mail too.
"""

import re
import unicodedata

_BREAK = "\u200b"
_ZERO_WIDTH_JOINERS = "\u200c\u200d"  # parts of emoji and of Persian words
_SPECIAL = re.compile(r"[\\`*_\[\]|~$&<>]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_BLOCK_START = re.compile(r"^(?:[#+=:-]|\d{1,9}(?=[.)]))")
_LINKERS = (
    (re.compile(r"@"), "@" + _BREAK),
    (re.compile(r"#(?=\d)"), "#" + _BREAK),
    (re.compile(r"(?i)\b(gh)-(?=\d)"), rf"\1-{_BREAK}"),
    (re.compile(r":(?=//)"), ":" + _BREAK),
    (re.compile(r"(?i)(www)(?=\.)"), rf"\1{_BREAK}"),
    (re.compile(r":(?=[\w+-]+:)"), ":" + _BREAK),
    (re.compile(r"(?<=:)(?=:)"), _BREAK),
)


NONE = "\u2013"
"""What stands in a cell that has no number."""


class Markdown(str):
    """Markdown that is safe to put into the comment as it is."""

    __slots__ = ()


def clean(text: str, limit: int) -> str:
    """One line without control, format and bidirectional characters, cut to `limit` characters with an ellipsis."""
    # Far more than the limit is never looked at: hostile names may be megabytes long.
    kept = "".join(map(_visible, text[: limit * 4 + 100]))
    line = " ".join(kept.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Cc", "Zl", "Zp"}:
        return " "
    if category in {"Cf", "Cs", "Cn"} and character not in _ZERO_WIDTH_JOINERS:
        return ""
    return character


def escape(text: str, limit: int = 80) -> Markdown:
    """Make `text` an inline piece of Markdown that shows as written, within `limit` visible characters."""
    line = clean(text, limit)
    start = _BLOCK_START.match(line)
    escaped = _SPECIAL.sub(_escaped, line)
    if start:
        at = start.end() if start[0][0].isdigit() else 0
        escaped = f"{escaped[:at]}\\{escaped[at:]}"
    for pattern, replacement in _LINKERS:
        escaped = pattern.sub(replacement, escaped)
    return Markdown(escaped)


def _escaped(match: re.Match[str]) -> str:
    return _ENTITIES.get(match[0]) or "\\" + match[0]


def code_block(text: str, language: str, *, lines: int = 20, width: int = 300) -> Markdown:
    """A fenced block whose fence is longer than any run of backticks inside."""
    kept = [_code_line(line, width) for line in text[: lines * width].splitlines()[:lines]]
    longest = max((len(run) for line in kept for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return Markdown("\n".join((f"{fence}{language}", *kept, fence)))


def _code_line(line: str, width: int) -> str:
    indent = line[: len(line) - len(line.lstrip(" "))][:width]
    # Should the text ever be printed in a job's log, no line of it is a command to the runner.
    return (indent + clean(line, width)).replace("::", f":{_BREAK}:").replace("##[", f"##{_BREAK}[")
