"""The commits of each person in the order of work, and the pull requests they belong to."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Protocol

import msgspec

from pr_cost_bot.attribution.options import Options
from pr_cost_bot.attribution.records import milliseconds
from pr_cost_bot.model import Commit, Pull

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
FOREVER = 1 << 62

_SHORT_SHA = 7
# Heads that name no piece of work.
SHARED_BRANCHES = frozenset(
    {"", "HEAD", "main", "master", "trunk", "develop", "development", "dev", "staging", "production", "gh-pages"}
)


_TIME = attrgetter("time")
_ORDER = attrgetter("time", "sha", "destination.repository")


class Destination(msgspec.Struct, eq=False, gc=False):
    """A place where work can go: a pull request, or (`pr_number` None) a repository outside any pull request."""

    repository: str
    pr_number: int | None
    opened: int = 0
    closed: int = FOREVER  # when work on it ended; FOREVER: open, or unknown

    def open_at(self, now: int | None) -> bool:
        """Whether it may still get commits: only a pull request that is open at the clock's time."""
        return now is not None and self.pr_number is not None and self.closed > now


class Work(msgspec.Struct, eq=False, gc=False):
    """One commit on a person's timeline. `time` is the author's: a rebase moves the committer's."""

    time: int
    destination: Destination
    sha: str
    lines: int  # added and deleted; -1: unknown


class Timeline(msgspec.Struct, eq=False):
    """A person's commits by time."""

    works: list[Work] = []
    times: list[int] = []

    def next_index(self, moment: int) -> int:
        """Index of the first commit at or after `moment`."""
        return bisect_left(self.times, moment)

    def waits(self, place: Destination, moment: int, options: Options) -> bool:
        """Whether usage at this moment may still be completed by a commit to this open pull request: none has followed yet."""
        if options.now is None or (self.times and self.times[-1] > moment):
            return False
        now = milliseconds(options.now)
        return place.open_at(now) and now - moment <= options.lookback_hours * HOUR


NOTHING = Timeline()


class Commits(Protocol):
    """All commits, wherever they are kept."""

    def of(self, person: str) -> Sequence[Commit]:
        """Those that a person wrote, alone or with others."""

    def __iter__(self) -> Iterator[Commit]:
        """Every commit once."""


class CommitList:
    """Commits in memory."""

    def __init__(self, commits: Iterable[Commit]) -> None:
        self._commits = list(commits)
        self._by_person: dict[str, list[Commit]] = defaultdict(list)
        for commit in self._commits:
            for person in {commit.person, *commit.co_authors}:
                self._by_person[person].append(commit)

    def of(self, person: str) -> Sequence[Commit]:
        return self._by_person.get(person, [])

    def __iter__(self) -> Iterator[Commit]:
        return iter(self._commits)


