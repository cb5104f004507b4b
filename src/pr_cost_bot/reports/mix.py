"""Which models the money goes to, week by week. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

import msgspec

from pr_cost_bot.model import ZERO
from pr_cost_bot.reports.amounts import Group, ratio


class ModelWeek(msgspec.Struct, frozen=True):
    """`share` of the week's spend, 0 to 1; `change` against the week before in the same unit, None in the first week."""

    week: date
    model: str
    cost_usd: Decimal
    share: Decimal
    change: Decimal | None


def model_mix(by_week_and_model: Iterable[Group]) -> list[ModelWeek]:
    """By week, then by falling cost. A model that stops has one row more, of 0."""
    costs: dict[date, dict[str, Decimal]] = defaultdict(dict)
    for group in by_week_and_model:
        monday, model = group.key
        costs[date.fromisoformat(monday)][model] = group.amounts.cost_usd
    found: list[ModelWeek] = []
    for week in sorted(costs):
        before = costs.get(week - timedelta(days=7))
        models = {*costs[week], *(model for model, cost in (before or {}).items() if cost)}
        ordered = sorted(models, key=lambda model: (-costs[week].get(model, ZERO), model))
        found += [_model_week(week, model, costs[week], before) for model in ordered]
    return found


def _model_week(week: date, model: str, costs: dict[str, Decimal], before: dict[str, Decimal] | None) -> ModelWeek:
    share = _share(costs, model)
    return ModelWeek(week, model, costs.get(model, ZERO), share, None if before is None else share - _share(before, model))


def _share(costs: dict[str, Decimal], model: str) -> Decimal:
    return ratio(costs.get(model, ZERO), sum(costs.values(), ZERO)) or ZERO
