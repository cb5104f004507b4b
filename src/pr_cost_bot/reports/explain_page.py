"""One pull request explained: its lines, and under them the vendors' records that they are made of."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from pr_cost_bot.ledger.rows import exact_dollars
from pr_cost_bot.model import total_billed
from pr_cost_bot.render.numbers import dollars, enumeration, times
from pr_cost_bot.reports.amounts import Amounts
from pr_cost_bot.reports.asked import Asked
from pr_cost_bot.reports.explain import Bucket, Explanation, explain
from pr_cost_bot.reports.privacy import Privacy
from pr_cost_bot.reports.scope import EPOCH
from pr_cost_bot.reports.sheet import Column, Sheet, Unknown
from pr_cost_bot.reports.unpriced import UNPRICED, cost_cell, tokens_kept, unpriced_note
from pr_cost_bot.tickets import tickets_of

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
_RECORD = (
    Column("time", "Time (UTC)"),
    Column("lasts", "Lasts"),
    *_KEY[:3],
    Column("person", "Person"),
    Column("actor", "Vendor's name for whom"),
    Column("reference", "Vendor's name for it"),
    Column("commit_sha", "Commit"),
    Column("evidence", "Evidence"),
    Column("rule", "Why"),
    *_AMOUNTS,
    Column("low_usd", "At least", "usd"),
    Column("high_usd", "At most", "usd"),
    Column("record_usd", "Of the record's", "usd"),
    Column("record_id", "Id"),
)
_OF_PEOPLE = ("person", "actor")
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def explanation(asked: Asked, repository: str, number: int) -> tuple[Sheet, Sheet]:
    """Lines of one pull request, which add up to its row, and the records that they are made of.

    Hours of usage instead of records, where the table was filled by a version that kept none.
    """
    found = explain(asked.connection, repository, number)
    row = found.row
    lines = Sheet(
        title=f"{repository}#{number}: {row['title']}",
        columns=[*_KEY, *_AMOUNTS],
        rows=_together([{**line, "person": asked.privacy.beside_pull_request(line["person"])} for line in found.lines]),
        total={
            "source": "Total",
            "requests": sum(line["requests"] for line in found.lines),
            **row,
            **({"cost_usd": UNPRICED, "billed_usd": None} if _without_price(row) else {}),
        },
        notes=(*_checks(found), *unpriced_note(tokens_kept(row["unpriced"]))),
    )
    return lines, _records(found, asked.privacy) if found.records else _hours(found.buckets, asked.privacy)


def _records(found: Explanation, privacy: Privacy) -> Sheet:
    shown = privacy.people == "shown"
    total: dict[str, Any] = {name: sum(record[name] for record in found.records) for name in ("requests", *_TOKENS)}
    total["billed_usd"] = total_billed(record["billed_usd"] for record in found.records)
    return Sheet(
        title="The vendors' records, and the part of each that lies here",
        columns=[column for column in _RECORD if shown or column.name not in _OF_PEOPLE],
        rows=[
            {
                **(record if shown else _without_names(record)),
                "cost_usd": UNPRICED if record["cost_usd"] is None else record["cost_usd"],
                "time": _moment(record["started_at"]),
                "lasts": _lasts(record["ended_at"] - record["started_at"]),
            }
            for record in found.records
        ],
        total={"time": "Total", **total, "cost_usd": UNPRICED if _without_price(found.row) else found.records_usd},
    )


def _without_names(record: Mapping[str, Any]) -> dict[str, Any]:
    """Ids in files are whatever somebody made them of, and that may be whose usage it is."""
    names = [name for text in (record["person"], record["actor"]) for name in (text.casefold().partition("@")[0],) if name]
    telling = (name for name in ("reference", "record_id") if any(one in record[name].casefold() for one in names))
    return {**record, **dict.fromkeys(telling, "(names somebody)")}


_TOKENS = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")


def _hours(buckets: Iterable[Bucket], privacy: Privacy) -> Sheet:
    found = list(buckets)
    rows = [
        {
            **msgspec.structs.asdict(bucket),
            **msgspec.structs.asdict(bucket.amounts),
            "cost_usd": cost_cell(bucket.amounts),
            "billed_usd": None if bucket.amounts.unknown_usd or bucket.amounts.unpriced else bucket.amounts.billed_usd,
            "time": _hour(bucket.day, bucket.hour),
            "person": privacy.beside_pull_request(bucket.person),
        }
        for bucket in found
    ]
    return Sheet(
        title="Hour by hour, as the vendors report it",
        columns=[Column("time", "Time (UTC)"), *_KEY, *_AMOUNTS],
        rows=_together(rows),
        total={"time": "Total", "cost_usd": cost_cell(sum((bucket.amounts for bucket in found), Amounts()))} if rows else None,
        notes=(_ONLY_HOURS,) if rows else (_NOTHING_BEHIND,),
    )


_ONLY_HOURS = (
    "An earlier version wrote this, which kept no single records. The next run on the pull request keeps them; "
    "where it is settled, start the workflow by hand with its number."
)
_NOTHING_BEHIND = (
    "This table keeps no usage of this pull request: it came from the branch, which has lines only. "
    "A database that the Action or 'pr-cost-bot backfill' writes to has every record of the vendors."
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
    if isinstance(one, Unknown) or isinstance(other, Unknown):
        return one if isinstance(other, Unknown) else other
    return None if one is None or other is None else one + other


def _checks(found: Explanation) -> tuple[str, ...]:
    row, lines = found.row["cost_usd"], found.lines_usd
    notes = [] if _without_price(found.row) else [_bounds(found.row)]
    notes += _intent(found.row)
    if lines != row:
        notes.append(
            f"The lines add up to ${exact_dollars(lines)}, not to the row's ${exact_dollars(row)}: the row was changed by hand."
        )
    if found.records and found.records_usd != row:
        notes.append(
            f"The records add up to ${exact_dollars(found.records_usd)}: "
            "they are of another run than the row. The pull request's next run writes both."
        )
    if found.buckets and not found.records and found.buckets_usd != row:
        notes.append(
            f"The usage adds up to ${exact_dollars(found.buckets_usd)}: "
            "a run of another pull request has seen these hours since."
        )
    return tuple(notes)


def _without_price(row: Mapping[str, Any]) -> bool:
    return bool(row["unpriced"]) and not row["cost_usd"] and not row["high_usd"]


def _bounds(row: Mapping[str, Any]) -> str:
    return f"Evidence allows ${row['low_usd']:.2f} to ${row['high_usd']:.2f}."


def _intent(row: Mapping[str, Any]) -> list[str]:
    """What the comment says of estimate and tickets."""
    names, estimate, cost = tickets_of(row["ticket"]), row["estimate_usd"], row["cost_usd"]
    notes = [f"Split evenly between {enumeration(names)}."] if len(names) > 1 else []
    if estimate is not None:
        compared = f" ({times(cost / estimate)})" if estimate > 0 and cost > 0 else ""
        notes.append(f"Estimate {dollars(estimate)}, actual {dollars(cost)}{compared}.")
    return notes


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _lasts(width: timedelta) -> str:
    """How wide a bucket is; nothing for an event."""
    seconds = int(width.total_seconds())
    return next((f"{seconds // size} {unit}" for size, unit in _UNITS if seconds and not seconds % size), "")


def _hour(day: int, hour: int) -> str:
    date = EPOCH + timedelta(days=day)
    return f"{date}" if hour < 0 else f"{date} {hour:02d}:00"
