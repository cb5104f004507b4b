"""Webhook payloads of the simulated GitHub, in the shape GitHub documents (what a runner writes to GITHUB_EVENT_PATH)."""

from typing import Any

from pr_cost_bot.simulator.github_rest import label_of, simple_user
from pr_cost_bot.simulator.github_state import Pull, Repository, World, digest, stamp

_REPOSITORY_URLS = (
    "archive",
    "assignees",
    "blobs",
    "branches",
    "collaborators",
    "comments",
    "commits",
    "compare",
    "contents",
    "contributors",
    "deployments",
    "downloads",
    "events",
    "forks",
    "git_commits",
    "git_refs",
    "git_tags",
    "hooks",
    "issue_comment",
    "issue_events",
    "issues",
    "keys",
    "labels",
    "languages",
    "merges",
    "milestones",
    "notifications",
    "pulls",
    "releases",
    "stargazers",
    "statuses",
    "subscribers",
    "subscription",
    "tags",
    "teams",
    "trees",
)
_LINKS = ("self", "html", "issue", "comments", "review_comments", "review_comment", "commits", "statuses")


class Payloads:
    """Payloads about one repository."""

    def __init__(self, world: World, repo: Repository, base: str) -> None:
        self.world, self.repo, self.base = world, repo, base

    def pull_request(self, action: str, pull: Pull, before: str | None = None) -> dict[str, Any]:
        """The payload of `pull_request` and `pull_request_target`; `before`: the head before a push."""
        payload: dict[str, Any] = {
            "action": action,
            "number": pull.number,
            "pull_request": self._pull(pull),
            "repository": self._repository(),
            "sender": self._user(pull.author),
        }
        if action == "synchronize":
            payload |= {"before": before or digest("before", pull.id), "after": pull.commits[-1]}
        if action == "edited":
            payload["changes"] = {"title": {"from": "An earlier title"}}
        return payload

    def workflow_dispatch(self, inputs: dict[str, str] | None, sender: str) -> dict[str, Any]:
        return {
            "inputs": inputs,
            "ref": f"refs/heads/{self.repo.default_branch}",
            "repository": self._repository(),
            "sender": self._user(sender),
            "workflow": ".github/workflows/pr-cost.yml",
        }

    def schedule(self, cron: str) -> dict[str, Any]:
        """Not a webhook: what the runner hands to a scheduled workflow."""
        return {"schedule": cron, "repository": self._repository(), "workflow": ".github/workflows/pr-cost.yml"}

    def _user(self, login: str) -> dict[str, Any]:
        return simple_user(self.world.user(login), self.base)

    def _repository(self, *, fork_of: str | None = None) -> dict[str, Any]:
        repo = self.repo
        full_name = f"{fork_of}/{repo.full_name.partition('/')[2]}" if fork_of else repo.full_name
        owner, _, name = full_name.partition("/")
        url, html, time = f"{self.base}/repos/{full_name}", f"{self.base}/{full_name}", stamp(self._oldest())
        return {
            **{f"{each}_url": f"{url}/{each}" for each in _REPOSITORY_URLS},
            "id": repo.id + (500_000 if fork_of else 0),
            "node_id": f"R_{repo.id}",
            "name": name,
            "full_name": full_name,
            "private": repo.is_private,
            "owner": self._user(owner),
            "url": url,
            "html_url": html,
            "clone_url": f"{html}.git",
            "git_url": f"{html}.git",
            "ssh_url": f"git@github.example.com:{full_name}.git",
            "svn_url": html,
            "mirror_url": None,
            "homepage": None,
            "description": None,
            "language": None,
            "license": None,
            "fork": fork_of is not None,
            "created_at": time,
            "updated_at": time,
            "pushed_at": time,
            "default_branch": repo.default_branch,
            "visibility": "private" if repo.is_private else "public",
            "topics": [],
            "custom_properties": {},
            "is_template": False,
            "allow_forking": True,
            "web_commit_signoff_required": False,
            **dict.fromkeys(("archived", "disabled", "has_pages", "has_discussions"), False),
            **dict.fromkeys(("has_downloads", "has_issues", "has_projects", "has_wiki"), True),
            **dict.fromkeys(("forks", "forks_count", "size", "stargazers_count", "watchers", "watchers_count"), 0),
            **dict.fromkeys(("open_issues", "open_issues_count"), 1),
        }

    def _oldest(self) -> Any:
        return min(commit.committed_at for commit in self.repo.commits.values())

    def _branch(self, ref: str, sha: str, *, fork_of: str | None = None) -> dict[str, Any]:
        owner = fork_of or self.repo.full_name.partition("/")[0]
        repository = self._repository(fork_of=fork_of)
        return {"label": f"{owner}:{ref}", "ref": ref, "sha": sha, "user": self._user(owner), "repo": repository}

    def _pull(self, pull: Pull) -> dict[str, Any]:
        repo = self.repo
        fork_of = pull.author if pull.is_fork else None
        head = pull.commits[-1] if pull.commits else digest(pull.id)
        return {
            **self._addresses(pull),
            **self._fate(pull),
            **self._counts(pull),
            **dict.fromkeys(("assignee", "milestone", "auto_merge", "mergeable", "rebaseable", "active_lock_reason")),
            **{name: [] for name in ("assignees", "requested_reviewers", "requested_teams")},
            "id": pull.id,
            "node_id": f"PR_{pull.id}",
            "number": pull.number,
            "title": pull.title,
            "user": self._user(pull.author),
            "body": pull.body or None,
            "labels": [label_of(repo, name, self.base) for name in pull.labels],
            "head": self._branch(pull.head, head, fork_of=fork_of),
            "base": self._branch(pull.base, repo.branches.get(pull.base, digest(pull.base))),
            "author_association": "CONTRIBUTOR",
            "draft": False,
            "maintainer_can_modify": False,
        }

    def _addresses(self, pull: Pull) -> dict[str, Any]:
        name = self.repo.full_name
        url, html = f"{self.base}/repos/{name}/pulls/{pull.number}", f"{self.base}/{name}/pull/{pull.number}"
        parts = ("commits", "review_comments", "review_comment", "comments", "statuses")
        return {
            "url": url,
            "html_url": html,
            "diff_url": f"{html}.diff",
            "patch_url": f"{html}.patch",
            "issue_url": f"{self.base}/repos/{name}/issues/{pull.number}",
            **{f"{each}_url": f"{url}/{each}" for each in parts},
            "_links": {each: {"href": f"{url}/{each}"} for each in _LINKS},
        }

    def _fate(self, pull: Pull) -> dict[str, Any]:
        """Whether it is open, and what became of it."""
        return {
            "state": "closed" if pull.closed_at else "open",
            "locked": pull.locked,
            "created_at": stamp(pull.created_at),
            "updated_at": stamp(pull.updated_at),
            "closed_at": stamp(pull.closed_at) if pull.closed_at else None,
            "merged_at": stamp(pull.merged_at) if pull.merged_at else None,
            "merge_commit_sha": pull.merge_commit,
            "merged": pull.merged_at is not None,
            "merged_by": self._user(pull.author) if pull.merged_at else None,
            "mergeable_state": "unknown",
        }

    def _counts(self, pull: Pull) -> dict[str, int]:
        commits = [self.repo.commits[oid] for oid in pull.commits]
        return {
            "comments": sum(comment.number == pull.number for comment in self.repo.comments.values()),
            "review_comments": 0,
            "commits": len(commits),
            "additions": sum(commit.additions for commit in commits),
            "deletions": sum(commit.deletions for commit in commits),
            "changed_files": 1,
        }
