"""Competing work as it is found: each commit once, and in its pull request rather than outside."""

from datetime import datetime

from pr_cost_bot.github.nodes import Node, commit_of, nodes_of, pull_of
from pr_cost_bot.github.proof import proven
from pr_cost_bot.model import Author, GitCommit, Problem, Pull
from pr_cost_bot.ports import CompetingWork


class Collected:
    """Takes pull requests first, then what lies on branches."""

    def __init__(
        self,
        own: str,
        data_branch: str,
        window: tuple[datetime, datetime],
        known: frozenset[tuple[str, int]] = frozenset(),
    ) -> None:
        """`known`: pull requests all of whose commits the run has already."""
        self._own, self._data_branch, self._known = own, data_branch, known
        self.since, self.until = window
        self.problems: list[Problem] = []
        self._found: set[tuple[str, int]] = set()  # pull requests that were found with their own commits
        self._pulls: dict[tuple[str, int], tuple[Pull, Author]] = {}
        self._in_pulls: dict[tuple[str, int, str], GitCommit] = {}
        self._outside: dict[str, GitCommit] = {}
        self._on_default: set[str] = set()  # every commit seen on a default branch

    def add_pull(self, node: Node, *, only_by: frozenset[str] | None = None) -> None:
        """A pull request with its commits; `only_by`: only those by one of these logins or addresses, in lower case."""
        repository = self._spell(node["repository"]["nameWithOwner"])
        key = (repository, node["number"])
        listed = [item["commit"] for item in nodes_of(node["commits"]) if item["commit"]]
        commits, _ = proven((commit_of(each, repository, node["number"], node["headRefName"]) for each in listed), node)
        if only_by is not None:
            commits = [commit for commit in commits if _names(commit) & only_by]
            if not commits:
                return
        if key in self._found:
            return
        self._found.add(key)
        self._pulls[key] = pull_of(node, repository)
        for commit in commits:
            self._add_to_pull(key, commit)
        total = node["commits"]["totalCount"]
        if total > len(listed) and key not in self._known:
            what = f"Only {len(listed)} of the {total} commits of {repository}#{node['number']} compete for usage."
            self.problems.append(Problem(what, "No more were looked at."))

    def add_default_branch_commit(self, node: Node, repository: str, branch: str) -> None:
        """A commit of the default branch: of the pull request that brought it there, or of none.

        Where that pull request was found with its own commits, this one is the same work, squashed, merged or rebased.
        """
        pull = next(nodes_of(node["associatedPullRequests"]), None)
        repository = self._spell(repository)
        if pull is None or self._spell(pull["repository"]["nameWithOwner"]) != repository:
            self.add_branch_commit(node, repository, branch)
            self._on_default.add(node["oid"])
            return
        self._on_default.add(node["oid"])
        key = (repository, pull["number"])
        if key not in self._found:
            self._pulls.setdefault(key, pull_of(pull, repository))
            self._add_to_pull(key, commit_of(node, repository, pull["number"], pull["headRefName"]))

    def add_branch_commit(self, node: Node, repository: str, branch: str) -> None:
        """A commit made straight to a branch."""
        commit = commit_of(node, self._spell(repository), None, branch)
        if self._inside(commit) and branch != self._data_branch and commit.sha not in self._on_default:
            self._outside.setdefault(commit.sha, commit)

    def work(self) -> CompetingWork:
        in_pulls = {commit.sha for commit in self._in_pulls.values()}
        outside = (commit for commit in self._outside.values() if commit.sha not in in_pulls)
        commits = sorted((*self._in_pulls.values(), *outside), key=lambda commit: (commit.authored_at, commit.sha))
        return CompetingWork(
            commits=tuple(commits), pulls=tuple(self._pulls.values()), problems=tuple(dict.fromkeys(self.problems))
        )

    def _spell(self, repository: str) -> str:
        """The own repository as the workflow spells it: names differ in case only."""
        return self._own if repository.casefold() == self._own.casefold() else repository

    def _add_to_pull(self, key: tuple[str, int], commit: GitCommit) -> None:
        if self._inside(commit):
            self._in_pulls[(*key, commit.sha)] = commit

    def _inside(self, commit: GitCommit) -> bool:
        return self.since <= commit.authored_at <= self.until


def _names(commit: GitCommit) -> set[str]:
    return {key.casefold() for author in commit.authors for key in (author.login, author.email) if key}
