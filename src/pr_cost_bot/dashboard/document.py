"""The dashboard's data as JSON holds them: amounts and ratios as exact decimal text, only the charts' points rounded. Pure."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

import msgspec

from pr_cost_bot.dashboard import figures
from pr_cost_bot.dashboard.columns import web_address
from pr_cost_bot.dashboard.entries import Entry, within
from pr_cost_bot.dashboard.figures import Headline, Member, Merged, ModelShare
from pr_cost_bot.dashboard.series import (
    Days,
    DayUsage,
    Usage,
    model_series,
    share_curve,
    spend_by_day,
    spend_series,
    trend_series,
    usage_within,
)
from pr_cost_bot.dashboard.windows import Window, windows
from pr_cost_bot.ledger.rows import exact_dollars, rfc3339
from pr_cost_bot.model import ZERO
from pr_cost_bot.render.escape import clean
from pr_cost_bot.render.names import friendly
from pr_cost_bot.reports.amounts import ratio
from pr_cost_bot.reports.budget import BudgetState, budget_state
from pr_cost_bot.reports.concentration import Concentration
from pr_cost_bot.reports.outliers import FACTOR, Outlier
from pr_cost_bot.reports.unpriced import tokens_of

SUMMARY_VERSION = 1
_DIGITS = Decimal("1e-12")
_MOST_OUTLIERS = 10
_NAME = 120


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`budget_usd` is for a calendar month. `people`: whether there is a panel by developer.

    `without_median`: repositories of so few people that their median is not to be told.
    """

    now: datetime
    people: bool = False
    budget_usd: Decimal | None = None
    without_median: frozenset[str] = frozenset()


def summary(entries: Sequence[Entry], usage: Usage | None, settings: Settings) -> dict[str, Any]:
    """Everything but the single pull requests."""
    days = Days(entries)
    return {
        "version": SUMMARY_VERSION,
        "computed_at": rfc3339(settings.now),
        "people": settings.people,
        "pulls": len(entries),
        "repositories": len({entry.repository for entry in entries}),
        "outlier_factor": FACTOR,
        "budget": None
        if settings.budget_usd is None
        else _budget(budget_state(spend_by_day(entries, usage), settings.budget_usd, settings.now.date())),
        "windows": [_window(window, entries, days, usage, settings) for window in windows(entries, settings.now)],
    }


def _window(window: Window, entries: Sequence[Entry], days: Days, usage: Usage | None, settings: Settings) -> dict[str, Any]:
    here = within(entries, window.period)
    past = within(entries, window.before) if window.before else None
    repositories = figures.repositories(here)
    developers = figures.developers(here) if settings.people else None
    spread = {
        "pulls": _spread(figures.spread((entry.name, entry.cost_usd) for entry in here)),
        "repositories": _spread(figures.spread((one.name, one.cost_usd) for one in repositories)),
        "developers": developers and _spread(figures.spread((one.name, one.cost_usd) for one in developers)),
    }
    return {
        "key": window.key,
        "title": window.title,
        "start": _day(window.period.start),
        "end": _day(window.period.end),
        "step": window.step,
        "rolling": window.rolling,
        "headline": _headline(figures.headline(entries, window.period, window.before)),
        "usage": None if usage is None else _usage(usage_within(usage, window.period)),
        "charts": _charts(window, here, days, usage, settings.budget_usd),
        "spread": spread,
        "models": [_model(one) for one in figures.models(here, past, model_name)],
        "repositories": [_repository(one, settings.without_median) for one in repositories],
        "developers": None if developers is None else [_member(one) for one in developers],
        "outliers": [_outlier(one) for one in figures.extremes(here, settings.without_median)[:_MOST_OUTLIERS]],
    }


@cache
def model_name(model: str) -> str:
    """As people say it, and harmless."""
    return clean(friendly(model), 60)


