"""Every question as a sheet: what is asked of the table, and which columns the answer has."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from pr_cost_bot.reports import caching as caches
from pr_cost_bot.reports.amounts import Amounts, Group, folded, ratio, total
from pr_cost_bot.reports.asked import Asked
from pr_cost_bot.reports.concentration import Concentration, concentration
from pr_cost_bot.reports.mix import model_mix
from pr_cost_bot.reports.pulls import some_have_several_tickets
from pr_cost_bot.reports.sheet import Column, Sheet
from pr_cost_bot.reports.teams import SMALL_TEAMS, TEAM
from pr_cost_bot.reports.usage_sums import NO_PULL_REQUEST, NOBODY

_COST = ("cost_usd",)


def by(asked: Asked, *dimensions: str) -> Sheet:
    """Spend by one or two things."""
    groups = asked.spend(*dimensions)
    whole = total(groups)
    notes = [*asked.notes(), *_about_tickets(asked, dimensions), *_about_teams(asked, dimensions, groups)]
    return Sheet(
        title=f"Spend by {' and '.join(dimensions)}, {asked.scope.period}",
        columns=[*(Column(name, name.capitalize()) for name in dimensions), *_AMOUNTS],
        rows=[{**dict(zip(dimensions, group.key, strict=True)), **_amounts(group.amounts, whole)} for group in groups],
        total={dimensions[0]: "Total", **_amounts(whole, whole)},
        notes=notes,
    )


def _about_tickets(asked: Asked, dimensions: Sequence[str]) -> Iterable[str]:
    if not ("ticket" in dimensions or asked.scope.filters.ticket) or not some_have_several_tickets(asked.connection):
        return
    how = "are split equally between them" if "ticket" in dimensions else "count whole here"
    yield f"Pull requests with several tickets {how}."


def _about_teams(asked: Asked, dimensions: Sequence[str], groups: Sequence[Group]) -> Iterable[str]:
    if TEAM in dimensions and any(SMALL_TEAMS in group.key for group in groups):
        yield f"{SMALL_TEAMS}: those of whom fewer than {asked.privacy.least} people used anything, together."


def concentrations(asked: Asked) -> Sheet:
    """Who and what drives the spend: the top tenth, and the fewest that make half."""
    both = asked.spend("repository", "pull-request", only=_COST)
    kinds = {
        "repository": concentration(folded(both, 0)),
        "pull-request": concentration([group for group in folded(both, 1) if group.key[0] != NO_PULL_REQUEST]),
    }
    notes = [*asked.notes()]
    if asked.privacy.people != "hidden":
        kinds["developer"] = concentration(_of_somebody(asked.spend("developer", only=_COST)))
    else:
        everybody = concentration(_of_somebody(asked.persons(only=_COST)))
        if min(everybody.top, len(everybody.half)) >= asked.privacy.least:
            kinds["developer"] = msgspec.structs.replace(everybody, half=tuple(map(_nameless, everybody.half)))
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


def caching(asked: Asked) -> Sheet:
    """How much of the input came from the cache, and what that saved at list price."""
    found = caches.caching(asked.spend("model"), asked.prices)
    whole = sum((one.amounts for one in found), Amounts())
    known = [one.saved_usd for one in found if one.saved_usd is not None]
    unknown = [one.model for one in found if one.saved_usd is None]
    columns = [
        Column("model", "Model"),
        Column("input_tokens", "Input", "count"),
        Column("cache_read_tokens", "Cache read", "count"),
        Column("cache_hit_rate", "Hit rate", "percent"),
        Column("saved_usd", "Saved", "usd"),
        Column("cost_usd", "Cost", "usd"),
    ]

    def row(model: str, amounts: Amounts, saved: Decimal | None) -> dict[str, Any]:
        return {"model": model, **_amounts(amounts, whole), "saved_usd": saved}

    return Sheet(
        title=f"Prompt caching, {asked.scope.period}",
        columns=columns,
        rows=[row(one.model, one.amounts, one.saved_usd) for one in found],
        total=row("Total", whole, sum(known, Decimal(0))),
        notes=(
            *asked.notes(),
            *((f"No list price is known for {', '.join(unknown)}: not in the savings.",) if unknown else ()),
        ),
    )


def models(asked: Asked) -> Sheet:
    """The model mix, week by week."""
    columns = [
        Column("week", "Week of"),
        Column("model", "Model"),
        Column("cost_usd", "Cost", "usd"),
        Column("share", "Share", "percent"),
        Column("change", "Change", "points"),
    ]
    rows = [msgspec.structs.asdict(one) for one in model_mix(asked.spend("week", "model", only=_COST))]
    return Sheet(title=f"Model mix by week, {asked.scope.period}", columns=columns, rows=rows, notes=asked.notes())


def unmerged(asked: Asked) -> Sheet:
    """Spend that no merged pull request stands for, and why."""
    names = {"open": "on open pull requests", "closed": "on pull requests closed without a merge"}
    groups = asked.spend("state", "reason", only=_COST)
    left = [(names.get(state, reason or state), g.amounts) for g in groups for state, reason in (g.key,) if state != "merged"]
    return _reasons(asked, f"Spend with no merged pull request, {asked.scope.period}", left, total(groups))


def unattributed(asked: Asked) -> Sheet:
    """What lies on no pull request, by reason."""
    groups = asked.spend("reason", only=_COST)
    left = [(group.key[0], group.amounts) for group in groups if group.key[0]]
    return _reasons(asked, f"Not attributed, {asked.scope.period}", left, total(groups))


def billed(asked: Asked) -> Sheet:
    """What the usage costs and would cost at list price, against what lands on an invoice."""
    columns = [
        Column("source", "Source"),
        Column("list_usd", "At list price", "usd"),
        Column("cost_usd", "Cost", "usd"),
        Column("billed_usd", "Billed", "usd"),
        Column("included_usd", "In seats and pools", "usd"),
        Column("unknown_usd", "Not known", "usd"),
    ]
    groups = asked.spend("source", "model")
    listed, unknown = _at_list_price(groups, asked)

    def row(name: str, amounts: Amounts, list_usd: Decimal | None) -> dict[str, Any]:
        included = amounts.cost_usd - amounts.billed_usd - amounts.unknown_usd
        return {"source": name, **_amounts(amounts, amounts), "included_usd": included, "list_usd": list_usd}

    return Sheet(
        title=f"Cost and bill, {asked.scope.period}",
        columns=columns,
        rows=[row(group.key[0], group.amounts, listed.get(group.key[0])) for group in folded(groups, 0)],
        total=row("Total", total(groups), sum(listed.values(), Decimal(0)) if listed else None),
        notes=(
            *asked.notes(),
            "List prices are today's, for plain requests.",
            *((f"No list price or no tokens are known for {', '.join(unknown)}: not in that column.",) if unknown else ()),
        ),
    )


def _at_list_price(groups: Iterable[Group], asked: Asked) -> tuple[dict[str, Decimal], list[str]]:
    """By source, as far as it is known; and the models of which it is not."""
    listed: dict[str, Decimal] = {}
    unknown: dict[str, None] = {}
    for group in groups:
        source, model = group.key
        found = caches.at_list_price(group.amounts, asked.prices(model))
        if found is None:
            unknown[model or "unnamed models"] = None
        else:
            listed[source] = listed.get(source, Decimal(0)) + found
    return listed, list(unknown)


def _of_somebody(groups: Iterable[Group]) -> list[Group]:
    return [group for group in groups if group.key[0] not in {NOBODY, ""}]


def _nameless(group: Group) -> Group:
    return msgspec.structs.replace(group, key=("",))


_AMOUNTS = (
    Column("cost_usd", "Cost", "usd"),
    Column("share", "Share", "percent"),
    Column("attributed_usd", "On pull requests", "usd"),
    Column("billed_usd", "Billed", "usd"),
    Column("requests", "Requests", "count"),
    Column("input_tokens", "Input", "count"),
    Column("cache_hit_rate", "From cache", "percent"),
    Column("output_tokens", "Output", "count"),
)


def _amounts(amounts: Amounts, whole: Amounts) -> dict[str, Any]:
    return {
        **msgspec.structs.asdict(amounts),
        "share": ratio(amounts.cost_usd, whole.cost_usd),
        "cache_hit_rate": amounts.cache_hit_rate,
    }


def _concentration(one: Concentration) -> dict[str, Any]:
    return {
        "count": one.count,
        "top": one.top,
        "top_share": one.top_share,
        "half": len(one.half),
        "half_part": one.half_share_of_members,
        "names": ", ".join(group.key[0] for group in one.half[:3] if group.key[0]),
    }


def _reasons(asked: Asked, title: str, found: Iterable[tuple[str, Amounts]], whole: Amounts) -> Sheet:
    merged: dict[str, Amounts] = {}
    for name, amounts in found:
        merged[name] = merged.get(name, Amounts()) + amounts
    left = sum(merged.values(), Amounts())
    columns = [Column("reason", "Reason"), Column("cost_usd", "Cost", "usd"), Column("share", "Of all spend", "percent")]
    ordered = sorted(merged.items(), key=lambda item: (-item[1].cost_usd, item[0]))
    return Sheet(
        title=title,
        columns=columns,
        rows=[{"reason": name, **_amounts(amounts, whole)} for name, amounts in ordered],
        total={"reason": "Total", **_amounts(left, whole)},
        notes=asked.notes(),
    )
