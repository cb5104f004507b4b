"""The further pages of one pull request: what its first page left out of commits, comments and force pushes."""

from typing import Any

from pr_cost_bot.github import queries
from pr_cost_bot.github.errors import GitHubError
from pr_cost_bot.github.nodes import Node, nodes_of
from pr_cost_bot.github.site import Site

_CONNECTIONS = ("commits", "comments", "timelineItems")


class Pages:
    """All nodes of a pull request's three long connections; `commits_said`: how many commits GitHub says there are."""

    def __init__(self, site: Site, first: Node) -> None:
        self._site, self._number = site, first["number"]
        self._nodes: dict[str, list[Node]] = {name: [] for name in _CONNECTIONS}
        self.commits_said = 0
        self.commits_hidden = _hidden(first)
        page = first
        while after := self._take(page):
            page = self._ask(after)

    @property
    def commits(self) -> list[Node]:
        return [node["commit"] for node in self._nodes["commits"] if node["commit"]]

    @property
    def comments(self) -> list[Node]:
        return self._nodes["comments"]

    @property
    def dropped_heads(self) -> list[Node]:
        """The commits that force pushes took away, as far as GitHub still has them."""
        heads = (event.get("beforeCommit") for event in self._nodes["timelineItems"])
        return [head for head in heads if head]

    def _take(self, page: Node) -> dict[str, str]:
        """Keep a page's nodes. Returns the cursors of the connections that go on."""
        after: dict[str, str] = {}
        for name in _CONNECTIONS:
            connection = page.get(name) or {}
            self._nodes[name] += nodes_of(connection)
            info = connection.get("pageInfo") or {}
            if info.get("hasNextPage") and not (name == "commits" and _hidden(page)):
                after[name] = info["endCursor"]
        self.commits_said = (page.get("commits") or {}).get("totalCount", self.commits_said)
        return after

    def _ask(self, after: dict[str, str]) -> Node:
        variables: dict[str, Any] = {**self._site.place, "number": self._number, "stats": True}
        for name in _CONNECTIONS:
            variables |= {f"{name}Go": name in after, f"{name}After": after.get(name)}
        try:
            answer = self._site.api.query(queries.PULL_REQUEST_PAGES, variables)
        except GitHubError as error:
            if not error.transient:
                raise
            answer = self._site.api.query(queries.PULL_REQUEST_PAGES, {**variables, "stats": False})
        return (answer.data.get("repository") or {}).get("pullRequest") or {}


def _hidden(page: Node) -> bool:
    """GitHub gives null for each commit that the token may not read."""
    return any(node is None for node in (page.get("commits") or {}).get("nodes") or ())
