"""What a pull request is for: its tickets, purpose and estimate, as far as branch, title, body, labels and trailers tell.

All of these are anybody's text. The pattern is the configuration's, and Python's `re` can take for ever over some patterns; so
patterns that can are refused (`check_pattern`), and only a bounded piece of the text is looked at.
"""

import re
import warnings
from collections.abc import Iterable
from decimal import Decimal

from pr_cost_bot.config import Tickets
from pr_cost_bot.model import Problem

_PATTERN_LIMIT = 200  # characters of a pattern
_REPEATS = 4  # unbounded repetitions in a pattern; the time for a line grows with line length to this power at worst
_LINE = 200
_MOST = 5  # tickets of one pull request
_LINES = 100

# What looks like a ticket to the default pattern and never is one.
_NO_TICKETS = re.compile(
    r"UTF-(?:8|16|32)|SHA-(?:1|2|3|224|256|384|512)|ISO-(?:639|3166|4217|8601|8859|27001)|AES-(?:128|192|256)"
    r"|CVE-\d{4}|GPT-\d|MD-5|HTTP-[123]|IPV-[46]|COVID-19"
)

_BUDGET = re.compile(
    r"[\s>*+#-]{0,8}(?:\*\*|__)?ai[- ]budget[ \t]{0,4}:?(?:\*\*|__)?[ \t]{0,4}:?[ \t]{0,4}"
    r"(?:US)?\$?[ \t]{0,2}(\d{1,3}(?:,\d{3}){1,2}(?:\.\d{1,6})?|\d{1,7}(?:\.\d{1,6})?)"
    r"(?:[ \t]{0,4}(?:USD|\$))?[ \t*_.]{0,8}\r?",
    re.IGNORECASE,
)

# Trailers that speak of people, of tools and of commits: what looks like a ticket there (a model, a session) is none.
_NO_TICKET_KEYS = re.compile(r"(?:ai|claude|codex|copilot|cursor|entire|gemini|receipt)-.*|.*-by|(?:change|commit|session)-?id")

_PURPOSES = {
    "feature": ("feat", "feature", "features", "enhancement", "type: feature", "kind/feature"),
    "fix": ("fix", "bugfix", "hotfix", "bug", "type: bug", "kind/bug"),
    "docs": ("docs", "doc", "documentation"),
    "refactor": ("refactor", "refactoring"),
    "test": ("test", "tests", "testing"),
    "performance": ("perf", "performance"),
    "build": ("build", "deps", "dependencies"),
    "ci": ("ci",),
    "chore": ("chore", "style", "maintenance", "release"),
    "revert": ("revert",),
}
_PURPOSE_OF = {word: purpose for purpose, words in _PURPOSES.items() for word in words}
_CONVENTIONAL = re.compile(r"\s{0,4}([A-Za-z]{2,15})(?:\([^()\n]{0,80}\))?!?:")  # https://www.conventionalcommits.org


def check_pattern(pattern: str) -> Problem | None:
    """Whether `tickets.pattern` can be used; if not, why, for the message about the configuration."""
    remedy = rf"A pattern like {Tickets().pattern} finds names such as ABC-123."
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Python warns of patterns that it will read otherwise in future
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        return Problem(f"It is not a regular expression ({error}).", "", remedy)
    if not pattern or re.compile(pattern).match(""):
        return Problem("It matches the empty text.", "Then every pull request would have an empty ticket.", remedy)
    if len(pattern) > _PATTERN_LIMIT:
        return Problem(f"It is longer than {_PATTERN_LIMIT} characters.", "", remedy)
    repeats, repeated_group = _repetitions(pattern)
    if repeated_group or repeats > _REPEATS:
        why = "Some titles could keep such a pattern busy for hours."
        return Problem(f"It repeats a group with * or +, or has more than {_REPEATS} of these.", why, remedy)
    return None


def ticket(pattern: str, *, branch: str, title: str, body: str, messages: Iterable[str] = ()) -> str | None:
    """The tickets that the branch names, else the title, else the body, else the messages: one, or several as `A-1, B-2`.

    The whole match, or its group `ticket` where the pattern has one. None when there is none, or when the pattern is unusable.
    """
    if check_pattern(pattern) is not None:
        return None
    compiled = re.compile(pattern)
    body = _visible(body)
    group = "ticket" if "ticket" in compiled.groupindex else 0
    for text in (branch, title, body, *messages):
        lines = (line[:_LINE] for line in text.splitlines()[:_LINES])
        found = dict.fromkeys(match[group] or "" for line in lines for match in compiled.finditer(line))
        named = [name for name in found if name and not (pattern == Tickets().pattern and _NO_TICKETS.fullmatch(name))]
        if named:
            return ", ".join(named[:_MOST])
    return None


def tickets_of(named: str | None) -> tuple[str, ...]:
    """The tickets of what `ticket` found. What the pull request cost is split evenly between them, everywhere."""
    return tuple(dict.fromkeys(name for part in (named or "").split(",") if (name := part.strip())))


def names_tickets(key: str) -> bool:
    """Whether a trailer with this key, in lower case, may name tickets."""
    return _NO_TICKET_KEYS.fullmatch(key) is None


def estimate(body: str, labels: Iterable[str] = (), trailers: Iterable[str] = ()) -> Decimal | None:
    """The dollars of a line `AI-Budget: $2` in the body, else of a label, else of a trailer; None: there is none."""
    for line in (*_visible(body).splitlines(), *labels, *trailers):
        if len(line) <= _LINE and (match := _BUDGET.fullmatch(line)):
            return Decimal(match[1].replace(",", ""))
    return None


def purpose(title: str, branch: str, labels: Iterable[str] = (), subjects: Iterable[str] = ()) -> str | None:
    """`feature`, `fix`, `docs`, …: the type of a conventional title, else of the branch (`fix/…`), a label, a commit."""
    words = (_type_of(title), *branch[:_LINE].split("/")[:-1], *labels, *map(_type_of, subjects))
    return next((known for word in words if (known := _PURPOSE_OF.get(word.strip().lower()))), None)


def _type_of(title: str) -> str:
    conventional = _CONVENTIONAL.match(title)
    return conventional[1] if conventional else ""


def _visible(body: str) -> str:
    """Without HTML comments: templates explain themselves in these, with examples."""
    shown: list[str] = []
    rest = body
    while rest:
        text, _, hidden = rest.partition("<!--")
        shown.append(text)
        rest = hidden.partition("-->")[2]
    return "".join(shown)


def _repetitions(pattern: str) -> tuple[int, bool]:
    """How many unbounded repetitions a valid pattern has, and whether one of them repeats a group."""
    plain = re.sub(r"\\.", "a", pattern, flags=re.DOTALL)
    plain = re.sub(r"\[\^?\]?[^\]]*\]", "a", plain)
    repeats = re.findall(r"(.)(?:[*+]|\{\d*,\})", plain, flags=re.DOTALL)
    return len(repeats), ")" in repeats
