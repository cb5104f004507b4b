"""Usage of one person and day: `…/settings/billing/ai_credit/usage`, and `premium_request` for the time before credits.

Source: https://docs.github.com/en/rest/billing/usage, API version 2026-03-10. Amounts are dollars, quantities AI credits ($0.01
each) or premium requests. An answer sums up the asked time and names neither day nor person in its items. `grossAmount` is
what the usage costs; `netAmount` is what is paid, which is 0 inside the pool of included credits.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal

import msgspec

from pr_cost_bot.http import HttpSession
from pr_cost_bot.model import NO_TOKENS, Tokens, UsageRecord
from pr_cost_bot.sources.reading import Chunk, as_dollars, record_id
from pr_cost_bot.sources.spans import DAY

CREDITS_SINCE = date(2026, 6, 1)
"""First day billed in AI credits; before it GitHub billed premium requests."""
_CREDIT = Decimal("0.01")


class Item(msgspec.Struct, frozen=True, rename="camel"):
    """One combination of SKU and model. Names of SKUs and units are an open list."""

    product: str | None = None
    sku: str | None = None
    model: str | None = None
    unit_type: str | None = None
    price_per_unit: Decimal | None = None
    gross_quantity: Decimal | None = None
    gross_amount: Decimal | None = None
    net_amount: Decimal | None = None


class Period(msgspec.Struct, frozen=True):
    """The time that an answer speaks of."""

    year: int | None = None
    month: int | None = None
    day: int | None = None


class Usage(msgspec.Struct, frozen=True, rename="camel"):
    """What was used in a time, by one person if one was asked for."""

    usage_items: tuple[Item, ...]
    time_period: Period | None = None
    user: str | None = None


class Line(msgspec.Struct, frozen=True):
    """What one person used on one UTC day with one model. Dollars; `net` None: not said."""

    login: str
    day: date
    product: str
    model: str
    gross: Decimal
    net: Decimal | None = None
    tokens: Tokens = NO_TOKENS


def of_account(session: HttpSession, account: str, year: int, month: int) -> Usage:
    """Everybody's usage of a month. Raises: SourceError."""
    return session.get(_path(account, date(year, month, 1)), Usage, [("year", str(year)), ("month", str(month))])


def has_usage(session: HttpSession, account: str, login: str, month: date) -> bool:
    """Whether a person used anything in the month that begins on this day. Raises: SourceError."""
    params = [("year", str(month.year)), ("month", str(month.month)), ("user", login)]
    return bool(session.get(_path(account, month), Usage, params).usage_items)


def of_day(session: HttpSession, account: str, login: str, day: date) -> Chunk[Line]:
    """One person's usage of a day. Raises: SourceError."""
    params = [("year", str(day.year)), ("month", str(day.month)), ("day", str(day.day)), ("user", login)]
    usage = session.get(_path(account, day), Usage, params)
    period = usage.time_period
    # Were a filter not applied, everybody's usage would be this person's.
    if (usage.user or login).lower() != login.lower() or (period and (period.day or day.day) != day.day):
        raise session.malformed("an answer to another question")
    try:
        return Chunk(_line(item, login, day) for item in usage.usage_items)
    except (ValueError, ArithmeticError) as error:
        raise session.malformed(str(error)) from None


def _path(account: str, day: date) -> str:
    kind = "ai_credit" if day >= CREDITS_SINCE else "premium_request"
    return f"{account}/settings/billing/{kind}/usage"


def _line(item: Item, login: str, day: date) -> Line:
    return Line(
        login=login,
        day=day,
        product=product_of(item.product, item.sku),
        model=item.model or "unknown",
        gross=_gross(item),
        net=None if item.net_amount is None else as_dollars(item.net_amount),
    )


def _gross(item: Item) -> Decimal:
    """Dollars. Without an amount: quantity times price, and a credit is a cent."""
    if item.gross_amount is not None:
        return as_dollars(item.gross_amount)
    quantity = as_dollars(item.gross_quantity or Decimal(0))
    unit = (item.unit_type or "").lower()
    if item.price_per_unit is not None:
        return as_dollars(quantity * as_dollars(item.price_per_unit))
    if quantity and not ("credit" in unit or unit == "ai-units"):
        raise ValueError("a quantity without amount and price")
    return as_dollars(quantity * _CREDIT)


def product_of(product: str | None, sku: str | None) -> str:
    """`copilot`, `coding_agent` or `spark`, whatever the SKU is called this time."""
    text = (sku or "").lower().replace(" ", "_")
    for name in ("coding_agent", "spark"):
        if name in text:
            return name
    return (product or "copilot").strip().lower() or "copilot"


def to_records(lines: Iterable[Line], actors: Mapping[str, str]) -> tuple[UsageRecord, ...]:
    """Records by day; lines that differ in nothing that is kept add up. `actors`: login in lower case to name."""
    found: dict[tuple[str, date, str, str], list[Line]] = {}
    for line in lines:
        if line.gross or line.net or line.tokens:
            found.setdefault((actors[line.login.lower()], line.day, line.product, line.model), []).append(line)
    return tuple(_record(key, found[key]) for key in sorted(found, key=lambda key: (key[1], key)))


def _record(key: tuple[str, date, str, str], lines: list[Line]) -> UsageRecord:
    actor, day, product, model = key
    start = datetime.combine(day, time(), UTC)
    nets = [line.net for line in lines if line.net is not None]
    return UsageRecord(
        id=record_id("copilot", actor.lower(), day, product, model),
        source="copilot",
        actor=actor,
        start=start,
        end=start + DAY,
        model=model,
        tokens=sum((line.tokens for line in lines), NO_TOKENS),
        cost_usd=sum((line.gross for line in lines), Decimal(0)),
        billed_usd=sum(nets, Decimal(0)) if len(nets) == len(lines) else None,
        product=product,
    )
