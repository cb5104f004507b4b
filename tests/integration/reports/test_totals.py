"""The totals of every report against the view `usage`, read with SQL of its own, on SQLite and PostgreSQL."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
import sqlalchemy as sa
from tests.integration.reports.test_matrix import FILTERS, MONTH, TO_TODAY, asked
from tests.integration.reports.test_teams import TEAMS
from tests.organisation import NOW

from pr_cost_bot.render.numbers import dollars
from pr_cost_bot.reports import concentration_page, overview, pages, pull_pages
from pr_cost_bot.reports.amounts import total
from pr_cost_bot.reports.privacy import Privacy
from pr_cost_bot.reports.scope import Period
from pr_cost_bot.reports.usage_sums import DIMENSIONS

from .truth import WHOLE

ALL = Period(date(2026, 1, 1), date(2027, 1, 1))
MEASURES = {
    "cost_usd": "cost_usd",
    "attributed_usd": "CASE WHEN pr_number IS NULL THEN NULL ELSE cost_usd END",
    "requests": "requests",
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
}
HIDDEN = {
    "shown": Privacy(people="shown"),
    "hidden": Privacy(min_group=3, min_team=3),
    "pseudonyms": Privacy(people="pseudonyms"),
}


def usage(connection, period=WHOLE, condition="1 = 1", value="cost_usd"):
    """A sum over the view, added up here: SQLite has the dollars as text."""
    days = f"bucket_start >= '{period.start}T00:00:00Z' AND bucket_start < '{period.end}T00:00:00Z'"
    found = connection.execute(sa.text(f"SELECT {value} FROM usage WHERE {days} AND ({condition})")).scalars()
    return sum((Decimal(amount) for amount in found if amount is not None), Decimal(0))


def added(rows, name):
    return sum((row[name] for row in rows), Decimal(0))


@pytest.mark.parametrize("who", HIDDEN)
@pytest.mark.parametrize("dimension", [*DIMENSIONS, "team"])
def test_every_grouping_adds_up_to_the_usage_whoever_is_shown(connection, dimension, who):
    if (dimension, who) == ("developer", "hidden"):
        dimension = "week"
    one = msgspec.structs.replace(asked(connection, MONTH, {}, HIDDEN[who]), teams=TEAMS)
    sheet = pages.by(one, dimension)
    for name, value in MEASURES.items():
        assert sheet.total[name] == added(sheet.rows, name) == usage(connection, MONTH, value=value) > 0
    billed = usage(connection, MONTH, value="billed_usd")
    assert total(one.spend(dimension)).billed_usd == billed
    assert sheet.total["billed_usd"].says == f"at least {dollars(billed)}"


@pytest.mark.parametrize("dimension", [name for name in DIMENSIONS if name != "ticket"])
@pytest.mark.parametrize("kind", ["source", "product", "model", "repository"])
def test_every_grouping_with_a_filter_adds_up_to_that_part_of_the_usage(connection, dimension, kind):
    wanted = FILTERS[kind][kind]
    rows = pages.by(asked(connection, WHOLE, {kind: wanted}), dimension).rows
    condition = " OR ".join(f"{kind} = '{value}'" for value in wanted)
    assert added(rows, "cost_usd") == usage(connection, condition=condition) > 0


def test_the_overview_has_the_spend_of_the_usage_now_and_before(connection):
    found = {row["figure"]: row for row in overview.overview(asked(connection, MONTH, {})).rows}
    for column, period in (("now", MONTH), ("before", MONTH.before)):
        assert found["Spend"][column] == usage(connection, period)
        assert found["… on no pull request"][column] == usage(connection, period, "attributed = 0")
        billed = usage(connection, period, value="billed_usd")
        assert found["… billed"][column].says == f"at least {dollars(billed)}"


def test_the_overview_tells_what_is_behind_its_figures(connection):
    sheet = overview.overview(asked(connection, MONTH, {}))

    def counted(period, what):
        moments = {
            "a": datetime.combine(period.start, datetime.min.time(), UTC),
            "b": datetime.combine(period.end, datetime.min.time(), UTC),
        }
        if connection.dialect.name == "sqlite":
            moments = {name: moment.strftime("%Y-%m-%d %H:%M:%S.%f") for name, moment in moments.items()}
        return connection.execute(
            sa.text(f"SELECT {what} FROM pr_costs WHERE state = 'merged' AND merged_at >= :a AND merged_at < :b"), moments
        ).all()

    ((merged, commits),), ((before,),) = counted(MONTH, "count(*), sum(commits)"), counted(MONTH.before, "count(*)")
    tickets = {name for (text,) in counted(MONTH, "ticket") if text for name in text.split(", ")}
    assert sheet.notes[0] == f"{merged} pull requests merged (before: {before}), {commits} commits, {len(tickets)} tickets."


def test_what_is_merged_unmerged_and_unattributed_is_all_of_the_usage(connection):
    found = asked(connection, MONTH, {})
    merged = usage(
        connection,
        MONTH,
        "EXISTS (SELECT 1 FROM pr_costs p WHERE p.repository = usage.repository AND p.pr_number = usage.pr_number "
        "AND p.state = 'merged')",
    )
    everything = usage(connection, MONTH)
    unmerged, unattributed = pages.unmerged(found), pages.unattributed(found)
    assert merged > 0
    assert unmerged.total["cost_usd"] + merged == everything
    assert unmerged.total["share"] == unmerged.total["cost_usd"] / everything
    assert unattributed.total["cost_usd"] == usage(connection, MONTH, "attributed = 0") == added(unattributed.rows, "cost_usd")
    assert unattributed.total["share"] == unattributed.total["cost_usd"] / everything


def test_caching_models_and_bill_add_up_to_the_usage(connection):
    found, everything = asked(connection, MONTH, {}), usage(connection, MONTH)
    caching, billed = pages.caching(found), pages.billed(found)
    assert caching.total["cost_usd"] == everything
    assert caching.total["cache_read_tokens"] == usage(connection, MONTH, value="cache_read_tokens")
    hits = Decimal(caching.total["cache_read_tokens"]) / caching.total["input_tokens"]
    assert caching.total["cache_hit_rate"] == hits
    assert caching.total["saved_usd"] == sum(row["saved_usd"] for row in caching.rows if row["saved_usd"] is not None)
    assert added(pages.models(found).rows, "cost_usd") == everything
    assert (billed.total["cost_usd"], billed.total["billed_usd"]) == (everything, usage(connection, MONTH, value="billed_usd"))
    assert billed.total["unknown_usd"] == usage(connection, MONTH, "billed_usd IS NULL") > 0
    parts = (billed.total[name] for name in ("billed_usd", "included_usd", "unknown_usd"))
    assert sum(parts) == everything
    assert billed.total["list_usd"] == added(billed.rows, "list_usd")


def test_concentration_is_of_what_lies_on_its_members(connection):
    conditions = {"repository": "repository IS NOT NULL", "pull-request": "pr_number IS NOT NULL", "developer": "1 = 1"}
    for row in concentration_page.concentrations(asked(connection, MONTH, {})).rows:
        key = {"pull-request": "repository || '#' || pr_number", "developer": "person"}.get(row["by"], "repository")
        days = f"bucket_start >= '{MONTH.start}T00:00:00Z' AND bucket_start < '{MONTH.end}T00:00:00Z'"
        members = connection.execute(
            sa.text(f"SELECT DISTINCT {key} FROM usage WHERE {days} AND {conditions[row['by']]}")
        ).all()
        assert row["count"] == len(members)
        costs = sorted((usage(connection, MONTH, f"{key} = '{name}'") for (name,) in members), reverse=True)
        assert row["top_share"] == sum(costs[: row["top"]]) / usage(connection, MONTH, conditions[row["by"]])


def test_the_forecasts_months_are_those_of_the_usage(connection):
    now, *past = pull_pages.month(asked(connection, WHOLE, {})).rows
    assert now["so_far_usd"] == usage(connection, Period(date(2026, 11, 1), NOW.date()))
    assert past
    for row in past:
        first = date.fromisoformat(f"{row['month']}-01")
        end = (first + timedelta(days=31)).replace(day=1)
        assert row["actual_usd"] == usage(connection, Period(first, end))


def test_the_forecasts_note_is_the_mean_of_its_errors(connection):
    sheet = pull_pages.month(asked(connection, WHOLE, {}))
    errors = [abs(row["error"]) for row in sheet.rows if row.get("error") is not None]
    assert len(errors) == 2
    assert sheet.notes[0] == f"On past months it was {sum(errors) / 2 * 100:.0f}% off on average."


def test_every_pull_requests_cost_is_that_of_its_usage(connection):
    for row in pull_pages.extremes(asked(connection, TO_TODAY, {})).rows:
        repository, number = row["pull_request"].split("#")
        assert row["cost_usd"] == usage(connection, ALL, f"repository = '{repository}' AND pr_number = {number}") > 0
    estimated = (
        "EXISTS (SELECT 1 FROM pr_costs p WHERE p.repository = usage.repository AND p.pr_number = usage.pr_number "
        "AND p.state = 'merged' AND p.estimate_usd IS NOT NULL)"
    )
    for by in ("developer", "repository", "purpose"):
        rows = pull_pages.estimates(asked(connection, TO_TODAY, {}), by).rows
        assert added(rows, "actual_usd") == usage(connection, ALL, estimated) > 0


def test_estimates_say_how_many_of_them_are_too_few(connection):
    sheet = pull_pages.estimates(asked(connection, TO_TODAY, {}), "developer")
    counts = [row["count"] for row in sheet.rows]
    assert 3 in counts
    few = sum(count in {1, 2} for count in counts)
    assert sheet.notes == (f"{few} of them have fewer than 3 estimates: too few to learn from.",)
