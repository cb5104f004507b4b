"""Who may be named in a report, and how small a group may be before its figure tells on one person."""

import hashlib
import hmac
from collections import defaultdict
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
        """Raises QuestionError where a figure by person is asked for and hidden, or would tell whose a pseudonym is."""
        if self.people == "hidden" and ("developer" in dimensions or filters.developer):
            raise QuestionError(
                Problem(
                    "Figures by developer are switched off.",
                    "They are about single people at work.",
                    "Add --people to see names, or --pseudonyms for invented ones.",
                )
            )

        if self.people == "pseudonyms" and filters.developer:
            raise QuestionError(
                Problem(
                    "--developer takes a real name, and figures of it would tell whose a pseudonym is.",
                    "",
                    "Leave it out, or add --people to see names.",
                )
            )
        if self.people == "pseudonyms" and "developer" in dimensions and ("pull-request" in dimensions or filters.pull_request):
            raise singled_out()

    def shown(self, groups: Sequence[Group], dimensions: Sequence[str]) -> list[Group]:
        """The groups as they may be shown: small ones together, within each day, week or month where it is by these.

        Times alone are no groups of people: they stay as they are.
        """
        if "developer" in dimensions:
            place = dimensions.index("developer")
            return [_renamed(group, place, self.name(group.key[place])) for group in groups]
        if self.people == "shown" or self.min_group < 2 or TIMES.issuperset(dimensions):
            return list(groups)
        times = [at for at, name in enumerate(dimensions) if name in TIMES]
        slices: dict[tuple[str, ...], list[Group]] = defaultdict(list)
        for group in groups:
            slices[tuple(group.key[at] for at in times)].append(group)
        return [group for some in slices.values() for group in _folded(some, self.min_group, times)]


def small(least: int) -> str:
    """The name of all groups of fewer people, together."""
    return f"(groups of fewer than {least} people)"


def singled_out() -> QuestionError:
    """Where a pseudonym would stand beside a single pull request."""
    return QuestionError(
        Problem(
            "A pseudonym beside a single pull request would tell whose it is.",
            "The pull request's page on GitHub names its author.",
            "Ask for more pull requests at once, without developers, or with --people.",
        )
    )


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


def _folded(groups: Sequence[Group], least: int, times: Collection[int]) -> list[Group]:
    """Small groups in one. When these may be too few themselves, the next smallest joins, or subtraction would tell.

    `times`: the places of the key that stay. The same people may be in several groups, so only the largest one counts.
    """
    by_size = sorted(groups, key=lambda group: (group.people, group.key))
    few = [group for group in by_size if group.people < least]
    others = by_size[len(few) :]
    while few and others and max(group.people for group in few) < least:
        few.append(others.pop(0))
    if not few:
        return list(groups)
    parts = [name if at in times else "" for at, name in enumerate(few[0].key)]
    parts[parts.index("")] = small(least)
    key = tuple(parts)
    folded = {group.key for group in few}
    rest = [group for group in groups if group.key not in folded]
    return [*rest, Group(key, total(few), max(group.people for group in few))]
