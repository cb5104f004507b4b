"""One repository as one token reaches it, with what earlier answers told, so that nothing is asked twice."""

from collections.abc import Mapping
from typing import Any

import msgspec

from pr_cost_bot.github.api import Api
from pr_cost_bot.ports import Row
from pr_cost_bot.row_file import NoRowError, read_row, row_path


class LedgerState(msgspec.Struct):
    """The data branch as last seen: its head (None: no such branch) and the text of some of its files (None: no such file)."""

    head: str | None
    files: dict[int, str | None] = {}


class Site(msgspec.Struct):
    """Where the bot works. The maps below only grow; a stale entry costs a request, never a wrong result."""

    api: Api
    repository: str
    data_branch: str
    pull_ids: dict[int, str] = {}  # GraphQL ids by number
    user_ids: dict[str, str] = {}  # GraphQL ids by login in lower case
    viewer: str = ""
    labels: set[str] = set()  # names in lower case that the repository has
    ledger: LedgerState | None = None  # None: not seen, or may not be seen

    @property
    def owner(self) -> str:
        return self.repository.partition("/")[0]

    @property
    def name(self) -> str:
        return self.repository.partition("/")[2]

    @property
    def place(self) -> dict[str, Any]:
        """The variables that nearly every query has."""
        return {"owner": self.owner, "name": self.name}

    @property
    def data_ref(self) -> str:
        return f"refs/heads/{self.data_branch}"

    def row_expression(self, number: int) -> str:
        return f"{self.data_ref}:{row_path(number)}"

    def learn_repository(self, home: Mapping[str, Any], viewer: Mapping[str, Any] | None) -> None:
        """Remember labels and who we are."""
        self.viewer = (viewer or {}).get("login") or self.viewer
        self.labels |= {label["name"].casefold() for label in (home.get("labels") or {}).get("nodes") or ()}

    def learn_ledger(self, home: Mapping[str, Any], rows: Mapping[int, Mapping[str, Any] | None]) -> None:
        """Remember the data branch's head with the files read at it; files read at another head no longer count."""
        head = ((home.get("data") or {}).get("target") or {}).get("oid")
        known = self.ledger.files if self.ledger and self.ledger.head == head else {}
        self.ledger = LedgerState(head, known | {number: (row or {}).get("text") for number, row in rows.items()})


def row_in(text: str | None) -> Row | None:
    """A file's row; what is none counts as no row, and is written anew."""
    try:
        return None if text is None else read_row(text)
    except NoRowError:
        return None
