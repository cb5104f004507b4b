"""`Co-authored-by` trailers in a commit's message: one reading for everybody who looks for them.

Source: https://docs.github.com/pull-requests/committing-changes-to-your-project/creating-and-editing-commits/
creating-a-commit-with-multiple-authors; keys of trailers are case-insensitive.
"""

import re

_NAMED = re.compile(r"^co-authored-by:[ \t]*([^<>\n]{0,200})<([^<>\s]{1,254})>[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_ANY = re.compile(r"^co-authored-by:.*$", re.IGNORECASE | re.MULTILINE)
_MESSAGE_LIMIT = 100_000  # characters looked at; GitHub itself cuts long messages in its pages


def co_authors_of(message: str) -> list[tuple[str, str]]:
    """Name and address of each, in their order."""
    return [(name.strip(), address) for name, address in _NAMED.findall(message[:_MESSAGE_LIMIT])]


def without_co_authors(message: str) -> str:
    """The message without every line that could be taken for such a trailer."""
    return _ANY.sub("", message)
