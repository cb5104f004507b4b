"""Who may be named in a report, and how small a group may be before its figure tells on one person."""

import hashlib
import hmac
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import msgspec

from pr_cost_bot.model import Problem
from pr_cost_bot.reports.amounts import Group, total
from pr_cost_bot.reports.scope import Filters, QuestionError
from pr_cost_bot.reports.usage_sums import NOBODY, TIMES

_DIGITS = 10


class Privacy(msgspec.Struct, frozen=True, kw_only=True):
    """`hidden`: no figure by person. `pseudonyms`: under names made with `key`, the same in every report with the same key.

    `min_group`: groups of fewer persons are shown together, where persons are hidden. `min_team`: a figure by team, a group's
    median, are of so many persons at least.
    """

    people: Literal["hidden", "pseudonyms", "shown"] = "hidden"
    key: bytes = b""
    min_group: int = 1
    min_team: int = 1

    @property
    def least(self) -> int:
        """How many persons a team's figure, or a group's median, needs."""
        return 1 if self.people == "shown" else self.min_team

    def name(self, person: str) -> str:
        """The person as the report may show them; empty when it may not."""
        if not person or person == NOBODY or self.people == "shown":
            return person
        if self.people == "hidden":
            return ""
        return "dev-" + hmac.new(self.key, person.casefold().encode(), hashlib.sha256).hexdigest()[:_DIGITS]

    def beside_pull_request(self, person: str) -> str:
        """The person where a single pull request is shown, whose page on GitHub names its author: a pseudonym would be told."""
        return person if person == NOBODY or self.people == "shown" else ""

    def allow(self, dimensions: Sequence[str], filters: Filters) -> None:
        """Raises QuestionError where a figure by person is asked for and hidden."""
        if self.people == "hidden" and ("developer" in dimensions or filters.developer):
            raise QuestionError(
                Problem(
                    "Figures by developer are switched off.",
                    "They are about single people at work.",
                    "Add --people to see names, or --pseudonyms for invented ones.",
                )
            )

    def shown(self, groups: Sequence[Group], dimensions: Sequence[str]) -> list[Group]:
        """The groups as they may be shown. Times are no groups of people: they stay as they are."""
        if "developer" in dimensions:
            place = dimensions.index("developer")
            return [_renamed(group, place, self.name(group.key[place])) for group in groups]
        if self.people == "shown" or self.min_group < 2 or not TIMES.isdisjoint(dimensions):
            return list(groups)
        return _folded(groups, self.min_group)


def small_groups(people: Mapping[str, Collection[str]], least: int) -> frozenset[str]:
    """Groups to be shown together. Too few people even then: the next smallest joins, or subtraction would tell."""
    by_size = sorted(people, key=lambda name: (len(people[name]), name))
    small = [name for name in by_size if len(people[name]) < least]
    others = by_size[len(small) :]
    while small and others and len({person for name in small for person in people[name]}) < least:
        small.append(others.pop(0))
    return frozenset(small)


def _renamed(group: Group, place: int, name: str) -> Group:
    return msgspec.structs.replace(group, key=(*group.key[:place], name, *group.key[place + 1 :]))


def _folded(groups: Sequence[Group], least: int) -> list[Group]:
    """Small groups in one. When these are too few themselves, the next smallest joins, or they could be told by subtraction."""
    by_size = sorted(groups, key=lambda group: (group.people, group.key))
    small = [group for group in by_size if group.people < least]
    others = by_size[len(small) :]
    while small and others and sum(group.people for group in small) < least:
        small.append(others.pop(0))
    if not small:
        return list(groups)
    key = (f"(groups of fewer than {least} people)", *("" for _ in small[0].key[1:]))
    folded = {group.key for group in small}
    rest = [group for group in groups if group.key not in folded]
    return [*rest, Group(key, total(small), max(group.people for group in small))]
