"""The table's rows as typed values: what the dashboard and the digest need of them. Pure."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec

from pr_cost_bot.model import ZERO, Problem
from pr_cost_bot.reports.scope import Period

State = Literal["open", "merged", "closed"]


class EntryError(Exception):
    """A row that cannot be read. `problem` tells the user."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class Line(msgspec.Struct, frozen=True, gc=False):
    """A row of `pr_cost_lines`. `person` is empty where the table keeps none; `billed_usd` None: not known."""

    model: str
    cost_usd: Decimal
    person: str = ""
    source: str = ""
    billed_usd: Decimal | None = None


class NoPrice(msgspec.Struct, frozen=True, gc=False):
    """A model whose tokens are in no figure, for nobody knows its price."""

    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `pr_costs` with its lines (docs/ledger.md). Text is as it came: untrusted."""

    repository: str
    pr_number: int
    state: State
    computed_at: datetime
    cost_usd: Decimal
    title: str = ""
    url: str = ""
    author: str = ""
    opened_at: datetime | None = None
    merged_at: datetime | None = None
    closed_at: datetime | None = None
    commits: int = 0
    ticket: str | None = None
    purpose: str | None = None
    billed_usd: Decimal | None = None
    input_tokens: int = 0
    cache_read_tokens: int = 0
    output_tokens: int = 0
    cost_label: str | None = None
    estimate_usd: Decimal | None = None
    complete: bool = True
    settled: bool = False
    lines: tuple[Line, ...] = ()
    unpriced: tuple[NoPrice, ...] = ()
    unmatched: int | None = None  # authors whom no source knows

    @property
    def day(self) -> date:
        """The day, in UTC, on which it counts: of its merge or close, or, while it is open, of the last look at it."""
        return (self.merged_at or self.closed_at or self.computed_at).astimezone(UTC).date()

    @property
    def merged(self) -> bool:
        return self.state == "merged"

    @property
    def unknown(self) -> bool:
        """Nothing of its cost is known: a source did not answer, or no model has a price. That is not $0."""
        return not self.cost_usd and (not self.complete or bool(self.unpriced))

    @property
    def used(self) -> bool:
        """Whether it shows any usage."""
        return bool(self.cost_usd or self.input_tokens or self.output_tokens or self.lines or self.unpriced)

    @property
    def bill(self) -> tuple[Decimal, Decimal]:
        """What of its cost lands on an invoice as far as that is known, and how much of it nobody knows that of."""
        if self.billed_usd is not None:
            return self.billed_usd, ZERO
        known = [line for line in self.lines if line.billed_usd is not None]
        told = sum((line.cost_usd for line in known), ZERO)
        return sum((line.billed_usd or ZERO for line in known), ZERO), self.cost_usd - told

    @property
    def name(self) -> str:
        return f"{self.repository}#{self.pr_number}"


_DECODER = msgspec.json.Decoder(Entry | list[Entry])


def decode(text: bytes, where: str) -> list[Entry]:
    """Rows from JSON: one, or a list of them. `where` names the file. Raises EntryError."""
    try:
        found = _DECODER.decode(text)
    except msgspec.DecodeError as error:  # ValidationError is one of them
        raise _unreadable(where, str(error)) from None
    entries = found if isinstance(found, list) else [found]
    return [_checked(entry, where) for entry in entries]


def convert(row: dict[str, Any]) -> Entry:
    """A row as a ledger gives it. Raises EntryError."""
    where = f"The row of {row.get('repository')}#{row.get('pr_number')}"
    try:
        return _checked(msgspec.convert(row, Entry), where)
    except msgspec.ValidationError as error:
        raise _unreadable(where, str(error)) from None


def newest(entries: Iterable[Entry]) -> list[Entry]:
    """One entry per pull request, the one computed last: several sources may know the same one. By falling cost."""
    found: dict[tuple[str, int], Entry] = {}
    for entry in entries:
        key = (entry.repository, entry.pr_number)
        if key not in found or found[key].computed_at < entry.computed_at:
            found[key] = entry
    return sorted(found.values(), key=lambda entry: (-entry.cost_usd, entry.repository, entry.pr_number))


def within(entries: Iterable[Entry], period: Period) -> list[Entry]:
    """Those that count in the period."""
    return [entry for entry in entries if period.start <= entry.day < period.end]


def total(entries: Iterable[Entry]) -> Decimal:
    """What they cost together."""
    return sum((entry.cost_usd for entry in entries), ZERO)


def _checked(entry: Entry, where: str) -> Entry:
    """JSON knows `NaN` as the text of a decimal; and a time without a zone is no time."""
    amounts = [
        entry.cost_usd,
        entry.billed_usd,
        entry.estimate_usd,
        *(amount for line in entry.lines for amount in (line.cost_usd, line.billed_usd)),
    ]
    if not all(amount is None or amount.is_finite() for amount in amounts):
        raise _unreadable(where, "An amount is not a finite number")
    times = (entry.computed_at, entry.opened_at, entry.merged_at, entry.closed_at)
    if any(moment is not None and moment.tzinfo is None for moment in times):
        raise _unreadable(where, "A time has no zone")
    return entry


def _unreadable(where: str, why: str) -> EntryError:
    return EntryError(
        Problem(
            f"{where} is no row of the table: {why}.",
            "It may be another file, or written by another version.",
            "Give the folder of the data branch, a pr_cost.json or a database; docs/ledger.md shows the fields.",
        )
    )
