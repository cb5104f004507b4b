"""Where an alert just is or just is not one."""

from datetime import timedelta
from decimal import Decimal

from tests.unit.alerts.test_rules import TODAY, days, found, seen, state
from tests.unit.dashboard.rows import row

from pr_cost_bot.config import Budgets
from pr_cost_bot.dashboard.series import DayUsage


def test_a_budget_that_will_just_last_is_not_told():
    budgets = Budgets(warn_at_percent=())
    assert found(seen(budgets=(state("80", budget="120"),)), budgets) == []  # 4.00 a day, 30 days
    assert len(found(seen(budgets=(state("80", budget="119.99"),)), budgets)) == 1


def test_a_day_of_just_the_limit_is_not_above_it():
    assert found(seen(usage=days(d1="10")), day_above_usd=Decimal(10)) == []


def test_an_outlier_of_just_the_least_cost_is_told():
    usual = [row(number, "1", day=str(TODAY)) for number in range(10, 20)]
    assert len(found(seen(*usual, row(1, "10", day=str(TODAY))), outlier_factor=8, outlier_min_usd=Decimal(10))) == 1


def test_a_share_of_just_enough_usage_is_told():
    used = {TODAY - timedelta(days=3): DayUsage(Decimal(5), {"no commit followed": Decimal(5)})}
    assert len(found(seen(usage=used), unattributed_above_percent=49)) == 1


def test_a_pull_request_is_history_after_its_thirty_fifth_day():
    ended = row(1, "51", day=str(TODAY - timedelta(days=35)))
    assert len(found(seen(ended), pull_request_above_usd=Decimal(50))) == 1


def test_another_repositorys_outlier_is_not_told_as_ones_own_of_the_same_number():
    other = [row(number, "1", day=str(TODAY), repository="acme/api") for number in range(10, 20)]
    table = [*other, row(1, "60", day=str(TODAY), repository="acme/api"), row(1, "40", day=str(TODAY))]
    assert [alert.name for alert in found(seen(*table), outlier_factor=50)] == []
    assert [alert.name for alert in found(seen(*table), outlier_factor=30)] == ["acme/web#1"]


def test_a_repository_of_few_people_is_held_against_everybodys_median():
    own = [row(number, "2", day=str(TODAY)) for number in range(10, 16)]
    other = [row(number, "1", day=str(TODAY), repository="acme/api") for number in range(10, 30)]
    table = [*own, *other, row(1, "18", day=str(TODAY))]
    assert [one.says for one in found(seen(*table), outlier_factor=8)] == ["cost $18.00, 9 times the usual $2.00."]
    few = found(seen(*table, few=frozenset({"acme/web"})), outlier_factor=8)
    assert [one.says for one in few] == ["cost $18.00, 18 times the usual $1.00."]