class History:
    """Every person's timeline, and pull requests by number, branch and commit. Works out only what is asked for."""

    def __init__(self, commits: Commits, pulls: Iterable[Pull], options: Options) -> None:
        self._commits = commits
        self._pulls = {(pull.repository, pull.pr_number): pull for pull in pulls}
        self._places: dict[tuple[str, int | None], Destination] = {}
        self._keep_merges = "merge-commits" in options.switched_off
        self._timelines: dict[tuple[str, str | None], Timeline] = {}

    def destination(self, repository: str, pr_number: int | None) -> Destination:
        """The one object for this place."""
        key = (repository, pr_number)
        place = self._places.get(key)
        if place is None:
            pull = self._pulls.get((repository, pr_number)) if pr_number is not None else None
            place = self._places[key] = _destination(repository, pr_number, pull)
        return place

    def timeline(self, person: str, repository: str | None = None) -> Timeline:
        """A person's commits, in one repository if named; empty for somebody unknown. Merges only if there is nothing else."""
        key = (person, repository)
        timeline = self._timelines.get(key)
        if timeline is None:
            commits = self._commits.of(person)
            if repository is not None:
                commits = [commit for commit in commits if commit.repository == repository]
            timeline = self._timelines[key] = self._timeline(commits) if commits else NOTHING
        return timeline

    def forget(self, person: str) -> None:
        """Free a person's timelines; they are worked out again when asked for."""
        for key in [key for key in self._timelines if key[0] == person]:
            del self._timelines[key]

    def _timeline(self, commits: Sequence[Commit]) -> Timeline:
        if not self._keep_merges:
            own = [
                commit
                for commit in commits
                if commit.parents <= 1 and (commit.pr_number is not None or not self._is_echo(commit))
            ]
            commits = own or commits
        known = self._places.get
        works = [
            Work(
                milliseconds(commit.authored_at),
                known((commit.repository, commit.pr_number)) or self.destination(commit.repository, commit.pr_number),
                commit.sha,
                _lines(commit),
            )
            for commit in commits
        ]
        works.sort(key=_TIME)
        times = [work.time for work in works]
        if len(set(times)) < len(times):
            works.sort(key=_ORDER)
        return Timeline(works, times)

    def _is_echo(self, commit: Commit) -> bool:
        """Whether a merge button wrote this commit on a base branch: a copy of a pull request, in the second of its merge."""
        second = milliseconds(commit.committed_at or commit.authored_at) // SECOND
        repository, merges = commit.repository, self._merges
        return (repository, second) in merges or (repository, second - 1) in merges or (repository, second + 1) in merges

    @cached_property
    def _merges(self) -> set[tuple[str, int]]:
        """Repository and second of every merge."""
        return {
            (pull.repository, milliseconds(pull.merged_at) // SECOND)
            for pull in self._pulls.values()
            if pull.merged_at is not None
        }

    @cached_property
    def _shas(self) -> dict[str, Destination]:
        return {commit.sha: self.destination(commit.repository, commit.pr_number) for commit in self._commits}

    @cached_property
    def _short_shas(self) -> dict[str, list[str]]:
        short: dict[str, list[str]] = defaultdict(list)
        for sha in self._shas:
            short[sha[:_SHORT_SHA]].append(sha)
        return short

    def by_sha(self, sha: str) -> Destination | None:
        """The place of a commit, named in full or by at least its first seven digits."""
        place = self._shas.get(sha)
        if place is None and len(sha) >= _SHORT_SHA:
            matching = [other for other in self._short_shas.get(sha[:_SHORT_SHA], []) if other.startswith(sha)]
            place = self._shas[matching[0]] if len(matching) == 1 else None
        return place

    @cached_property
    def _heads(self) -> dict[str, dict[str, list[Destination]]]:
        """Places by branch and repository."""
        heads: dict[str, dict[str, list[Destination]]] = defaultdict(lambda: defaultdict(list))
        names = [(pull.head_ref, pull.repository, pull.pr_number) for pull in self._pulls.values()]
        for branch, repository, number in {*names, *((c.branch, c.repository, c.pr_number) for c in self._commits)}:
            if branch and branch not in SHARED_BRANCHES:
                heads[branch][repository].append(self.destination(repository, number))
        return heads

    def heads(self, branch: str) -> dict[str, list[Destination]]:
        """Places that a branch of this name leads to, by repository."""
        return self._heads.get(branch, {})


def _destination(repository: str, pr_number: int | None, pull: Pull | None) -> Destination:
    if pull is None:
        return Destination(repository, pr_number)
    ends = [milliseconds(end) for end in (pull.merged_at, pull.closed_at) if end]
    opened = milliseconds(pull.opened_at) if pull.opened_at else 0
    return Destination(repository, pr_number, opened, min(ends) if ends else FOREVER)


def _lines(commit: Commit) -> int:
    if commit.additions is None and commit.deletions is None:
        return -1
    return (commit.additions or 0) + (commit.deletions or 0)
