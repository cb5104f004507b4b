"""What commits and records say of where usage belongs, as usage that says so itself. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

import msgspec

from pr_cost_bot.model import RECEIPT_SOURCE, Receipt, UsageRecord, reference_of


def in_known_spelling(records: Iterable[UsageRecord], repositories: Iterable[str]) -> tuple[UsageRecord, ...]:
    """Put a repository that a record names into the spelling given here: to GitHub upper and lower case are one."""
    known = {name.casefold(): name for name in repositories}

    def spelled(record: UsageRecord) -> UsageRecord:
        name = known.get(record.repository.casefold()) if record.repository else None
        return record if name is None or name == record.repository else msgspec.structs.replace(record, repository=name)

    return tuple(map(spelled, records))


class NotedSession(msgspec.Struct, frozen=True):
    """A commit says that this session of an agent worked on it."""

    session: str
    repository: str
    commit: str
    authored_at: datetime


def on_noted_commits(records: Iterable[UsageRecord], noted: Iterable[NotedSession]) -> tuple[UsageRecord, ...]:
    """Put usage that carries a session's id on the commits that name this session: each on the first one that followed it.

    What comes after the last of them is on that one. Usage that itself names a commit or pull request stays as it is.
    """
    by_session: dict[str, list[NotedSession]] = defaultdict(list)
    for one in sorted(noted, key=lambda n: (n.authored_at, n.commit)):
        by_session[one.session].append(one)

    def placed(record: UsageRecord) -> UsageRecord:
        commits = by_session.get(record.session or "")
        if not commits or record.commit or record.pr_number is not None:
            return record
        following = next((one for one in commits if one.authored_at >= record.start), commits[-1])
        return msgspec.structs.replace(record, repository=following.repository, commit=following.commit, noted=True)

    return tuple(placed(record) for record in records)


def as_usage(receipts: Iterable[Receipt]) -> tuple[UsageRecord, ...]:
    """Usage records out of claims that no bill covers. Whether they were billed is unknown."""
    return tuple(
        UsageRecord(
            id=f"{RECEIPT_SOURCE}:{receipt.repository}@{receipt.commit}:{number}",
            source=RECEIPT_SOURCE,
            product=receipt.format,
            actor=receipt.person,
            person=receipt.person,
            start=receipt.end,
            end=receipt.end,
            model=receipt.model or "unknown",
            tokens=receipt.tokens,
            requests=receipt.requests,
            cost_usd=receipt.cost_usd,
            repository=receipt.repository,
            commit=receipt.commit,
            session=receipt.session,
            reference=reference_of(commit=receipt.commit),
        )
        for number, receipt in enumerate(receipts)
    )
