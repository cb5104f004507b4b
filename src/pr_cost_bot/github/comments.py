"""The one comment: made once, edited only when that changes something, never over a newer one."""

from collections.abc import Iterable
from datetime import datetime

from pr_cost_bot.github import queries
from pr_cost_bot.github.errors import GitHubError, publish_error
from pr_cost_bot.github.facts import comment_of, own_comments
from pr_cost_bot.github.nodes import nodes_of
from pr_cost_bot.github.site import Site
from pr_cost_bot.marker import is_newer, read_marker
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import CommentRef, PublishError, PullRequestFacts

_WHAT = "The comment could not be written."
_PERMISSIONS = "pull-requests: write"


def publish_comment(site: Site, facts: PullRequestFacts, body: str | None, computed_at: datetime) -> CommentRef | None:
    """Make `body` the one comment and remove own surplus ones. Raises: PublishError."""
    publication = _Publication(site, facts.pull.number, computed_at)
    try:
        published = facts.comment if body is None else publication.publish(facts.comment, body)
        publication.delete(facts.surplus_comments)
    except GitHubError as error:
        raise _explain(error) from error
    return published


class _Publication:
    def __init__(self, site: Site, number: int, computed_at: datetime) -> None:
        self.site, self.number, self.computed_at = site, number, computed_at

    def publish(self, existing: CommentRef | None, body: str) -> CommentRef:
        if existing is not None and (edited := self._edit(existing, body)):
            return edited
        return self._create(body)

    def delete(self, ids: Iterable[int]) -> None:
        for comment_id in ids:
            try:
                self.site.api.rest("DELETE", self._path(comment_id))
            except GitHubError as error:
                if not error.missing:
                    raise

    def _edit(self, seen: CommentRef, body: str) -> CommentRef | None:
        """Edit it, unless it says so already or something newer. None: somebody deleted it."""
        if _same(seen.body, body):
            return seen
        try:
            current = self.site.api.rest("GET", self._path(seen.id))
            text = current.get("body") or ""
            marker = read_marker(text)
            if _same(text, body) or (marker is not None and is_newer(marker.computed_at, self.computed_at)):
                return CommentRef(id=seen.id, body=text, url=seen.url)
            self.site.api.rest("PATCH", self._path(seen.id), {"body": body})
        except GitHubError as error:
            if error.missing:
                return None
            raise
        return CommentRef(id=seen.id, body=body, url=seen.url)

    def _create(self, body: str) -> CommentRef:
        """Create once. After an answer that leaves open whether it was stored, look before the only other try."""
        try:
            own = self._post(body)
        except GitHubError as error:
            if not error.transient:
                raise
            own = self._list() or self._post(body)
        self.delete(comment.id for comment in own[1:])
        kept = own[0]
        if _same(kept.body, body):
            return kept
        # Another run was faster: its comment stays, with whichever text is newer.
        return self._edit(kept, body) or kept

    def _post(self, body: str) -> tuple[CommentRef, ...]:
        """Create the comment. Returns all own ones as they are then, oldest first."""
        subject = self.site.pull_ids.get(self.number) or self._pull_id()
        data = self.site.api.mutate(queries.ADD_COMMENT, {"subject": subject, "body": body})["addComment"]
        created = comment_of(data["commentEdge"]["node"])
        listed = own_comments(nodes_of((data["subject"] or {}).get("comments")), self.site.viewer)
        distinct = {comment.id: comment for comment in (*listed, created)}
        return tuple(sorted(distinct.values(), key=lambda comment: comment.id))

    def _list(self) -> tuple[CommentRef, ...]:
        answer = self.site.api.query(queries.RECENT_COMMENTS, {**self.site.place, "number": self.number})
        pull = (answer.data.get("repository") or {}).get("pullRequest") or {}
        return own_comments(nodes_of(pull.get("comments")), self.site.viewer)

    def _pull_id(self) -> str:
        answer = self.site.api.query(queries.RECENT_COMMENTS, {**self.site.place, "number": self.number})
        pull = (answer.data.get("repository") or {}).get("pullRequest")
        if pull is None:
            raise GitHubError(404, f"There is no pull request {self.number} in {self.site.repository}.")
        return str(pull["id"])

    def _path(self, comment_id: int) -> str:
        return f"/repos/{self.site.repository}/issues/comments/{comment_id}"


def _same(one: str, other: str) -> bool:
    """GitHub may hand a text back with other line ends and without the blanks at its end."""
    return one.replace("\r\n", "\n").rstrip() == other.replace("\r\n", "\n").rstrip()


def _explain(error: GitHubError) -> PublishError:
    text = error.message.lower()
    if "locked" in text:
        remedy = "Unlock the conversation, or take the pull request out of the workflow."
        return PublishError(Problem(_WHAT, "The conversation is locked.", remedy))
    if "too long" in text:
        return PublishError(
            Problem(_WHAT, "GitHub takes at most 65,536 characters.", "Please report this: it is a defect of the bot.")
        )
    return publish_error(_WHAT, error, _PERMISSIONS)
