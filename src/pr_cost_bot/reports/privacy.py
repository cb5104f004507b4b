"""Who may be named in a report, and how small a group may be before its figure tells on one person."""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Literal

import msgspec

from pr_cost_bot.model import Problem
from pr_cost_bot.reports.amounts import Group, total
from pr_cost_bot.reports.scope import Filters, QuestionError
from pr_cost_bot.reports.usage_sums import NOBODY, TIMES

_DIGITS = 10


class Privacy(msgspec.Struct, frozen=True, kw_only=True):
    """`hidden`: no figure by person. `pseudonyms`: under names made with `key`, the same in every report with the same key.

    `min_group`: groups of fewer persons are shown together, where persons are hidden.
    """

    people: Literal["hidden", "pseudonyms", "shown"] = "hidden"
    key: bytes = b""
    min_group: int = 1

    def name(self, person: str) -> str:
        """The person as the report may show them; empty when it may not."""
        if not person or person == NOBODY or self.people == "shown":
            return person
        if self.people == "hidden":
            return ""
        return "dev-" + hmac.new(self.key, person.casefold().encode(), hashlib.sha256).hexdigest()[:_DIGITS]

    def allow(self, dimensions: Sequence[str], filters: Filters) -> None:
        """Raises QuestionError where a figure by person is asked for and hidden."""
        if self.people == "hidden" and ("developer" in dimensions or filters.developer):
            raise QuestionError(
                Problem(
                    "Figures by developer are switched off.",
                    "They are about single people at work.",
                    "Add --people to see names, or --pseudonyms for names that tell nobody apart from outside.",
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
