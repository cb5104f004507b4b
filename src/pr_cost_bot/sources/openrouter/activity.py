"""`GET /activity`: completed UTC days, one filter per request, where analytics are not to be had.

Source: https://openrouter.ai/docs/api/api-reference/analytics/get-user-activity. Rows name neither person nor key, so keys that
are tagged or given to somebody are asked for apart and taken out of their maker's total.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial

import msgspec

from pr_cost_bot.http import HttpSession
from pr_cost_bot.model import NO_TOKENS, Tokens, UsageRecord
from pr_cost_bot.sources.openrouter.people import Who, tags_of
from pr_cost_bot.sources.openrouter.shapes import Activity, Key, Listing
from pr_cost_bot.sources.reading import Chunk, Tally, as_dollars, record_id
from pr_cost_bot.sources.spans import DAY
from pr_cost_bot.sources.tags import placed

KEPT = timedelta(days=30)  # how far back it reaches
_MOST_KEYS = 50  # tagged keys asked for one by one, those with the most usage


class Line(msgspec.Struct, frozen=True):
    """A day's use of one model, by one person or key."""

    actor: str
    day: date
    model: str
    key: str  # name
    spend: Decimal
    billed: Decimal
    tokens: Tokens
    requests: int


def lines(session: HttpSession, asked: Sequence[Who], keys: Sequence[Key], days: Sequence[date], tally: Tally) -> list[Line]:
    """Lines of these people, each request counted once."""
    users = [who for who in asked if who.field == "user"]
    apart = [who for who in asked if who.field != "user"] + _tagged(keys, users)
    plan = [(who, day) for day in days for who in (*users, *apart)]
    answers = session.gather([partial(_read, session, who, day) for who, day in plan])
    found: dict[tuple[Who, date], list[Line]] = {}
    for (who, day), answer in zip(plan, answers, strict=True):
        found[who, day] = tally.rows([answer])
    result: list[Line] = []
    for (who, day), mine in found.items():
        theirs = [line for other in apart if _made_by(other, who) for line in found[other, day]] if who in users else []
        result += _without(mine, theirs)
    return result


def _tagged(keys: Sequence[Key], users: Sequence[Who]) -> list[Who]:
    """Keys of these users whose names are tags and that nobody is given."""
    makers: Mapping[str, Who] = {who.value: who for who in users}
    mine = [key for key in keys if key.creator_user_id in makers and key.name and tags_of(key.name)]
    mine.sort(key=lambda key: (-(key.usage or 0), key.hash))
    own = [key for key in mine[:_MOST_KEYS] if key.usage != 0 and key.name not in makers[key.creator_user_id or ""].without]
    return [Who("api_key_id", key.hash, makers[key.creator_user_id or ""].actor, key) for key in own]


def _made_by(other: Who, user: Who) -> bool:
    return other.key is not None and other.key.creator_user_id == user.value


def _read(session: HttpSession, who: Who, day: date) -> Chunk[Line]:
    name = "user_id" if who.field == "user" else "api_key_hash"
    rows = session.get("/v1/activity", Listing[Activity], [("date", str(day)), (name, who.value)]).data
    try:
        return Chunk(_line(row, who, day) for row in rows if row.date[:10] == str(day))
    except (ValueError, ArithmeticError) as error:
        raise session.malformed(str(error)) from None


def _line(row: Activity, who: Who, day: date) -> Line:
    charged, own = as_dollars(row.usage or Decimal(0)), as_dollars(row.byok_usage_inference or Decimal(0))
    return Line(
        actor=who.actor,
        day=day,
        model=row.model or row.model_permaslug or "unknown",
        key=(who.key and who.key.name) or "",
        spend=charged + own,
        billed=charged,
        tokens=Tokens(row.prompt_tokens or 0, 0, 0, row.completion_tokens or 0),
        requests=row.requests or 0,
    )


def _without(mine: Iterable[Line], theirs: Iterable[Line]) -> list[Line]:
    """A person's lines by model, less what single keys used of them."""
    sums: dict[str, Line] = {}
    for line in mine:
        sums[line.model] = _plus(sums[line.model], line, 1) if line.model in sums else line
    for line in theirs:
        if line.model in sums:
            sums[line.model] = _plus(sums[line.model], line, -1)
    return list(sums.values())


def _plus(line: Line, other: Line, sign: int) -> Line:
    """Sum or difference. A figure that the vendor revised between two answers never falls below 0."""
    return msgspec.structs.replace(
        line,
        spend=max(Decimal(0), line.spend + sign * other.spend),
        billed=max(Decimal(0), line.billed + sign * other.billed),
        tokens=Tokens(
            max(0, line.tokens.input + sign * other.tokens.input), 0, 0, max(0, line.tokens.output + sign * other.tokens.output)
        ),
        requests=max(0, line.requests + sign * other.requests),
    )


def to_records(found: Iterable[Line]) -> tuple[UsageRecord, ...]:
    """Records by person, day, model and key."""
    groups: dict[tuple[str, date, str, str], list[Line]] = {}
    for line in found:
        if line.spend or line.tokens:
            groups.setdefault((line.actor, line.day, line.model, line.key), []).append(line)
    return tuple(_record(key, groups[key]) for key in sorted(groups, key=lambda key: (key[1], key)))


def _record(key: tuple[str, date, str, str], group: list[Line]) -> UsageRecord:
    actor, day, model, name = key
    start = datetime.combine(day, time(), UTC)
    record = UsageRecord(
        id=record_id("openrouter", *key),
        source="openrouter",
        actor=actor,
        start=start,
        end=start + DAY,
        model=model,
        tokens=sum((line.tokens for line in group), NO_TOKENS),
        requests=sum(line.requests for line in group),
        cost_usd=sum((line.spend for line in group), Decimal(0)),
        billed_usd=sum((line.billed for line in group), Decimal(0)),
        provider="openrouter",
    )
    return placed(record, tags_of(name))
