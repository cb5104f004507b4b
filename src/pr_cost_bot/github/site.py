"""One repository as one token reaches it, with what earlier answers told, so that nothing is asked twice."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pr_cost_bot.github.api import Api
from pr_cost_bot.ports import Row


@dataclass
class LedgerState:
    """The data branch as last seen: its head (None: no such branch) and the text of some of its files (None: no such file)."""

    head: str | None
    files: dict[int, str | None] = field(default_factory=dict)


@dataclass
class Site:
    """Where the bot works. The maps below only grow; a stale entry costs a request, never a wrong result."""

    api: Api
    repository: str
    data_branch: str
    pull_ids: dict[int, str] = field(default_factory=dict)  # GraphQL ids by number
    user_ids: dict[str, str] = field(default_factory=dict)  # GraphQL ids by login in lower case
    viewer: str = ""
    labels: set[str] = field(default_factory=set)  # names in lower case that the repository has
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


def row_path(number: int) -> str:
    """The file of one pull request's row."""
    return f"pr_costs/{number}.json"


def read_row(text: str | None) -> Row | None:
    """A file's row. Anybody who may push can write that branch: what is no row counts as none and is written anew."""
    if text is None:
        return None
    try:
        row = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None
