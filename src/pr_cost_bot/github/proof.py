"""Whose commits a pull request's are: in a fork anybody can commit under anybody's name and with any date.

A stranger could else take other people's usage into a pull request of their own, and read there what it came to.
"""

from collections.abc import Iterable

import msgspec

from pr_cost_bot.github.nodes import Node, account_of
from pr_cost_bot.model import GitCommit, Problem
from pr_cost_bot.trailers import without_co_authors

_MAY_PUSH = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})

UNPROVEN = Problem(
    "Commits under other names than that of who opened this pull request are not counted.",
    "It comes from a fork, where anybody can commit under any name.",
    "Usage of people who may push here is counted in pull requests of theirs.",
)


def proven(commits: Iterable[GitCommit], pull: Node) -> tuple[list[GitCommit], tuple[Problem, ...]]:
    """The commits with those names only that GitHub vouches for, and whether any went without.

    From a fork by somebody who may not push here that is the account that opened the pull request.
    """
    given = list(commits)
    if not pull["isCrossRepository"] or pull["authorAssociation"] in _MAY_PUSH:
        return given, ()
    opener = account_of(pull["author"]).casefold()
    kept = [_by(opener, commit) for commit in given]
    lost = any(before.authors and not after.authors for before, after in zip(given, kept, strict=True))
    return kept, (UNPROVEN,) if lost else ()


def _by(opener: str, commit: GitCommit) -> GitCommit:
    own = tuple(author for author in commit.authors if author.login and author.login.casefold() == opener)
    return msgspec.structs.replace(commit, authors=own, message=without_co_authors(commit.message))
