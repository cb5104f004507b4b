"""Every question with every filter, held against plain Python over the generated organisation, on SQLite and PostgreSQL."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations

import msgspec
import pytest
from tests.integration.reports.expected import PRICES, UNPRICED, Expected
from tests.integration.reports.test_teams import TEAM_OF, TEAMS
from tests.organisation import NOW

from pr_cost_bot.reports import concentration_page, overview, pages, pull_pages
from pr_cost_bot.reports.asked import Asked
from pr_cost_bot.reports.caching import TokenPrices
from pr_cost_bot.reports.privacy import Privacy
from pr_cost_bot.reports.scope import Filters, Period, Scope
from pr_cost_bot.reports.sheet import Unknown
from pr_cost_bot.reports.teams import NO_TEAM
from pr_cost_bot.reports.usage_sums import DIMENSIONS

from .truth import WHOLE

MONTH = Period(date(2026, 10, 1), date(2026, 11, 1))
TO_TODAY = Period(WHOLE.start, NOW.date() + timedelta(days=1))  # the day on which open pull requests were computed
FILTERS = {
    "none": {},
    "developer": {"developer": ("dev03", "dev04", "dev17")},
    "repository": {"repository": ("acme/web0", "acme/api1")},
    "pull_request": {"pull_request": ("acme/web0#3", "acme/web1#8")},
    "ticket": {"ticket": ("OPS-3", "OPS-5")},
    "purpose": {"purpose": ("fix", "docs")},
    "label": {"label": ("cost:high", "cost:low")},
    "source": {"source": ("cursor", "openai")},
    "product": {"product": ("claude_code", "codex")},
    "model": {"model": ("gpt-5.5", "composer-2")},
    "several": {"source": ("cursor",), "purpose": ("fix", "feature"), "repository": ("acme/web0", "acme/web2", "acme/api1")},
    "nothing": {"repository": ("acme/none",)},
}
PAIRS = list(combinations(sorted({*DIMENSIONS, "team"}), 2))
QUESTIONS = {
    "overview": (overview.overview, lambda truth: truth.overview()),
    "concentration": (concentration_page.concentrations, Expected.concentration),
    "caching": (pages.caching, Expected.caching),
    "models": (pages.models, Expected.mix),
    "unmerged": (pages.unmerged, Expected.unmerged),
    "unattributed": (pages.unattributed, Expected.unattributed),
    "billed": (pages.billed, Expected.billed),
    "outliers": (pull_pages.extremes, Expected.outliers),
    "forecast": (pull_pages.month, Expected.forecast),
    **{
        f"estimates by {by}": (
            lambda asked, by=by: pull_pages.estimates(asked, by),
            lambda expected, by=by: expected.estimates(by),
        )
        for by in ("developer", "repository", "team", "purpose")
    },
    **{
        f"by {by}": (lambda asked, by=by: pages.by(asked, by), lambda expected, by=by: expected.by(by)[0])
        for by in (*DIMENSIONS, "team")
    },
}


def asked(connection, period, filters, privacy=None):
    return Asked(
        connection=connection,
        scope=Scope(period, Filters(**filters)),
        privacy=privacy or Privacy(people="shown"),
        now=NOW,
        prices=lambda model: None if model == UNPRICED else TokenPrices(*PRICES.values()),
    )


def expected(period, filters):
    return Expected(period.start, period.end, filters, lambda person: TEAM_OF.get(person, NO_TEAM))


def with_teams(question, connection, period, filters, privacy=None):
    """Outliers go by repository where no teams are named, and that is what is recomputed here."""
    one = asked(connection, period, filters, privacy)
    return one if question == "outliers" else msgspec.structs.replace(one, teams=TEAMS)


def same(found, wanted):
    """Equal, but for the last digits of a division; what is known in part by what it says."""
    found = (found.says or None) if isinstance(found, Unknown) else found
    if isinstance(found, Decimal) and isinstance(wanted, Decimal):
        return abs(found - wanted) <= Decimal("1e-18") * max(1, abs(wanted))
    return found == wanted


def differences(sheet, wanted):
    """What the rows say, and what they should."""
    names = [column.name for column in sheet.columns]
    found = [{name: row.get(name) for name in names} for row in sheet.rows]
    if len(found) != len(wanted):
        return found, wanted
    pairs = [(row, other, name) for row, other in zip(found, wanted, strict=True) for name in names if name != "figure"]
    return [(name, row, other) for row, other, name in pairs if not same(row[name], other.get(name))]


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_with_every_filter_says_what_the_truth_says(connection, question, name):
    ask, recompute = QUESTIONS[question]
    period = TO_TODAY if question == "outliers" or name == "none" else MONTH
    truth = expected(period, FILTERS[name])
    assert bool(truth.shares) == (name != "nothing")
    assert differences(ask(with_teams(question, connection, period, FILTERS[name])), recompute(truth)) == []


@pytest.mark.parametrize("pair", PAIRS, ids=" and ".join)
def test_spend_by_any_two_things_is_what_the_shares_say_and_adds_up(connection, pair):
    sheet = pages.by(with_teams("by", connection, MONTH, {}), *pair)
    rows, total = expected(MONTH, {}).by(*pair)
    assert len(rows) > 1
    assert differences(sheet, rows) == []
    assert all(same(sheet.total[name], value) for name, value in total.items())
    other_way = pages.by(with_teams("by", connection, MONTH, {}), *reversed(pair)).rows
    assert {(row[pair[0]], row[pair[1]], row["cost_usd"]) for row in other_way} == {
        (row[pair[0]], row[pair[1]], row["cost_usd"]) for row in rows
    }
