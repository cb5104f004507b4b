"""What changes the simulated GitHub: the same acts, whether they come by REST or by GraphQL."""

from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any

from pr_cost_bot.simulator.github_graphql import GraphQLError
from pr_cost_bot.simulator.github_objects import View
from pr_cost_bot.simulator.github_state import Comment, Commit, Pull, Repository, Token, World, digest, now

LONGEST_BODY = 65_536


class RefusedError(Exception):
    """An act that GitHub refuses, as REST says it."""

    def __init__(self, status: int, message: str, errors: list[dict[str, str]] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.errors = status, message, errors


def require(allowed: bool) -> None:  # noqa: FBT001 - an assertion's only argument
    """Refuse unless the token may."""
    if not allowed:
        raise RefusedError(403, "Resource not accessible by integration")


def may_talk(token: Token) -> bool:
    """Whether the token may comment and label."""
    return "write" in {token.pull_requests, token.issues}


def add_comment(world: World, token: Token, repo: Repository, pull: Pull, body: str) -> Comment:
    """A comment by the token's account."""
    require(may_talk(token))
    if pull.locked:
        raise RefusedError(403, "Unable to create comment because issue is locked.")
    check_body(body)
    time = now()
    comment = Comment(world.next_id(), pull.number, token.login, body, time, time)
    repo.comments[comment.id] = comment
    pull.updated_at = max(pull.updated_at, time)
    return comment


def check_body(body: str) -> None:
    """Refuse what GitHub does not take as a comment."""
    if not body.strip():
        raise RefusedError(422, "Validation Failed", [{"resource": "IssueComment", "code": "missing_field", "field": "body"}])
    if len(body) > LONGEST_BODY:
        message = f"body is too long (maximum is {LONGEST_BODY} characters)"
        raise RefusedError(
            422, f"Validation Failed: {message}", [{"resource": "IssueComment", "code": "custom", "field": "body"}]
        )


def commit_files(repo: Repository, parents: tuple[str, ...], files: Mapping[str, str], message: str, login: str) -> Commit:
    """A commit that is on no branch yet."""
    time = now()
    oid = digest("commit", parents, sorted(files.items()), message, len(repo.commits))
    commit = Commit(oid, login, f"{login}@users.noreply.github.com", time, time, message, parents, files=dict(files))
    repo.commits[oid] = commit
    return commit


class Mutations:
    """GraphQL's mutations."""

    def __init__(self, view: View) -> None:
        self.view = view

    def root(self) -> Mapping[str, Any]:
        return {
            "__typename": "Mutation",
            "addComment": lambda **given: self._act(self._add_comment, given["input"]),
            "createCommitOnBranch": lambda **given: self._act(self._commit, given["input"]),
        }

    def _act(self, act: Callable[[Mapping[str, Any]], Any], given: Mapping[str, Any]) -> Any:
        try:
            return act(given)
        except RefusedError as refusal:
            raise GraphQLError("FORBIDDEN" if refusal.status == 403 else "UNPROCESSABLE", refusal.message) from None

    def _add_comment(self, given: Mapping[str, Any]) -> Any:
        for repo in self.view.world.repositories.values():
            for pull in repo.pulls.values():
                if f"PR_{pull.id}" == given["subjectId"]:
                    comment = add_comment(self.view.world, self.view.token, repo, pull, given["body"])
                    edge = {"__typename": "IssueCommentEdge", "node": self.view.comment(repo, comment)}
                    return {"__typename": "AddCommentPayload", "commentEdge": edge, "subject": self.view.pull(repo, pull)}
        raise GraphQLError("NOT_FOUND", f"Could not resolve to a node with the global id of '{given['subjectId']}'.")

    def _commit(self, given: Mapping[str, Any]) -> Any:
        repo = self.view.find(given["branch"]["repositoryNameWithOwner"])
        name = given["branch"]["branchName"]
        require(self.view.token.contents == "write")
        head = repo.branches.get(name)
        if head is None:
            raise GraphQLError("NOT_FOUND", f"Branch {name} does not exist.")
        if head != given["expectedHeadOid"]:
            message = f'Expected branch to point to "{given["expectedHeadOid"]}" but it did not. Pull and try again.'
            raise GraphQLError("STALE_DATA", message)
        added = {each["path"]: b64decode(each["contents"]).decode() for each in given["fileChanges"]["additions"]}
        text = f"{given['message']['headline']}\n\n{given['message'].get('body') or ''}"
        commit = commit_files(repo, (head,), {**repo.commits[head].files, **added}, text, self.view.token.login)
        repo.branches[name] = commit.oid
        return {"__typename": "CreateCommitOnBranchPayload", "commit": self.view.commit(repo, commit)}
