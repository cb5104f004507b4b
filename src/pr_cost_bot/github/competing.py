"""What else the same people worked on: their other pull requests, and their commits outside any."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pr_cost_bot.github import competing_queries as queries
from pr_cost_bot.github.api import Answer, Api
from pr_cost_bot.github.collected import Collected
from pr_cost_bot.github.errors import GitHubError, quote
from pr_cost_bot.github.nodes import Node, nodes_of
from pr_cost_bot.github.site import Site
from pr_cost_bot.model import Author, Problem
from pr_cost_bot.ports import CompetingWork

_PAGES = 4
_PEOPLE = 8  # to a request: GitHub allows 500,000 nodes, and ten seconds
_REPOSITORIES_PER_SEARCH = 5
_REBASED_LATER = timedelta(days=7)  # a commit written in the window may reach the branch, rebased, only after it
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[\w.-]+", re.ASCII)
_LOGIN = re.compile(r"[A-Za-z0-9][\w-]*", re.ASCII)


def read_competing_work(
    site: Site, other: Api | None, people: Sequence[Author], repositories: Sequence[str], window: tuple[datetime, datetime]
) -> CompetingWork:
    """One request for each token; `other` reads the repositories beside the site's own when it is given."""
    known = frozenset((site.repository, number) for number in site.pull_ids)
    collected = Collected(site.repository, site.data_branch, window, known)
    humans = [person for person in people if not person.is_bot and (person.login or person.email)]
    own, others = _sort_out(site, repositories, collected)
    groups = [(site.api, own), (other, others)] if other else [(site.api, own + others)]
    for api, names in groups:
        for start in range(0, len(humans), _PEOPLE):
            if api and names:
                _ask(_Question(api, site, humans[start : start + _PEOPLE], names, collected))
    return collected.work()


def _ask(question: "_Question") -> None:
    """Put what there is into `collected`; what cannot be read becomes a problem there.

    Where GitHub gives up over several people, they are asked for in halves, and at last without line counts.
    """
    try:
        question.ask()
    except GitHubError as error:
        if error.timed_out and (lighter := question.lighter()):
            for each in lighter:
                _ask(each)
            return
        if error.credentials and question.is_own:
            raise
        question.say_unread(question.names, error.message)


def _sort_out(site: Site, repositories: Sequence[str], collected: Collected) -> tuple[list[str], list[str]]:
    """The site's own repository, if it is among them, and the others, each once."""
    named = {name.casefold(): name for name in repositories if _REPOSITORY.fullmatch(name)}
    for name in repositories:
        if name.casefold() not in named:
            remedy = "Write it as owner/name in `attribution.repositories`."
            collected.problems.append(Problem(f'"{quote(name)}" is no repository.', "", remedy))
    own = named.pop(site.repository.casefold(), None)
    return [site.repository] if own else [], list(named.values())


