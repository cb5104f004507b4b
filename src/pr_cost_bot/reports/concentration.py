"""How much of the spend is how few. Pure."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from pr_cost_bot.model import ZERO
from pr_cost_bot.reports.amounts import Group, ratio


class Concentration(msgspec.Struct, frozen=True, kw_only=True):
    """Of `count` members with any spend, the `top` tenth (rounded up) and the fewest that make half of it."""

    count: int
    total_usd: Decimal
    top: int
    top_usd: Decimal
    half: tuple[Group, ...]  # by falling cost

    @property
    def top_share(self) -> Decimal | None:
        return ratio(self.top_usd, self.total_usd)

    @property
    def half_share_of_members(self) -> Decimal | None:
        return ratio(len(self.half), self.count)


def concentration(groups: Sequence[Group]) -> Concentration:
    """Over the members that cost anything: developers, repositories or pull requests."""
    members = sorted((g for g in groups if g.amounts.cost_usd > 0), key=lambda g: (-g.amounts.cost_usd, g.key))
    total = sum((member.amounts.cost_usd for member in members), ZERO)
    top = -(-len(members) // 10)
    half: list[Group] = []
    reached = ZERO
    for member in members:
        if reached * 2 >= total:
            break
        half.append(member)
        reached += member.amounts.cost_usd
    return Concentration(
        count=len(members),
        total_usd=total,
        top=top,
        top_usd=sum((member.amounts.cost_usd for member in members[:top]), ZERO),
        half=tuple(half),
    )
