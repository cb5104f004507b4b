"""Receipts beside bills: which claims speak of usage that a vendor reports too, and what the others are worth. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from pr_cost_bot.model import Receipt, UsageRecord

RECEIPT_SOURCE = "receipt"


class Claims(msgspec.Struct, frozen=True):
    """Receipts, parted: `covered` ones only say how to split what a vendor bills; `uncovered` ones are usage of their own."""

    covered: tuple[Receipt, ...]
    uncovered: tuple[Receipt, ...]


def part_claims(receipts: Iterable[Receipt], records: Sequence[UsageRecord]) -> Claims:
    """A receipt is covered when a vendor reports usage of the same person and tool on a day that the receipt speaks of.

    A receipt that names no tool may speak of any. So usage is counted once per person, tool and day, and the vendor's
    amount wins where both speak.
    """
    days: dict[tuple[str, str], set[int]] = defaultdict(set)
    for record in records:
        if record.person is not None:
            spoken = range(_day(record.start), _day(max(record.start, record.end - timedelta(microseconds=1))) + 1)
            days[record.person, record.source].update(spoken)
            days[record.person, ""].update(spoken)
    covered: list[Receipt] = []
    uncovered: list[Receipt] = []
    for receipt in _first_of_each_usage(receipts):
        claimed = range(_day(receipt.start or receipt.end), _day(receipt.end) + 1)
        known = days.get((receipt.person, receipt.tool), set())
        (covered if known.intersection(claimed) else uncovered).append(receipt)
    return Claims(tuple(covered), tuple(uncovered))


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
        )
        for number, receipt in enumerate(receipts)
    )


def _first_of_each_usage(receipts: Iterable[Receipt]) -> list[Receipt]:
    """Squash and cherry-pick copy receipts: the same usage counts once, on the oldest commit that names it."""
    kept: dict[str, Receipt] = {}
    for number, receipt in enumerate(sorted(receipts, key=lambda r: (r.end, r.commit))):
        kept.setdefault(receipt.usage_key or f"#{number}", receipt)
    return list(kept.values())


def _day(moment: datetime) -> int:
    return moment.toordinal()
