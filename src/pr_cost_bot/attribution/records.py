"""A usage record as the rules see it, and as a line of JSON holds it (docs/attribution.md)."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

from pr_cost_bot.model import RECEIPT_SOURCE, UsageRecord

# Half a millisecond early: whole milliseconds since then are those since 1970, rounded.
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC) - timedelta(microseconds=500)
_DAY = 24 * 60 * 60 * 1000

Count = Annotated[int, msgspec.Meta(ge=0)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970; a time without a zone is UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - _EPOCH
    return since.days * _DAY + since.seconds * 1000 + since.microseconds // 1000


class Call(msgspec.Struct, eq=False, gc=False):
    """An event (`start == end`) or a bucket `[start, end)`. `begin` and `finish` are the same in milliseconds since 1970.

    `cost_usd` and `billed_usd` are text and not looked at by any rule: amounts are split afterwards.
    """

    id: str
    source: str
    person: str | None
    start: Moment
    end: Moment
    model: str
    input_tokens: Count = 0
    cache_read_tokens: Count = 0
    cache_write_tokens: Count = 0
    output_tokens: Count = 0
    requests: Count = 0
    cost_usd: str | None = None
    repository: str | None = None
    branch: str | None = None
    pr_number: int | None = None
    commit: str | None = None
    session: str | None = None
    product: str | None = None
    billed_usd: str | None = None
    begin: int = msgspec.field(default=0, name="-begin")
    finish: int = msgspec.field(default=0, name="-finish")


def set_clocks(calls: Iterable[Call]) -> None:
    """Work out `begin` and `finish` of records that were read from JSON."""
    for call in calls:
        start = call.start
        since = start - _EPOCH  # as in `milliseconds`: calling it would take as long again
        call.begin = begin = since.days * _DAY + since.seconds * 1000 + since.microseconds // 1000
        call.finish = begin if call.end == start else milliseconds(call.end)


def call_of(record: UsageRecord) -> Call:
    """The rules' view of a record."""
    tokens = record.tokens
    begin = milliseconds(record.start)
    return Call(
        id=record.id,
        source=RECEIPT_SOURCE if record.noted else record.source,
        person=record.person,
        start=record.start,
        end=record.end,
        model=record.model,
        input_tokens=tokens.input,
        cache_read_tokens=tokens.cache_read,
        cache_write_tokens=tokens.cache_write,
        output_tokens=tokens.output,
        requests=record.requests,
        repository=record.repository,
        branch=record.branch,
        pr_number=record.pr_number,
        commit=record.commit,
        session=record.session,
        begin=begin,
        finish=begin if record.start == record.end else max(begin, milliseconds(record.end)),
    )
