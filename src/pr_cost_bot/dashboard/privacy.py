"""The entries as they may be shown: without people, under pseudonyms, and with small groups in one. Pure."""

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from pr_cost_bot.dashboard.entries import Entry
from pr_cost_bot.reports.privacy import Privacy, small_groups


def shown(entries: Sequence[Entry], privacy: Privacy) -> list[Entry]:
    """What no figure may tell is not in what the figures are made from.

    Under pseudonyms a pull request has no author: its page on GitHub names one, and one such pair would give a pseudonym away.
    """
    if privacy.people == "shown":
        return list(entries)
    small = small_groups(people_of_repositories(entries), privacy.min_group) if privacy.min_group > 1 else frozenset()
    together = f"(repositories of fewer than {privacy.min_group} people)"
    return [
        msgspec.structs.replace(
            entry,
            author="",
            lines=tuple(msgspec.structs.replace(line, person=privacy.name(line.person)) for line in entry.lines),
            **(_UNNAMED | {"repository": together} if entry.repository in small else {}),
        )
        for entry in entries
    ]


def without_median(entries: Sequence[Entry], privacy: Privacy) -> frozenset[str]:
    """Repositories in which too few people have worked for their median to be told. `entries`: as the table has them."""
    people = people_of_repositories(entries)
    return frozenset(name for name, some in people.items() if len(some) < privacy.least)


_UNNAMED = {"title": "", "url": "", "ticket": None, "pr_number": 0}


def people_of_repositories(entries: Sequence[Entry]) -> dict[str, set[str]]:
    """Who worked in each repository, as far as the table says."""
    found: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        names = {entry.author, *(line.person for line in entry.lines)}
        found[entry.repository] |= {name.casefold() for name in names if name}
    return found
