"""Cursor's usage export (dashboard, Usage, Export CSV).

Cursor documents no format; these are the headers of real exports since 2025, see tests/fixtures/files/README.md. Columns are
found by name. The four token columns are apart from each other: `Input (w/ Cache Write)` is what was written to the cache.
"""

from decimal import Decimal

from pr_cost_bot.files.shapes import Cells, TableFormat, Usage
from pr_cost_bot.files.values import count, name, period, usd
from pr_cost_bot.model import Tokens, UsageRecord, reference_of
from pr_cost_bot.sources.reading import record_id

_AMOUNTS = (
    "input (w/ cache write)",
    "input (w/o cache write)",
    "cache read",
    "output tokens",
    "output",
    "total tokens",
    "tokens",
    "cost",
    "cost ($)",
    "cost to you",
    "requests",
)


def _matches(columns: frozenset[str]) -> bool:
    if not {"date", "model"} <= columns:
        return False
    return "input (w/o cache write)" in columns or ("kind" in columns and bool(columns & {"cost", "cost ($)", "requests"}))


def _usage(cells: Cells) -> Usage | None:
    kind = cells("kind")
    letters = "".join(char for char in kind.lower() if char.isalpha())
    if "notcharged" in letters or "nocharge" in letters:
        return None
    start, end = period(cells("date"), "Date")
    tokens = _tokens(cells)
    cost, billed = _money(cells, letters, has_tokens=bool(tokens))
    automation, agent = name(cells("automation id")), name(cells("cloud agent id"))
    product = "automation" if automation else "cloud_agent" if agent else "own_api_key" if "userapikey" in letters else ""
    record = UsageRecord(
        id=record_id("cursor-csv", *cells.key(*_AMOUNTS)),
        source="cursor",
        actor=name(cells("user", "user email", "email")),
        start=start,
        end=end,
        model=name(cells("model")) or "unknown",
        tokens=tokens,
        requests=1,
        cost_usd=cost,
        billed_usd=billed,
        product=product,
        session=agent or None,
        reference=reference_of(kind=name(kind), automation=automation, cloud_agent=agent),
    )
    return Usage(record)


def _tokens(cells: Cells) -> Tokens:
    """The oldest exports have a total only, which says nothing of what it would cost."""
    write = count(cells("input (w/ cache write)"), "Input (w/ Cache Write)")
    uncached = count(cells("input (w/o cache write)"), "Input (w/o Cache Write)")
    read = count(cells("cache read"), "Cache Read")
    return Tokens(uncached + read + write, read, write, count(cells("output tokens", "output"), "Output Tokens"))


def _money(cells: Cells, kind: str, *, has_tokens: bool) -> tuple[Decimal | None, Decimal | None]:
    """Cost and billed dollars. `Cost` can be an amount, "Included", "-", "NaN" or missing; tokens at $0 are of unknown cost."""
    text = cells("cost", "cost ($)")
    included = kind.startswith(("included", "free")) or text.lower().startswith(("included", "free"))
    cost = None if text.lower().startswith(("included", "free")) else usd(text, "Cost")
    billed = usd(cells("cost to you"), "Cost to you")
    if not cost and has_tokens:
        cost = None
    if billed is None and included:
        billed = Decimal(0)
    if billed is None and kind.startswith(("ondemand", "usagebased")):
        billed = cost
    return cost, billed


CURSOR = TableFormat(name="cursor-csv", title="Cursor usage export", matches=_matches, usage=_usage)
