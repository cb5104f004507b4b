"""Questions to the sources and what becomes of them."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

import msgspec

from pr_cost_bot.model.usage import UsageRecord


class Problem(msgspec.Struct, frozen=True):
    """An error as a user needs it: what happened, why it may be, what to do. Plain text, to be escaped where it is shown."""

    what: str
    why: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.why, self.remedy) if part)


Grain = Literal["event", "minute", "hour", "day"]


class SourceState(StrEnum):
    """How a source answered. Only OK leaves the figure complete."""

    OK = "ok"
    PARTIAL = "partial"  # it answered, but something is missing: `problem` says what
    FAILED = "failed"  # nothing could be read


class SourceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one source in this run."""

    name: str  # "anthropic"
    title: str  # "Anthropic"
    state: SourceState = SourceState.OK
    problem: Problem | None = None
    grain: Grain | None = None  # the finest grain it gave
    fresh_until: datetime | None = None  # its figures are complete up to here
    settles_after: timedelta = timedelta(0)  # a figure this old no longer changes
    records: int = 0
    unknown_people: tuple[str, ...] = ()  # persons of the query whom this vendor does not know
    notes: tuple[str, ...] = ()  # plain sentences for the step summary


class SourceResult(msgspec.Struct, frozen=True, kw_only=True):
    """A source's answer: its records, person not resolved yet, and how it went."""

    status: SourceStatus
    records: tuple[UsageRecord, ...] = ()


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A person and every name under which vendors may know them."""

    person: str
    emails: tuple[str, ...] = ()  # lower case, never GitHub's noreply forms
    login: str | None = None  # GitHub login, lower case
    vendors: dict[str, tuple[str, ...]] = {}  # configured ids by source name


class UsageQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What the sources are asked for: the usage of these people in `[start, end)`."""

    people: tuple[Identity, ...]
    start: datetime
    end: datetime
    now: datetime


class Interval(msgspec.Struct, frozen=True, order=True):
    """`[start, end)` of one person."""

    person: str
    start: datetime
    end: datetime
