"""The number: what a merged pull request costs, and what else a leader asks first."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import reduce

import msgspec
import sqlalchemy as sa

from pr_cost_bot.model import ZERO
from pr_cost_bot.reports.amounts import Amounts, joined, ratio
from pr_cost_bot.reports.pulls import PullRow, median, merged_pulls
from pr_cost_bot.reports.scope import Scope
from pr_cost_bot.reports.spend import spent
from pr_cost_bot.tickets import tickets_of


class Headline(msgspec.Struct, frozen=True, kw_only=True):
    """`merged_usd`: what the merged pull requests cost, whenever it was used. `spent`: all that was used in the period."""

    spent: Amounts
    merged: int
    merged_usd: Decimal
    mean_usd: Decimal | None
    median_usd: Decimal | None
    commits: int
    tickets: int
    ticket_usd: Decimal  # of the merged pull requests that name a ticket
    median_ticket_usd: Decimal | None
    incomplete: int  # merged pull requests of which a source was missing
    unsettled: int
    unpriced: int  # merged pull requests with usage for which no price is known
    unpriced_tokens: Mapping[str, int]  # theirs, by model
    unused: int  # merged pull requests that show no usage
    unmatched: int  # of these, those of which no source knows an author

    @property
    def per_commit_usd(self) -> Decimal | None:
        return ratio(self.merged_usd, self.commits)

    @property
    def per_ticket_usd(self) -> Decimal | None:
        return ratio(self.ticket_usd, self.tickets)

    @property
    def all_in_usd(self) -> Decimal | None:
        """All spend of the period for each pull request merged in it: with what lies on none."""
        return ratio(self.spent.cost_usd, self.merged)


def headline(connection: sa.Connection, scope: Scope) -> Headline:
    """The figures of one period."""
    pulls = merged_pulls(connection, scope)
    merged_usd = sum((pull.cost_usd for pull in pulls), ZERO)
    by_ticket = ticket_costs(pulls, scope.filters.ticket)
    return Headline(
        spent=spent(connection, scope),
        merged=len(pulls),
        merged_usd=merged_usd,
        mean_usd=ratio(merged_usd, len(pulls)),
        median_usd=median([pull.cost_usd for pull in pulls]),
        commits=sum(pull.commits for pull in pulls),
        tickets=len(by_ticket),
        ticket_usd=sum(by_ticket.values(), ZERO),
        median_ticket_usd=median(list(by_ticket.values())),
        incomplete=sum(not pull.complete for pull in pulls),
        unsettled=sum(not pull.settled for pull in pulls),
        unpriced=sum(bool(pull.unpriced) for pull in pulls),
        unpriced_tokens=reduce(joined, (pull.unpriced for pull in pulls if pull.unpriced), {}),
        unused=sum(not pull.used for pull in pulls),
        unmatched=sum(not pull.used and pull.unmatched > 0 for pull in pulls),
    )


def unused_note(merged: int, unused: int, unmatched: int) -> tuple[str, ...]:
    """What the mean counts as free; nothing where every merged pull request shows usage."""
    if not unused:
        return ()
    shows = "shows" if unused == 1 else "show"
    said = f"{unused} of {merged} merged pull request{'' if merged == 1 else 's'} {shows} no usage"
    if not unmatched:
        return (f"{said}.",)
    if unused == 1:
        return (f"{said}; an author of it is not matched to any vendor's account (docs/people.md).",)
    return (f"{said}; of {unmatched} of them an author is not matched to any vendor's account (docs/people.md).",)


def unpriced_pulls_note(merged: int, unpriced: int) -> tuple[str, ...]:
    """How many the mean counts without a part of their usage."""
    if not unpriced:
        return ()
    has = "has" if unpriced == 1 else "have"
    return (f"{unpriced} of {merged} merged pull request{'' if merged == 1 else 's'} {has} usage without a known price.",)


def ticket_costs(pulls: Sequence[PullRow], wanted: Sequence[str] = ()) -> dict[str, Decimal]:
    """What each ticket cost; a pull request with several counts in equal parts. `wanted`: only these; empty: all."""
    costs: dict[str, Decimal] = defaultdict(Decimal)
    for pull in pulls:
        names = tickets_of(pull.ticket)
        for name in names:
            if not wanted or name in wanted:
                costs[name] += pull.cost_usd / len(names)
    return dict(costs)


def change(now: Decimal | None, before: Decimal | None) -> Decimal | None:
    """The change as a part of what was before: 0.25 is a quarter more. None where there is nothing to compare."""
    return None if now is None or not before else now / before - 1
