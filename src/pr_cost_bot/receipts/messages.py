"""Trailers of commit messages by git's own rules, and the parts of a squashed message.

https://git-scm.com/docs/git-interpret-trailers: trailers are the last paragraph (never the first, which is the title), all of
its lines are `Key: value`, or at least a quarter when a known key is among them; a line that begins with white space
continues the one before it; keys are case-insensitive. A squashed commit holds several messages, each with trailers of its
own.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

import msgspec

_LIMIT = 100_000  # characters of a message that are looked at
_TITLE_END = 200

_TRAILER = re.compile(r"([A-Za-z0-9-]{1,100})[ \t]*:(.*)", re.DOTALL)
_BLANK = re.compile(r"\n(?:[ \t]*\n)+")
_GIT_SQUASH = re.compile(r"^commit ([0-9a-f]{7,64})\n(?:Merge: .*\n)?Author: .*\n", re.MULTILINE)  # `git merge --squash`
_SQUASH_HEAD = re.compile(r"(?:(?:Merge|Author|AuthorDate|Commit|CommitDate|Date): .*\n)+")
_BUTTON_SQUASH = re.compile(r"^(?:\* |-{3,}[ \t]*$)", re.MULTILINE)  # GitHub's button: `* subject` per commit, then a rule
_NUMBERED = re.compile(r"\(#\d+\)\s*$")

# A key that makes git (or, for the receipts, us) take a paragraph with other text in it for trailers.
_KNOWN = frozenset(
    {
        "ai-budget",
        "ai-cost-estimate",
        "ai-est-cost",
        "ai-model",
        "ai-premium-requests",
        "claude-cost-metrics",
        "copilot-ai-credits",
        "copilot-ai-credits-models",
        "copilot-est-cost",
        "copilot-model",
        "copilot-premium-requests",
        "entire-checkpoint",
        "signed-off-by",
    }
)


class Trailer(msgspec.Struct, frozen=True):
    """`key` in lower case; `value` unfolded and stripped."""

    key: str
    value: str


Block = tuple[Trailer, ...]


def trailer_blocks(message: str) -> tuple[Block, ...]:
    """The trailers: one block for an ordinary commit, one for each message inside a squashed one. Never fails."""
    return tuple(block for part in _messages(beginning(message)) if (block := _last_block(part)))


def is_squash(message: str) -> bool:
    """Whether the message looks like several in one, or like a pull request squashed by GitHub's button (`… (#12)`)."""
    text = beginning(message)
    return _GIT_SQUASH.search(text) is not None or _NUMBERED.search(text.partition("\n")[0][-_TITLE_END:]) is not None


def squashed_shas(message: str) -> tuple[str, ...]:
    """The commits that `git merge --squash` says it put into this one."""
    return tuple(match[1] for match in _GIT_SQUASH.finditer(beginning(message)))


def beginning(message: str) -> str:
    """As much of the message as is looked at, with plain line ends."""
    return message[:_LIMIT].replace("\r\n", "\n")


def _messages(text: str) -> Iterator[str]:
    if _GIT_SQUASH.search(text):
        first, *others = re.split(r"^commit [0-9a-f]{7,64}\n", text, flags=re.MULTILINE)
        yield first
        for part in others:
            yield from _indented(_SQUASH_HEAD.sub("", part, count=1))
        return
    starts = [0, *(match.start() for match in _BUTTON_SQUASH.finditer(text)), len(text)]
    for start, end in pairwise(starts):
        yield text[start:end]


def _indented(part: str) -> Iterator[str]:
    """A commit as `git log` shows it: its message indented; what stands at the margin was added to the squashed commit."""
    lines = part.split("\n")
    yield "\n".join(line[4:] for line in lines if line.startswith("    ") or not line.strip())
    yield "\n\n".join(("title", "\n".join(line for line in lines if not line.startswith("    ")).strip("\n")))


def _last_block(message: str) -> Block:
    paragraphs = _BLANK.split(message.strip("\n").rstrip())
    return _block(paragraphs[-1]) if len(paragraphs) > 1 else ()


def _block(paragraph: str) -> Block:
    trailers: list[Trailer] = []
    others = 0
    for line in paragraph.split("\n"):
        if line.startswith((" ", "\t")) and trailers:
            last = trailers[-1]
            trailers[-1] = Trailer(last.key, f"{last.value} {line.strip()}".strip())
        elif match := _TRAILER.fullmatch(line):
            trailers.append(Trailer(match[1].lower(), match[2].strip()))
        elif not line.startswith(("#", "(cherry picked from commit ")):
            others += 1
    known = any(trailer.key in _KNOWN for trailer in trailers)
    return tuple(trailers) if not others or (known and 3 * len(trailers) >= others) else ()
