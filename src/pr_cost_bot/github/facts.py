"""Pull requests: all their commits, their comments, labels, the configuration and the ledger's row, in few requests."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from pr_cost_bot.github import queries
from pr_cost_bot.github.api import Answer
from pr_cost_bot.github.errors import GitHubError
from pr_cost_bot.github.nodes import Node, account_of, commit_of, commit_of_rest, dropped_commits, nodes_of, pull_request_of
from pr_cost_bot.github.pages import Pages
from pr_cost_bot.github.proof import proven
from pr_cost_bot.github.site import Site, row_in
from pr_cost_bot.marker import PREFIX
from pr_cost_bot.model import GitCommit, Problem
from pr_cost_bot.ports import CommentRef, ConfigText, PullRequestFacts

_BATCH = 10
_REST_CAP = 250
CONTENTS = "Commits and files could not be read through GraphQL."
_CONTENTS_REMEDY = "Give the job's token `permissions: contents: read`."


def read_one(site: Site, number: int, config_path: str) -> tuple[PullRequestFacts, ConfigText]:
    """One pull request and the configuration of its base branch: one request, unless there are further pages."""
    variables = {
        **site.place,
        "number": number,
        "config": config_path,
        "data": site.data_ref,
        "row": site.row_expression(number),
    }
    answer, contents = _ask(site, queries.PULL_REQUEST_FACTS, variables, ("pullRequest",))
    home = _home(answer, site)
    node = home.get("pullRequest")
    if node is None:
        errors = answer.errors_at("pullRequest")
        message = errors[0].message if errors else f"There is no pull request {number} in {site.repository}."
        raise GitHubError(errors[0].status if errors else 404, message)
    _learn(site, answer, home, {number: home.get("row")}, contents=contents)
    config = _configuration_of_base(site, answer, node, config_path, contents=contents)
    return _Reader(site, home, node, contents=contents).facts(home.get("row")), config


def read_many(site: Site, numbers: Sequence[int], config_path: str) -> tuple[PullRequestFacts, ...]:
    """Several pull requests, ten to a request; when GitHub takes too long over ten, fewer."""
    found: list[PullRequestFacts] = []
    for start in range(0, len(numbers), _BATCH):
        found += _read_batch(site, tuple(numbers[start : start + _BATCH]), config_path)
    return tuple(found)


def read_configuration(site: Site, config_path: str) -> ConfigText:
    """The configuration file of the default branch."""
    answer = site.api.query(queries.CONFIGURATION, {**site.place, "config": config_path})
    branch = _home(answer, site).get("defaultBranchRef")
    if branch is None:
        return _unreadable(config_path) if answer.errors_at("defaultBranchRef") else ConfigText()
    return config_in(branch.get("target"), config_path)


def comment_of(node: Node) -> CommentRef:
    """A GraphQL IssueComment. Its id is REST's; `databaseId` would be too small for it."""
    return CommentRef(id=int(node["fullDatabaseId"]), body=node["body"], url=node["url"])


def own_comments(nodes: Iterable[Node], viewer: str) -> tuple[CommentRef, ...]:
    """The comments that begin with the marker and are by our own account, oldest first."""
    own = [
        comment_of(node)
        for node in nodes
        if node["body"].startswith(PREFIX) and (node["viewerDidAuthor"] or (viewer and account_of(node["author"]) == viewer))
    ]
    return tuple(sorted(own, key=lambda comment: comment.id))


def config_in(target: Node | None, path: str) -> ConfigText:
    """The file of a Commit node that was asked for `file(path:)`."""
    entry = (target or {}).get("file")
    if entry is None:
        return ConfigText()
    blob = entry.get("object") or {}
    if blob.get("__typename") == "Blob" and blob.get("text") is not None and not blob.get("isTruncated"):
        return ConfigText(text=blob["text"])
    return ConfigText(
        problem=Problem(f"{path} is no text file that GitHub would show.", "", "The default configuration is used.")
    )


def _ask(site: Site, document: str, variables: Mapping[str, Any], wanted: Sequence[str]) -> tuple[Answer, bool]:
    """Ask for everything; leave out what the token may not read, or what GitHub cannot count in its ten seconds."""
    contents, stats = True, True
    while True:
        try:
            answer = site.api.query(document, {**variables, "contents": contents, "stats": stats})
        except GitHubError as error:
            if contents and error.forbidden:
                contents = False
            elif stats and error.timed_out:
                stats = False
            else:
                raise
            continue
        home = answer.data.get("repository") or {}
        hidden = any(home.get(key) is None and any(e.status == 403 for e in answer.errors_at(key)) for key in wanted)
        if not (contents and hidden):
            return answer, contents
        contents = False


def _home(answer: Answer, site: Site) -> Node:
    home: Node | None = answer.data.get("repository")
    if home is None:
        message = answer.errors[0].message if answer.errors else f"{site.repository} was not found."
        raise GitHubError(answer.errors[0].status if answer.errors else 404, message)
    return home


def _learn(site: Site, answer: Answer, home: Node, rows: Mapping[int, Node | None], *, contents: bool) -> None:
    site.learn_repository(home, answer.data.get("viewer"))
    if contents and not answer.errors_at("data", "row", *(f"row{i}" for i in range(len(rows)))):
        site.learn_ledger(home, rows)


