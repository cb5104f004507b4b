"""What one token of each class cost on a day, from the list that the library genai-prices brings along.

The list's traps, and what is done about them: it wants total input; its tiers hold for one request, so rates per token are read
for a request of a given size and never for a sum; a context that it does not know silently gives the standard price, so every
context's rates are compared with the standard ones; it prices by prefix of the name, so matches are checked.
"""

import warnings
from bisect import bisect_left
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from threading import Lock
from typing import TYPE_CHECKING

import msgspec

from pr_cost_bot.model import Terms, Tokens
from pr_cost_bot.pricing.names import Reference, claude_version, is_same_model, references

if TYPE_CHECKING:
    from genai_prices.types import ModelPrice, PriceCalculation

_PLAIN = frozenset({"", "auto", "default", "not_available", "standard", "none"})
# The list dates most batch and service-tier prices from October 2026, when it began to record them; they are older than that.
_LATER = datetime(2100, 1, 1, tzinfo=UTC)
_BATCH = Decimal("0.5")  # Anthropic and OpenAI, all token classes: platform.claude.com and developers.openai.com, pricing
_US_ONLY = Decimal("1.1")  # Anthropic, `inference_geo: us`, Claude 4.6 and later: platform.claude.com, pricing
_HALVED_BY = frozenset({"anthropic", "openai"})
_WARNINGS = Lock()  # their filters belong to the whole process, and the list may still be warming up in another thread


class Rates(msgspec.Struct, frozen=True):
    """US dollars per token of each class, and per request. None: no price is known."""

    input: Decimal | None
    cache_read: Decimal | None
    cache_write: Decimal | None
    cache_write_1h: Decimal | None
    output: Decimal | None
    request: Decimal = Decimal(0)

    def times(self, factors: "Factors") -> "Rates":
        one, two, three, four, five = (
            None if rate is None else rate * factor for rate, factor in zip(self.by_class(), factors, strict=True)
        )
        return Rates(one, two, three, four, five, self.request)

    def by_class(self) -> tuple[Decimal | None, ...]:
        return self.input, self.cache_read, self.cache_write, self.cache_write_1h, self.output

    def cost(self, tokens: Tokens, cache_write_1h: int, requests: int) -> Decimal | None:
        """Dollars; None when tokens are among them whose price is not known."""
        hour = min(cache_write_1h, tokens.cache_write)
        counts = (
            (max(0, tokens.input - tokens.cache_read - tokens.cache_write), self.input),
            (tokens.cache_read, self.cache_read),
            (tokens.cache_write - hour, self.cache_write),
            (hour, self.cache_write_1h),
            (tokens.output, self.output),
        )
        total = self.request * max(1, requests)
        for count, rate in counts:
            if count and rate is None:
                return None
            total += count * rate if rate is not None else 0
        return _plain(total)


Factors = tuple[Decimal, Decimal, Decimal, Decimal, Decimal]
Context = tuple[tuple[str, str], ...]


class Quote(msgspec.Struct, frozen=True):
    """The prices of one model on one day under given terms.

    `rates[0]` holds for requests of up to `bounds[0]` input tokens, `rates[i]` above `bounds[i - 1]`.
    """

    listed: str  # the model's name in the list
    rates: tuple[Rates, ...]
    bounds: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    def for_request(self, input_tokens: int) -> Rates:
        return self.rates[bisect_left(self.bounds, input_tokens)]

    def for_long_context(self) -> Rates:
        return self.rates[-1]


@lru_cache(maxsize=16_384)
def quote(model: str, provider: str, when: datetime, terms: Terms) -> Quote | None:
    """The prices of a model; None when the list has none. `terms.cache_write_1h` and `.long_context` play no part here."""
    for reference in references(model, provider):
        if (found := _quote(reference, when, terms)) is not None:
            return found
    return None


@cache
def dated_prices() -> tuple[date, ...]:
    """The days on which a price of the list begins to hold, in order; some lie in the future."""
    from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415 - see warm_up
    from genai_prices.types import ConditionalPrice, PriceVariant, StartDateConstraint  # noqa: PLC0415

    days: set[date] = set()
    for listed in (model for provider in get_snapshot().providers for model in provider.models):
        prices: list[ConditionalPrice | PriceVariant] = [*(listed.prices if isinstance(listed.prices, list) else ())]
        prices += listed.price_variants or ()
        days.update(price.constraint.start_date for price in prices if isinstance(price.constraint, StartDateConstraint))
    return tuple(sorted(days))


def list_version() -> str:
    """The version of the library, and so of the list it brings."""
    from genai_prices import __version__  # noqa: PLC0415 - see warm_up

    return __version__


def warm_up() -> None:
    """Load the price list. It takes some 0.3 s, so this runs beside the waiting for the network, and never at import."""
    _lookup(Reference("gpt-5", "openai"), datetime(2026, 1, 1, tzinfo=UTC), ())


