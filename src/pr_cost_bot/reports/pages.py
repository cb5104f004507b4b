"""Every question as a sheet: what is asked of the table, and which columns the answer has."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from pr_cost_bot.reports import caching as caches
from pr_cost_bot.reports.amounts import Amounts, Group, folded, ratio, total
from pr_cost_bot.reports.asked import Asked
from pr_cost_bot.reports.mix import model_mix
from pr_cost_bot.reports.pulls import some_have_several_tickets
from pr_cost_bot.reports.sheet import Column, Sheet
from pr_cost_bot.reports.team_guard import TOGETHER, Key, by_first, nested, rows_of
from pr_cost_bot.reports.teams import SMALL_TEAMS, TEAM
from pr_cost_bot.reports.unpriced import UNPRICED, billed_cell, cost_cell

_COST = ("cost_usd",)


def by(asked: Asked, *dimensions: str) -> Sheet:
    """Spend by one or two things."""
    groups = asked.spend(*dimensions)
    whole = total(groups)
    notes = [
        *asked.notes(whole.unpriced),
        *_about_tickets(asked, dimensions),
        *_about_teams(asked, dimensions, groups),
        *_about_few(groups),
    ]
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


def _about_few(groups: Iterable[Group]) -> Iterable[str]:
    if any(TOGETHER in group.key for group in groups):
        yield f"{TOGETHER}: what would tell on single people of the team or of the others, together; --people shows it apart."


def caching(asked: Asked) -> Sheet:
    """How much of the input came from the cache, and what that saved at list price."""
    groups = asked.spend("model")
    found = caches.caching(groups, asked.prices)
    whole = sum((one.amounts for one in found), Amounts())
    known = [one.saved_usd for one in found if one.saved_usd is not None]
    unknown = [one.model for one in found if one.saved_usd is None and one.model != TOGETHER]
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
            *asked.notes(whole.unpriced),
            *((f"No list price is known for {', '.join(unknown)}: not in the savings.",) if unknown else ()),
            *_about_few(groups),
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
    groups = asked.spend("week", "model", only=_COST, fold=nested)
    weeks = [group for group in groups if group.key[0] != TOGETHER]
    no_price = {group.key for group in weeks if group.amounts.unpriced and not group.amounts.cost_usd}
    rows = [
        {**msgspec.structs.asdict(one), **({"cost_usd": UNPRICED} if (str(one.week), one.model) in no_price else {})}
        for one in model_mix(weeks)
    ]
    left_out = ["Weeks that would tell on single people are left out."] if len(weeks) < len(groups) else []
    notes = [*asked.notes(total(groups).unpriced), *_about_few(weeks), *left_out]
    return Sheet(title=f"Model mix by week, {asked.scope.period}", columns=columns, rows=rows, notes=notes)


def unmerged(asked: Asked) -> Sheet:
    """Spend that no merged pull request stands for, and why."""
    groups = asked.spend("state", "reason", only=_COST, fold=rows_of(_unmerged))
    return _reasons(asked, f"Spend with no merged pull request, {asked.scope.period}", groups, _unmerged)


def _unmerged(key: Key) -> str:
    state, reason = key
    names = {"open": "on open pull requests", "closed": "on pull requests closed without a merge", "merged": ""}
    return names.get(state, reason or state)


def unattributed(asked: Asked) -> Sheet:
    """What lies on no pull request, by reason."""
    if not asked.knows_the_rest:
        return Sheet(title=f"Not attributed, {asked.scope.period}", columns=_REASONS, rows=[], notes=[_NOT_KNOWN])
    groups = asked.spend("reason", only=_COST, fold=rows_of(_reason))
    return _reasons(asked, f"Not attributed, {asked.scope.period}", groups, _reason)


def _reason(key: Key) -> str:
    return key[0]


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
    groups = asked.spend("source", "model", fold=by_first)
    listed, unknown = _at_list_price(groups, asked)

    def row(name: str, amounts: Amounts, list_usd: Decimal | None) -> dict[str, Any]:
        included = amounts.cost_usd - amounts.billed_usd - amounts.unknown_usd
        parts = {"billed_usd": amounts.billed_usd, "included_usd": included}
        if not any(parts.values()) and (amounts.unknown_usd or amounts.unpriced):
            parts = {}  # nothing of it is known
        return {
            "source": name,
            "cost_usd": cost_cell(amounts),
            "unknown_usd": UNPRICED if cost_cell(amounts) == UNPRICED else amounts.unknown_usd,
            **parts,
            "list_usd": list_usd,
        }

    return Sheet(
        title=f"Cost and bill, {asked.scope.period}",
        columns=columns,
        rows=[row(group.key[0], group.amounts, listed.get(group.key[0])) for group in folded(groups, 0)],
        total=row("Total", total(groups), sum(listed.values(), Decimal(0)) if listed else None),
        notes=(
            *asked.notes(total(groups).unpriced),
            "List prices are today's, for plain requests.",
            *((f"No list price or no tokens are known for {', '.join(unknown)}: not in that column.",) if unknown else ()),
            *_about_few(groups),
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


_NOT_KNOWN = (
    "What lies on no pull request cannot be known here: there is no usage in this table, only the pull requests' rows. "
    "A database that the Action or 'pr-cost-bot backfill' writes to has it."
)
_REASONS = (Column("reason", "Reason"), Column("cost_usd", "Cost", "usd"), Column("share", "Of all spend", "percent"))
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
        "cost_usd": cost_cell(amounts),
        "attributed_usd": UNPRICED if cost_cell(amounts) == UNPRICED else amounts.attributed_usd,
        "billed_usd": billed_cell(amounts),
        "share": ratio(amounts.cost_usd, whole.cost_usd),
        "cache_hit_rate": amounts.cache_hit_rate,
    }


def _reasons(asked: Asked, title: str, groups: Sequence[Group], name: Callable[[Key], str]) -> Sheet:
    """`name`: the reason, "" for what is not asked for."""
    whole = total(groups)
    merged: dict[str, Amounts] = {}
    for group in groups:
        if reason := name(group.key):
            merged[reason] = merged.get(reason, Amounts()) + group.amounts
    left = sum(merged.values(), Amounts())
    ordered = sorted(merged.items(), key=lambda item: (-item[1].cost_usd, item[0]))
    return Sheet(
        title=title,
        columns=_REASONS,
        rows=[{"reason": reason, **_amounts(amounts, whole)} for reason, amounts in ordered],
        total={"reason": "Total", **_amounts(left, whole)},
        notes=[*asked.notes(left.unpriced), *_about_few(groups)],
    )
