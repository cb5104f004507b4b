"""Every question as a sheet: what is asked of the table, and which columns the answer has."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from pr_cost_bot.reports import caching as caches
from pr_cost_bot.reports.amounts import Amounts, folded, ratio, total
from pr_cost_bot.reports.asked import Asked
from pr_cost_bot.reports.concentration import Concentration, concentration
from pr_cost_bot.reports.mix import model_mix
from pr_cost_bot.reports.pulls import some_have_several_tickets
from pr_cost_bot.reports.sheet import Column, Sheet
from pr_cost_bot.reports.usage_sums import NO_PULL_REQUEST

_COST = ("cost_usd",)


def by(asked: Asked, *dimensions: str) -> Sheet:
    """Spend by one or two things."""
    groups = asked.spend(*dimensions)
    whole = total(groups)
    split = "ticket" in dimensions and some_have_several_tickets(asked.connection)
    return Sheet(
        title=f"Spend by {' and '.join(dimensions)}, {asked.scope.period}",
        columns=[*(Column(name, name.capitalize()) for name in dimensions), *_AMOUNTS],
        rows=[{**dict(zip(dimensions, group.key, strict=True)), **_amounts(group.amounts, whole)} for group in groups],
        total={dimensions[0]: "Total", **_amounts(whole, whole)},
        notes=(*asked.notes(), *(("Pull requests with several tickets are split equally between them.",) if split else ())),
    )


def concentrations(asked: Asked) -> Sheet:
    """Who and what drives the spend: the top tenth, and the fewest that make half."""
    both = asked.spend("repository", "pull-request", only=_COST)
    kinds = {
        "repository": folded(both, 0),
        "pull-request": [group for group in folded(both, 1) if group.key[0] != NO_PULL_REQUEST],
        **({} if asked.privacy.people == "hidden" else {"developer": asked.spend("developer", only=_COST)}),
    }
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
        rows=[{"by": kind, **_concentration(concentration(groups))} for kind, groups in kinds.items()],
        notes=asked.notes(),
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
    """What the usage costs against what lands on an invoice."""
    columns = [
        Column("source", "Source"),
        Column("cost_usd", "Cost", "usd"),
        Column("billed_usd", "Billed", "usd"),
        Column("included_usd", "In seats and pools", "usd"),
        Column("unknown_usd", "Not known", "usd"),
    ]

    def row(name: str, amounts: Amounts) -> dict[str, Any]:
        included = amounts.cost_usd - amounts.billed_usd - amounts.unknown_usd
        return {"source": name, **_amounts(amounts, amounts), "included_usd": included}

    groups = asked.spend("source")
    return Sheet(
        title=f"Cost and bill, {asked.scope.period}",
        columns=columns,
        rows=[row(group.key[0], group.amounts) for group in groups],
        total=row("Total", total(groups)),
        notes=asked.notes(),
    )


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
        "names": ", ".join(group.key[0] for group in one.half[:3]),
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
