"""Questions about pull requests, months and the table itself, as sheets."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import msgspec

from pr_cost_bot.render.numbers import dollars, plural
from pr_cost_bot.reports.amounts import total
from pr_cost_bot.reports.asked import Asked
from pr_cost_bot.reports.estimates import Calibration, calibration
from pr_cost_bot.reports.forecast import forecast, history_needed
from pr_cost_bot.reports.outliers import FACTOR, by_repository, outliers
from pr_cost_bot.reports.pulls import PullRow, merged_pulls, picked, touched_pulls
from pr_cost_bot.reports.reconcile import differences
from pr_cost_bot.reports.scope import NONE, Scope, next_month, refuse
from pr_cost_bot.reports.sheet import Column, Sheet
from pr_cost_bot.reports.spend import spend
from pr_cost_bot.reports.team_guard import TOGETHER, joined
from pr_cost_bot.reports.teams import NO_TEAM, SMALL_TEAMS, TEAM, few_authors, group_of

_LEAST_ESTIMATES = 3
_ONE_EACH = "(one estimate each)"
_OF_PULL_REQUESTS = ("repository", "pull_request", "ticket", "purpose", "label")
_SLICED: dict[str, Callable[[PullRow], str]] = {"repository": by_repository, "purpose": lambda pull: pull.purpose or NONE}


def extremes(asked: Asked) -> Sheet:
    """Pull requests at many times their team's median."""
    asked.privacy.allow((), asked.scope.filters)
    if guard := asked.guard:
        guard.check(asked.authors(touched_pulls(asked.connection, asked.scope.of_all_teams)))
    scope, team = asked.scope, _team(asked)
    touched = touched_pulls(asked.connection, scope)
    # A filter says what is looked at; what is usual stays what it is.
    everybodys = scope.of_all_pull_requests
    usual = touched if everybodys == scope else touched_pulls(asked.connection, everybodys)
    usual = [pull for pull in usual if pull.state == "merged"]
    found = outliers(touched, usual, team=team, few=few_authors(usual, team, asked.privacy.least))
    columns = [
        Column("pull_request", "Pull request"),
        Column("title", "Title"),
        Column("author", "Author"),
        Column("state", "State"),
        Column("cost_usd", "Cost", "usd"),
        Column("times", "Of the median", "times"),
        Column("median_usd", "Median", "usd"),
    ]
    hidden, usually = asked.privacy.people != "shown", "team" if asked.teams else "repository"
    rows = [
        {
            "pull_request": one.pull.name,
            "title": one.pull.title,
            "author": asked.privacy.beside_pull_request(one.pull.author),
            "state": one.pull.state,
            "cost_usd": one.pull.cost_usd,
            "times": one.times,
            "median_usd": one.median_usd,
        }
        for one in found
    ]
    return Sheet(
        title=f"Pull requests at {FACTOR} times their {usually}'s median or more, {asked.scope.period}",
        columns=[column for column in columns if not (hidden and column.name == "author")],
        rows=rows,
        notes=_without_price(touched),
    )


def _without_price(pulls: Sequence[PullRow]) -> tuple[str, ...]:
    """How many of the pull requests that were looked at are told too low."""
    count = sum(bool(pull.unpriced) for pull in pulls)
    if not count:
        return ()
    has = "has" if count == 1 else "have"
    return (f"{count} of {plural(len(pulls), 'pull request')} {has} usage without a known price, which is in no amount here.",)


def _team(asked: Asked) -> Callable[[PullRow], str]:
    """The author's team, where teams are named and the author is in one; else the repository."""
    if not asked.teams:
        return by_repository
    team_of = asked.teams.finder()
    return lambda pull: pull.repository if (name := team_of(pull.author)) == NO_TEAM else f"team {name}"


def month(asked: Asked) -> Sheet:
    """What this month will cost, and how far past forecasts were off."""
    today = asked.now.date()
    history = Scope(history_needed(today), asked.scope.filters)
    asked.privacy.allow((), history.filters)
    _check_months(asked, history)
    groups = spend(asked.connection, history, "day", only=("cost_usd",))
    by_day = {date.fromisoformat(group.key[0]): group.amounts.cost_usd for group in groups}
    said = forecast(by_day, today)
    columns = [
        Column("month", "Month"),
        Column("so_far_usd", "So far", "usd"),
        Column("forecast_usd", "Forecast", "usd"),
        Column("actual_usd", "Actual", "usd"),
        Column("error", "Error", "percent"),
    ]
    now = {"month": f"{said.month:%Y-%m}", "so_far_usd": said.so_far_usd, "forecast_usd": said.forecast_usd}
    past = [{"month": f"{one.month:%Y-%m}", **msgspec.structs.asdict(one), "error": one.error} for one in said.past]
    for row, one in zip(past, said.past, strict=True):
        row["month"] = f"{one.month:%Y-%m}"
    off = said.mean_error
    notes = [
        "There is no past month to try it on." if off is None else f"On past months it was {off * 100:.0f}% off on average."
    ]
    if asked.budget_usd and not asked.scope.filters.given:
        part = said.forecast_usd / asked.budget_usd * 100
        notes.append(f"The forecast is {part:.0f}% of the month's budget of {dollars(asked.budget_usd)}.")
    return Sheet(
        title=f"Forecast on {today}", columns=columns, rows=[now, *past], notes=(*notes, *asked.notes(total(groups).unpriced))
    )


