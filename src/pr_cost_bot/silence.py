"""What stays known of a pull request while a source that told of it says nothing. Pure.

Rows are whole here: `row_file` and the database have checked them.
"""

from collections.abc import Collection
from decimal import Decimal
from typing import Final

import msgspec

from pr_cost_bot.config import Sources
from pr_cost_bot.model import ZERO, Kept, Problem, PullRequestCost, SourceState, SourceStatus
from pr_cost_bot.ports import Row
from pr_cost_bot.sources.registry import FILES, KNOWN, KnownSource

SILENT: Final = "silent"
"""In a row: names of sources that told of the pull request once and have not answered in full since."""


def with_what_is_kept(cost: PullRequestCost, row: Row | None, told: Collection[str], config: Sources) -> PullRequestCost:
    """The cost beside what the row knows: a source that told of it once and is not read now has failed too.

    `told`: names under which usage came in.
    """
    if row is None:
        return cost
    gone = _no_longer_read(cost, row, told, config)
    if gone:
        cost = msgspec.structs.replace(cost, sources=(*cost.sources, *gone), complete=False, settled=False)
    return msgspec.structs.replace(cost, kept=_kept(cost, row))


def silent_of(cost: PullRequestCost, row: Row | None) -> list[str]:
    """Names of sources that do not answer in full and that the row heard of once: what to remember of them in a row."""
    return sorted(_names(row) & {status.name for status in _silent(cost)}) if row else []


def _kept(cost: PullRequestCost, row: Row) -> Kept | None:
    """A source that is silent today has not become cheaper: what the row knows of it stays until it answers.

    Only a fall that the silent ones explain is none: usage that went to other work must not be on both.
    """
    silent = _silent(cost)
    known = Decimal(row["cost_usd"])
    fall = known - cost.cost_usd
    explained = cost.nothing_known or fall <= _dollars_by(row, {status.name for status in silent})
    if not silent or fall <= 0 or not explained:
        return None
    heard = _names(row) | {FILES.name}
    named = tuple(status for status in silent if status.name in heard)
    return Kept(cost_usd=known, label=row["cost_label"], sources=named)


def _silent(cost: PullRequestCost) -> list[SourceStatus]:
    return [status for status in cost.sources if status.state is not SourceState.OK]


def _dollars_by(row: Row, sources: Collection[str]) -> Decimal:
    """Dollars in the row's lines of these sources; files tell of any."""
    mine = (line for line in row["lines"] if FILES.name in sources or line["source"] in sources)
    return sum((Decimal(line["cost_usd"]) for line in mine), ZERO)


def _names(row: Row) -> set[str]:
    """Sources that told of it."""
    silent = row.get(SILENT)  # unlike the lines, nobody has checked it
    remembered = {name for name in silent if isinstance(name, str)} if isinstance(silent, list) else set()
    return remembered | {line["source"] for line in row["lines"]}


def _no_longer_read(cost: PullRequestCost, row: Row, told: Collection[str], config: Sources) -> tuple[SourceStatus, ...]:
    """Sources without a key in this run. What the configuration names (clouds, files) is gone when it is not there."""
    heard = _names(row) - {status.name for status in cost.sources} - set(told)
    gone = [known for known in KNOWN if known.keys and known.name in heard and getattr(config, known.name).enabled]
    return tuple(
        SourceStatus(name=one.name, title=one.title, state=SourceState.FAILED, problem=_without_key(one)) for one in gone
    )


def _without_key(known: KnownSource) -> Problem:
    keys = " and ".join(f"`{key}`" for key in known.keys)
    return Problem(
        f"{known.title}'s key is not set in this run.",
        f"{known.title} told of this pull request before: the secret may have been removed, or this run may not have it.",
        f"Set {keys}, or `sources.{known.name}.enabled: false` to say that {known.title} is gone.",
    )
