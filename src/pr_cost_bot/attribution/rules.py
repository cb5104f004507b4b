"""The rules by name: what each does, why it is believed, and that it can be left out alone."""

from typing import NamedTuple


class Rule(NamedTuple):
    """A rule that `Options.switched_off` may name."""

    name: str
    reason: str


RULES: tuple[Rule, ...] = (
    Rule("tags", "A record that names its pull request, commit or branch goes there: somebody wrote it down as it happened."),
    Rule(
        "stale-branch", "A branch left checked out after its last commit does not hold the work that a commit elsewhere ends."
    ),
    Rule(
        "leaving",
        "Right before its commit elsewhere, a conversation that does not come back to its branch has already left it.",
    ),
    Rule("receipts", "Where commits carry receipts, they say how a bill divides; the bill still says how much."),
    Rule(
        "sessions",
        "A call reads from the cache what its conversation left there, which tells conversations side by side apart.",
    ),
    Rule("commit-owner", "A commit belongs to the conversation that was active right before it, and its work to that commit."),
    Rule("wrap-up", "A conversation going on after its commit finishes the same work, if nothing else is committed for long."),
    Rule("merge-commits", "Merge commits, and what a merge button writes to the base branch, hold no work of their own."),
    Rule("decay", "In a wide bucket most usage comes shortly before a commit, so weight falls with the time before it."),
    Rule("busy-days", "A day with many requests was worked through; on a day with few only the minutes before commits count."),
    Rule(
        "beginnings",
        "The time before a pull request's first commit is less surely its own than that between two of its commits.",
    ),
    Rule("lines", "Larger commits took more usage, but far less than in proportion."),
    Rule("idle-hours", "With nothing used in the next bucket, little of this one was for a later commit."),
    Rule(
        "sharpen",
        "A small share of a bucket is more often nothing than a little, the more so the fewer requests there are to share out.",
    ),
)
NAMES = frozenset(rule.name for rule in RULES)