def _check_months(asked: Asked, history: Scope) -> None:
    """Raises QuestionError where a month of a team would tell on somebody. The first is only there for the weeks before."""
    if guard := asked.guard:
        shown = str(next_month(history.period.start))
        for (month,), people in asked.people(history, "month").items():
            if month >= shown:
                guard.check(people)


def estimates(asked: Asked, by_what: str) -> Sheet:
    """Estimates against what it came to, by author, team, repository or purpose."""
    asked.privacy.allow(("developer",) if by_what == "developer" else (), asked.scope.filters)
    estimated = [pull for pull in merged_pulls(asked.connection, asked.scope) if pull.estimate_usd]
    found = calibration(estimated, _of_teams_alone(asked, by_what) or _calibrated(asked, by_what, estimated))
    columns = [
        Column(by_what, by_what.capitalize()),
        Column("count", "Estimates", "count"),
        Column("estimated_usd", "Estimated", "usd"),
        Column("actual_usd", "Actual", "usd"),
        Column("typical", "Median of actual / estimate", "ratio"),
        Column("close", "Within 25 %", "percent"),
        Column("over", "Over", "count"),
    ]
    few = sum(one.count < _LEAST_ESTIMATES for one in found)
    return Sheet(
        title=f"Estimates by {by_what}, merged {asked.scope.period}",
        columns=columns,
        rows=[_calibration(by_what, one) for one in found],
        notes=(
            *((f"{few} of them have fewer than {_LEAST_ESTIMATES} estimates: too few to learn from.",) if few else ()),
            *_without_price(estimated),
        ),
    )


def _of_teams_alone(asked: Asked, by_what: str) -> Callable[[PullRow], str] | None:
    """The group of a pull request, some in one, where a filter leaves few teams; None: as without that filter."""
    guard = asked.guard
    if guard is None:
        return None
    pulls: dict[str, list[PullRow]] = defaultdict(list)
    for pull in merged_pulls(asked.connection, asked.scope.of_all_teams):
        if pull.estimate_usd:
            pulls[_SLICED.get(by_what, by_repository)(pull)].append(pull)
    slices = {name: asked.authors(some) for name, some in pulls.items()}
    guard.check(joined(slices.values()))
    if by_what not in _SLICED:
        return None
    hidden = guard.together(slices)
    return lambda pull: TOGETHER if (name := _SLICED[by_what](pull)) in hidden else name


def reconciliation(asked: Asked) -> Sheet:
    """Where rows, lines, records and usage do not say the same; empty when all agree."""
    columns = [
        Column("pull_request", "Pull request"),
        Column("row_usd", "Row", "usd"),
        Column("lines_usd", "Lines", "usd"),
        Column("records_usd", "Records", "usd"),
        Column("usage_usd", "Usage", "usd"),
    ]
    refuse(asked.scope.filters, "It holds whole pull requests against their usage", but=_OF_PULL_REQUESTS)
    is_picked = picked(asked.connection, asked.scope.filters)
    found = [one for one in differences(asked.connection) if is_picked(one.repository, one.pr_number)]
    rows = [{"pull_request": f"{one.repository}#{one.pr_number}", **msgspec.structs.asdict(one)} for one in found]
    return Sheet(
        title="Pull requests whose row, lines, records and usage differ", columns=columns, rows=rows, notes=asked.notes()
    )


def _calibrated(asked: Asked, by_what: str, pulls: Sequence[PullRow]) -> Callable[[PullRow], str]:
    """The group of a pull request. Nobody's habit of estimating shows where people do not."""
    if by_what == "developer":
        return _by_developer(asked, pulls)
    least = asked.privacy.least
    if by_what == TEAM:
        team_of = asked.teams.finder()
        return group_of(pulls, lambda pull: team_of(pull.author), least, SMALL_TEAMS)
    return group_of(pulls, _SLICED[by_what], least, f"(fewer than {least} people)")


def _by_developer(asked: Asked, pulls: Sequence[PullRow]) -> Callable[[PullRow], str]:
    """A pull request tells its author and its estimate, so that a pseudonym must stand for several."""
    counts = Counter(pull.author.casefold() for pull in pulls)
    if asked.privacy.people != "pseudonyms":
        return lambda pull: asked.privacy.name(pull.author)
    return lambda pull: _ONE_EACH if counts[pull.author.casefold()] == 1 else asked.privacy.name(pull.author)


def _calibration(name: str, one: Calibration) -> dict[str, Any]:
    return {**msgspec.structs.asdict(one), name: one.name}
