"""The first page: the number and its trend."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pr_cost_bot.reports.asked import Asked
from pr_cost_bot.reports.headline import Headline, change, headline, unpriced_pulls_note, unused_note
from pr_cost_bot.reports.pulls import merged_pulls
from pr_cost_bot.reports.sheet import Column, Sheet, Unknown
from pr_cost_bot.reports.team_guard import joined
from pr_cost_bot.reports.unpriced import UNPRICED, billed_cell, cost_cell

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
    _check_teams(asked)
    now, before = headline(asked.connection, asked.scope), headline(asked.connection, asked.scope.before)
    rows = [_line(title, _known(now, name), _known(before, name)) for title, name in _LINES]
    rows += [
        _line("Spend", cost_cell(now.spent), cost_cell(before.spent)),
        *(
            [_line("… on no pull request", now.spent.unattributed_usd, before.spent.unattributed_usd)]
            if asked.knows_the_rest
            else []
        ),
        _line("… billed", billed_cell(now.spent), billed_cell(before.spent)),
    ]
    columns = [
        Column("figure", "Figure"),
        Column("now", "Now", "usd"),
        Column("before", "Before", "usd"),
        Column("change", "Change", "percent"),
    ]
    title = f"{asked.scope.period}, against {asked.scope.before.period}"
    return Sheet(title=title, columns=columns, rows=rows, notes=(*_counts(now, before), *_left_out(asked, now)))


def _known(one: Headline, name: str) -> Decimal | Unknown | None:
    """The figure; where none of it has a price, it is not $0."""
    found: Decimal | None = getattr(one, name)
    if name == "all_in_usd":
        return UNPRICED if found is not None and cost_cell(one.spent) == UNPRICED else found
    return UNPRICED if one.unpriced and found is not None and not found else found


def _left_out(asked: Asked, now: Headline) -> tuple[str, ...]:
    """What the figures count as free, or not at all: of the merged pull requests and of the days."""
    unpriced = now.spent.unpriced or now.unpriced_tokens
    return (
        *unused_note(now.merged, now.unused, now.unmatched),
        *unpriced_pulls_note(now.merged, now.unpriced),
        *asked.notes(unpriced),
    )


def _check_teams(asked: Asked) -> None:
    """Raises QuestionError where a team's totals, or those of what it merged, would tell on somebody."""
    if guard := asked.guard:
        for scope in (asked.scope, asked.scope.before):
            guard.check(joined(asked.people(scope).values()))
            guard.check(asked.authors(merged_pulls(asked.connection, scope.of_all_teams)))


def _line(title: str, now: Decimal | Unknown | None, before: Decimal | Unknown | None) -> Mapping[str, Any]:
    moved = None if isinstance(now, Unknown) or isinstance(before, Unknown) else change(now, before)
    return {"figure": title, "now": now, "before": before, "change": moved}


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
