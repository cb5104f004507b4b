"""What was used in the digest's days, read from a database as the reports read it, so that both say the same."""

from datetime import timedelta
from decimal import Decimal

from pr_cost_bot.digest.figures import WEEKS_BEFORE, Question, Used
from pr_cost_bot.ledger.database import Database
from pr_cost_bot.model import ZERO
from pr_cost_bot.reports.amounts import Group, total
from pr_cost_bot.reports.asked import Asked
from pr_cost_bot.reports.concentration_page import of_pull_requests
from pr_cost_bot.reports.privacy import Privacy, small
from pr_cost_bot.reports.scope import Period, QuestionError, Scope
from pr_cost_bot.reports.usage_sums import NOBODY, UNKNOWN_REPOSITORY

_COST = ("cost_usd",)
_NOBODYS = frozenset({NOBODY, UNKNOWN_REPOSITORY})


def read_used(url: str, question: Question, privacy: Privacy) -> Used | None:
    """None: the database keeps no usage. Raises PublishError, UrlError."""
    period = question.period
    with Database(url).for_reading().reading() as connection:
        asked, before, usual = (
            Asked(connection=connection, scope=Scope(days), privacy=privacy, now=question.now, prices=lambda _: None)
            for days in (period, period.before, _usual(period))
        )
        if not asked.knows_the_rest:
            return None
        models = asked.spend("model", only=_COST)
        return Used(
            repositories=_costs(asked, "repository"),
            repositories_before=_costs(usual, "repository"),
            developers=_costs(asked, "developer") if question.people else {},
            developers_before=_costs(usual, "developer") if question.people else {},
            pulls=of_pull_requests(asked),
            models=_by_name(models),
            models_before=_by_name(before.spend("model", only=_COST)),
            unmerged_usd=_unmerged(asked),
            unpriced=asked.notes(total(models).unpriced),
        )


def _usual(period: Period) -> Period:
    return Period(period.start - timedelta(days=period.days * WEEKS_BEFORE), period.start)


def _costs(asked: Asked, dimension: str) -> dict[str, Decimal]:
    """Nothing where it must not be told, as where one pull request would tell whose a pseudonym is."""
    try:
        found = _by_name(asked.spend(dimension, only=_COST))
    except QuestionError:
        return {}
    nobody = {*_NOBODYS, small(asked.privacy.min_group)}
    return {name: cost for name, cost in found.items() if name and name not in nobody}


def _by_name(groups: list[Group]) -> dict[str, Decimal]:
    return {group.key[0]: group.amounts.cost_usd for group in groups}


def _unmerged(asked: Asked) -> Decimal:
    """The two rows of `report unmerged` that are about pull requests."""
    groups = asked.spend("state", "reason", only=_COST)
    return sum((group.amounts.cost_usd for group in groups if group.key[0] in {"open", "closed"}), ZERO)
