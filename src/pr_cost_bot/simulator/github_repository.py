"""What people do in one repository of the simulated GitHub."""

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from pr_cost_bot.simulator.github_events import Payloads
from pr_cost_bot.simulator.github_state import Comment, Commit, Pull, Repository, Work, World, digest, now

_NAMED = re.compile(r"(?P<name>.*) <(?P<email>[^<>]*)>")


class FakeRepository:
    """People open, push, merge, comment; GitHub's webhooks tell of it."""

    def __init__(self, world: World, data: Repository, lock: threading.RLock, url: Callable[[], str]) -> None:
        self.world, self.data = world, data
        self._lock, self._url = lock, url

    @property
    def full_name(self) -> str:
        return self.data.full_name

    def open_pull_request(
        self,
        author: str,
        commits: Sequence[Work],
        *,
        head: str = "",
        text: str = "A change",
        base: str | None = None,
        at: datetime | None = None,
        fork: bool = False,
    ) -> int:
        """Open one from a branch with these commits. Returns its number.

        `text`: the title, then perhaps an empty line and the body. `at`: by default the time of the last commit.
        """
        with self._lock:
            number = 1 + max(self.data.pulls, default=0)
            head = head or f"change-{number}"
            base = base or self.data.default_branch
            shas = self._add(commits, self.data.branches[base])
            time = at or (commits[-1].at if commits else now())
            self.world.user(author)
            title, _, body = text.partition("\n\n")
            self.data.pulls[number] = Pull(
                self.world.next_id(), number, title, body, author, base, head, shas, time, time, is_fork=fork
            )
            if not fork and shas:
                self.data.branches[head] = shas[-1]
            return number

    def push(self, number: int, commits: Sequence[Work]) -> None:
        """Commits on top of the pull request's branch."""
        with self._lock:
            pull = self.data.pulls[number]
            pull.commits += self._add(commits, pull.commits[-1])
            self._moved(pull, commits[-1].at)

    def force_push(self, number: int, commits: Sequence[Work], *, keep: int = 0, collected: bool = False) -> None:
        """Replace all but the first `keep` commits; `collected`: GitHub no longer has the old head."""
        with self._lock:
            pull = self.data.pulls[number]
            before = pull.commits[-1]
            kept = pull.commits[:keep]
            pull.commits = kept + self._add(commits, kept[-1] if kept else self.data.branches[pull.base])
            pull.force_pushes.append((commits[-1].at, before, pull.commits[-1]))
            if collected:
                self.data.lost_heads.add(before)
            self._moved(pull, commits[-1].at)

    def merge(self, number: int, at: datetime, *, method: Literal["squash", "rebase", "merge"] = "squash") -> None:
        """Bring it to its base branch, in one of GitHub's three ways."""
        with self._lock:
            pull = self.data.pulls[number]
            base = self.data.branches[pull.base]
            if method == "rebase":
                for oid in pull.commits:
                    base = self._store(self.data.commits[oid], (base,), at, f"rebase {number}")
                    self.data.rebased[base] = number
            else:
                base = self._store(
                    self._joined(pull, at, method), (base, pull.commits[-1])[: 1 + (method == "merge")], at, method
                )
            self.data.branches[pull.base] = pull.merge_commit = base
            pull.merged_at = pull.closed_at = pull.updated_at = at

    def close(self, number: int, at: datetime) -> None:
        with self._lock:
            pull = self.data.pulls[number]
            pull.closed_at = pull.updated_at = at

    def reopen(self, number: int, at: datetime) -> None:
        with self._lock:
            pull = self.data.pulls[number]
            pull.closed_at, pull.updated_at = None, at

    def commit_directly(self, commits: Sequence[Work], *, branch: str | None = None) -> None:
        """Commits made straight to a branch, outside any pull request; a new branch starts at the default one."""
        with self._lock:
            name = branch or self.data.default_branch
            start = self.data.branches.get(name, self.data.branches[self.data.default_branch])
            self.data.branches[name] = self._add(commits, start)[-1]

    def comment(self, number: int, login: str, body: str, *, at: datetime | None = None) -> int:
        """Somebody's comment. Returns its id."""
        with self._lock:
            time = at or now()
            self.world.user(login)
            comment = Comment(self.world.next_id(), number, login, body, time, time)
            self.data.comments[comment.id] = comment
            return comment.id

    def label(self, number: int, *names: str) -> None:
        """Somebody labels it."""
        with self._lock:
            for name in names:
                self.data.labels.setdefault(name.lower(), (name, "ededed"))
                self.data.pulls[number].labels.append(name)

    def comments(self, number: int) -> list[Comment]:
        with self._lock:
            return [comment for comment in self.data.comments.values() if comment.number == number]

    def files(self, branch: str) -> Mapping[str, str]:
        """A branch's files; empty when there is no such branch."""
        with self._lock:
            head = self.data.branches.get(branch)
            return self.data.commits[head].files if head else {}

    def event(self, action: str, number: int, *, before: str | None = None) -> dict[str, Any]:
        """The payload of a `pull_request` event as things stand."""
        with self._lock:
            return Payloads(self.world, self.data, self._url()).pull_request(action, self.data.pulls[number], before)

    def dispatch_event(self, inputs: dict[str, str] | None = None, *, sender: str = "octocat") -> dict[str, Any]:
        with self._lock:
            return Payloads(self.world, self.data, self._url()).workflow_dispatch(inputs, sender)

    def schedule_event(self, cron: str = "17 5 * * *") -> dict[str, Any]:
        with self._lock:
            return Payloads(self.world, self.data, self._url()).schedule(cron)

    def _moved(self, pull: Pull, at: datetime) -> None:
        pull.updated_at = at
        if not pull.is_fork:
            self.data.branches[pull.head] = pull.commits[-1]

    def _add(self, commits: Sequence[Work], parent: str) -> list[str]:
        """Commits one after the other. Returns their shas."""
        shas = []
        for work in commits:
            name, email = self._author(work.author)
            second = (self.data.branches[self.data.default_branch],) if work.merges else ()
            commit = Commit(
                "", name, email, work.at, work.committed_at or work.at, work.message, (), work.additions, work.deletions
            )
            parent = self._store(commit, (parent, *second), commit.committed_at, "")
            shas.append(parent)
        return shas

    def _store(self, commit: Commit, parents: tuple[str, ...], committed_at: datetime, salt: str) -> str:
        """Keep a commit, or a copy of it elsewhere, with its parent's files."""
        oid = digest(commit.message, commit.email, commit.authored_at, parents, salt)
        files = self.data.commits[parents[0]].files
        self.data.commits[oid] = replace(commit, oid=oid, parents=parents, committed_at=committed_at, files=files)
        return oid

    def _joined(self, pull: Pull, at: datetime, method: str) -> Commit:
        """The one commit that a squash or a merge makes."""
        name, email = self._author(pull.author)
        commits = [self.data.commits[oid] for oid in pull.commits]
        others = dict.fromkeys((each.name, each.email) for each in commits if each.email.lower() != email.lower())
        message = f"{pull.title} (#{pull.number})" if method == "squash" else f"Merge pull request #{pull.number}"
        if method == "squash" and others:
            message += "\n\n" + "\n".join(f"Co-authored-by: {who} <{address}>" for who, address in others)
        return Commit("", name, email, at, at, message, ())

    def _author(self, author: str) -> tuple[str, str]:
        """`Name <e-mail>` as it stands; a login's own name and first address."""
        if match := _NAMED.fullmatch(author):
            return match["name"], match["email"]
        user = self.world.user(author)
        return user.name or user.login, user.emails[0] if user.emails and not user.is_bot else user.noreply