def _charts(window: Window, here: Sequence[Entry], days: Days, usage: Usage | None, budget: Decimal | None) -> dict[str, Any]:
    spend, trend, mix = (
        spend_series(days, usage, window, budget),
        trend_series(days, window),
        model_series(days, window, model_name),
    )
    xs, ys = share_curve([entry.cost_usd for entry in here])
    return {
        "spend": {
            "days": [_day(day) for day in spend.starts],
            "pulls": _points(spend.pulls_usd),
            "open": spend.open_usd and _points(spend.open_usd),
            "rest": _points(spend.rest_usd),
            "budget": spend.budget_usd and _points(spend.budget_usd),
        },
        "trend": {
            "days": [_day(day) for day in trend.days],
            "mean": _points(point.mean_usd for point in trend.points),
            "median": _points(point.median_usd for point in trend.points),
            "count": [point.count for point in trend.points],
        },
        "models": {
            "days": [_day(day) for day in mix.starts],
            "names": mix.names,
            "costs": [_points(one) for one in mix.costs_usd],
        },
        "share": {"members": _points((100 * x for x in xs), "0.01"), "spend": _points((100 * y for y in ys), "0.01")},
    }


def _headline(one: Headline) -> dict[str, Any]:
    says = clean(tokens_of(one.unpriced_tokens), 300) if one.unpriced_tokens else ""
    return _exact(one, merged=_merged(one.merged), before=one.before and _merged(one.before), unpriced_tokens=says)


def _merged(one: Merged) -> dict[str, Any]:
    return _exact(one)


def _member(one: Member) -> dict[str, Any]:
    return _exact(one, name=clean(one.name, _NAME), merged=_merged(one.merged))


def _repository(one: Member, without_median: frozenset[str]) -> dict[str, Any]:
    merged = msgspec.structs.replace(one.merged, median_usd=None) if one.name in without_median else one.merged
    return _member(msgspec.structs.replace(one, merged=merged))


def _model(one: ModelShare) -> dict[str, Any]:
    return _exact(one)


def _spread(one: Concentration) -> dict[str, Any]:
    return {
        "count": one.count,
        "top": one.top,
        "top_share": exact(one.top_share),
        "half": len(one.half),
        "half_part": exact(one.half_share_of_members),
    }


def _outlier(one: Outlier) -> dict[str, Any]:
    return {
        "repository": clean(one.pull.repository, _NAME),
        "number": one.pull.pr_number,
        "title": clean(one.pull.title, 200),
        "url": web_address(one.pull.url),
        "cost_usd": exact(one.pull.cost_usd),
        "median_usd": exact(one.median_usd),
        "times": exact(one.times),
    }


def _usage(one: DayUsage) -> dict[str, Any]:
    rest = sum(one.rest_usd.values(), ZERO)
    ordered = sorted(one.rest_usd.items(), key=lambda item: (-item[1], item[0]))
    return {
        "total_usd": exact(one.total_usd),
        "rest_usd": exact(rest),
        "rest_share": exact(ratio(rest, one.total_usd)),
        "reasons": [{"reason": clean(reason, _NAME), "cost_usd": exact(cost)} for reason, cost in ordered],
    }


def _budget(state: BudgetState) -> dict[str, Any]:
    """The calendar month: what is spent, which part of it is gone, and what `report forecast` would say.

    No forecast where the figures do not go back far enough for one.
    """
    return {
        "monthly_usd": exact(state.budget_usd),
        "month": f"{state.today:%Y-%m}",
        "spent_usd": exact(state.spent_usd),
        "used": exact(state.used),
        "gone": exact(ratio(state.days, state.month.days)),
        "forecast_usd": exact(state.forecast_usd) if state.foreseeable else None,
    }


def exact(value: Decimal | None) -> str | None:
    """As decimal text; a quotient to twelve digits behind the point."""
    if value is None:
        return None
    finer = isinstance(exponent := value.as_tuple().exponent, int) and exponent < -18
    return exact_dollars(value.quantize(_DIGITS, ROUND_HALF_UP) if finer else value)


def _exact(struct: msgspec.Struct, **replaced: Any) -> dict[str, Any]:
    values = {name: getattr(struct, name) for name in struct.__struct_fields__} | replaced
    return {name: exact(value) if isinstance(value, Decimal) else value for name, value in values.items()}


def _points(values: Iterable[Decimal | None], unit: str = "0.0001") -> list[float | None]:
    """For the eye only."""
    return [None if value is None else float(value.quantize(Decimal(unit), ROUND_HALF_UP)) for value in values]


def _day(day: date) -> str:
    return day.isoformat()
