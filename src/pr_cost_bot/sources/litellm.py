"""A LiteLLM proxy: one row per request, with the owner of the key, tags and what the proxy reckons it cost.

Sources: https://docs.litellm.ai/docs/proxy/cost_tracking, https://docs.litellm.ai/docs/proxy/request_tags and
`litellm/proxy/spend_tracking/spend_management_endpoints.py` in BerriAI/litellm. Money is dollars as floats. `start_date` and
`end_date` are UTC to the second and both inclusive; a page holds at most 100 rows; `total` stops counting at 10,000.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta

from pr_cost_bot.config import SourceSettings
from pr_cost_bot.hours import HOUR
from pr_cost_bot.http import Connection, HttpSession, Limits, SourceError, Vendor
from pr_cost_bot.model import Problem, SourceResult, UsageQuery
from pr_cost_bot.ports import Inspection, Source
from pr_cost_bot.sources.events import Events
from pr_cost_bot.sources.litellm_rows import ANONYMOUS, Row, check, records
from pr_cost_bot.sources.people import Names
from pr_cost_bot.sources.reading import Chunk, Count, Tally
from pr_cost_bot.sources.spans import Span
from pr_cost_bot.sources.unset import Unset

VENDOR = Vendor(
    title="LiteLLM",
    key_input="litellm_api_key",
    needs="the master key or an administrator's key of a LiteLLM proxy that keeps its spend logs in a database",
)
SETTLES_AFTER = HOUR  # rows are written in batches and not revised
LAG = timedelta(minutes=2)  # LiteLLM states none
_LOGS = "/spend/logs/v2"
_PAGE_SIZE = 100  # more is refused with 422
_MOST_PAGES = 200  # in one window: twice what `total` can count
_SMALLEST = timedelta(minutes=1)  # a window that is not cut further

Param = tuple[str, str]
Number = Annotated[int, Meta(ge=0, le=10**9)]


class Page(msgspec.Struct, frozen=True):
    """A page of rows. `total_pages` is worth nothing when the total is capped."""

    data: tuple[Row, ...]
    total_pages: Number | None = None
    total_is_capped: bool | None = None


class User(msgspec.Struct, frozen=True):
    """An internal user, who owns keys."""

    user_id: str
    user_email: str | None = None


class Users(msgspec.Struct, frozen=True):
    """Answer of `/user/list`."""

    users: tuple[User, ...]
    total: Count | None = None


class LiteLLM(Events):
    """Reads a proxy's spend logs."""

    name = "litellm"
    title = VENDOR.title
    settles_after = SETTLES_AFTER

    def fetch(self, query: UsageQuery) -> SourceResult:
        """Read the rows of these people's users and keys, and those of the master key that name them."""
        session, names, tally = self._connection.session(), Names(query.people, self.name), Tally()
        fresh_until = query.now - LAG
        span = Span(_floor_second(query.start), min(query.end, query.now))
        asked = _filters(names)
        reads = [partial(_read, session, who, span) for who in asked]
        listed, chunks = session.both([partial(_users, session, email) for email in names.emails()], reads)
        rows = tally.rows(chunks)
        emails = _learn(listed, names)
        more = [who for who in _ids_of(listed, names) if who not in asked]
        rows += tally.rows(session.gather([partial(_read, session, who, span) for who in more]))
        found = records(rows, names, span)
        known = {record.actor for record in found.records} | emails
        unseen = dict(zip(names.emails(), listed, strict=True))
        for person in names.unknown(known):  # of whom it is not known under which id they would be found
            errors = [each for email, each in unseen.items() if names.person_of(email) == person]
            tally.errors += [each for each in errors if isinstance(each, SourceError)][:1]
        if tally.errors:
            known |= {*names.emails(), *(who.person for who in query.people)}
        if found.claimed:
            tally.note(
                f"{found.claimed} requests with LiteLLM's master key name their person only by `end_user`, which whoever "
                "makes the call can set. Keys of their own would prove it."
            )
        return self.told(found.records, tally, fresh_until, names.unknown(known))

    def inspect(self, now: datetime) -> Inspection:
        """Ask for one row of the last day and the first users."""
        session = self._connection.session()
        span = Span(now - 24 * HOUR, now)
        first_users, one_row = [("page", "1"), ("page_size", "100")], [("page", "1"), ("page_size", "1")]
        (users, *_), (page, *_) = session.both(
            [partial(session.once().get, "/user/list", Users, first_users)], [partial(_ask, session, span, one_row)]
        )
        emails = None
        if isinstance(users, Users) and (users.total is None or users.total <= len(users.users)):
            emails = frozenset(user.user_email.lower() for user in users.users if user.user_email)
        if isinstance(page, SourceError):
            return Inspection(title=self.title, emails=emails, problem=page.problem)
        return Inspection(title=self.title, sees=("every request with user, model, tags and cost",), emails=emails)


