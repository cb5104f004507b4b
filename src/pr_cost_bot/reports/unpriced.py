"""Usage for which no price is known: it is in no amount, and every answer that leaves some out says so. Pure."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from types import MappingProxyType

import msgspec

from pr_cost_bot.ledger.usage import NO_PRICE
from pr_cost_bot.render.numbers import dollars, enumeration, plural
from pr_cost_bot.reports.amounts import Amounts, joined
from pr_cost_bot.reports.sheet import Unknown

UNPRICED = Unknown("unpriced")
NOTHING: Mapping[str, int] = MappingProxyType({})
_NAMED = 4
_CENT = Decimal("0.01")


class _Kept(msgspec.Struct, frozen=True):
    """One of the list in `pr_costs.unpriced`."""

    source: str = ""
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0


_DECODER = msgspec.json.Decoder(list[_Kept])


def plain_reason(reason: str) -> str:
    """Why usage is on no pull request, whether it has a price or not."""
    return reason.removesuffix(NO_PRICE).rstrip()


def tokens_kept(text: str | None, sources: Collection[str] = (), models: Collection[str] = ()) -> Mapping[str, int]:
    """By model, what `pr_costs.unpriced` holds; of these sources and models alone, where any are given."""
    found: Mapping[str, int] = NOTHING
    for _, model, count in kept(text, sources, models):
        found = joined(found, {model: count})
    return found


def kept(text: str | None, sources: Collection[str] = (), models: Collection[str] = ()) -> list[tuple[str, str, int]]:
    """The same by source, model and tokens."""
    try:
        found = _DECODER.decode(text) if text else []
    except msgspec.DecodeError:  # somebody changed the table by hand
        found = []
    return [
        (one.source, one.model, one.input_tokens + one.output_tokens)
        for one in found
        if (not sources or one.source in sources) and (not models or one.model in models)
    ]


def unpriced_note(unpriced: Mapping[str, int], *, named: bool = True) -> tuple[str, ...]:
    """What is in no amount; nothing where that is nothing. `named`: whether models may be told apart."""
    if not unpriced:
        return ()
    what = f"{tokens_of(unpriced, named=named)} have no known price and are in no amount here"
    return (f"{what}; 'prices' in the configuration sets one.",)


def tokens_of(unpriced: Mapping[str, int], *, named: bool = True) -> str:
    """How many tokens of which models, those with most first."""
    if not named:
        return plural(sum(unpriced.values()), "token")
    ordered = sorted(unpriced, key=lambda model: (-unpriced[model], model))
    shown = [f"{plural(unpriced[model], 'token')} of {model or 'an unnamed model'}" for model in ordered[:_NAMED]]
    return enumeration(shown, len(ordered) - len(shown))


def cost_cell(amounts: Amounts) -> Decimal | Unknown:
    """What it costs; `unpriced` where no part of it has a price."""
    return UNPRICED if amounts.unpriced and not amounts.cost_usd else amounts.cost_usd


def billed_cell(amounts: Amounts) -> Decimal | Unknown:
    """What lands on an invoice, as far as that is known."""
    if not amounts.unknown_usd and not amounts.unpriced:
        return amounts.billed_usd
    return Unknown(f"at least {dollars(amounts.billed_usd)}" if amounts.billed_usd >= _CENT else "")
