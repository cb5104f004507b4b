"""The table on a branch of the repository: one file per pull request, all rows of a run in one commit."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pr_cost_bot.github import queries
from pr_cost_bot.github.data_branch import TRIES, commit, is_lost_race, step_back
from pr_cost_bot.github.errors import GitHubError, publish_error
from pr_cost_bot.github.site import LedgerState, Site, row_in
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import PublishError, Row
from pr_cost_bot.row_file import is_older, row_path, write_row

_BATCH = 50


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
        rows = ((number, row_in(state.files.get(number))) for number in numbers)
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
        for attempt in range(TRIES):
            files = dict(_to_write(rows, state))
            if not files:
                return
            try:
                written = {row_path(number): text for number, text in files.items()}
                head = commit(self._site, written, _headline(files), state.head)
            except GitHubError as error:
                if not is_lost_race(error, state.head):
                    raise
            else:
                self._site.ledger = LedgerState(head, {**state.files, **files})
                return
            step_back(self._site, attempt)
            state = self._look(numbers)
        what = f"The table on the branch {self._site.data_branch} could not be written."
        why = f"Others wrote to it at the same time, {TRIES} times in a row."
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


def _to_write(rows: Iterable[Row], state: LedgerState) -> Iterable[tuple[int, str]]:
    """The rows that are new or different; one that is there with a newer `computed_at` stays."""
    for row in rows:
        number, text = row["pr_number"], write_row(row)
        there = state.files.get(number)
        known = row_in(there)
        if there != text and (known is None or not is_older(row, known)):
            yield number, text


def _headline(files: Mapping[int, Any]) -> str:
    """Without `#12`: that would put a line about this commit into the pull request's timeline."""
    if len(files) == 1:
        return f"Record the cost of pull request {next(iter(files))}"
    return f"Record the cost of {len(files)} pull requests"
