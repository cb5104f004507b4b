"""OpenAI as a source: tokens per user, key and model from `usage/completions`, to be priced at list price.

A result that names a user counts for the user; one that names a key alone counts for the key's owner. So nothing counts twice,
whichever request brought it.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec

from pr_cost_bot.config import SourceSettings
from pr_cost_bot.hours import ceil_hour, floor_hour
from pr_cost_bot.http import Connection, HttpSession, Limits, SourceError, Vendor
from pr_cost_bot.model import (
    NO_TOKENS,
    Interval,
    SourceResult,
    SourceStatus,
    Terms,
    Tokens,
    UsageQuery,
    UsageRecord,
    reference_of,
)
from pr_cost_bot.ports import Inspection
from pr_cost_bot.sources.minutes import contested_hours, refined, spans
from pr_cost_bot.sources.openai import reports
from pr_cost_bot.sources.openai.shapes import Bucket, ProjectKey, Result, User
from pr_cost_bot.sources.people import Names
from pr_cost_bot.sources.reading import Chunk, Tally, record_id
from pr_cost_bot.sources.spans import Span

VENDOR = Vendor(
    title="OpenAI",
    key_input="openai_admin_key",
    needs="an Admin API key (`sk-admin-…`) of the API organisation",
)
URL = "https://api.openai.com"
SETTLES_AFTER = timedelta(days=1)  # OpenAI states none
LAG = timedelta(minutes=10)  # OpenAI states none

Key = tuple[str, int, int, str, str]


class _Last(msgspec.Struct, frozen=True):
    """What a fetch found, for `refine` to take up again."""

    names: Names
    users: tuple[str, ...]
    keys: tuple[str, ...]
    seconds_left: float


class OpenAI:
    """Reads an OpenAI organisation's usage."""

    name = "openai"
    title = VENDOR.title

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._past: list[_Last] = []

    def fetch(self, query: UsageQuery) -> SourceResult:
        """Read hours of the people's users, and of the keys they own."""
        session, names, tally = self._connection.session(), Names(query.people, self.name), Tally()
        span = Span(floor_hour(query.start), ceil_hour(min(query.end, query.now)))
        listed, projects = session.both(_user_calls(session, names), [partial(reports.projects, session)])
        members = tally.side(listed)
        users = _learn_users(members, names)
        if any(isinstance(each, SourceError) and each.status == 404 for each in projects):
            projects = []
            tally.note("OpenAI lists no projects here, so usage that names a key alone is matched by configured keys only.")
        project_calls = [partial(reports.project_keys, session, project.id) for project in tally.side(projects)]
        by_user, key_lists = session.both(reports.usage_calls(session, "user_ids[]", users, [span], "1h"), project_calls)
        keys = _learn_keys(tally.side(key_lists), names)
        by_key = session.gather(reports.usage_calls(session, "api_key_ids[]", keys, [span], "1h"))
        records = to_records(tally.rows(by_user), tally.rows(by_key), names)
        self._past.append(_Last(names, users, keys, session.remaining()))
        known = {record.actor for record in records} | {user.email.lower() for user in members if user.email}
        if tally.errors:
            known |= set(names.emails())
        status = SourceStatus(
            name=self.name,
            title=self.title,
            grain="hour",
            fresh_until=query.now - LAG,
            settles_after=SETTLES_AFTER,
            unknown_people=names.unknown(known),
        )
        return SourceResult(status=tally.status(status, records), records=records)

    def refine(self, query: UsageQuery, result: SourceResult, contested: Sequence[Interval]) -> SourceResult:
        """Read minutes for contested hours that have usage. A failure leaves the hours as they are."""
        last = next((past for past in reversed(self._past) if past.names.asked_in(query)), None)
        hours = contested_hours(result.records, contested, last.names) if last else frozenset()
        if last is None or not hours:
            return result
        session, tally = self._connection.session(last.seconds_left), Tally()
        persons = {person for person, _ in hours}
        users, keys = (tuple(i for i in ids if last.names.person_of(i) in persons) for ids in (last.users, last.keys))
        wanted = spans(hours)
        by_user, by_key = session.both(
            reports.usage_calls(session, "user_ids[]", users, wanted, "1m"),
            reports.usage_calls(session, "api_key_ids[]", keys, wanted, "1m"),
        )
        minutes = to_records(tally.rows(by_user), tally.rows(by_key), last.names)
        return refined(result, minutes, hours, last.names, tally)

    def inspect(self, now: datetime) -> Inspection:
        """List the users and read one bucket."""
        session = self._connection.session()
        (users, *_), (page, *_) = session.both([partial(reports.users, session)], [partial(reports.probe, session, now)])
        emails = None
        if isinstance(users, Chunk) and not users.error:
            emails = frozenset(user.email.lower() for user in users.rows if user.email)
        if isinstance(page, SourceError):
            return Inspection(title=self.title, emails=emails, problem=page.problem)
        return Inspection(title=self.title, sees=("tokens per person, key, model and minute; list prices",), emails=emails)


