"""The first page: the number and its trend, and one pull request explained."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec

from pr_cost_bot.ledger.rows import exact_dollars
from pr_cost_bot.render.numbers import dollars, enumeration, times
from pr_cost_bot.reports.asked import Asked
from pr_cost_bot.reports.explain import Explanation, explain
from pr_cost_bot.reports.headline import Headline, change, headline
from pr_cost_bot.reports.scope import EPOCH
from pr_cost_bot.reports.sheet import Column, Sheet
from pr_cost_bot.tickets import tickets_of

_LINES = (
    ("Cost per merged pull request, mean", "mean_usd"),
    ("Cost per merged pull request, median", "median_usd"),
    ("All spend per merged pull request", "all_in_usd"),
    ("Cost per commit", "per_commit_usd"),
    ("Cost per ticket, mean", "per_ticket_usd"),
    ("Cost per ticket, median", "median_ticket_usd"),
    ("Merged pull requests together", "merged_usd"),
)


def overview(asked: Asked) -> Sheet:
    """Cost per merged pull request first, everything against the period before."""
    asked.privacy.allow((), asked.scope.filters)
    now, before = headline(asked.connection, asked.scope), headline(asked.connection, asked.scope.before)
    rows = [_line(title, getattr(now, name), getattr(before, name)) for title, name in _LINES]
    rows += [
        _line("Spend", now.spent.cost_usd, before.spent.cost_usd),
        *(
            [_line("… on no pull request", now.spent.unattributed_usd, before.spent.unattributed_usd)]
            if asked.knows_the_rest
            else []
        ),
        _line("… billed", now.spent.billed_usd, before.spent.billed_usd),
    ]
    columns = [
        Column("figure", "Figure"),
        Column("now", "Now", "usd"),
        Column("before", "Before", "usd"),
        Column("change", "Change", "percent"),
    ]
    title = f"{asked.scope.period}, against {asked.scope.before.period}"
    return Sheet(title=title, columns=columns, rows=rows, notes=(*_counts(now, before), *asked.notes()))


def explanation(asked: Asked, repository: str, number: int) -> tuple[Sheet, Sheet]:
    """Lines of one pull request, which add up to its row, and the usage that they are made of."""
    found = explain(asked.connection, repository, number)
    row = found.row
    lines = Sheet(
        title=f"{repository}#{number}: {row['title']}",
        columns=[*_KEY, *_AMOUNTS],
        rows=_together([{**line, "person": asked.privacy.beside_pull_request(line["person"])} for line in found.lines]),
        total={"source": "Total", **row},
        notes=_checks(found),
    )
    usage = Sheet(
        title="Hour by hour, as the vendors report it",
        columns=[Column("time", "Time (UTC)"), *_KEY, *_AMOUNTS],
        rows=_together(
            [
                {
                    **msgspec.structs.asdict(bucket),
                    **msgspec.structs.asdict(bucket.amounts),
                    "billed_usd": None if bucket.amounts.unknown_usd else bucket.amounts.billed_usd,
                    "time": _time(bucket.day, bucket.hour),
                    "person": asked.privacy.beside_pull_request(bucket.person),
                }
                for bucket in found.buckets
            ]
        ),
        total={"time": "Total", "cost_usd": found.buckets_usd} if found.buckets else None,
        notes=() if found.buckets else ("This table keeps no usage of this pull request.",),
    )
    return lines, usage


_KEY = (
    Column("source", "Source"),
    Column("product", "Product"),
    Column("model", "Model"),
    Column("person", "Person"),
    Column("evidence", "Evidence"),
)
_AMOUNTS = (
    Column("requests", "Requests", "count"),
    Column("input_tokens", "Input", "count"),
    Column("cache_read_tokens", "Cache read", "count"),
    Column("cache_write_tokens", "Cache write", "count"),
    Column("output_tokens", "Output", "count"),
    Column("cost_usd", "Cost", "usd"),
    Column("billed_usd", "Billed", "usd"),
)


def _together(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows that show the same name in one: where persons are hidden, nobody can be told apart by counting."""
    merged: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        key = (row.get("time"), *(row[column.name] for column in _KEY))
        old = merged.get(key)
        sums = {column.name: _plus(old[column.name], row[column.name]) for column in _AMOUNTS} if old else {}
        merged[key] = {**row, **sums}
    return list(merged.values())


def _plus(one: Any, other: Any) -> Any:
    return None if one is None or other is None else one + other


def _line(title: str, now: Decimal | None, before: Decimal | None) -> Mapping[str, Any]:
    return {"figure": title, "now": now, "before": before, "change": change(now, before)}


def _counts(now: Headline, before: Headline) -> tuple[str, ...]:
    pulls, commits, tickets = (
        _counted(now.merged, "pull request"),
        _counted(now.commits, "commit"),
        _counted(now.tickets, "ticket"),
    )
    merged = f"{pulls} merged (before: {before.merged}), {commits}, {tickets}."
    rest = [
        f"{count} of them {what}."
        for count, what in ((now.incomplete, "are incomplete: a source did not answer"), (now.unsettled, "can still change"))
        if count
    ]
    return (merged, *rest)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _checks(found: Explanation) -> tuple[str, ...]:
    row, lines, usage = (exact_dollars(amount) for amount in (found.row["cost_usd"], found.lines_usd, found.buckets_usd))
    notes = [f"Evidence allows ${found.row['low_usd']:.2f} to ${found.row['high_usd']:.2f}."]
    notes += _intent(found.row)
    if lines != row:
        notes.append(f"The lines add up to ${lines}, not to the row's ${row}: the row was changed by hand.")
    if found.buckets and usage != row:
        notes.append(f"The usage adds up to ${usage}: a run of another pull request has seen these hours since.")
    return tuple(notes)


def _intent(row: Mapping[str, Any]) -> list[str]:
    """What the comment says of estimate and tickets."""
    names, estimate, cost = tickets_of(row["ticket"]), row["estimate_usd"], row["cost_usd"]
    notes = [f"Split evenly between {enumeration(names)}."] if len(names) > 1 else []
    if estimate is not None:
        compared = f" ({times(cost / estimate)})" if estimate > 0 and cost > 0 else ""
        notes.append(f"Estimate {dollars(estimate)}, actual {dollars(cost)}{compared}.")
    return notes


def _time(day: int, hour: int) -> str:
    date = EPOCH + timedelta(days=day)
    return f"{date}" if hour < 0 else f"{date} {hour:02d}:00"
