"""A question with all that it takes to answer it."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec
import sqlalchemy as sa

from pr_cost_bot.reports.amounts import Amounts, Group
from pr_cost_bot.reports.caching import TokenPrices
from pr_cost_bot.reports.privacy import Privacy, singled_out
from pr_cost_bot.reports.pulls import PullRow
from pr_cost_bot.reports.scope import NO_PULL_REQUEST, Scope
from pr_cost_bot.reports.spend import in_order, spend
from pr_cost_bot.reports.team_guard import TOGETHER, Fold, Guard, Key, People, flat, joined
from pr_cost_bot.reports.teams import TEAM, Teams, authors_of, by_team, people_of, without_small
from pr_cost_bot.reports.unpriced import NOTHING, unpriced_note
from pr_cost_bot.reports.usage_sums import NOBODY, PEOPLE, SUMS, TIMES, has_usage

_BY_LINES = (
    "There is no usage in this table, so this rests on the pull requests' rows, each whole on the day of its merge or close, "
    "an open one on that of the last look at it; what lies on no pull request is not in it."
)

_OF_PULL_REQUESTS = ("repository", "ticket", "purpose", "label")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What every question gets. `prices`: list prices per token by model. `budget_usd`: of a month, of everything."""

    connection: sa.Connection
    scope: Scope
    privacy: Privacy
    now: datetime
    prices: Callable[[str], TokenPrices | None]
    teams: Teams = Teams()
    budget_usd: Decimal | None = None

    def spend(self, *dimensions: str, only: Sequence[str] = SUMS, fold: Fold = flat) -> list[Group]:
        """The groups as they may be shown. `only`: the sums that are wanted. `fold`: how those of few people of a team are."""
        self.privacy.allow(dimensions, self.scope.filters)
        if self.privacy.people == "pseudonyms" and "developer" in dimensions:
            self._check_pseudonyms(dimensions)
        if guard := self.guard:
            if "developer" not in dimensions:
                return self._of_teams_alone(guard, dimensions, fold)
            guard.check(joined(self.people(self.scope).values()))
        if TEAM in dimensions:
            return self._by_team(dimensions, only)
        if self.privacy.min_group < 2 or "developer" in dimensions:
            return self.privacy.shown(spend(self.connection, self.scope, *dimensions, only=only), dimensions)
        at_once = TIMES.isdisjoint(dimensions) and "ticket" not in dimensions and self.knows_the_rest
        groups = spend(self.connection, self.scope, *dimensions, only=(*only, PEOPLE) if at_once else only)
        return self.privacy.shown(groups if at_once else self._with_people(groups, dimensions), dimensions)

    def persons(self, only: Sequence[str] = SUMS) -> list[Group]:
        """By person, under their own names: for figures over all of them, never to be shown one by one."""
        self.privacy.allow((), self.scope.filters)
        if guard := self.guard:
            guard.check(joined(self.people(self.scope).values()))
        return spend(self.connection, self.scope, "developer", only=only)

    @property
    def guard(self) -> Guard | None:
        """What decides where figures are asked of some teams alone; None where nothing is to be kept from anybody.

        Raises QuestionError where the teams are too small for any figure.
        """
        chosen = [members for members in self.scope.filters.team if members.logins or members.others]
        if not chosen or self.privacy.least < 2:
            return None
        guard = Guard(frozenset(members.team for members in chosen), self.privacy.least)
        if not any(members.others for members in chosen) and sum(len(members.logins) for members in chosen) < guard.least:
            raise guard.refusal
        return guard

    def people(self, scope: Scope, *dimensions: str) -> dict[Key, dict[str, set[str]]]:
        """Who used anything, of all teams, by team, for every group."""
        groups = spend(self.connection, scope.of_all_teams, *dimensions, "developer")
        return people_of(groups, len(dimensions), self.teams.finder())

    def authors(self, pulls: Iterable[PullRow]) -> People:
        """Who opened the pull requests, by team."""
        return authors_of(pulls, self.teams.finder())

    @property
    def knows_the_rest(self) -> bool:
        """Whether what lies on no pull request is in this table."""
        return has_usage(self.connection)

    def _check_pseudonyms(self, dimensions: Sequence[str]) -> None:
        """Raises QuestionError where all that developers stand beside is one pull request."""
        wholes = [name for name in dimensions if name in _OF_PULL_REQUESTS]
        groups = spend(self.connection, self.scope, *wholes, "pull-request", only=("cost_usd",))
        counts = Counter(group.key[:-1] for group in groups if group.key[-1] != NO_PULL_REQUEST)
        if 1 in counts.values():
            raise singled_out()

    def _with_people(self, groups: Iterable[Group], dimensions: Sequence[str]) -> list[Group]:
        """Where the database cannot count people at once: the same may be there on several days, or for several tickets."""
        persons = spend(self.connection, self.scope, *dimensions, "developer", only=("cost_usd",))
        counts = Counter(group.key[:-1] for group in persons if group.key[-1] not in {NOBODY, ""})
        return [msgspec.structs.replace(group, people=counts[group.key]) for group in groups]

    def _of_teams_alone(self, guard: Guard, dimensions: Sequence[str], fold: Fold) -> list[Group]:
        """By person of all teams, so that it shows what would tell on somebody; then the teams' own."""
        team_of = self.teams.finder()
        place = dimensions.index(TEAM) if TEAM in dimensions else len(dimensions)
        persons = (*dimensions[:place], "developer", *dimensions[place + 1 :])
        groups = spend(self.connection, self.scope.of_all_teams, *persons)
        slices = people_of(groups, place, team_of)
        guard.check(joined(slices.values()))
        shown = fold(guard, slices)
        wanted = {members.team for members in self.scope.filters.team}
        kept = []
        for group in groups:
            person, rest = group.key[place], shown((*group.key[:place], *group.key[place + 1 :]))
            if team_of(person) in wanted:
                kept.append(Group((*rest[:place], person, *rest[place:]), group.amounts))
        found = by_team(kept, place, team_of, guard.least) if TEAM in dimensions else _without(kept, place)
        return sorted(in_order(found, dimensions), key=lambda group: TOGETHER in group.key)

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

    def notes(self, unpriced: Mapping[str, int] = NOTHING) -> tuple[str, ...]:
        """What the figures rest on, and what they leave out."""
        rest = () if self.knows_the_rest else (_BY_LINES,)
        return (*rest, *unpriced_note(unpriced, named=self._names_everything))

    @property
    def _names_everything(self) -> bool:
        """Whether a model that few people use may be told apart."""
        return self.guard is None and (self.privacy.people != "hidden" or self.privacy.min_group < 2)


def _without(groups: Iterable[Group], place: int) -> list[Group]:
    """The groups without this part of their key."""
    found: dict[Key, Amounts] = {}
    for group in groups:
        key = (*group.key[:place], *group.key[place + 1 :])
        found[key] = found[key] + group.amounts if key in found else group.amounts
    return [Group(key, amounts) for key, amounts in found.items()]
