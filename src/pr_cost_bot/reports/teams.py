"""Figures by team, so that none of them is one person's. Pure."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import msgspec

from pr_cost_bot.config_words import nearest
from pr_cost_bot.model import Problem
from pr_cost_bot.reports.amounts import Amounts, Group
from pr_cost_bot.reports.privacy import small_groups
from pr_cost_bot.reports.pulls import NOT_RECORDED, PullRow
from pr_cost_bot.reports.scope import Members, QuestionError
from pr_cost_bot.reports.usage_sums import NOBODY

TEAM = "team"
SMALL_TEAMS = "(small teams)"
NO_TEAM = "(no team)"
_OF_NOBODY = {NOBODY: NOBODY, "": NOT_RECORDED}


class Teams(msgspec.Struct, frozen=True):
    """Who works with whom: a team's name to its members' GitHub logins, each in one team."""

    members: Mapping[str, Sequence[str]] = {}

    def __bool__(self) -> bool:
        return bool(self.members)

    def finder(self) -> Callable[[str], str]:
        """What gives a person's team. Raises QuestionError when there are none."""
        if not self.members:
            raise QuestionError(
                Problem(
                    "No teams are known.",
                    "The configuration names none, or was not found from here.",
                    "Set reports.teams there, like {platform: [octocat, mona, hubot]}, or give the file with --config.",
                )
            )
        known = {login.casefold(): name for name, logins in self.members.items() for login in logins}
        return lambda person: _OF_NOBODY.get(person) or known.get(person.casefold(), NO_TEAM)

    def named(self, names: Sequence[str]) -> tuple[Members, ...]:
        """The teams of these names, with everybody in them. Raises QuestionError where there is none of that name."""
        if names:
            self.finder()
        return tuple(self._named(name) for name in dict.fromkeys(names))

    def _named(self, name: str) -> Members:
        if name in self.members:
            return Members(team=name, logins=tuple(login.lower() for login in self.members[name]))
        if name == NO_TEAM:
            everybody = tuple(login.lower() for logins in self.members.values() for login in logins)
            return Members(team=name, logins=everybody, others=True)
        if name in _OF_NOBODY.values():
            return Members(team=name)
        why, remedy = "Teams are those of reports.teams in the configuration.", "Name the teams that are in it."
        if name != SMALL_TEAMS:
            remedy = nearest(name, (*self.members, NO_TEAM), "Known teams")
        raise QuestionError(Problem(f"There is no team {name!r}.", why, remedy))


def by_team(groups: Iterable[Group], place: int, team_of: Callable[[str], str], least: int) -> list[Group]:
    """Groups of persons as groups of teams, the person's name at `place` of the key replaced by the team's.

    Beside every other name in the key, teams of whom fewer than `least` persons used anything are one: `(small teams)`.
    """
    slices: dict[tuple[str, ...], dict[str, list[tuple[str, Amounts]]]] = defaultdict(lambda: defaultdict(list))
    for group in groups:
        person, rest = group.key[place], (*group.key[:place], *group.key[place + 1 :])
        slices[rest][team_of(person)].append((person, group.amounts))
    found = []
    for rest, teams in slices.items():
        for name, shares in _folded(teams, least).items():
            amounts = sum((amounts for _, amounts in shares), Amounts())
            found.append(Group((*rest[:place], name, *rest[place:]), amounts, len(_persons(shares))))
    return found


def without_small(groups: Iterable[Group], place: int, team_of: Callable[[str], str], least: int) -> Callable[[str], str]:
    """What gives a person's team, or `(small teams)` where too few of it used anything."""
    people: dict[str, set[str]] = defaultdict(set)
    for group in groups:
        people[team_of(group.key[place])] |= set(_persons([(group.key[place], group.amounts)]))
    small = small_groups({name: some for name, some in people.items() if name not in _OF_NOBODY.values()}, least)
    return lambda person: SMALL_TEAMS if (team := team_of(person)) in small else team


def people_of(groups: Iterable[Group], place: int, team_of: Callable[[str], str]) -> dict[tuple[str, ...], dict[str, set[str]]]:
    """Who used anything, by team, for every key but the person's name at `place`. Those of no name are left out."""
    found: dict[tuple[str, ...], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for group in groups:
        person = group.key[place]
        for one in _persons([(person, group.amounts)]):
            found[*group.key[:place], *group.key[place + 1 :]][team_of(person)].add(one)
    return found


def authors_of(pulls: Iterable[PullRow], team_of: Callable[[str], str]) -> dict[str, set[str]]:
    """Authors by team."""
    named = (pull for pull in pulls if pull.author)
    return _authors(named, lambda pull: team_of(pull.author))


def group_of(pulls: Iterable[PullRow], name: Callable[[PullRow], str], least: int, together: str) -> Callable[[PullRow], str]:
    """The group of a pull request, where groups of fewer than `least` authors are one, called `together`."""
    small = small_groups(_authors(pulls, name), least)
    return lambda pull: together if (own := name(pull)) in small else own


def few_authors(pulls: Iterable[PullRow], name: Callable[[PullRow], str], least: int) -> frozenset[str]:
    """Groups of fewer than `least` authors."""
    return frozenset(group for group, some in _authors(pulls, name).items() if len(some) < least)


def _authors(pulls: Iterable[PullRow], name: Callable[[PullRow], str]) -> dict[str, set[str]]:
    authors: dict[str, set[str]] = defaultdict(set)
    for pull in pulls:
        authors[name(pull)].add(pull.author.casefold())
    return authors


def _folded(teams: Mapping[str, list[tuple[str, Amounts]]], least: int) -> dict[str, list[tuple[str, Amounts]]]:
    people = {name: _persons(shares) for name, shares in teams.items() if name not in _OF_NOBODY.values()}
    small = small_groups(people, least)
    found: dict[str, list[tuple[str, Amounts]]] = defaultdict(list)
    for name, shares in teams.items():
        found[SMALL_TEAMS if name in small else name] += shares
    return found


def _persons(shares: Iterable[tuple[str, Amounts]]) -> Collection[str]:
    """Who used anything at all."""
    return {person.casefold() for person, amounts in shares if amounts and person not in _OF_NOBODY}