def make(key: str, settings: SourceSettings, limits: Limits | None = None) -> Source:
    """The source for one key. There is no address to fall back to: the proxy is the organisation's own."""
    if not settings.base_url:
        problem = Problem(
            "LiteLLM is not read: the configuration does not say where the proxy is.",
            "A key for it is set, but a LiteLLM proxy has no address that everybody shares.",
            "Set `sources.litellm.base_url` in the configuration file to the proxy's address.",
        )
        return Unset("litellm", VENDOR.title, problem)
    return LiteLLM(Connection(VENDOR, settings.base_url, {"Authorization": f"Bearer {key}"}, limits))


def _filters(names: Names) -> list[Param]:
    """What may name these people: addresses and logins as user ids, what is configured, and the master key's own user."""
    logins = [who.login for who in names.people if who.login]
    configured = [("api_key" if _is_key(name) else "user_id", name) for name in names.configured()]
    users = [("user_id", name) for name in (*names.emails(), *logins, ANONYMOUS)]
    return list(dict.fromkeys([*configured, *users]))


def _is_key(name: str) -> bool:
    """Whether it is the hash under which LiteLLM keeps a key (SHA-256)."""
    return len(name) == 64 and all(char in "0123456789abcdef" for char in name)


def _users(session: HttpSession, email: str) -> tuple[User, ...]:
    params = [("user_email", email), ("page", "1"), ("page_size", "100")]
    listed = session.get("/user/list", Users, params)
    return tuple(user for user in listed.users if (user.user_email or "").lower() == email)  # it looks for parts


def _learn(listed: Sequence[tuple[User, ...] | SourceError], names: Names) -> set[str]:
    """Tell `names` who the users are; the addresses that LiteLLM knows."""
    found = [user for users in listed if not isinstance(users, SourceError) for user in users]
    for user in found:
        names.learn(user.user_id, user.user_email)
    return {user.user_email for user in found if user.user_email}


def _ids_of(listed: Sequence[tuple[User, ...] | SourceError], names: Names) -> list[Param]:
    ids = [user.user_id for users in listed if not isinstance(users, SourceError) for user in users]
    return [("user_id", each) for each in dict.fromkeys(ids) if names.actor(each)]


def _read(session: HttpSession, who: Param, span: Span) -> Chunk[Row]:
    """All rows of one filter and window. A window with more rows than LiteLLM counts is cut in two."""
    if span.end <= span.start:
        return Chunk()
    first = _page(session, who, span, 1)
    if first.total_is_capped and span.end - span.start > _SMALLEST:
        middle = _floor_second(span.start + (span.end - span.start) / 2)
        tally = Tally()
        halves = [Span(span.start, middle), Span(middle, span.end)]
        rows = tally.rows(session.gather([partial(_read, session, who, half) for half in halves]))
        return Chunk(rows, tally.errors[0] if tally.errors else None)
    rows = list(first.data)
    number, error = 1, None
    counted = 1 if first.total_is_capped else min(first.total_pages or 1, _MOST_PAGES)
    last = first
    for page in session.gather([partial(_page, session, who, span, n) for n in range(2, counted + 1)]):
        number += 1
        if isinstance(page, SourceError):
            error = error or page
        else:
            rows += page.data
            last = page
    while error is None and len(last.data) >= _PAGE_SIZE:  # rows that were written meanwhile, or that nobody counted
        number += 1
        if number > _MOST_PAGES:
            return Chunk(rows, session.malformed("pages without an end"))
        try:
            last = _page(session, who, span, number)
        except SourceError as failure:
            return Chunk(rows, failure)
        rows += last.data
    return Chunk(rows, error)


def _page(session: HttpSession, who: Param, span: Span, number: int) -> Page:
    order = [("sort_by", "startTime"), ("sort_order", "asc")]
    return _ask(session, span, [who, *order, ("page", str(number)), ("page_size", str(_PAGE_SIZE))])


def _ask(session: HttpSession, span: Span, params: Sequence[Param]) -> Page:
    page = session.get(_LOGS, Page, [("start_date", _text(span.start)), ("end_date", _text(_ceil_second(span.end))), *params])
    try:
        for row in page.data:
            check(row)
    except ValueError as error:
        raise session.malformed(str(error)) from None
    return page


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _floor_second(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _ceil_second(at: datetime) -> datetime:
    floor = _floor_second(at)
    return floor if floor == at else floor + timedelta(seconds=1)
