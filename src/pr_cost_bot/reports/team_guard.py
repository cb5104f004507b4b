"""Which figures of some teams alone would tell on somebody, and how they are told together instead. Pure.

A figure of a team may be shown beside everybody's, so what is left over for the other teams must not tell on somebody either:
that is what `small_groups` sees to in figures by team, and the same holds here.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from typing import TypeVar

import msgspec

from pr_cost_bot.model import Problem
from pr_cost_bot.reports.privacy import small_groups
from pr_cost_bot.reports.scope import QuestionError

TOGETHER = "(too few people)"
Key = tuple[str, ...]
People = Mapping[str, Collection[str]]
"""Who used anything, by team; those of no name left out."""

K = TypeVar("K", bound=Hashable)


class Guard(msgspec.Struct, frozen=True):
    """For figures of these teams alone. `least`: how many persons are behind every one of them."""

    teams: frozenset[str]
    least: int

    def allows(self, people: People) -> bool:
        """Whether a figure of the teams may be shown where these people used anything."""
        ours = self._ours(people)
        small = small_groups(people, self.least)
        return not ours or (len(ours) >= self.least and (small.isdisjoint(self.teams) or small <= self.teams))

    def check(self, people: People) -> None:
        """Raises QuestionError where it may not."""
        if not self.allows(people):
            raise self.refusal

    def together(self, slices: Mapping[K, People]) -> frozenset[K]:
        """Those that are to be shown as one. Too few people even then: the next smallest joins, as far as there are any."""
        ours = {name: len(self._ours(people)) for name, people in slices.items()}
        hidden = {name for name, people in slices.items() if not self.allows(people)}
        people = joined(slices[name] for name in hidden)
        for name in sorted((one for one in ours if ours[one] and one not in hidden), key=lambda one: (ours[one], str(one))):
            if self.allows(people):
                break
            hidden.add(name)
            people = joined((people, slices[name]))
        return frozenset(hidden)

    @property
    def refusal(self) -> QuestionError:
        """What is said where nothing can be shown."""
        named = " and ".join(sorted(self.teams))
        return QuestionError(
            Problem(
                f"Figures of {named} alone would tell on single people here.",
                f"Fewer than {self.least} people of it used anything, or fewer are left in the other teams.",
                "Ask for more days or with fewer filters, name small teams together, or see 'by team', which does; "
                "--people shows every team.",
            )
        )

    def _ours(self, people: People) -> set[str]:
        return {person for team in self.teams for person in people.get(team, ())}


Fold = Callable[[Guard, Mapping[Key, People]], Callable[[Key], Key]]
"""Which key a group is shown under. Raises QuestionError where it cannot be shown at all."""


def flat(guard: Guard, slices: Mapping[Key, People]) -> Callable[[Key], Key]:
    """Every group is a row; those that would tell on somebody are one row."""
    hidden = guard.together(slices)
    return lambda key: _together(key) if key in hidden else key


def by_first(guard: Guard, slices: Mapping[Key, People]) -> Callable[[Key], Key]:
    """The first part of the key is a row, whatever else is in it."""
    hidden = guard.together(_by(slices, lambda key: key[0]))
    return lambda key: (TOGETHER, *key[1:]) if key[0] in hidden else key


def nested(guard: Guard, slices: Mapping[Key, People]) -> Callable[[Key], Key]:
    """Within each first part of the key, of which the total is told, the second is a row."""
    first = guard.together(_by(slices, lambda key: key[0]))
    within: dict[str, dict[Key, People]] = defaultdict(dict)
    for key, people in slices.items():
        within[key[0]][key] = people
    hidden = {key for some in within.values() for key in guard.together(some)}
    return lambda key: _together(key) if key[0] in first else (key[0], TOGETHER) if key in hidden else key


def rows_of(name: Callable[[Key], str]) -> Fold:
    """`name` says which row a group is in, "": in none, so that it is what the rows leave of the total."""

    def fold(guard: Guard, slices: Mapping[Key, People]) -> Callable[[Key], Key]:
        rows = _by(slices, name)
        guard.check(rows.pop("", {}))
        hidden = guard.together(rows)
        guard.check(joined(rows[row] for row in hidden))
        return lambda key: _together(key) if name(key) in hidden else key

    return fold


def joined(some: Iterable[People]) -> dict[str, set[str]]:
    """Everybody in any of them."""
    found: dict[str, set[str]] = defaultdict(set)
    for people in some:
        for team, persons in people.items():
            found[team] |= set(persons)
    return dict(found)


def _by(slices: Mapping[Key, People], name: Callable[[Key], str]) -> dict[str, dict[str, set[str]]]:
    found: dict[str, list[People]] = defaultdict(list)
    for key, people in slices.items():
        found[name(key)].append(people)
    return {one: joined(some) for one, some in found.items()}


def _together(key: Key) -> Key:
    return (TOGETHER, *("" for _ in key[1:]))
