"""Stretches of time as vendors want them: whole hours, windows of at most so long."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import msgspec

from pr_cost_bot.hours import HOUR, floor_hour

DAY = timedelta(days=1)


class Span(msgspec.Struct, frozen=True, order=True):
    """`[start, end)`."""

    start: datetime
    end: datetime


def windows(span: Span, width: timedelta) -> tuple[Span, ...]:
    """Cut a span into adjacent pieces of at most `width`."""
    pieces = []
    start = span.start
    while start < span.end:
        end = min(start + width, span.end)
        pieces.append(Span(start, end))
        start = end
    return tuple(pieces)


def hours_of(span: Span) -> Iterator[datetime]:
    """Starts of the hours that a span touches."""
    hour = floor_hour(span.start)
    while hour < span.end:
        yield hour
        hour += HOUR


def cover(hours: Iterable[datetime], *, at_most: int, longest: timedelta = DAY) -> tuple[Span, ...]:
    """Spans of at most `longest` that hold all these hours: contiguous hours together.

    When that gives more than `at_most` spans, hours that lie near each other are joined too (more rows, but fewer requests).
    """
    ordered = sorted(set(hours))
    spans: tuple[Span, ...] = ()
    gap = timedelta(0)
    while gap <= longest:
        spans = _joined(ordered, gap, longest)
        if len(spans) <= at_most:
            break
        gap = max(HOUR, gap * 2)
    return spans


def _joined(ordered: list[datetime], gap: timedelta, longest: timedelta) -> tuple[Span, ...]:
    spans: list[Span] = []
    for hour in ordered:
        last = spans[-1] if spans else None
        if last and hour - last.end <= gap and hour + HOUR - last.start <= longest:
            spans[-1] = Span(last.start, hour + HOUR)
        else:
            spans.append(Span(hour, hour + HOUR))
    return tuple(spans)
