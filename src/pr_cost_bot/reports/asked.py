"""A question with all that it takes to answer it."""

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa

from pr_cost_bot.reports.amounts import Group
from pr_cost_bot.reports.caching import TokenPrices
from pr_cost_bot.reports.privacy import Privacy
from pr_cost_bot.reports.scope import Scope
from pr_cost_bot.reports.spend import spend
from pr_cost_bot.reports.usage_sums import PEOPLE, SUMS, has_usage

_BY_LINES = "There is no usage in this table, so this rests on the pull requests' rows, each on the day of its merge or close."


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What every question gets. `prices`: list prices per token by model."""

    connection: sa.Connection
    scope: Scope
    privacy: Privacy
    now: datetime
    prices: Callable[[str], TokenPrices | None]

    def spend(self, *dimensions: str, only: Sequence[str] = SUMS) -> list[Group]:
        """The groups as they may be shown. `only`: the sums that are wanted."""
        self.privacy.allow(dimensions, self.scope.filters)
        counted = (PEOPLE,) if self.privacy.min_group > 1 else ()
        groups = spend(self.connection, self.scope, *dimensions, only=(*only, *counted))
        return self.privacy.shown(groups, dimensions)

    def notes(self) -> tuple[str, ...]:
        return () if has_usage(self.connection) else (_BY_LINES,)
