"""What usage adds up to."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from pr_cost_bot.model import ZERO


class Amounts(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over usage. `attributed_usd` lies on pull requests; of `unknown_usd` nobody says whether it is billed.

    `unpriced`: by model, the tokens for which no price is known; they are in no amount.
    """

    cost_usd: Decimal = ZERO
    attributed_usd: Decimal = ZERO
    billed_usd: Decimal = ZERO
    unknown_usd: Decimal = ZERO
    requests: int = 0
    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    unpriced: Mapping[str, int] = {}

    def __add__(self, other: "Amounts") -> "Amounts":
        return Amounts(
            cost_usd=self.cost_usd + other.cost_usd,
            attributed_usd=self.attributed_usd + other.attributed_usd,
            billed_usd=self.billed_usd + other.billed_usd,
            unknown_usd=self.unknown_usd + other.unknown_usd,
            requests=self.requests + other.requests,
            input_tokens=self.input_tokens + other.input_tokens,
            cache_read_tokens=self.cache_read_tokens + other.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            unpriced=joined(self.unpriced, other.unpriced),
        )

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__struct_fields__)

    @property
    def unattributed_usd(self) -> Decimal:
        return self.cost_usd - self.attributed_usd

    @property
    def cache_hit_rate(self) -> Decimal | None:
        """The part of the input that was read from the cache, 0 to 1; None without input."""
        return Decimal(self.cache_read_tokens) / self.input_tokens if self.input_tokens else None


def joined(one: Mapping[str, int], other: Mapping[str, int]) -> Mapping[str, int]:
    """Both counts by name."""
    if not one or not other:
        return one or other
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}


class Group(msgspec.Struct, frozen=True):
    """One group of a report. `key`: one name per dimension. `people`: how many persons are in it, where it is known."""

    key: tuple[str, ...]
    amounts: Amounts
    people: int = 0


def total(groups: Iterable[Group]) -> Amounts:
    """The sum of all groups."""
    return sum((group.amounts for group in groups), Amounts())


def folded(groups: Iterable[Group], place: int) -> list[Group]:
    """The groups by one part of their key alone, by falling cost."""
    merged: dict[str, Group] = {}
    for group in groups:
        name = group.key[place]
        old = merged.get(name)
        amounts = old.amounts + group.amounts if old else group.amounts
        merged[name] = Group((name,), amounts, max(old.people if old else 0, group.people))
    return sorted(merged.values(), key=lambda group: (-group.amounts.cost_usd, group.key))


def ratio(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """`part / whole`; None when there is no whole."""
    return Decimal(part) / Decimal(whole) if whole else None
