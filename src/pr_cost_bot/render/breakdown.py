"""The figure broken down for tables: by model, by source and product, by person, by commit, by evidence."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Generic, TypeVar

import msgspec

from pr_cost_bot.model import NO_TOKENS, ZERO, CommitCost, CostLine, Evidence, PullRequestCost, Tokens
from pr_cost_bot.render.names import friendly
from pr_cost_bot.render.numbers import percentages


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a breakdown. `share` is of the cost, or of the tokens when the cost is 0; "" when there is none."""

    key: tuple[str, ...]
    tokens: Tokens = NO_TOKENS
    cost_usd: Decimal = ZERO
    requests: int = 0
    share: str = ""
    priced: bool = True

    @property
    def name(self) -> str:
        return self.key[0]


RowT = TypeVar("RowT", Slice, CommitCost)


class Table(msgspec.Struct, Generic[RowT], frozen=True):
    """The rows to show, and how many more there are with what they come to."""

    rows: tuple[RowT, ...] = ()
    more: int = 0
    rest: Slice | None = None


def by_model(cost: PullRequestCost) -> tuple[Slice, ...]:
    """Priced models under their friendly names, by falling cost."""
    return _ranked(_grouped(cost.lines, lambda line: (friendly(line.model),)).values())


def by_unpriced_model(cost: PullRequestCost) -> tuple[Slice, ...]:
    """Models whose tokens have no price, by falling tokens."""
    slices: dict[str, Slice] = {}
    for part in cost.unpriced:
        name = friendly(part.model)
        sofar = slices.get(name, Slice(key=(name,)))
        slices[name] = Slice(key=(name,), tokens=sofar.tokens + part.tokens, priced=False)
    return _ranked(slices.values())


def by_source(cost: PullRequestCost) -> tuple[Slice, ...]:
    """Source title and product, by falling cost."""
    titles = {status.name: status.title for status in cost.sources}
    return _ranked(_grouped(cost.lines, lambda line: (titles.get(line.source, line.source.title()), line.product)).values())


def by_person(cost: PullRequestCost) -> tuple[Slice, ...]:
    """Persons, by falling cost."""
    return _ranked(_grouped(cost.lines, lambda line: (line.person,)).values())


def by_evidence(cost: PullRequestCost) -> tuple[Slice, ...]:
    """Evidence, strongest first."""
    slices = _grouped(cost.lines, lambda line: (line.evidence.value,))
    return _with_shares([slices[key] for kind in Evidence if (key := (kind.value,)) in slices])


def _grouped(lines: Iterable[CostLine], key_of: Callable[[CostLine], tuple[str, ...]]) -> dict[tuple[str, ...], Slice]:
    slices: dict[tuple[str, ...], Slice] = {}
    for line in lines:
        key = key_of(line)
        sofar = slices.get(key, Slice(key=key))
        slices[key] = Slice(
            key=key,
            tokens=sofar.tokens + line.tokens,
            cost_usd=sofar.cost_usd + line.cost_usd,
            requests=sofar.requests + line.requests,
        )
    return slices


def _ranked(slices: Iterable[Slice]) -> tuple[Slice, ...]:
    return _with_shares(sorted(slices, key=lambda row: (-row.cost_usd, -_size(row.tokens), row.key)))


def _with_shares(slices: Sequence[Slice]) -> tuple[Slice, ...]:
    weights: list[Decimal] | list[int] = [row.cost_usd for row in slices]
    if not any(weights):
        weights = [_size(row.tokens) for row in slices]
    shares = percentages(weights)
    return tuple(msgspec.structs.replace(row, share=share) for row, share in zip(slices, shares, strict=True))


def _size(tokens: Tokens) -> int:
    return tokens.input + tokens.output


def total(slices: Iterable[Slice], key: tuple[str, ...] = ("",)) -> Slice:
    """The sum of some rows, with no share."""
    rows = tuple(slices)
    return Slice(
        key=key,
        tokens=sum((row.tokens for row in rows), NO_TOKENS),
        cost_usd=sum((row.cost_usd for row in rows), ZERO),
        requests=sum(row.requests for row in rows),
        priced=all(row.priced for row in rows),
    )


def first_rows(slices: Sequence[Slice], most: int) -> Table[Slice]:
    """The first rows and the sum of the others. A single row too many is shown: "1 more" would take its place."""
    if len(slices) <= most + 1:
        return Table(tuple(slices))
    rest = total(slices[most:])
    left = 100 - sum(_whole(row.share) for row in slices[:most])
    share = f"{left}%" if left > 0 else "<1%"
    if not slices[0].share or slices[most].share == "0%":  # nothing to share, or rows that cost nothing
        share = slices[most].share
    return Table(tuple(slices[:most]), len(slices) - most, msgspec.structs.replace(rest, share=share))


def _whole(share: str) -> int:
    text = share.rstrip("%")
    return int(text) if text.isdigit() else {">99": 100}.get(text, 0)


def costliest_commits(commits: Sequence[CommitCost], most: int) -> Table[CommitCost]:
    """Commits with a cost or tokens, oldest first; when there are too many, only the costliest are kept."""
    used = [commit for commit in commits if commit.cost_usd or commit.tokens]
    if len(used) <= most + 1:
        return Table(tuple(used))
    kept = sorted(range(len(used)), key=lambda at: (-used[at].cost_usd, at))[:most]
    left = [used[at] for at in range(len(used)) if at not in set(kept)]
    rest = Slice(
        key=("",),
        tokens=sum((commit.tokens for commit in left), NO_TOKENS),
        cost_usd=sum((commit.cost_usd for commit in left), ZERO),
    )
    return Table(tuple(used[at] for at in sorted(kept)), len(left), rest)
