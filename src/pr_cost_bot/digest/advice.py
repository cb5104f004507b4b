"""What to look at, in plain sentences, from the figures of a digest. Pure. Names in them are untrusted text."""

from collections.abc import Iterator
from decimal import Decimal

from pr_cost_bot.digest.figures import Digest
from pr_cost_bot.render.numbers import dollars
from pr_cost_bot.reports.amounts import ratio
from pr_cost_bot.reports.budget import BudgetState
from pr_cost_bot.reports.unpriced import unpriced_note

NOTABLE_CHANGE = Decimal("0.1")
NOTABLE_SHARE = Decimal("0.05")
MUCH_UNATTRIBUTED = Decimal("0.1")
MUCH_UNMERGED = Decimal("0.25")


def advice(digest: Digest) -> list[str]:
    """The most telling first; nothing where all is as usual."""
    return [*_trend(digest), *_budget(digest), *_few(digest), *_models(digest), *_loose_ends(digest)]


def percent(part: Decimal) -> str:
    """A part of 1 as a whole percentage, without its sign."""
    return f"{abs(part) * 100:.0f}%"


def ends_at(state: BudgetState) -> str:
    """Where a budget's month will end, as part of a sentence."""
    return f"at this rate the month ends at {dollars(state.forecast_usd)}"


def _trend(digest: Digest) -> Iterator[str]:
    mean, median = digest.headline.mean_change, digest.headline.median_change
    if mean is None or median is None:
        return
    if mean >= NOTABLE_CHANGE and median >= NOTABLE_CHANGE:
        yield f"Most pull requests cost more than before: the median rose by {percent(median)}."
    elif mean >= NOTABLE_CHANGE:
        yield f"The mean rose by {percent(mean)} but the median did not: a few costly pull requests made it."
    elif mean <= -NOTABLE_CHANGE and median <= -NOTABLE_CHANGE:
        yield f"Most pull requests cost less than before: the median fell by {percent(median)}."


def _budget(digest: Digest) -> Iterator[str]:
    for state in digest.budgets:
        whose = f"{state.repository}: this month" if state.repository else "This month"
        used = f"{dollars(state.spent_usd)} of {dollars(state.budget_usd)}"
        said = f"is over its budget: {used}" if state.used > 1 else f"has used {used}, {percent(state.used)} of its budget"
        yield f"{whose} {said}{f'; {ends_at(state)}' if state.foreseeable else ''}."


def _few(digest: Digest) -> Iterator[str]:
    few = digest.pulls
    part = few.half_share_of_members
    if part is not None and few.count >= 20 and part <= MUCH_UNMERGED:
        yield f"{len(few.half)} of {few.count} pull requests took half of the spend."


def _models(digest: Digest) -> Iterator[str]:
    rising = max(digest.models, key=lambda one: one.change or 0, default=None)
    if rising is not None and rising.change is not None and rising.change >= NOTABLE_SHARE:
        points = f"{rising.change * 100:.0f}"
        yield f"{rising.model} took {percent(rising.share)} of the spend, {points} points more than in the days before."


def _loose_ends(digest: Digest) -> Iterator[str]:
    one = digest.headline
    share = digest.unattributed_share
    if share is not None and digest.usage and share >= MUCH_UNATTRIBUTED:
        reason, cost = max(digest.usage.rest_usd.items(), key=lambda item: item[1])
        yield f"{percent(share)} of the usage is not attributed to any pull request; the most of it, {dollars(cost)}: {reason}."
    part = ratio(digest.unmerged_usd, digest.spent_usd)
    if part is not None and part >= MUCH_UNMERGED:
        of_what = "what these pull requests cost" if digest.usage is None else "the usage of these days"
        lies = f"{percent(part)} ({dollars(digest.unmerged_usd)})"
        yield f"Of {of_what}, {lies} lies on {'ones' if digest.usage is None else 'pull requests'} that are not merged."
    if one.incomplete:
        verb = "is" if one.incomplete == 1 else "are"
        pulls = "pull request" if one.incomplete == 1 else "pull requests"
        yield f"{one.incomplete} {pulls} {verb} incomplete: a source did not answer, so the real cost is higher."
    if one.unpriced:
        pulls = "pull request" if one.unpriced == 1 else "pull requests"
        yield f"{one.unpriced} {pulls} used a model without a known price, which is in no figure: the real cost is higher."
    yield from digest.unpriced or unpriced_note(one.unpriced_tokens)