def make(key: str, settings: SourceSettings, limits: Limits | None = None) -> OpenAI:
    """The source for one key."""
    return OpenAI(Connection(VENDOR, settings.base_url or URL, {"Authorization": f"Bearer {key}"}, limits))


def _user_calls(session: HttpSession, names: Names) -> list[partial[Chunk[User]]]:
    emails = names.emails()
    return [partial(reports.users, session, emails[i : i + 50]) for i in range(0, len(emails), 50)]


def _learn_users(members: Iterable[User], names: Names) -> tuple[str, ...]:
    """Ids of the people's users: those found, and those configured."""
    found = []
    for user in members:
        names.learn(user.id, user.email)
        if names.actor(user.id):
            found.append(user.id)
    return tuple(dict.fromkeys((*found, *(name for name in names.configured() if name.startswith("user-")))))


def _learn_keys(listed: Iterable[ProjectKey], names: Names) -> tuple[str, ...]:
    """Ids of the keys that the people own, and of those configured."""
    found = []
    for key in listed:
        owner = key.owner.user if key.owner and key.owner.user else None
        names.learn(key.id, names.actor(owner.email, owner.id) if owner else None)
        if names.actor(key.id):
            found.append(key.id)
    return tuple(dict.fromkeys((*found, *(name for name in names.configured() if not name.startswith("user-")))))


def to_records(by_user: Iterable[Bucket], by_key: Iterable[Bucket], names: Names) -> tuple[UsageRecord, ...]:
    """Records of the query's people; results that differ in nothing that is kept add up."""
    found: dict[Key, tuple[Tokens, int]] = {}
    for buckets, of_user in ((by_user, True), (by_key, False)):
        for bucket in buckets:
            for result in bucket.results:
                name = names.actor(result.user_id if of_user else result.api_key_id)
                if name and of_user == (result.user_id is not None):
                    key = (name, bucket.start_time, bucket.end_time, result.model or "unknown", _tier(result))
                    tokens, requests = found.get(key, (NO_TOKENS, 0))
                    found[key] = tokens + tokens_of(result), requests + (result.num_model_requests or 0)
    ordered = sorted(found, key=lambda key: (key[1], key))
    return tuple(_record(key, *found[key]) for key in ordered if found[key][0])


def _tier(result: Result) -> str:
    if result.batch:
        return "batch"
    tier = (result.service_tier or "").lower()
    return "" if tier in {"default", "standard", "auto"} else tier


def tokens_of(result: Result) -> Tokens:
    """The vendor's total input and its parts."""
    read, written = result.input_cached_tokens or 0, result.input_cache_write_tokens or 0
    return Tokens(max(result.input_tokens or 0, read + written), read, written, result.output_tokens or 0)


def _record(key: Key, tokens: Tokens, requests: int) -> UsageRecord:
    actor, start, end, model, tier = key
    return UsageRecord(
        id=record_id("openai", *key),
        source="openai",
        actor=actor,
        start=datetime.fromtimestamp(start, UTC),
        end=datetime.fromtimestamp(end, UTC),
        model=model,
        tokens=tokens,
        requests=requests,
        provider="openai",
        terms=Terms(service_tier=tier),
        reference=reference_of(service_tier=tier),
    )
