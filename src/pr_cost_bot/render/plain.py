"""A comment as plain text for a terminal: what Markdown and HTML add is taken away, tables are aligned."""

import html
import re
from collections.abc import Sequence

_COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_TAG = re.compile(r"</?(?:details|sub|summary)>")
_LINK = re.compile(r"\[(`?[^\]`]*`?)\]\([^)]*\)")
_CODE_OR_BOLD = re.compile(r"(?<!\\)(?:`|\*\*)")
_BACKSLASH = re.compile(r"\\([\\`*_\[\]|~$#+=:.)-])")
_CELLS = re.compile(r"(?<!\\)\|")
_FENCE = re.compile(r"^(`{3,})mermaid\n.*?^\1$\n?", re.DOTALL | re.MULTILINE)
_PICTURE = re.compile(r"<details>\n<summary>By [a-z]+, as a picture</summary>\s*</details>")


def compose(markdown: str) -> str:
    """Plain text of Markdown that this package wrote. Pictures are left out."""
    text = _PICTURE.sub("", _FENCE.sub("", _COMMENT.sub("", markdown)))
    lines: list[str] = []
    table: list[list[str]] = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            table.append([_inline(cell.strip()) for cell in _CELLS.split(line)[1:-1]])
            continue
        lines += _aligned(table)
        table = []
        lines.append(_inline(line))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def _inline(text: str) -> str:
    bare = _CODE_OR_BOLD.sub("", _LINK.sub(r"\1", _TAG.sub("", text)))
    shown = html.unescape(_BACKSLASH.sub(r"\1", bare)).replace("\u200b", "")
    # A runner takes a line that begins with two colons, or holds `##[`, for a command.
    return shown.replace("::", ":\u200b:").replace("##[", "##\u200b[")


def _aligned(table: Sequence[Sequence[str]]) -> list[str]:
    """Columns under each other; the second row says which stand to the right."""
    if len(table) < 2:
        return [" ".join(row) for row in table]
    right = [cell.endswith("-:") for cell in table[1]]
    rows = [table[0], *table[2:]]
    widths = [max(len(row[at]) for row in rows) for at in range(len(right))]
    return ["  ".join(map(_padded, row, widths, right)).rstrip() for row in rows]


def _padded(cell: str, width: int, right: bool) -> str:  # noqa: FBT001 - a column's alignment
    return cell.rjust(width) if right else cell.ljust(width)
