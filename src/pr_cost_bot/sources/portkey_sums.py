"""Portkey's sums per person and pull request, UTC day by UTC day: for keys that may not export single requests.

Where the query wants a part of a day only, that part is asked for hour by hour. So every run hears the same of a day or an
hour, wherever its window begins, and of no more time than other sources tell of.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import msgspec

from pr_cost_bot.hours import HOUR, floor_hour
from pr_cost_bot.http import HttpSession
from pr_cost_bot.model import ZERO, UsageRecord, reference_of
from pr_cost_bot.sources import tags
from pr_cost_bot.sources.people import Names
from pr_cost_bot.sources.portkey_groups import PullGroup, UserGroup, pull_groups, user_groups
from pr_cost_bot.sources.reading import Tally, cents, record_id
from pr_cost_bot.sources.spans import DAY, Span, hours_of, windows

COARSE = (
    "Portkey lets this key see sums only, no single requests: there are no models and tokens, and no times within a UTC day, "
    "whose cost is shared by that day's work."
)
_LEAST = timedelta(milliseconds=1)  # both ends of Portkey's windows are part of them

Asked = tuple[Span, str]
"""A day or an hour, and a name as Portkey spells it."""


def read(session: HttpSession, names: Names, span: Span, now: datetime, tally: Tally) -> tuple[UsageRecord, ...]:
    """One record per bucket, person and pull request, and one for the rest of what the person used in it."""
    buckets = _buckets(span, now)
    listed = session.gather([partial(user_groups, session, _until(bucket, now)) for bucket in buckets])
    used: dict[Asked, UserGroup] = {
        (bucket, group.user): group
        for bucket, chunk in zip(buckets, listed, strict=True)
        for group in tally.rows([chunk])
        if names.actor(group.user)
    }
    named = _named(session, list(used), now, tally)
    records = [
        record
        for (bucket, user), group in used.items()
        for record in _records(bucket, group, named.get((bucket, user), ()), names.actor(user) or user)
    ]
    return tuple(sorted(records, key=lambda record: (record.start, record.id)))


def _named(session: HttpSession, asked: Sequence[Asked], now: datetime, tally: Tally) -> Mapping[Asked, Sequence[PullGroup]]:
    """What was used for pull requests. Whose whole time has none is not asked about bucket by bucket."""
    if not asked:
        return {}
    whole = _until(Span(min(bucket.start for bucket, _ in asked), max(bucket.end for bucket, _ in asked)), now)
    users = list(dict.fromkeys(user for _, user in asked))
    answers = session.gather([partial(pull_groups, session, user, whole) for user in users])
    tagged = {
        user
        for user, chunk in zip(users, answers, strict=True)
        if any(tags.read((), {"pr": group.metadata_value}) for group in tally.rows([chunk]))
    }
    wanted = [(bucket, user) for bucket, user in asked if user in tagged]
    chunks = session.gather([partial(pull_groups, session, user, _until(bucket, now)) for bucket, user in wanted])
    return {key: tally.rows([chunk]) for key, chunk in zip(wanted, chunks, strict=True)}


def _buckets(span: Span, now: datetime) -> list[Span]:
    """Days, and the hours of those days of which the span has a part only; a day that is not over counts as whole."""
    until = span.end if span.end < now else _day(now + DAY - _LEAST)
    found: list[Span] = []
    for day in windows(Span(_day(span.start), until), DAY):
        part = Span(max(day.start, span.start), day.end)
        if part.end - part.start == DAY:
            found.append(part)
        else:
            found += [Span(max(hour, part.start), min(hour + HOUR, part.end)) for hour in hours_of(part)]
    return found


def _day(at: datetime) -> datetime:
    return floor_hour(at).replace(hour=0)


def _until(span: Span, now: datetime) -> Span:
    """What is asked for: nothing of the next day, and nothing that is to come."""
    return Span(span.start, min(span.end - _LEAST, max(now, span.start)))


def _records(bucket: Span, group: UserGroup, pulls: Iterable[PullGroup], actor: str) -> list[UsageRecord]:
    whole = _sum(bucket, ("", group.user), actor, group)
    named = []
    for pull in {pull.metadata_value: pull for pull in pulls}.values():
        said = tags.read((), {"pr": pull.metadata_value})
        if said and pull.cost:
            part = _sum(bucket, (group.user, pull.metadata_value), actor, pull)
            named.append(msgspec.structs.replace(part, repository=said.repository, pr_number=said.pr_number))
    rest = (whole.cost_usd or ZERO) - sum((part.cost_usd or ZERO for part in named), ZERO)
    if rest > 0:
        requests = max(0, whole.requests - sum(part.requests for part in named))
        named.append(msgspec.structs.replace(whole, cost_usd=rest, requests=requests))
    return named


def _sum(bucket: Span, name: tuple[str, str], actor: str, group: UserGroup | PullGroup) -> UsageRecord:
    return UsageRecord(
        id=record_id("portkey", "sum", *name, bucket.start, bucket.end),
        source="portkey",
        actor=actor,
        start=bucket.start,
        end=bucket.end,
        model="unknown",
        requests=group.requests,
        cost_usd=cents(group.cost),
        reference=reference_of(metadata_value=name[1] if name[0] else ""),
    )