class _Question:
    """All that is asked of one token: a search for each person, and each repository's history by each person."""

    def __init__(
        self, api: Api, site: Site, people: Sequence[Author], names: Sequence[str], collected: Collected, *, stats: bool = True
    ) -> None:
        self.api, self.site, self.people, self.names, self.collected = api, site, people, names, collected
        self.keys = frozenset(key.casefold() for person in people for key in (person.login, person.email) if key)
        self.searches = self._searches(people)
        self.authors = self._authors(people)
        self.stats = stats

    @property
    def is_own(self) -> bool:
        """It is asked with the token that everything needs."""
        return self.api is self.site.api

    def ask(self) -> None:
        """Raises: GitHubError."""
        answer = self._first()
        self._take_searches(answer)
        self._take_repositories(answer)

    def lighter(self) -> "list[_Question]":
        """The same in smaller parts; empty when there are none."""
        half = len(self.people) // 2
        parts = [self.people[:half], self.people[half:]] if half else [self.people] if self.stats else []
        stats = self.stats and half > 0
        return [_Question(self.api, self.site, part, self.names, self.collected, stats=stats) for part in parts]

    @property
    def _times(self) -> dict[str, Any]:
        until = self.collected.until + _REBASED_LATER
        return {"since": _stamp(self.collected.since), "until": _stamp(until), "stats": self.stats}

    def _searches(self, people: Sequence[Author]) -> dict[str, str]:
        since, until = _stamp(self.collected.since), _stamp(self.collected.until)
        logins = dict.fromkeys(person.login.casefold() for person in people if person.login and _LOGIN.fullmatch(person.login))
        chunks = [
            self.names[start : start + _REPOSITORIES_PER_SEARCH]
            for start in range(0, len(self.names), _REPOSITORIES_PER_SEARCH)
        ]
        texts = [
            " ".join(
                ["is:pr", f"author:{login}", *(f"repo:{name}" for name in chunk), f"updated:>={since}", f"created:<={until}"]
            )
            for login in logins
            for chunk in chunks
        ]
        return {f"s{index}": text for index, text in enumerate(texts)}

    def _authors(self, people: Sequence[Author]) -> list[dict[str, Any]]:
        """History filters: by account where GitHub told its id (then every address of it counts), else by address."""
        ids = dict.fromkeys(self.site.user_ids.get((person.login or "").casefold()) for person in people)
        unknown = [person for person in people if (person.login or "").casefold() not in self.site.user_ids]
        emails = {person.email for person in unknown if person.email}
        emails |= {f"{person.login}@users.noreply.github.com" for person in unknown if person.login}
        return [{"id": user} for user in ids if user] + ([{"emails": sorted(emails)}] if emails else [])

    def _first(self) -> Answer:
        variables: dict[str, Any] = {}
        for index, name in enumerate(self.names):
            owner, _, repo = name.partition("/")
            variables |= {f"owner{index}": owner, f"name{index}": repo}
        variables |= {f"a{index}": author for index, author in enumerate(self.authors)}
        variables |= self.searches
        open_pulls = self.stats and self.site.repository in self.names
        document = queries.competing_work(self.searches, len(self.names), len(self.authors), open_pulls=open_pulls)
        return self.api.query(document, {**variables, **self._times})

    def _take_searches(self, answer: Answer) -> None:
        searches = self.searches
        for page in range(_PAGES):
            after: dict[str, str] = {}
            for alias in searches:
                found = answer.data.get(alias)
                if found is None:
                    self.say_unread(self.names, "; ".join(error.message for error in answer.errors_at(alias)))
                    return
                for node in nodes_of(found):
                    if node.get("__typename") == "PullRequest":
                        self.collected.add_pull(node)
                if found and found["pageInfo"]["hasNextPage"]:
                    after[alias] = found["pageInfo"]["endCursor"]
            if not after:
                return
            if page == _PAGES - 1:
                break
            searches = {alias: self.searches[alias] for alias in after}
            cursors = {f"{alias}After": cursor for alias, cursor in after.items()}
            document = queries.competing_work(searches, 0, 0, open_pulls=False)
            # The times are declared for histories only; GraphQL refuses unused variables.
            answer = self.api.query(document, {**searches, **cursors, "stats": self.stats})
        self._say_bounded("pull requests")

    def _take_repositories(self, answer: Answer) -> None:
        homes: list[Node] = []
        pages: list[tuple[str, int, str]] = []
        for index, name in enumerate(self.names):
            home = answer.data.get(f"repo{index}")
            if home is None:
                self.say_unread([name], "; ".join(error.message for error in answer.errors_at(f"repo{index}")))
                continue
            homes.append(home)
            for node in nodes_of(home.get("pullRequests")):
                self.collected.add_pull(node, only_by=self.keys)
            pages += [(name, author, cursor) for author, cursor in self._take_default_branch(home)]
        self._take_more_history(pages)
        for home in homes:
            self._take_branches(home)

    def _take_default_branch(self, home: Node) -> Iterator[tuple[int, str]]:
        branch = home.get("defaultBranchRef") or {}
        target = branch.get("target") or {}
        for index in range(len(self.authors)):
            history = target.get(f"h{index}")
            for node in nodes_of(history):
                self.collected.add_default_branch_commit(node, home["nameWithOwner"], branch["name"])
            if history and history["pageInfo"]["hasNextPage"]:
                yield index, history["pageInfo"]["endCursor"]

    def _take_branches(self, home: Node) -> None:
        """Branches without a pull request: what they have beyond the default branch."""
        for ref in nodes_of(home.get("branches")):
            if ref["associatedPullRequests"]["totalCount"] == 0:
                histories: Mapping[str, Any] = ref.get("target") or {}
                for index in range(len(self.authors)):
                    for node in nodes_of(histories.get(f"h{index}")):
                        self.collected.add_branch_commit(node, home["nameWithOwner"], ref["name"])

    def _take_more_history(self, pages: list[tuple[str, int, str]]) -> None:
        for _ in range(_PAGES):
            if not pages:
                return
            variables: dict[str, Any] = dict(self._times)
            for index, (name, author, cursor) in enumerate(pages):
                owner, _, repo = name.partition("/")
                variables |= {f"owner{index}": owner, f"name{index}": repo, f"after{index}": cursor}
                variables[f"a{index}"] = self.authors[author]
            answer = self.api.query(queries.history_pages(len(pages)), variables)
            pages = [following for index, page in enumerate(pages) for following in self._take_history(answer, index, page)]
        if pages:
            self._say_bounded("commits")

    def _take_history(self, answer: Answer, index: int, page: tuple[str, int, str]) -> Iterator[tuple[str, int, str]]:
        name, author, _ = page
        branch = (answer.data.get(f"repo{index}") or {}).get("defaultBranchRef") or {}
        history = (branch.get("target") or {}).get("h0")
        for node in nodes_of(history):
            self.collected.add_default_branch_commit(node, name, branch["name"])
        if history and history["pageInfo"]["hasNextPage"]:
            yield name, author, history["pageInfo"]["endCursor"]

    def say_unread(self, names: Sequence[str], message: str) -> None:
        for name in names:
            remedy = "Check its name in `attribution.repositories`, and give the input org_token a token that may read it."
            if name == self.site.repository:
                remedy = "Give the job's token `permissions: contents: read`, or run the job again."
            what = f"Other work in {name} could not be read, so usage that belongs there may be counted here."
            self.collected.problems.append(Problem(what, f"GitHub said: {quote(message)}" if message else "", remedy))

    def _say_bounded(self, things: str) -> None:
        what = (
            f"The same people have more {things} in this time than are looked at; usage may be counted here that belongs there."
        )
        self.collected.problems.append(Problem(what, "", "Shorten `attribution.lookback_hours`."))


def _stamp(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
