"""The digest as a message: one template per form, every text from outside made harmless for that form."""

from datetime import timedelta
from decimal import Decimal

from pr_cost_bot.digest.advice import advice, percent
from pr_cost_bot.digest.figures import Digest, Finding
from pr_cost_bot.digest.forms import FORMS, SAFE, Form, Message, address, fill
from pr_cost_bot.model import ZERO
from pr_cost_bot.render.numbers import dollars
from pr_cost_bot.reports.headline import unpriced_pulls_note, unused_note
from pr_cost_bot.reports.scope import Period

NOT_KNOWN = "not known"
_BASIS = (
    "These figures rest on the pull requests' rows: each counts whole, on the day of its merge or close, or, while it is open, "
    "of the last look at it."
)


def compose(digest: Digest) -> Message:
    """The whole message."""
    return Message(title(digest), {form: _body(digest, form) for form in FORMS})


def title(digest: Digest) -> str:
    """One line: the number and its change."""
    mean = digest.headline.merged.mean_usd
    if mean is None:
        return f"AI cost: no pull request merged, spend {_spent(digest)}"
    if _silent(digest):
        return "AI cost per merged pull request: not known, for sources did not answer or models have no price"
    moved = _changed(digest.headline.mean_change)
    return f"AI cost: {dollars(mean)} per merged pull request{f', {moved}' if moved else ''}"


def _body(digest: Digest, form: Form) -> str:
    safe, merged = SAFE[form], digest.headline.merged
    silent = _silent(digest)
    return fill(
        "digest",
        form,
        title=safe(title(digest), 200),
        period=_days(digest.period),
        days="day" if digest.period.days == 1 else f"{digest.period.days} days",
        one=digest.headline,
        mean=NOT_KNOWN if silent else dollars(merged.mean_usd or ZERO),
        median=NOT_KNOWN if silent else dollars(merged.median_usd or ZERO),
        spent=_spent(digest),
        dated=digest.usage is not None,
        unattributed=_unattributed(digest),
        beside=[safe(note, 300) for note in _beside(digest)],
        basis=safe(_BASIS if digest.usage is None and digest.headline.pulls else "", 300),
        mean_change=_changed(digest.headline.mean_change),
        median_change=_changed(digest.headline.median_change),
        findings=[_finding(one, form) for one in digest.findings],
        advice=[safe(sentence, 400) for sentence in advice(digest)],
        link=address(digest.link, form),
    )


def _beside(digest: Digest) -> tuple[str, ...]:
    """What the mean counts as free, or without a part of its usage."""
    one = digest.headline
    return (
        *unused_note(one.merged.count, one.unused, one.unmatched),
        *unpriced_pulls_note(one.merged.count, one.merged_unpriced),
    )


def _silent(digest: Digest) -> bool:
    """Whether nothing is known of what the merged ones cost; that is not $0."""
    return digest.headline.unknown > 0 and not digest.headline.merged.cost_usd


def _spent(digest: Digest) -> str:
    one = digest.headline
    left_out = one.unpriced + len(digest.unpriced) + (one.incomplete if digest.usage is None else 0)
    unknown = not digest.spent_usd and left_out > 0
    return NOT_KNOWN if unknown else dollars(digest.spent_usd)


def _finding(one: Finding, form: Form) -> dict[str, str | None]:
    safe = SAFE[form]
    return {
        "kind": one.kind,
        "name": safe(one.name, 120),
        "title": safe(one.title, 100),
        "url": address(one.url, form),
        "cost": dollars(one.cost_usd),
        "times": _times(one.times),
        "usual": dollars(one.usual_usd),
    }


def _times(times: Decimal | None) -> str | None:
    if times is None:
        return None
    return f"{times:.0f}" if times >= 10 else f"{times:.1f}".removesuffix(".0")


def _changed(part: Decimal | None) -> str | None:
    """In words, for no form has an arrow everywhere; None where there is nothing to compare with."""
    if part is None:
        return None
    if abs(part) < Decimal("0.005"):
        return "unchanged"
    return f"{'up' if part > 0 else 'down'} {percent(part)}"


def _unattributed(digest: Digest) -> str | None:
    share = digest.unattributed_share
    return None if share is None else f"{percent(share)} ({dollars(digest.unattributed_usd)})"


def _days(period: Period) -> str:
    last = period.end - timedelta(days=1)
    return f"{period.start:%d %b} to {last:%d %b %Y}".replace(" 0", " ").removeprefix("0")
