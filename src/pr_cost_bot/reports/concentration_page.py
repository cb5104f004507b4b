"""How much of the spend is how few, as a sheet: repositories, pull requests, developers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from pr_cost_bot.reports.amounts import Group, folded, total
from pr_cost_bot.reports.asked import Asked
from pr_cost_bot.reports.concentration import Concentration, concentration
from pr_cost_bot.reports.scope import NO_PULL_REQUEST
from pr_cost_bot.reports.sheet import Column, Sheet
from pr_cost_bot.reports.team_guard import Fold, Guard, Key, People, flat, joined
from pr_cost_bot.reports.usage_sums import NOBODY, UNKNOWN_REPOSITORY

_COST = ("cost_usd",)


def of_pull_requests(asked: Asked) -> Concentration:
    """Over pull requests, as `concentrations` has it, without their names."""
    return _unnamed(concentration(_members(asked, flat)["pull-request"]))


def _members(asked: Asked, fold: Fold) -> dict[str, list[Group]]:
    """What is counted here and not shown one by one: groups of few people stay apart, and have no names."""
    apart = msgspec.structs.replace(asked, privacy=msgspec.structs.replace(asked.privacy, min_group=1))
    both = apart.spend("repository", "pull-request", only=_COST, fold=fold)
    return {
        "repository": _without(folded(both, 0), UNKNOWN_REPOSITORY),
        "pull-request": _without(folded(both, 1), NO_PULL_REQUEST),
        "all": both,
    }


def concentrations(asked: Asked) -> Sheet:
    """Who and what drives the spend: the top tenth, and the fewest that make half."""
    safe, privacy = _Safe(), asked.privacy
    members = _members(asked, safe.fold)
    both = members.pop("all")
    kinds = {kind: concentration(some) for place, (kind, some) in enumerate(members.items()) if safe.of(some, place)}
    if privacy.people == "hidden" and privacy.min_group > 1:
        kinds = {kind: _unnamed(one) for kind, one in kinds.items()}
    notes = [*asked.notes(total(both).unpriced)]
    if len(kinds) < len(members):
        left_out = " and ".join(kind for kind in members if kind not in kinds)
        notes.append(f"By {left_out} it would tell on single people of the team; --people shows it.")
    if privacy.people != "hidden":
        kinds["developer"] = concentration(_without(asked.spend("developer", only=_COST), NOBODY, ""))
    else:
        everybody = concentration(_without(asked.persons(only=_COST), NOBODY, ""))
        if min(everybody.top, len(everybody.half)) >= privacy.least:
            kinds["developer"] = _unnamed(everybody)
        else:
            notes.append("Developers are too few for a figure that is nobody's alone; --people shows it.")
    columns = [
        Column("by", "By"),
        Column("count", "Count", "count"),
        Column("top", "Top 10 %", "count"),
        Column("top_share", "Their share", "percent"),
        Column("half", "Make half", "count"),
        Column("half_part", "Of all", "percent"),
        Column("names", "The largest"),
    ]
    return Sheet(
        title=f"Concentration, {asked.scope.period}",
        columns=columns,
        rows=[{"by": kind, **_concentration(one)} for kind, one in kinds.items()],
        notes=notes,
    )


def _without(groups: Iterable[Group], *nobody: str) -> list[Group]:
    """Those that are members of what is counted: usage in no known repository is no repository's."""
    return [group for group in groups if group.key[0] not in nobody]


def _unnamed(one: Concentration) -> Concentration:
    return msgspec.structs.replace(one, half=tuple(msgspec.structs.replace(group, key=("",)) for group in one.half))


def _concentration(one: Concentration) -> dict[str, Any]:
    return {
        "count": one.count,
        "top": one.top,
        "top_share": one.top_share,
        "half": len(one.half),
        "half_part": one.half_share_of_members,
        "names": ", ".join(group.key[0] for group in one.half[:3] if group.key[0]),
    }


class _Safe:
    """Whether a concentration is nobody's alone: what the top tenth costs, and so what the others do."""

    def __init__(self) -> None:
        self._guard: Guard | None = None
        self._slices: Mapping[Key, People] = {}

    def fold(self, guard: Guard, slices: Mapping[Key, People]) -> Callable[[Key], Key]:
        """Shows every group, for only their concentration will be."""
        self._guard, self._slices = guard, slices
        return lambda key: key

    def of(self, members: Sequence[Group], place: int) -> bool:
        """Whether it is, of these by falling cost, whose names are at `place` of the key."""
        if self._guard is None:
            return True
        top = {group.key[0] for group in members[: concentration(members).top]}
        rest = {group.key[0] for group in members} - top
        both = (joined(people for key, people in self._slices.items() if key[place] in some) for some in (top, rest))
        return all(self._guard.allows(people) for people in both)
