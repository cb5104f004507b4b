"""The REST side of the simulated GitHub: the routes that the bot uses, with GitHub's limits and refusals."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote

from pr_cost_bot.simulator.github_objects import View
from pr_cost_bot.simulator.github_state import Comment, Commit, Pull, Repository, User, digest, now, stamp
from pr_cost_bot.simulator.github_writes import RefusedError, check_body, commit_files, may_talk, require
from pr_cost_bot.simulator.server import Request, Response

COMMIT_CAP = 250
_DOCS = "https://docs.github.com/rest"
_ACCEPTED = "X-Accepted-GitHub-Permissions"  # what would have been enough; `;` is or, `,` is and
_TO_TALK = "issues=write; pull_requests=write"
_PERMISSIONS = {
    "create_label": "issues=write",
    **dict.fromkeys(("create_tree", "create_commit", "create_ref"), "contents=write"),
}
_USER_URLS = ("followers", "following", "gists", "starred", "subscriptions", "events", "received_events")


def simple_user(user: User, base: str) -> dict[str, Any]:
    """OpenAPI's simple-user."""
    url = f"{base}/users/{user.login}"
    return {
        "login": user.login,
        "id": user.id,
        "node_id": f"U_{user.id}",
        "avatar_url": f"{base}/avatars/{user.id}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{base}/{user.login}",
        "organizations_url": f"{url}/orgs",
        "repos_url": f"{url}/repos",
        "type": "Bot" if user.is_bot else "User",
        "site_admin": False,
        **{f"{name}_url": f"{url}/{name}" for name in _USER_URLS},
    }


def label_of(repo: Repository, name: str, base: str) -> dict[str, Any]:
    """OpenAPI's label."""
    spelled, colour = repo.labels[name.lower()]
    number = int(digest(repo.full_name, spelled)[:12], 16)
    url = f"{base}/repos/{repo.full_name}/labels/{quote(spelled, safe='')}"
    return {
        "id": number,
        "node_id": f"LA_{number}",
        "url": url,
        "name": spelled,
        "description": None,
        "color": colour,
        "default": False,
    }


