"""The table on a branch of the repository: one file per pull request, all rows of a run in one commit."""

import json
import random
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pr_cost_bot.github import queries
from pr_cost_bot.github.errors import GitHubError, publish_error
from pr_cost_bot.github.nodes import read_time
from pr_cost_bot.github.site import LedgerState, Site, read_row, row_path
from pr_cost_bot.marker import is_newer
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import PublishError, Row

_TRIES = 25  # each lost race is somebody else's row; more than a repository has runs at once
_BATCH = 50
_README = """# What pull requests cost

This branch is a table. It is written by pr-cost-bot: one file per pull request, `pr_costs/<number>.json`, with
its cost, its tokens and the lines they are made of. Money is in US dollars.

It shares no history with the code, and nothing needs to be merged from it. To start anew, delete the branch.
"""


class BranchLedger:
    """`ports.Ledger` on a branch of the pull requests' own repository."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def read(self, repository: str, numbers: Sequence[int]) -> dict[int, Row]:
        """The rows there are; what the query for the pull requests already brought is not asked for again."""
        if repository.casefold() != self._site.repository.casefold():
            return {}
        state = self._site.ledger
        if state is None or not set(numbers) <= state.files.keys():
            try:
                state = self._look(numbers)
            except GitHubError as error:
                if not error.forbidden:
                    raise
                return {}
        rows = ((number, read_row(state.files.get(number))) for number in numbers)
        return {number: row for number, row in rows if row is not None}

    def write(self, rows: Sequence[Row]) -> None:
        """Write in one commit, on top of the head that was read; when it has moved, read and decide anew.

        Raises: PublishError.
        """
        own = [row for row in rows if str(row["repository"]).casefold() == self._site.repository.casefold()]
        if not own:
            return
        try:
            self._write(own)
        except GitHubError as error:
            raise publish_error(
                f"The table on the branch {self._site.data_branch} could not be written.", error, "contents: write"
            ) from error

    def _write(self, rows: Sequence[Row]) -> None:
        numbers = [row["pr_number"] for row in rows]
        known = self._site.ledger
        state = known if known is not None and set(numbers) <= known.files.keys() else self._look(numbers)
        for attempt in range(_TRIES):
            files = dict(_to_write(rows, state))
            if not files:
                return
            try:
                head = self._start(files) if state.head is None else self._commit(files, state.head)
            except GitHubError as error:
                gone = error.missing and state.head is not None  # somebody deleted the branch
                if not (gone or _lost_race(error)):
                    raise
            else:
                self._site.ledger = LedgerState(head, {**state.files, **files})
                return
            self._site.api.pause(random.uniform(0.05, 0.25) * (attempt + 1))  # noqa: S311 - spreads writers, no secret
            state = self._look(numbers)
        what = f"The table on the branch {self._site.data_branch} could not be written."
        why = f"Others wrote to it at the same time, {_TRIES} times in a row."
        raise PublishError(Problem(what, why, "The next run writes the row; nothing is lost."))

    def _look(self, numbers: Sequence[int]) -> LedgerState:
        """The branch's head and these files at it."""
        state = LedgerState(None)
        for start in range(0, len(numbers), _BATCH):
            batch = numbers[start : start + _BATCH]
            variables = {f"r{index}": self._site.row_expression(number) for index, number in enumerate(batch)}
            answer = self._site.api.query(
                queries.ledger_rows(len(batch)), {**self._site.place, "data": self._site.data_ref, **variables}
            )
            home = answer.data.get("repository") or {}
            refused = answer.errors_at("data", *(f"row{index}" for index in range(len(batch))))
            if refused:
                raise GitHubError(refused[0].status, refused[0].message)
            files = {number: (home.get(f"row{index}") or {}).get("text") for index, number in enumerate(batch)}
            # A head that moves between two batches is the older one here: then the commit is refused, and all is read again.
            first = not state.files
            head = ((home.get("data") or {}).get("target") or {}).get("oid")
            state = LedgerState(head if first else state.head, {**state.files, **files})
        self._site.ledger = state
        return state

    def _commit(self, files: Mapping[int, str], head: str) -> str:
        additions = [
            {"path": row_path(number), "contents": b64encode(text.encode()).decode()} for number, text in files.items()
        ]
        commit = {
            "branch": {"repositoryNameWithOwner": self._site.repository, "branchName": self._site.data_branch},
            "expectedHeadOid": head,
            "fileChanges": {"additions": additions},
            "message": {"headline": _headline(files), "body": "[skip ci]"},
        }
        data = self._site.api.mutate(queries.COMMIT_ON_BRANCH, {"input": commit})
        return str(data["createCommitOnBranch"]["commit"]["oid"])

    def _start(self, files: Mapping[int, str]) -> str:
        """Make the branch, without parents: it shares nothing with the code. All three requests may be repeated."""
        git = f"/repos/{self._site.repository}/git"
        contents = {"README.md": _README, **{row_path(number): text for number, text in files.items()}}
        entries = [{"path": path, "mode": "100644", "type": "blob", "content": text} for path, text in contents.items()]
        tree = self._site.api.rest("POST", f"{git}/trees", {"tree": entries}, repeatable=True)["sha"]
        message = f"{_headline(files)}\n\n[skip ci]"
        commit = self._site.api.rest(
            "POST", f"{git}/commits", {"message": message, "tree": tree, "parents": []}, repeatable=True
        )
        self._site.api.rest("POST", f"{git}/refs", {"ref": self._site.data_ref, "sha": commit["sha"]}, repeatable=True)
        return str(commit["sha"])


def write_text(row: Row) -> str:
    """A row as its file holds it: sorted keys, so that two versions compare line by line."""
    return json.dumps(row, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _to_write(rows: Iterable[Row], state: LedgerState) -> Iterable[tuple[int, str]]:
    """The rows that are new or different; one that is there with a newer `computed_at` stays."""
    for row in rows:
        number, text = row["pr_number"], write_text(row)
        there = state.files.get(number)
        if there != text and not _newer(read_row(there), row):
            yield number, text


def _newer(there: Row | None, row: Row) -> bool:
    try:
        return there is not None and is_newer(read_time(there["computed_at"]), read_time(row["computed_at"]))
    except (KeyError, TypeError, ValueError):
        return False


def _headline(files: Mapping[int, Any]) -> str:
    """Without `#12`: that would put a line about this commit into the pull request's timeline."""
    if len(files) == 1:
        return f"Record the cost of pull request {next(iter(files))}"
    return f"Record the cost of {len(files)} pull requests"


def _lost_race(error: GitHubError) -> bool:
    """Somebody else moved or made the branch first, or it is unknown whether the write went through: look again."""
    text = error.message.lower()
    return (
        error.transient
        or error.status == 409
        or (error.status == 422 and ("expected branch to point to" in text or "reference already exists" in text))
    )