def _quote(reference: Reference, when: datetime, terms: Terms) -> Quote | None:
    standard = _lookup(reference, when, ())
    if standard is None or not is_same_model(reference.name, standard.model.id):
        return None
    reference = msgspec.structs.replace(reference, provider=standard.provider.id)
    bounds = _bounds(standard.model_price)
    rates = _table(reference, when, (), bounds)
    if not rates[0].input and not rates[0].output:
        return None  # an entry without token prices, never $0
    notes: list[str] = []
    if context := _context(reference, terms):
        rates, note = _in_context(reference, when, context, rates, bounds)
        notes += note
    if (
        reference.provider == "anthropic"
        and terms.inference_geo.lower() == "us"
        and claude_version(standard.model.id) >= (4, 6)
    ):
        rates = tuple(rate.times((_US_ONLY,) * 5) for rate in rates)
        notes.append(f"US-only inference of {standard.model.id} is priced at {_US_ONLY} times the list price.")
    return Quote(standard.model.id, rates, bounds, tuple(notes))


def _in_context(
    reference: Reference, when: datetime, context: Context, standard: tuple[Rates, ...], bounds: tuple[int, ...]
) -> tuple[tuple[Rates, ...], tuple[str, ...]]:
    """The rates of a batch, a service tier or the fast mode, and a note where the list does not have them for that day."""
    special = _table(reference, when, context, bounds)
    if special != standard:
        return special, ()
    later, special_later = _table(reference, _LATER, (), bounds), _table(reference, _LATER, context, bounds)
    if special_later != later:
        factors = map(_ratio, later, special_later)
        return tuple(rate.times(factor) for rate, factor in zip(standard, factors, strict=True)), ()
    if ("processing", "batch") in context and reference.provider in _HALVED_BY:
        note = f"Batch requests of {reference.name} are priced at half the list price."
        return tuple(rate.times((_BATCH,) * 5) for rate in standard), (note,)
    what = " ".join(value for _, value in context)
    return standard, (f"No {what} price is known for {reference.name}: the standard price was used.",)


def _context(reference: Reference, terms: Terms) -> Context:
    """genai-prices' names for what decides the price: `processing`, `service_tier` (OpenAI) and `speed` (Anthropic)."""
    tier = terms.service_tier.strip().lower()
    if tier == "batch":
        return (("processing", "batch"),)
    if tier not in _PLAIN:
        return (("service_tier", tier),)
    if reference.fast or terms.speed.strip().lower() == "fast":
        return (("speed", "fast"),) if "claude" in reference.name else (("service_tier", "fast"),)
    return ()


def _lookup(reference: Reference, when: datetime, context: Context) -> "PriceCalculation | None":
    from genai_prices import Usage, calc_price  # noqa: PLC0415 - see warm_up

    with _WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # units of the list that this version of the library does not know
        try:
            return calc_price(
                Usage(input_tokens=0, output_tokens=0),
                reference.name,
                provider_id=reference.provider or None,
                genai_request_timestamp=when,
                price_context=dict(context) or None,
            )
        except LookupError:
            return None


def _table(reference: Reference, when: datetime, context: Context, bounds: tuple[int, ...]) -> tuple[Rates, ...]:
    """The rates of requests in each tier: below the first bound, then just above each."""
    found = _lookup(reference, when, context)
    return tuple(_rates(found.model_price, size) for size in (1, *(bound + 1 for bound in bounds))) if found else ()


def _bounds(price: "ModelPrice") -> tuple[int, ...]:
    """Input tokens of one request above which the next tier holds."""
    from genai_prices.types import TieredPrices  # noqa: PLC0415 - see warm_up

    tiered = [value for value in vars(price).values() if isinstance(value, TieredPrices)]
    return tuple(sorted({tier.start for value in tiered for tier in value.tiers}))


def _rates(price: "ModelPrice", size: int) -> Rates:
    """Dollars per token of a request with `size` input tokens, by asking for the price of requests of one class alone."""
    fee = _total(price)
    plain = _total(price, input_tokens=size)

    def part(**usage: int) -> Decimal:
        return (_total(price, input_tokens=size, **usage) - fee) / size

    has_input, has_output = price.input_mtok is not None, price.output_mtok is not None
    return Rates(
        input=part() if has_input else None,
        cache_read=part(cache_read_tokens=size) if has_input or price.cache_read_mtok is not None else None,
        cache_write=part(cache_write_tokens=size) if has_input or price.cache_write_mtok is not None else None,
        cache_write_1h=part(cache_write_tokens=size, cache_write_1h_tokens=size) if has_input else None,
        output=(_total(price, input_tokens=size, output_tokens=size) - plain) / size if has_output else None,
        request=fee,
    )


def _total(price: "ModelPrice", **usage: int) -> Decimal:
    from genai_prices import Usage  # noqa: PLC0415 - see warm_up

    return price.calc_price(Usage(**{"input_tokens": 0, "output_tokens": 0, **usage}))["total_price"]


def _plain(amount: Decimal) -> Decimal:
    """The same amount without the zeros that computing left behind: 4.65000000 is 4.65, and 10 is not 1E+1."""
    short = amount.normalize()
    return short.quantize(Decimal(1)) if short.is_zero() or short == short.to_integral_value() else short


def _ratio(before: Rates, after: Rates) -> Factors:
    pairs = zip(before.by_class(), after.by_class(), strict=True)
    one, two, three, four, five = (new / old if old and new is not None else Decimal(1) for old, new in pairs)
    return one, two, three, four, five