class Routes:
    """Answers one request of one token."""

    def __init__(self, view: View) -> None:
        self.view = view
        repo = r"/repos/(?P<owner>[^/]+)/(?P<name>[^/]+)"
        routes: tuple[tuple[str, str, Callable[..., Response]], ...] = (
            ("GET", rf"{repo}/pulls/(?P<number>\d+)/commits", self.list_commits),
            ("GET", rf"{repo}/issues/comments/(?P<comment_id>\d+)", self.get_comment),
            ("PATCH", rf"{repo}/issues/comments/(?P<comment_id>\d+)", self.edit_comment),
            ("DELETE", rf"{repo}/issues/comments/(?P<comment_id>\d+)", self.delete_comment),
            ("POST", rf"{repo}/labels", self.create_label),
            ("POST", rf"{repo}/issues/(?P<number>\d+)/labels", self.add_labels),
            ("DELETE", rf"{repo}/issues/(?P<number>\d+)/labels/(?P<label>[^/]+)", self.remove_label),
            ("POST", rf"{repo}/git/trees", self.create_tree),
            ("POST", rf"{repo}/git/commits", self.create_commit),
            ("POST", rf"{repo}/git/refs", self.create_ref),
        )
        self.routes = [(method, re.compile(pattern), act) for method, pattern, act in routes]

    def answer(self, request: Request, path: str) -> Response:
        for method, pattern, act in self.routes:
            if method == request.method and (match := pattern.fullmatch(path)):
                found = match.groupdict()
                try:
                    return act(self.repository(found.pop("owner"), found.pop("name")), request, **found)
                except RefusedError as refusal:
                    accepted = {_ACCEPTED: _PERMISSIONS.get(act.__name__, _TO_TALK)} if refusal.status == 403 else {}
                    return refuse(refusal, accepted)
        return refuse(RefusedError(404, "Not Found"))

    def repository(self, owner: str, name: str) -> Repository:
        found = self.view.world.repositories.get(f"{unquote(owner)}/{unquote(name)}".lower())
        if found is None or not self.view.sees(found):
            raise RefusedError(404, "Not Found")
        return found

    @staticmethod
    def pull(repo: Repository, number: str) -> Pull:
        if int(number) not in repo.pulls:
            raise RefusedError(404, "Not Found")
        return repo.pulls[int(number)]

    def list_commits(self, repo: Repository, request: Request, number: str) -> Response:
        pull = self.pull(repo, number)
        size, page = int(request.query.get("per_page", ["30"])[0]), int(request.query.get("page", ["1"])[0])
        listed = pull.commits[:COMMIT_CAP]
        items = [self.commit_item(repo, repo.commits[oid]) for oid in listed[(page - 1) * size : page * size]]
        if page * size < len(listed):
            link = f'<{self.view.base}{request.path}?per_page={size}&page={page + 1}>; rel="next"'
            return Response.of(items, Link=link)
        return Response.of(items)

    def commit_item(self, repo: Repository, commit: Commit) -> dict[str, Any]:
        user = self.view.world.user_by_email(commit.email)
        account = simple_user(user, self.view.base) if user else None
        url = f"{self.view.base}/repos/{repo.full_name}/commits/{commit.oid}"
        git = self.git_commit(repo, commit)
        inner = {key: git[key] for key in ("author", "committer", "message", "tree", "url", "verification")}
        return {
            "url": url,
            "sha": commit.oid,
            "node_id": f"C_{commit.oid}",
            "html_url": f"{self.view.base}/{repo.full_name}/commit/{commit.oid}",
            "comments_url": f"{url}/comments",
            "commit": {**inner, "comment_count": 0},
            "author": account,
            "committer": account,
            "parents": git["parents"],
        }

    def git_commit(self, repo: Repository, commit: Commit) -> dict[str, Any]:
        url = f"{self.view.base}/repos/{repo.full_name}/git/commits"
        return {
            "sha": commit.oid,
            "node_id": f"C_{commit.oid}",
            "url": f"{url}/{commit.oid}",
            "html_url": f"{self.view.base}/{repo.full_name}/commit/{commit.oid}",
            "author": {"name": commit.name, "email": commit.email, "date": stamp(commit.authored_at)},
            "committer": {"name": commit.name, "email": commit.email, "date": stamp(commit.committed_at)},
            "message": commit.message,
            "tree": {"sha": digest(sorted(commit.files.items())), "url": f"{url}/tree"},
            "parents": [{"sha": oid, "url": f"{url}/{oid}", "html_url": f"{url}/{oid}"} for oid in commit.parents],
            "verification": {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None},
        }

    def comment(self, repo: Repository, comment_id: str) -> Comment:
        if int(comment_id) not in repo.comments:
            raise RefusedError(404, "Not Found")
        return repo.comments[int(comment_id)]

    def show_comment(self, repo: Repository, comment: Comment, status: int = 200) -> Response:
        url = f"{self.view.base}/repos/{repo.full_name}/issues"
        shown = {
            "id": comment.id,
            "node_id": f"IC_{comment.id}",
            "url": f"{url}/comments/{comment.id}",
            "html_url": f"{self.view.base}/{repo.full_name}/pull/{comment.number}#issuecomment-{comment.id}",
            "issue_url": f"{url}/{comment.number}",
            "body": comment.body,
            "user": simple_user(self.view.world.user(comment.login), self.view.base),
            "created_at": stamp(comment.created_at),
            "updated_at": stamp(comment.updated_at),
            "author_association": "NONE",
            "performed_via_github_app": None,
        }
        return Response.of(shown, status)

    def get_comment(self, repo: Repository, request: Request, comment_id: str) -> Response:
        return self.show_comment(repo, self.comment(repo, comment_id))

    def edit_comment(self, repo: Repository, request: Request, comment_id: str) -> Response:
        comment = self.comment(repo, comment_id)
        require(comment.login == self.view.token.login and may_talk(self.view.token))
        body = request.json()["body"]
        check_body(body)
        comment.body, comment.updated_at = body, now()
        return self.show_comment(repo, comment)

    def delete_comment(self, repo: Repository, request: Request, comment_id: str) -> Response:
        comment = self.comment(repo, comment_id)
        require(comment.login == self.view.token.login and may_talk(self.view.token))
        del repo.comments[comment.id]
        return Response(204)

    def create_label(self, repo: Repository, request: Request) -> Response:
        require(self.view.token.issues == "write")
        given = request.json()
        if given["name"].lower() in repo.labels:
            raise RefusedError(422, "Validation Failed", [{"resource": "Label", "code": "already_exists", "field": "name"}])
        self.make_label(repo, given["name"], given.get("color", "ededed"))
        return Response.of(label_of(repo, given["name"], self.view.base), 201)

    @staticmethod
    def make_label(repo: Repository, name: str, colour: str) -> None:
        if not name.strip() or len(name) > 50:
            raise RefusedError(422, "Validation Failed", [{"resource": "Label", "code": "invalid", "field": "name"}])
        repo.labels[name.lower()] = (name, colour)

    def add_labels(self, repo: Repository, request: Request, number: str) -> Response:
        pull = self.pull(repo, number)
        require(may_talk(self.view.token))
        for name in request.json()["labels"]:
            if name.lower() not in repo.labels:
                require(self.view.token.issues == "write")
                self.make_label(repo, name, "ededed")
            spelled = repo.labels[name.lower()][0]
            if spelled not in pull.labels:
                pull.labels.append(spelled)
        return Response.of([label_of(repo, name, self.view.base) for name in pull.labels])

    def remove_label(self, repo: Repository, request: Request, number: str, label: str) -> Response:
        pull = self.pull(repo, number)
        require(may_talk(self.view.token))
        spelled = next((name for name in pull.labels if name.lower() == unquote(label).lower()), None)
        if spelled is None:
            raise RefusedError(404, "Label does not exist")
        pull.labels.remove(spelled)
        return Response.of([label_of(repo, name, self.view.base) for name in pull.labels])

    def create_tree(self, repo: Repository, request: Request) -> Response:
        require(self.view.token.contents == "write")
        files = {entry["path"]: entry["content"] for entry in request.json()["tree"]}
        sha = digest("tree", sorted(files.items()))
        repo.trees[sha] = files
        entries = [{"path": path, "mode": "100644", "type": "blob", "sha": digest(text)} for path, text in files.items()]
        url = f"{self.view.base}/repos/{repo.full_name}/git/trees/{sha}"
        return Response.of({"sha": sha, "url": url, "tree": entries, "truncated": False}, 201)

    def create_commit(self, repo: Repository, request: Request) -> Response:
        require(self.view.token.contents == "write")
        given = request.json()
        if given["tree"] not in repo.trees:
            raise RefusedError(422, "Tree SHA does not exist")
        files = repo.trees[given["tree"]]
        commit = commit_files(repo, tuple(given.get("parents", ())), files, given["message"], self.view.token.login)
        return Response.of(self.git_commit(repo, commit), 201)

    def create_ref(self, repo: Repository, request: Request) -> Response:
        require(self.view.token.contents == "write")
        given = request.json()
        name = given["ref"].removeprefix("refs/heads/")
        if given["sha"] not in repo.commits:
            raise RefusedError(422, "Object does not exist")
        if name in repo.branches:
            raise RefusedError(422, "Reference already exists")
        repo.branches[name] = given["sha"]
        url = f"{self.view.base}/repos/{repo.full_name}/git"
        target = {"type": "commit", "sha": given["sha"], "url": f"{url}/commits/{given['sha']}"}
        return Response.of(
            {"ref": given["ref"], "node_id": f"REF_{name}", "url": f"{url}/{given['ref']}", "object": target}, 201
        )


def refuse(refusal: RefusedError, headers: Mapping[str, str] | None = None) -> Response:
    """A refusal as REST answers it."""
    body: dict[str, Any] = {"message": refusal.message, "documentation_url": _DOCS, "status": str(refusal.status)}
    if refusal.errors is not None:
        body["errors"] = refusal.errors
    kind = {"Content-Type": "application/json; charset=utf-8"}
    return Response(refusal.status, json.dumps(body).encode(), {**kind, **(headers or {})})
