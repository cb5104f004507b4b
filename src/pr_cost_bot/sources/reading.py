"""What a source has read so far, and how that becomes its answer."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Generic, TypedDict, TypeVar, Unpack

from msgspec import Meta

from pr_cost_bot.http import SourceError
from pr_cost_bot.model import Problem, SourceState, SourceStatus, Terms, Tokens, UsageRecord

T = TypeVar("T")

Count = Annotated[int, Meta(ge=0, le=10**15)]
"""A count as vendors give it."""


class Chunk(Generic[T]):
    """Rows of one paged request, the error that ended it early, if any, and how fresh the vendor says it is."""

    def __init__(self, rows: Iterable[T] = (), error: SourceError | None = None, fresh_until: datetime | None = None) -> None:
        self.rows = tuple(rows)
        self.error = error
        self.fresh_until = fresh_until


class Tally:
    """Collects the outcomes of requests: rows, and the errors beside them."""

    def __init__(self) -> None:
        self.answered = 0
        self.errors: list[SourceError] = []
        self.notes: list[str] = []

    def rows(self, chunks: Iterable[Chunk[T] | SourceError]) -> list[T]:
        """Hand back the rows of all chunks; remember the errors."""
        found: list[T] = []
        for chunk in chunks:
            error = chunk if isinstance(chunk, SourceError) else chunk.error
            if error:
                self.errors.append(error)
            if isinstance(chunk, Chunk):
                self.answered += not error or bool(chunk.rows)
                found += chunk.rows
        return found

    def side(self, chunks: Iterable[Chunk[T] | SourceError]) -> list[T]:
        """The same for requests that bring no usage, only names: without usage the source still failed."""
        answered = self.answered
        found = self.rows(chunks)
        self.answered = answered
        return found

    def fail(self, error: SourceError) -> None:
        self.errors.append(error)

    def absorb(self, other: "Tally") -> None:
        """Add what another tally holds."""
        self.answered += other.answered
        self.errors += other.errors
        self.notes += other.notes

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    @property
    def state(self) -> SourceState:
        if not self.errors:
            return SourceState.OK
        return SourceState.PARTIAL if self.answered else SourceState.FAILED

    @property
    def problem(self) -> Problem | None:
        """The first error; when others came through, it says that a part is missing."""
        if not self.errors:
            return None
        first = self.errors[0].problem
        return partly(first) if self.state is SourceState.PARTIAL else first

    def status(self, status: SourceStatus, records: tuple[UsageRecord, ...]) -> SourceStatus:
        """The source's status with state, problem, notes and the number of records filled in."""
        fields = {name: getattr(status, name) for name in status.__struct_fields__}
        fields |= {"state": self.state, "problem": self.problem, "records": len(records)}
        fields["notes"] = (*status.notes, *self.notes)
        if self.state is SourceState.FAILED:  # then nothing is known of freshness or people either
            fields |= {"fresh_until": None, "unknown_people": (), "notes": ()}
        return SourceStatus(**fields)


def partly(problem: Problem) -> Problem:
    """The problem of a source of which something could be read all the same."""
    return Problem(f"{problem.what} A part of its usage is missing.", problem.why, problem.remedy)


def record_id(source: str, *parts: object) -> str:
    """An id that the same usage has in every run."""
    digest = hashlib.sha256("\x1f".join(str(part) for part in parts).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{source}:{digest[:24]}"


class _Beside(TypedDict, total=False):
    cost_usd: Decimal | None
    billed_usd: Decimal | None
    product: str
    provider: str
    terms: Terms
    listed: bool
    reference: str
    session: str | None


def one_request(
    prefix: str,
    identity: tuple[object, ...],
    *,
    source: str,
    actor: str,
    at: datetime,
    model: str,
    tokens: Tokens,
    **beside: Unpack[_Beside],
) -> UsageRecord:
    """The record of a single request. `prefix`: of its id; `identity`: what tells it from every other request."""
    return UsageRecord(
        id=record_id(prefix, *identity),
        source=source,
        actor=actor,
        start=at,
        end=at,
        model=model,
        tokens=tokens,
        requests=1,
        **beside,
    )


def utc(at: datetime) -> datetime:
    """The same moment in UTC. Raises ValueError at the edges of the calendar."""
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time out of all bounds") from None


def cents(value: Decimal) -> Decimal:
    """Dollars from cents, as exact as `as_dollars`. Raises ValueError for what cannot be an amount of money."""
    if value.is_finite() and not 0 <= value <= 10**12:
        raise ValueError("an amount out of all bounds")
    return as_dollars(value.scaleb(-2) if value.is_finite() else value)


def as_dollars(value: Decimal) -> Decimal:
    """Dollars as a vendor gives them, to 15 decimals: below that a float holds only its own noise.

    Raises ValueError for what cannot be an amount of money.
    """
    if not value.is_finite():
        raise ValueError("an amount that is not a number")
    if value < 0 or value > 10**10:
        raise ValueError("an amount out of all bounds")
    if not value:
        return Decimal(0)
    exponent = value.as_tuple().exponent
    return value.quantize(Decimal("1e-15")) if isinstance(exponent, int) and exponent < -15 else value
