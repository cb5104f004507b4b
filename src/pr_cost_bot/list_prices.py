"""Today's list prices for the reports: good enough for what no bill shows, such as what caching saved."""

from collections.abc import Callable, Sequence
from datetime import datetime

from pr_cost_bot.config import Price
from pr_cost_bot.reports.caching import TokenPrices

_MILLION = 1_000_000


def list_prices(now: datetime, own: Sequence[Price]) -> Callable[[str], TokenPrices | None]:
    """The prices per token of a model, the configuration's own before the list's; None: nobody knows them."""
    known = {price.model.casefold(): _own(price) for price in own}
    return lambda model: known.get(model.casefold()) or _listed(model, now)


def _own(price: Price) -> TokenPrices:
    plain = price.input_usd_per_mtok
    read, write = (
        plain if given is None else given for given in (price.cache_read_usd_per_mtok, price.cache_write_usd_per_mtok)
    )
    return TokenPrices(plain / _MILLION, read / _MILLION, write / _MILLION, price.output_usd_per_mtok / _MILLION)


def _listed(model: str, now: datetime) -> TokenPrices | None:
    from pr_cost_bot.model import Terms  # noqa: PLC0415
    from pr_cost_bot.pricing.quotes import quote  # noqa: PLC0415 - the list takes a third of a second to load

    found = quote(model, "", now, Terms())
    if found is None:
        return None
    rates = found.rates[0]
    return TokenPrices(rates.input, rates.cache_read, rates.cache_write, rates.output)
