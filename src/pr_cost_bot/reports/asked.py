"""A question with all that it takes to answer it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec
import sqlalchemy as sa

from pr_cost_bot.reports.amounts import Group
from pr_cost_bot.reports.caching import TokenPrices
from pr_cost_bot.reports.privacy import Privacy
from pr_cost_bot.reports.scope import Scope
from pr_cost_bot.reports.spend import in_order, spend
from pr_cost_bot.reports.teams import TEAM, Teams, by_team, without_small
from pr_cost_bot.reports.usage_sums import PEOPLE, SUMS, has_usage

_BY_LINES = (
    "There is no usage in this table, so this rests on the pull requests' rows, each on the day of its merge or close; "
    "what lies on no pull request is not in it."
)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What every question gets. `prices`: list prices per token by model. `budget_usd`: of a month, of everything."""

    connection: sa.Connection
    scope: Scope
    privacy: Privacy
    now: datetime
    prices: Callable[[str], TokenPrices | None]
    teams: Teams = Teams()
    budget_usd: Decimal | None = None

    def spend(self, *dimensions: str, only: Sequence[str] = SUMS) -> list[Group]:
        """The groups as they may be shown. `only`: the sums that are wanted."""
        self.privacy.allow(dimensions, self.scope.filters)
        if TEAM in dimensions:
            return self._by_team(dimensions, only)
        counted = (PEOPLE,) if self.privacy.min_group > 1 else ()
        groups = spend(self.connection, self.scope, *dimensions, only=(*only, *counted))
        return self.privacy.shown(groups, dimensions)

    def persons(self, only: Sequence[str] = SUMS) -> list[Group]:
        """By person, under their own names: for figures over all of them, never to be shown one by one."""
        self.privacy.allow((), self.scope.filters)
        return spend(self.connection, self.scope, "developer", only=only)

    @property
    def knows_the_rest(self) -> bool:
        """Whether what lies on no pull request is in this table."""
        return has_usage(self.connection)

    def _by_team(self, dimensions: Sequence[str], only: Sequence[str]) -> list[Group]:
        """By person, then person by person into teams."""
        team_of = self.teams.finder()
        if "developer" in dimensions:
            return self._by_team_and_developer(dimensions, only, team_of)
        place = dimensions.index(TEAM)
        persons = (*dimensions[:place], "developer", *dimensions[place + 1 :])
        groups = spend(self.connection, self.scope, *persons, only=only)
        return in_order(by_team(groups, place, team_of, self.privacy.least), dimensions)

    def _by_team_and_developer(
        self, dimensions: Sequence[str], only: Sequence[str], team_of: Callable[[str], str]
    ) -> list[Group]:
        """Developers may be shown then; where under other names, a small team's would tell whose they are."""
        people = tuple(name for name in dimensions if name != TEAM)
        at = people.index("developer")
        groups = spend(self.connection, self.scope, *people, only=only)
        team_of = without_small(groups, at, team_of, self.privacy.least)
        place = dimensions.index(TEAM)
        found = [Group((*group.key[:place], team_of(group.key[at]), *group.key[place:]), group.amounts) for group in groups]
        return self.privacy.shown(in_order(found, dimensions), dimensions)

    def notes(self) -> tuple[str, ...]:
        return () if self.knows_the_rest else (_BY_LINES,)
