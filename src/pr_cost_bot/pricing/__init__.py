"""Dollars for usage that a vendor gives in tokens only: at list price, or at the configuration's own prices."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal

import msgspec

from pr_cost_bot.config import Price
from pr_cost_bot.model import NO_TOKENS, RECEIPT_SOURCE, PriceInfo, Terms, Tokens, Unpriced, UsageRecord
from pr_cost_bot.pricing.quotes import Quote, Rates, dated_prices, list_version, quote, warm_up

__all__ = ["Priced", "price", "warm_up"]

_MTOK = Decimal(1_000_000)
_HALF_HOUR = 30


class Priced(msgspec.Struct, frozen=True):
    """Usage with its cost. `unpriced`: tokens whose price is not known; they keep `cost_usd` None and never count as $0."""

    records: tuple[UsageRecord, ...]
    info: PriceInfo | None = None  # None: every amount is the vendor's own
    unpriced: tuple[Unpriced, ...] = ()


def price(records: Sequence[UsageRecord], overrides: Sequence[Price] = ()) -> Priced:
    """Give every record without a cost its list price, in exact dollars and in the given order.

    A vendor's own amount is never touched. `overrides` win over the list, by exact model name in any case; they are final: no
    tiers, batch or regional factors on top.
    """
    desk = _Desk(overrides)
    priced = tuple(desk.price(record) if record.cost_usd is None else record for record in records)
    return Priced(priced, desk.info(records), desk.unpriced())


class _Desk:
    """Prices records one by one and remembers what was assumed."""

    def __init__(self, overrides: Sequence[Price]) -> None:
        self._own = {_key(entry.model): _own_rates(entry) for entry in overrides}
        self._listed: set[str] = set()
        self._overridden: set[str] = set()
        self._notes: dict[str, None] = {}
        self._unpriced: dict[tuple[str, str], Tokens] = {}

    def price(self, record: UsageRecord) -> UsageRecord:
        if not record.tokens:
            if record.requests:
                self._notes[f"{record.source} names requests without tokens or cost; they are not in the figure."] = None
            return record
        cost = self._cost(record)
        if cost is None:
            tokens = self._unpriced.get((record.source, record.model), NO_TOKENS)
            self._unpriced[record.source, record.model] = tokens + record.tokens
            return record
        return msgspec.structs.replace(record, cost_usd=cost, listed=True)

    def _cost(self, record: UsageRecord) -> Decimal | None:
        own = self._own.get(_key(record.model))
        if own is not None:
            self._overridden.add(record.model)
            return own.cost(record.tokens, 0, record.requests)
        terms = record.terms
        grouped = Terms(service_tier=terms.service_tier, speed=terms.speed, inference_geo=terms.inference_geo)
        found = quote(record.model, record.provider, _price_date(record), grouped)
        if found is None:
            return None
        cost = self._rates(record, found).cost(record.tokens, terms.cache_write_1h, record.requests)
        if cost is not None:
            self._listed.add(record.model)
            self._notes.update(dict.fromkeys(found.notes))
        return cost

    def _rates(self, record: UsageRecord, found: Quote) -> Rates:
        """Tiers hold for one request. A bucket is priced as requests of its mean size, never as one request of its sum."""
        if record.terms.long_context:
            return found.for_long_context()
        is_one = record.start == record.end and record.source != RECEIPT_SOURCE  # a receipt sums up many
        requests = record.requests or int(is_one)
        size = -(-record.tokens.input // requests) if requests else 0
        if found.bounds and requests != 1 and size <= found.bounds[0] < record.tokens.input:
            note = f"{found.listed} costs more for long prompts: sums of several requests are priced by their mean size."
            self._notes[note] = None
        return found.for_request(size)

    def unpriced(self) -> tuple[Unpriced, ...]:
        return tuple(
            Unpriced(source=source, model=model, tokens=tokens) for (source, model), tokens in sorted(self._unpriced.items())
        )

    def info(self, records: Iterable[UsageRecord]) -> PriceInfo | None:
        if not self._listed and not self._overridden and not self._notes:
            return None
        last = max(record.end for record in records).astimezone(UTC).date()
        begun = [day for day in dated_prices() if day <= last] if self._listed else []
        return PriceInfo(
            name=f"genai-prices {list_version()}" if self._listed or not self._overridden else "the configuration's prices",
            as_of=datetime.combine(begun[-1], time(), UTC) if begun else None,
            models=tuple(sorted(self._listed)),
            overridden=tuple(sorted(self._overridden)),
            notes=tuple(sorted(self._notes)),
        )


def _own_rates(entry: Price) -> Rates:
    cost = entry.input_usd_per_mtok / _MTOK
    read = cost if entry.cache_read_usd_per_mtok is None else entry.cache_read_usd_per_mtok / _MTOK
    write = cost if entry.cache_write_usd_per_mtok is None else entry.cache_write_usd_per_mtok / _MTOK
    return Rates(cost, read, write, write, entry.output_usd_per_mtok / _MTOK)


def _key(model: str) -> str:
    return model.strip().casefold()


def _price_date(record: UsageRecord) -> datetime:
    """The time whose prices hold. DeepSeek's change within the day; all others' at midnight UTC, which makes few look-ups."""
    start = record.start.astimezone(UTC)
    if "deepseek" in record.model.lower():
        return start.replace(minute=start.minute // _HALF_HOUR * _HALF_HOUR, second=0, microsecond=0)
    return datetime.combine(start.date(), time(), UTC)
