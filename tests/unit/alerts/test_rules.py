import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from tests.unit.dashboard.rows import entries, row

from pr_cost_bot.alerts.message import compose, sentence
from pr_cost_bot.alerts.rules import Alert, Seen, alerts
from pr_cost_bot.config import Alerts, Budgets
from pr_cost_bot.dashboard.series import DayUsage
from pr_cost_bot.digest.forms import FORMS
from pr_cost_bot.model import Problem, SourceState, SourceStatus
from pr_cost_bot.reports.budget import budget_state

TODAY = date(2026, 11, 20)
HOSTILE = "</a><script>x</script> @channel [x](javascript:alert(1)) **b** \u202e\n# h"


def seen(*rows, **given):
    return Seen(**{"repository": "acme/web", "today": TODAY, "entries": entries(*rows), **given})


def found(seen, budgets=None, **settings):
    return alerts(Alerts(**settings), budgets or Budgets(), seen)


def days(**costs):
    return {TODAY - timedelta(days=int(name[1:])): DayUsage(Decimal(cost)) for name, cost in costs.items()}


def test_nothing_is_told_unless_it_is_asked_for():
    source = SourceStatus(name="cursor", title="Cursor")
    assert found(seen(row(1, "9999"), usage=days(d1="9999"), sources=(source,))) == []


def test_pull_requests_above_the_limit_are_told_dearest_first_and_only_those_of_the_run_s_repository():
    table = [row(1, "51"), row(2, "50"), row(3, "99"), row(4, "99", repository="acme/api")]
    told = found(seen(*table), pull_request_above_usd=Decimal("50.0"))
    assert [alert.key for alert in told] == ["pull_request/acme/web#3/50", "pull_request/acme/web#1/50"]
    assert told[0].says == "cost $99.00, above $50.00."


def test_a_pull_request_closed_long_ago_is_history():
    old = str(TODAY - timedelta(days=36))
    assert found(seen(row(1, "51", day=old)), pull_request_above_usd=Decimal(50)) == []
    assert found(seen(row(1, "51", day=old, state="open")), pull_request_above_usd=Decimal(50))


def test_an_outlier_is_one_by_the_factor_asked_for_and_above_its_least_cost():
    usual = [row(number, "2", day=str(TODAY)) for number in range(10, 20)]
    table = [*usual, row(1, "40", day=str(TODAY))]
    (told,) = found(seen(*table), outlier_factor=8)
    assert told.says == "cost $40.00, 20 times the usual $2.00."
    assert found(seen(*table), outlier_factor=21) == []
    assert found(seen(*table), outlier_factor=8, outlier_min_usd=Decimal(41)) == []


def test_a_day_above_the_limit_is_told_for_a_week():
    usage = days(d0="10", d6="11", d7="12")
    assert [alert.key for alert in found(seen(usage=usage), day_above_usd=Decimal(9))] == [
        "day/2026-11-14/9",
        "day/2026-11-20/9",
    ]


def test_what_is_not_attributed_is_told_once_it_cannot_find_a_commit_any_more():
    late = DayUsage(Decimal(60), {"no commit followed": Decimal(30), "pending": Decimal(10)})
    told = found(seen(usage={TODAY - timedelta(days=3): late}), unattributed_above_percent=29)
    assert [alert.key for alert in told] == ["unattributed/2026-W47/29"]
    assert "30% of the usage" in told[0].says
    assert found(seen(usage={TODAY - timedelta(days=3): late}), unattributed_above_percent=30) == []
    assert found(seen(usage={TODAY - timedelta(days=1): late}), unattributed_above_percent=1) == []
    little = DayUsage(Decimal(1), {"no commit followed": Decimal(3)})
    assert found(seen(usage={TODAY - timedelta(days=3): little}), unattributed_above_percent=1) == []


def test_a_source_that_told_nothing_is_told_once_a_week_and_one_that_answered_in_part_is_not():
    failed = SourceStatus(name="cursor", title="Cursor", state=SourceState.FAILED, problem=Problem("Cursor refused the key."))
    partial = SourceStatus(name="openai", title="OpenAI", state=SourceState.PARTIAL)
    (told,) = found(seen(sources=(failed, partial, failed)))
    assert told.key == "source/cursor/2026-W47"
    assert told.says.endswith("Cursor refused the key.")
    assert found(seen(sources=(failed,)), source_failed=False) == []


def state(spent, budget="100", history=60):
    by_day = {TODAY - timedelta(days=n): Decimal(spent) / 20 for n in range(history)}
    return budget_state(by_day, Decimal(budget), TODAY)


def test_of_several_parts_of_a_budget_the_highest_reached_is_told():
    def keys(spent, history=10):
        return [alert.key for alert in found(seen(budgets=(state(spent, history=history),)), Budgets(monthly_usd=Decimal(100)))]

    assert keys("98") == []  # ten days of 4.90
    assert keys("100") == ["budget/2026-11/*/100/50"]
    assert keys("199") == ["budget/2026-11/*/100/80"]
    assert keys("200") == ["budget/2026-11/*/100/100"]


def test_a_budget_that_will_not_last_is_told_before_it_is_used():
    budgets = Budgets(monthly_usd=Decimal(100), warn_at_percent=())
    (told,) = found(seen(budgets=(state("80"),)), budgets)
    assert told.key == "forecast/2026-11/*/100"
    assert told.says == "will not last: $80.00 of $100.00 in November so far; at this rate the month ends at $120.00."
    assert found(seen(budgets=(state("60"),)), budgets) == []
    assert found(seen(budgets=(state("160"),)), budgets) == []
    assert found(seen(budgets=(state("80", history=14),)), budgets) == []
    assert found(seen(budgets=(state("80"),)), Budgets(warn_at_percent=(), warn_on_forecast=False)) == []


@pytest.mark.parametrize("form", FORMS)
def test_text_from_anybody_is_harmless_in_each_form(form):
    alert = Alert(
        key="k", name=HOSTILE, says="cost $2.", title=HOSTILE, url="https://github.com/a/b/pull/1)[y](javascript:alert(2)"
    )
    message = compose([alert, alert])
    body = message.bodies[form]
    assert "@channel" not in body + message.title + sentence(alert)
    assert "\u202e" not in body + message.title + sentence(alert)
    assert "<script>" not in body.replace("<script>", "" if form == "text" else "<script>")
    assert not re.search(r"^# h", body, re.MULTILINE)
    if form == "markdown":
        assert "[x](javascript" not in body
        assert "(https://github.com/a/b/pull/1)[y]" not in body


def test_a_message_counts_what_it_leaves_out():
    many = [Alert(key=str(n), name=f"acme/web#{n}", says="cost $2.") for n in range(25)]
    message = compose(many)
    assert message.title == "AI cost: 25 alerts"
    for form in FORMS:
        assert "And 5 more: see the run's summary." in message.bodies[form]
