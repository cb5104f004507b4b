"""A record as the comparison sees it: who reports it, who charges for it, and of which family its model is."""

from collections.abc import Iterable
from datetime import timedelta

import msgspec

from pr_cost_bot.model import UsageRecord
from pr_cost_bot.sellers import family, is_bill, reporter_of

_HOUR = timedelta(hours=1)

ESTIMATING = frozenset({"langfuse"})
"""Reporters that may have counted tokens by themselves."""


class Seen(msgspec.Struct, frozen=True):
    """`seller` empty: nobody can tell. `family` empty: any model. `billed`: its money is the seller's own figure."""

    record: UsageRecord
    reporter: str
    seller: str
    family: str
    billed: bool
    whole: UsageRecord  # as it was reported, before anything was taken from it

    @property
    def is_event(self) -> bool:
        return self.record.start == self.record.end

    @property
    def is_tagged(self) -> bool:
        """A repository alone is no tag."""
        return bool(self.record.pr_number or self.record.branch or self.record.commit)

    def now(self, record: UsageRecord, *, billed: bool | None = None) -> "Seen":
        """The same with the record changed."""
        given = self.billed if billed is None else billed
        return Seen(record, self.reporter, self.seller, self.family, given, self.whole)


Rank = tuple[bool, bool, bool, bool, str]


def seen(record: UsageRecord, seller: str) -> Seen:
    """The record of that seller's usage."""
    reporter = reporter_of(record)
    return Seen(record, reporter, seller, family(record.model), is_bill(reporter, seller), record)


def rank(side: Iterable[Seen]) -> Rank:
    """Smaller is better evidence of the place: tagged, narrow, the seller's own."""
    records = list(side)
    return (
        not any(each.is_tagged for each in records),
        any(each.record.end - each.record.start > _HOUR for each in records),
        not any(each.billed for each in records),
        not any(each.record.source == each.seller for each in records),
        min(each.reporter for each in records),
    )


def records_of(side: Iterable[Seen]) -> list[UsageRecord]:
    """The records alone."""
    return [each.record for each in side]
