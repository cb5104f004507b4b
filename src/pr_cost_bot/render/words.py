"""The sentences whose grammar depends on the numbers. Each is safe Markdown; text from outside is escaped here."""

from collections.abc import Sequence
from decimal import Decimal

from pr_cost_bot.model import Evidence, Kept, PriceInfo, Remainder, SourceState, Tokens, UnmatchedAuthor
from pr_cost_bot.render.breakdown import Slice
from pr_cost_bot.render.escape import Markdown, escape
from pr_cost_bot.render.names import friendly
from pr_cost_bot.render.numbers import dollars, enumeration, plural, times, tokens

_LISTED = 5

EVIDENCE = {
    Evidence.TAGGED: Markdown("tagged in the usage itself"),
    Evidence.RECEIPT: Markdown("self-reported by receipts in commits"),
    Evidence.MATCHED: Markdown("matched by author and time"),
    Evidence.SHARED: Markdown("shared out of wider totals"),
}

ANSWERED = {
    SourceState.OK: Markdown(""),
    SourceState.PARTIAL: Markdown(" (in part)"),
    SourceState.FAILED: Markdown(" (failed)"),
}


def amount(part: Remainder) -> Markdown:
    """Dollars, or tokens where there is no price."""
    return Markdown(dollars(part.cost_usd) if part.cost_usd or not part.tokens else f"{tokens(part.tokens)} (unpriced)")


def across(models: Sequence[Slice], most: int = 4) -> Markdown:
    """`Sonnet 4.6 (88%) and Opus 4.7 (12%)`."""
    parts = [f"{escape(row.name, 60)} ({row.share})" if row.share else escape(row.name, 60) for row in models[:most]]
    return Markdown(enumeration(parts, len(models) - len(parts)))


def billed(part: Decimal, whole: Decimal) -> Markdown:
    """What of the cost lands on an invoice, where that is not all of it."""
    if part <= 0:
        return Markdown("none of it; it lies inside a seat or pool.")
    if part < whole:
        return Markdown(f"{dollars(part)} of it is billed; the rest lies inside a seat or pool.")
    return Markdown(f"{dollars(part)}, more than the usage costs by itself.")


def tickets(names: Sequence[str]) -> Markdown:
    """Between which tickets a pull request that names several is split."""
    return Markdown(f"split evenly between {enumeration([escape(name, 60) for name in names])}")


def kept(earlier: Kept) -> Markdown:
    """`was $31.00 before Cursor went silent`, and where that still stands."""
    names = enumeration([escape(status.title, 40) for status in earlier.sources])
    in_part = all(status.state is SourceState.PARTIAL for status in earlier.sources)
    since = f" while {names} answered in full" if in_part else f" before {names} went silent"
    return Markdown(f"was {dollars(earlier.cost_usd)}{since if names else ' before'}, which label and table keep")


def estimate(estimated: Decimal, actual: Decimal | None) -> Markdown:
    """`Estimate $2.00, actual $4.21 (2.1 times)`. None: no price is known, so that nobody can compare."""
    if actual is None:
        return Markdown(f"Estimate {dollars(estimated)}, actual cost unknown (unpriced)")
    compared = f" ({times(actual / estimated)})" if estimated > 0 and actual > 0 else ""
    return Markdown(f"Estimate {dollars(estimated)}, actual {dollars(actual)}{compared}")


def unattributed(parts: Sequence[Remainder]) -> Markdown:
    """How much of the same people's usage lies on no pull request, and why."""
    whole = f"{amount(_sum(parts))} of the same people's usage in this time is not attributed to any work"
    if len(parts) == 1:
        return Markdown(f"{whole}: {_reason(parts[0])}.")
    reasons = [f"{_reason(part)} ({amount(part)})" for part in parts[:_LISTED]]
    if left := parts[_LISTED:]:
        reasons.append(f"{plural(len(left), 'more reason')} ({amount(_sum(left))})")
    return Markdown(f"{whole}: {'; '.join(reasons)}.")


def _reason(part: Remainder) -> Markdown:
    return escape(part.reason or "no reason given")


def _sum(parts: Sequence[Remainder]) -> Remainder:
    return Remainder(
        reason="",
        cost_usd=sum((part.cost_usd for part in parts), Decimal(0)),
        tokens=sum((part.tokens for part in parts), Tokens()),
    )


def unpriced(rows: Sequence[Slice]) -> Markdown:
    """Tokens without a price, by model."""
    parts = [f"{tokens(row.tokens)} of {escape(row.name, 60)}" for row in rows[:_LISTED]]
    if left := rows[_LISTED:]:
        parts.append(f"{tokens(sum((row.tokens for row in left), Tokens()))} of {len(left)} more")
    return Markdown("; ".join(parts))


def people(authors: Sequence[UnmatchedAuthor]) -> Markdown:
    """Persons by name."""
    names = [escape(author.person, 60) for author in authors[:_LISTED]]
    return Markdown(enumeration(names, len(authors) - len(names)))


def prices(info: PriceInfo | None) -> Markdown:
    """Which list prices were used, and for what; empty when every vendor gave its own figure."""
    if info is None or not (info.models or info.overridden):
        return Markdown("")
    dated = f" of {info.as_of:%Y-%m-%d}" if info.as_of else ""
    parts = [f"{escape(info.name)}{dated} for {_models(info.models)}"] if info.models else []
    if info.overridden:
        parts.append(f"the configuration for {_models(info.overridden)}")
    return Markdown(f"List prices from {' and '.join(parts)}")


def _models(models: Sequence[str]) -> str:
    names = list(dict.fromkeys(friendly(model) for model in models))
    return enumeration([escape(name, 60) for name in names[:3]], max(len(names) - 3, 0))
