"""What prompt caching does: how much input it serves, and what that saved. Pure."""

from collections.abc import Callable, Iterable
from decimal import Decimal

import msgspec

from pr_cost_bot.model import ZERO
from pr_cost_bot.reports.amounts import Amounts, Group


class TokenPrices(msgspec.Struct, frozen=True):
    """List prices in US dollars per token; None: not known."""

    input: Decimal | None
    cache_read: Decimal | None
    cache_write: Decimal | None
    output: Decimal | None = None


class Caching(msgspec.Struct, frozen=True):
    """One model's. `saved_usd`: at list price, against the same input without a cache; None: its price is not known."""

    model: str
    amounts: Amounts
    saved_usd: Decimal | None


def caching(by_model: Iterable[Group], prices: Callable[[str], TokenPrices | None]) -> list[Caching]:
    """By model, in the order given. Writing to the cache costs more than plain input; that is taken off."""
    return [Caching(group.key[0], group.amounts, _saved(group.amounts, prices(group.key[0]))) for group in by_model]


def at_list_price(amounts: Amounts, prices: TokenPrices | None) -> Decimal | None:
    """What these tokens cost a customer without discount, seat or pool; None: there are none, or a price is not known."""
    if prices is None or not (amounts.input_tokens or amounts.output_tokens):
        return None
    fresh = amounts.input_tokens - amounts.cache_read_tokens - amounts.cache_write_tokens
    cost = ZERO
    for count, price in (
        (fresh, prices.input),
        (amounts.cache_read_tokens, prices.cache_read),
        (amounts.cache_write_tokens, prices.cache_write),
        (amounts.output_tokens, prices.output),
    ):
        if count and price is None:
            return None
        cost += count * price if price is not None else ZERO
    return cost


def _saved(amounts: Amounts, prices: TokenPrices | None) -> Decimal | None:
    if not amounts.cache_read_tokens and not amounts.cache_write_tokens:
        return ZERO
    if prices is None or prices.input is None:
        return None
    saved = ZERO
    for count, price in ((amounts.cache_read_tokens, prices.cache_read), (amounts.cache_write_tokens, prices.cache_write)):
        if count and price is None:
            return None
        saved += count * (prices.input - price) if price is not None else ZERO
    return saved
