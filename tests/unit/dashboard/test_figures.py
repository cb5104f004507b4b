from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.dashboard.rows import entries, line, row

from pr_cost_bot.dashboard import figures
from pr_cost_bot.reports.scope import Period

WEEK = Period(date(2026, 11, 15), date(2026, 11, 22))
COSTS = st.decimals(min_value=0, max_value=5000, places=6).map(str)


def test_the_number_is_the_mean_of_the_merged_ones_and_the_median_stands_beside_it():
    table = entries(row(1, "1"), row(2, "2"), row(3, "9"), row(4, "100", state="open"), row(5, "50", state="closed"))
    one = figures.headline(table, WEEK, WEEK.before)
    assert (one.merged.count, one.merged.mean_usd, one.merged.median_usd) == (3, 4, 2)
    assert (one.cost_usd, one.open_usd, one.closed_usd, one.unmerged_usd) == (162, 100, 50, 150)


def test_the_trend_is_against_as_many_days_before():
    one = figures.headline(
        entries(row(1, "3"), row(2, "2", day="2026-11-10"), row(3, "2", day="2026-11-01")), WEEK, WEEK.before
    )
    assert (one.mean_change, one.before.count) == (Decimal("0.5"), 1)


def test_nothing_merged_has_no_mean_and_no_trend():
    one = figures.headline([], WEEK, WEEK.before)
    assert (one.merged.mean_usd, one.mean_change, one.per_commit_usd, one.cache_hit_rate) == (None, None, None, None)


def test_unknown_bills_incomplete_and_unsettled_pull_requests_are_told():
    table = entries(
        row(1, "3", billed_usd=None), row(2, "2", complete=False), row(3, "1", settled=False), row(4, "1", state="open")
    )
    one = figures.headline(table, WEEK, None)
    assert (one.billed_usd, one.unknown_usd, one.incomplete, one.unsettled) == (4, 3, 1, 1)


def test_a_pull_request_of_two_people_counts_for_each_with_their_own_part():
    table = entries(row(1, "10", lines=[line("7", "ada"), line("2", "ben"), line("1", "ada")]), row(2, "4", state="open"))
    ada, ben = figures.developers(table)
    assert (ada.name, ada.cost_usd, ada.pulls, ada.merged.mean_usd) == ("ada", 12, 2, 8)
    assert (ben.name, ben.cost_usd, ben.merged.count) == ("ben", 2, 1)


def test_usage_of_nobody_in_particular_is_not_guessed_to_be_the_authors():
    assert [one.name for one in figures.developers(entries(row(lines=[line(person="")])))] == [figures.NOT_RECORDED]


@given(st.lists(st.tuples(COSTS, st.sampled_from("abc"), st.sampled_from("xyz")), max_size=30))
def test_groups_add_up_to_the_whole_exactly(parts):
    table = entries(
        *(
            row(number, cost, repository=f"acme/{place}", lines=[line(cost, who, model=f"model-{who}")])
            for number, (cost, place, who) in enumerate(parts)
        )
    )
    whole = sum((Decimal(cost) for cost, _, _ in parts), Decimal(0))
    for groups in (figures.repositories(table), figures.developers(table), figures.models(table, None, str)):
        assert sum((group.cost_usd for group in groups), Decimal(0)) == whole
    assert figures.headline(table, WEEK, None).cost_usd == whole


def test_a_models_share_and_its_change():
    now = entries(row(1, "4", lines=[line("3", model="a"), line("1", model="b")]))
    past = entries(row(2, "4", lines=[line("1", model="a"), line("3", model="gone")]))
    assert [(one.model, one.share, one.change) for one in figures.models(now, past, str)] == [
        ("a", Decimal("0.75"), Decimal("0.5")),
        ("b", Decimal("0.25"), Decimal("0.25")),
        ("gone", 0, Decimal("-0.75")),
    ]


def test_two_ids_of_one_model_are_one_model():
    table = entries(row(1, "4", lines=[line("3", model="a-1"), line("1", model="a-2")]))
    assert [(one.model, one.cost_usd) for one in figures.models(table, None, lambda name: name[0])] == [("a", 4)]


def test_an_outlier_is_eight_times_its_repositorys_median():
    table = entries(*(row(number, "1") for number in range(1, 8)), row(8, "8"), row(9, "7.99"))
    assert [(one.pull.pr_number, one.times) for one in figures.extremes(table)] == [(8, 8)]


def test_pull_requests_of_unknown_cost_are_counted_beside_the_figures():
    unpriced = [{"source": "openai", "model": "house-model", "input_tokens": 9}]
    table = entries(
        row(1, "0", complete=False),
        row(2, "0", unpriced=unpriced),
        row(3, "0", unpriced=unpriced, state="open"),
        row(4, "2", unpriced=unpriced),
        row(5, "0"),
    )
    one = figures.headline(table, Period(date(2026, 11, 1), date(2026, 12, 1)), None)
    assert (one.incomplete, one.unpriced, one.unknown) == (1, 3, 2)
    assert [member.unknown for member in figures.repositories(table)] == [3]


def test_one_unknown_line_leaves_what_is_known_of_the_bill():
    lines = [line("3", billed_usd="3"), line("2", billed_usd=None)]
    one = figures.headline(entries(row(1, "5", billed_usd=None, lines=lines), row(2, "4")), WEEK, None)
    assert (one.billed_usd, one.unknown_usd) == (7, 2)


def test_merged_pull_requests_without_usage_are_counted_beside_the_mean_that_they_are_in():
    nothing = {"input_tokens": 0, "output_tokens": 0}
    table = entries(
        row(1, "5"),
        row(2, "0", **nothing),
        row(3, "0", unmatched=1, **nothing),
        row(4, "0", unmatched=1, state="open", **nothing),
        row(5, "0", unpriced=[{"model": "house-9", "input_tokens": 3, "output_tokens": 4}], **nothing),
    )
    one = figures.headline(table, WEEK, None)
    assert (one.merged.count, one.unused, one.unmatched, one.merged_unpriced) == (4, 2, 1, 1)
    assert one.merged.mean_usd == Decimal("1.25")
    assert one.unpriced_tokens == {"house-9": 7}
