"""The simulated GitHub's state as GraphQL objects: mappings from field to value or function."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pr_cost_bot.simulator.github_graphql import GraphQLError
from pr_cost_bot.simulator.github_state import Comment, Commit, Pull, Repository, Token, User, World, digest, stamp

Object = Mapping[str, Any]
_NO_ACCESS = "Resource not accessible by integration"
_QUALIFIER = re.compile(r"(\w+):(\S+)")


def connection(items: Sequence[Any], node: Callable[[Any], Any], arguments: Mapping[str, Any]) -> Object:
    """A page of a list; cursors are positions."""
    first, last, after = arguments.get("first"), arguments.get("last"), arguments.get("after")
    if max(first or 0, last or 0) > 100:
        raise GraphQLError("EXCESSIVE_PAGINATION", "Requesting more records than the limit of 100.")
    start = int(after) if after else 0
    end = len(items) if first is None else min(len(items), start + first)
    if last is not None:
        start = max(start, len(items) - last)
    return {
        "totalCount": len(items),
        "pageInfo": {"hasNextPage": end < len(items), "endCursor": str(end) if end else None},
        "nodes": [_or_refused(node, item) for item in items[start:end]],
    }


def _or_refused(node: Callable[[Any], Any], item: Any) -> Any:
    """Of a list that may be read, what may not is null, and has an error of its own."""
    try:
        return node(item)
    except GraphQLError as error:
        return error


class View:
    """GitHub as one token sees it."""

    def __init__(self, world: World, token: Token, base: str) -> None:
        self.world, self.token, self.base = world, token, base

    def root(self) -> Object:
        return {
            "__typename": "Query",
            "viewer": lambda: self.account(self.world.user(self.token.login)),
            "repository": lambda owner, name: self.repository(self.find(f"{owner}/{name}")),
            "search": self.search,
        }

    def find(self, full_name: str) -> Repository:
        found = self.world.repositories.get(full_name.lower())
        allowed = self.token.repositories
        if found is None or (allowed is not None and found.full_name not in allowed and found.is_private):
            raise GraphQLError("NOT_FOUND", f"Could not resolve to a Repository with the name '{full_name}'.")
        return found

    def may_read(self, repository: Repository) -> bool:
        return self.token.contents != "none" or not repository.is_private

    def account(self, user: User) -> Object:
        # An installation's viewer keeps its `[bot]`; the Bot that authors things has none in GraphQL.
        return {"__typename": "User", "login": user.login, "id": f"U_{user.id}"}

    def actor(self, login: str) -> Object:
        user = self.world.user(login)
        kind = "Bot" if user.is_bot else "User"
        return {"__typename": kind, "login": user.login.removesuffix("[bot]"), "id": f"U_{user.id}"}

    def repository(self, repo: Repository) -> Object:
        def pull(number: int) -> Object:
            if number not in repo.pulls:
                raise GraphQLError("NOT_FOUND", f"Could not resolve to a PullRequest with the number of {number}.")
            return self.pull(repo, repo.pulls[number])

        def pulls(states: Sequence[str] | None = None, order_by: Any = None, **page: Any) -> Object:
            listed = [pull for pull in repo.pulls.values() if states is None or pull.state in states]
            if order_by:
                listed.sort(key=lambda pull: pull.updated_at, reverse=order_by["direction"] == "DESC")
            return connection(listed, lambda pull: self.pull(repo, pull), page)

        def labels(**page: Any) -> Object:
            return connection([*repo.labels.values()], lambda label: {"__typename": "Label", "name": label[0]}, page)

        def refs(ref_prefix: str, order_by: Any = None, **page: Any) -> Object:  # noqa: ARG001 - GitHub's argument
            names = sorted(repo.branches, key=lambda name: repo.commits[repo.branches[name]].committed_at, reverse=True)
            self.check_contents(repo)
            return connection(names, lambda name: self.ref(repo, name), page)

        return {
            "__typename": "Repository",
            "id": f"R_{repo.id}",
            "nameWithOwner": repo.full_name,
            "visibility": "PRIVATE" if repo.is_private else "PUBLIC",
            "isArchived": False,
            "viewerPermission": None if self.token.login.endswith("[bot]") else "WRITE",
            "labels": labels,
            "defaultBranchRef": lambda: self.ref(repo, repo.default_branch),
            "ref": lambda qualified_name: self.ref(repo, qualified_name.removeprefix("refs/heads/")),
            "refs": refs,
            "object": lambda expression: self.object_at(repo, expression),
            "pullRequest": pull,
            "pullRequests": pulls,
        }

    def check_contents(self, repo: Repository) -> None:
        if not self.may_read(repo):
            raise GraphQLError("FORBIDDEN", _NO_ACCESS)

    def ref(self, repo: Repository, name: str) -> Object | None:
        self.check_contents(repo)
        if name not in repo.branches:
            return None

        def associated(**page: Any) -> Object:
            heads = [pull for pull in repo.pulls.values() if pull.head == name and not pull.is_fork]
            return connection(heads, lambda pull: self.pull(repo, pull), page)

        return {
            "__typename": "Ref",
            "name": name,
            "target": lambda: self.commit(repo, repo.commits[repo.branches[name]]),
            "associatedPullRequests": associated,
        }

    def object_at(self, repo: Repository, expression: str) -> Object | None:
        self.check_contents(repo)
        ref, _, path = expression.partition(":")
        branch = repo.default_branch if ref == "HEAD" else ref.removeprefix("refs/heads/")
        oid = repo.branches.get(branch)
        return None if oid is None else self.blob(repo.commits[oid].files, path)

    def blob(self, files: Mapping[str, str], path: str) -> Object | None:
        if path in files:
            return {
                "__typename": "Blob",
                "text": files[path],
                "isBinary": False,
                "isTruncated": False,
                "oid": digest(files[path]),
            }
        if any(name.startswith(f"{path}/") for name in files):
            inside = {name.removeprefix(f"{path}/").partition("/")[0] for name in files if name.startswith(f"{path}/")}
            entries = [
                {"__typename": "TreeEntry", "name": name, "object": self.blob(files, f"{path}/{name}")}
                for name in sorted(inside)
            ]
            return {"__typename": "Tree", "oid": digest(path), "entries": entries}
        return None

    def commit(self, repo: Repository, commit: Commit) -> Object:
        def history(since: str | None = None, until: str | None = None, author: Any = None, **page: Any) -> Object:
            listed = [
                each
                for each in repo.ancestors(commit.oid)
                if (since is None or stamp(each.committed_at) >= since)
                and (until is None or stamp(each.committed_at) <= until)
                and (author is None or self.is_by(each, author))
            ]
            return connection(listed, lambda each: self.commit(repo, each), page)

        def file(path: str) -> Object | None:
            blob = self.blob(commit.files, path)
            return blob and {"__typename": "TreeEntry", "object": blob}

        def associated(**page: Any) -> Object:
            brought = repo.pull_that_brought(commit.oid)
            return connection([brought] if brought else [], lambda pull: self.pull(repo, pull), page)

        return {
            "__typename": "Commit",
            "oid": commit.oid,
            "message": commit.message,
            "authoredDate": stamp(commit.authored_at),
            "committedDate": stamp(commit.committed_at),
            "additions": commit.additions,
            "deletions": commit.deletions,
            "parents": lambda **page: connection(commit.parents, lambda oid: {"oid": oid}, page),
            "author": lambda: self.git_actor(commit.name, commit.email),
            "authors": lambda **page: connection(self.authors(commit), lambda who: self.git_actor(*who), page),
            "history": history,
            "file": file,
            "associatedPullRequests": associated,
        }

    @staticmethod
    def authors(commit: Commit) -> list[tuple[str, str]]:
        trailers = re.findall(r"(?im)^co-authored-by: *([^<\n]*?) *<([^<>\s]+)>", commit.message)
        return [(commit.name, commit.email), *trailers]

    def git_actor(self, name: str, email: str) -> Object:
        user = self.world.user_by_email(email)
        known = user is not None and not user.is_bot
        return {"__typename": "GitActor", "name": name, "email": email, "user": self.account(user) if user and known else None}

    def is_by(self, commit: Commit, author: Mapping[str, Any]) -> bool:
        if author.get("id"):
            user = self.world.user_by_email(commit.email)
            return user is not None and f"U_{user.id}" == author["id"]
        return commit.email.lower() in {email.lower() for email in author.get("emails") or ()}

    def pull(self, repo: Repository, pull: Pull) -> Object:
        if self.token.pull_requests == "none" and repo.is_private:
            raise GraphQLError("FORBIDDEN", _NO_ACCESS)

        def item(oid: str) -> Any:
            if not self.may_read(repo):
                return GraphQLError("FORBIDDEN", _NO_ACCESS)
            return {"__typename": "PullRequestCommit", "commit": self.commit(repo, repo.commits[oid])}

        def event(push: tuple[datetime, str, str]) -> Object:
            when, before, _ = push
            lost = before in repo.lost_heads or not self.may_read(repo)
            head = None if lost else self.commit(repo, repo.commits[before])
            return {"__typename": "HeadRefForcePushedEvent", "createdAt": stamp(when), "beforeCommit": head}

        def comments(**page: Any) -> Object:
            listed = [comment for comment in repo.comments.values() if comment.number == pull.number]
            return connection(listed, lambda comment: self.comment(repo, comment), page)

        return {
            "__typename": "PullRequest",
            "id": f"PR_{pull.id}",
            "number": pull.number,
            "title": pull.title,
            "body": pull.body,
            "url": f"{self.base}/{repo.full_name}/pull/{pull.number}",
            "state": pull.state,
            "isCrossRepository": pull.is_fork,
            "authorAssociation": pull.association or ("CONTRIBUTOR" if pull.is_fork else "MEMBER"),
            "createdAt": stamp(pull.created_at),
            "updatedAt": stamp(pull.updated_at),
            "closedAt": stamp(pull.closed_at) if pull.closed_at else None,
            "mergedAt": stamp(pull.merged_at) if pull.merged_at else None,
            "additions": sum(repo.commits[oid].additions for oid in pull.commits),
            "deletions": sum(repo.commits[oid].deletions for oid in pull.commits),
            "baseRefName": pull.base,
            "headRefName": pull.head,
            "headRefOid": pull.commits[-1] if pull.commits else digest(pull.id),
            "baseRef": lambda: self.ref(repo, pull.base),
            "author": lambda: self.actor(pull.author),
            "repository": lambda: self.repository(repo),
            "labels": lambda **page: connection(pull.labels, lambda name: {"__typename": "Label", "name": name}, page),
            "commits": lambda **page: connection(pull.commits, item, page),
            "comments": comments,
            "timelineItems": lambda item_types, **page: connection(pull.force_pushes, event, page),  # noqa: ARG005
        }

    def comment(self, repo: Repository, comment: Comment) -> Object:
        return {
            "__typename": "IssueComment",
            "fullDatabaseId": str(comment.id),
            "body": comment.body,
            "url": f"{self.base}/{repo.full_name}/pull/{comment.number}#issuecomment-{comment.id}",
            "viewerDidAuthor": comment.login == self.token.login,
            "author": self.actor(comment.login),
        }

    def search(self, query: str, **page: Any) -> Object:
        wanted: dict[str, list[str]] = {}
        for name, value in _QUALIFIER.findall(query):
            wanted.setdefault(name, []).append(value)
        names = {name.lower() for name in wanted.get("repo", ())}
        since, until = wanted["updated"][0].removeprefix(">="), wanted["created"][0].removeprefix("<=")
        found = [
            (repo, pull)
            for repo in self.world.repositories.values()
            if repo.full_name.lower() in names and self.sees(repo)
            for pull in repo.pulls.values()
            if pull.author.lower() in {login.lower() for login in wanted["author"]}
            and stamp(pull.updated_at) >= since
            and stamp(pull.created_at) <= until
        ]
        del page["type"]
        return connection(found, lambda each: self.pull(*each), page)

    def sees(self, repo: Repository) -> bool:
        try:
            self.find(repo.full_name)
        except GraphQLError:
            return False
        return True
