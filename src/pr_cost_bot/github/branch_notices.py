"""What was told already, as one file on the branch of the table."""

from collections.abc import Callable, Collection, Mapping
from typing import Literal

import msgspec

from pr_cost_bot.github import queries
from pr_cost_bot.github.data_branch import TRIES, commit, is_lost_race, step_back
from pr_cost_bot.github.errors import GitHubError, publish_error
from pr_cost_bot.github.site import Site
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import NoticeRecord, Notices, PublishError

PATH = "notices.json"


class _File(msgspec.Struct, frozen=True, kw_only=True):
    notices: dict[str, NoticeRecord]
    version: Literal[1] = 1


class BranchNotices:
    """`ports.NoticeBook` on the data branch."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def read(self, keys: Collection[str]) -> dict[str, NoticeRecord]:
        """The records there are. Raises PublishError."""
        try:
            _, records = self._look()
        except GitHubError as error:
            raise self._unreachable(error) from error
        return {key: record for key, record in records.items() if key in keys}

    def change(self, keys: Collection[str], decide: Callable[[Notices], Notices]) -> dict[str, NoticeRecord]:
        """One commit on top of the head that was read; when it has moved, read and decide anew. Raises PublishError."""
        try:
            return self._change(keys, decide)
        except GitHubError as error:
            raise self._unreachable(error) from error

    def _change(self, keys: Collection[str], decide: Callable[[Notices], Notices]) -> dict[str, NoticeRecord]:
        for attempt in range(TRIES):
            head, records = self._look()
            changed = dict(decide({key: record for key, record in records.items() if key in keys}))
            after = records | changed
            if after == records:
                return changed
            try:
                commit(self._site, {PATH: _text(after)}, "Note what was sent", head)
            except GitHubError as error:
                if not is_lost_race(error, head):
                    raise
            else:
                return changed
            step_back(self._site, attempt)
        what = f"The notices on the branch {self._site.data_branch} could not be written."
        raise PublishError(
            Problem(what, f"Others wrote to it at the same time, {TRIES} times in a row.", "The next run tries.")
        )

    def _look(self) -> tuple[str | None, dict[str, NoticeRecord]]:
        """The branch's head and the records at it."""
        asked = {**self._site.place, "data": self._site.data_ref, "r0": f"{self._site.data_ref}:{PATH}"}
        answer = self._site.api.query(queries.ledger_rows(1), asked)
        refused = answer.errors_at("data", "row0")
        if refused:
            raise GitHubError(refused[0].status, refused[0].message)
        home = answer.data.get("repository") or {}
        file: Mapping[str, object] | None = home.get("row0")
        head = ((home.get("data") or {}).get("target") or {}).get("oid")
        return head, {} if file is None else self._read(file)

    def _read(self, file: Mapping[str, object]) -> dict[str, NoticeRecord]:
        """Anybody who may push can write that file. What cannot be read is no proof that nothing was sent."""
        try:
            found = msgspec.json.decode(str(file.get("text")), type=_File).notices
        except (msgspec.DecodeError, UnicodeError):
            found = None
        if file.get("isTruncated") or found is None or any(record.at.tzinfo is None for record in found.values()):
            raise PublishError(
                Problem(
                    f"The file {PATH} on the branch {self._site.data_branch} cannot be read.",
                    "It says which alerts and digests were sent; somebody may have edited it, or it has grown too long.",
                    "Restore it from the branch's history, or delete it: then what stands today is sent once more.",
                )
            )
        return found

    def _unreachable(self, error: GitHubError) -> PublishError:
        what = f"The notices on the branch {self._site.data_branch} could not be read or written."
        return publish_error(what, error, "contents: write")


def _text(records: Mapping[str, NoticeRecord]) -> str:
    file = msgspec.to_builtins(_File(notices=dict(sorted(records.items()))))
    return msgspec.json.format(msgspec.json.encode(file), indent=2).decode() + "\n"