def _read_batch(site: Site, numbers: tuple[int, ...], config_path: str) -> list[PullRequestFacts]:
    variables: dict[str, Any] = {**site.place, "config": config_path, "data": site.data_ref}
    for index, number in enumerate(numbers):
        variables |= {f"n{index}": number, f"r{index}": site.row_expression(number)}
    aliases = [f"p{index}" for index in range(len(numbers))]
    try:
        answer, contents = _ask(site, queries.pull_requests_facts(len(numbers)), variables, aliases)
    except GitHubError as error:
        if not error.transient or len(numbers) == 1:
            if error.missing:
                return []
            raise
        half = len(numbers) // 2
        return _read_batch(site, numbers[:half], config_path) + _read_batch(site, numbers[half:], config_path)
    home = _home(answer, site)
    rows = {number: home.get(f"row{index}") for index, number in enumerate(numbers)}
    _learn(site, answer, home, rows, contents=contents)
    return [
        msgspec.structs.replace(
            _Reader(site, home, home[alias], contents=contents).facts(rows[number]),
            config=config_in(base.get("target"), config_path) if (base := home[alias].get("baseRef")) else None,
        )
        for alias, number in zip(aliases, numbers, strict=True)
        if home.get(alias) is not None
    ]


def _configuration_of_base(site: Site, answer: Answer, node: Node, path: str, *, contents: bool) -> ConfigText:
    base = node.get("baseRef")
    if base is not None:
        return _unreadable(path) if answer.errors_at("file") else config_in(base.get("target"), path)
    if not contents or answer.errors_at("baseRef"):
        return _unreadable(path)
    return read_configuration(site, path)  # the base branch is gone


def _unreadable(path: str) -> ConfigText:
    return ConfigText(
        problem=Problem(
            f"{path} could not be read; the default configuration is used.",
            "The token may not read the repository's contents.",
            _CONTENTS_REMEDY,
        )
    )


class _Reader:
    """Reads the rest of one pull request from its first page."""

    def __init__(self, site: Site, home: Node, node: Node, *, contents: bool) -> None:
        self.site, self.home, self.node, self.contents = site, home, node, contents
        self.pages = Pages(site, node)
        self.problems: list[Problem] = []

    def facts(self, row: Node | None) -> PullRequestFacts:
        self.site.pull_ids[self.node["number"]] = self.node["id"]
        commits, unproven = proven(self._commits(), self.node)
        self.problems += unproven
        lost = dropped_commits(self.pages.dropped_heads, self.node, self.site.repository, commits)
        dropped, _ = proven(lost, self.node)
        own = own_comments(self.pages.comments, self.site.viewer)
        return PullRequestFacts(
            pull=pull_request_of(self.node, self.home, self.site.repository, commits, tuple(dropped)),
            comment=own[0] if own else None,
            surplus_comments=tuple(comment.id for comment in own[1:]),
            row=row_in(row.get("text") if row else None),
            receipt_ledger=self._receipt_ledger(),
            has_agent_notes=self.home.get("notes") is not None,
            problems=tuple(self.problems),
        )

    def _receipt_ledger(self) -> str | None:
        heads = list(nodes_of(self.node.get("head")))
        entry = (heads[-1].get("commit") or {}).get("receipts") if heads and heads[-1] else None
        blob = (entry or {}).get("object") or {}
        if blob.get("isTruncated"):
            what = "The pull request's .receipt/ledger.jsonl is too long to be read through the API and is not counted."
            self.problems.append(Problem(what, "", "Keep one month in it; older rows are in git's history."))
            return None
        return blob.get("text")

    def _commits(self) -> list[GitCommit]:
        number, head_ref, total = self.node["number"], self.node["headRefName"], self.pages.commits_said
        if not self.contents or self.pages.commits_hidden:
            return self._commits_by_rest(number, head_ref)
        for node in self.pages.commits:
            self._learn_users(node)
            self._count_authors(node)
        commits = {node["oid"]: commit_of(node, self.site.repository, number, head_ref) for node in self.pages.commits}
        if len(commits) != total:
            self.problems.append(
                Problem(
                    f"GitHub listed {len(commits)} of the pull request's {total} commits.",
                    "It was probably pushed to in the same moment.",
                    "The next run counts them all.",
                )
            )
        return list(commits.values())

    def _learn_users(self, commit: Node) -> None:
        for author in nodes_of(commit.get("authors")):
            if user := author.get("user"):
                self.site.user_ids[user["login"].casefold()] = user["id"]

    def _count_authors(self, commit: Node) -> None:
        total, listed = commit["authors"]["totalCount"], len(commit["authors"]["nodes"] or ())
        if total > listed:
            what = f"Only {listed} of the {total} authors of commit {commit['oid'][:7]} are known."
            self.problems.append(
                Problem(what, "GitHub lists no more of them at once.", "Usage of the others is not looked for.")
            )

    def _commits_by_rest(self, number: int, head_ref: str) -> list[GitCommit]:
        self.problems.append(
            Problem(
                CONTENTS,
                "The token may not read the repository's contents: co-authors and line counts are missing.",
                _CONTENTS_REMEDY,
            )
        )
        commits: list[GitCommit] = []
        for page in range(1, 4):
            items = self.site.api.rest(
                "GET",
                f"/repos/{self.site.repository}/pulls/{number}/commits",
                params={"per_page": 100, "page": page},
            )
            commits += [commit_of_rest(item, self.site.repository, number, head_ref) for item in items]
            if len(items) < 100:
                break
        if len(commits) >= _REST_CAP:
            self.problems.append(
                Problem(
                    f"Only the pull request's first {_REST_CAP} commits are known.", "REST lists no more.", _CONTENTS_REMEDY
                )
            )
        return commits
