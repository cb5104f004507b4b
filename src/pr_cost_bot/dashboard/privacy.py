"""The entries as they may be shown: without people, under pseudonyms, and with small groups in one. Pure."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import msgspec

from pr_cost_bot.dashboard.entries import Entry
from pr_cost_bot.reports.privacy import Privacy


def shown(entries: Sequence[Entry], privacy: Privacy) -> list[Entry]:
    """What no figure may tell is not in what the figures are made from.

    Under pseudonyms a pull request has no author: its page on GitHub names one, and one such pair would give a pseudonym away.
    """
    if privacy.people == "shown":
        return list(entries)
    small = _small(_people(entries), privacy.min_group) if privacy.min_group > 1 else frozenset()
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


_UNNAMED = {"title": "", "url": "", "ticket": None, "pr_number": 0}


def _people(entries: Sequence[Entry]) -> dict[str, set[str]]:
    """Who worked in each repository, as far as the table says."""
    found: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        names = {entry.author, *(line.person for line in entry.lines)}
        found[entry.repository] |= {name.casefold() for name in names if name}
    return found


def _small(people: Mapping[str, Collection[str]], least: int) -> frozenset[str]:
    """Repositories to be shown together. Too few people even then: the next smallest joins, or subtraction would tell."""
    by_size = sorted(people, key=lambda name: (len(people[name]), name))
    small = [name for name in by_size if len(people[name]) < least]
    others = by_size[len(small) :]
    while small and others and len({person for name in small for person in people[name]}) < least:
        small.append(others.pop(0))
    return frozenset(small)
