"""`--team`, recomputed over the generated organisation: what it leaves, whom it must not tell on; on SQLite and PostgreSQL."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from tests.integration.reports.test_questions import MONTH, asked, rows
from tests.integration.reports.test_spend import FILTERS as KEEPS
from tests.integration.reports.test_spend import GIVEN, Truth, amounts_of
from tests.integration.reports.test_teams import TEAM_OF, TEAMS
from tests.organisation import NOW, table_rows

from pr_cost_bot.ledger.database import Database
from pr_cost_bot.ledger.sql import SqlLedger
from pr_cost_bot.reports import concentration_page, overview, pages, pull_pages
from pr_cost_bot.reports.privacy import Privacy
from pr_cost_bot.reports.pulls import NOT_RECORDED
from pr_cost_bot.reports.scope import Period, QuestionError
from pr_cost_bot.reports.spend import spend, spent
from pr_cost_bot.reports.team_guard import TOGETHER
from pr_cost_bot.reports.teams import NO_TEAM, SMALL_TEAMS
from pr_cost_bot.reports.usage_sums import DIMENSIONS, NOBODY

from .truth import WHOLE, cost_by_pull, costs_of, merged, middle

ALL_TEAMS = [*TEAMS.members, NO_TEAM]
LEAST = 3
BY = [name for name in DIMENSIONS if name != "ticket"]
TO_TODAY = Period(WHOLE.start, NOW.date() + timedelta(days=1))


def of_team(connection, *names, period=WHOLE, people="shown", **filters):
    one = asked(connection, period, people, team=TEAMS.named(names), **filters)
    return msgspec.structs.replace(one, teams=TEAMS, privacy=Privacy(people=people, key=b"key", min_team=LEAST))


def team(person):
    return TEAM_OF.get(person, NO_TEAM)


def shares_of(org, *names, period=WHOLE):
    return [s for s in org.shares if team(s.person) in names and period.start <= s.start.date() < period.end]


@pytest.fixture(scope="module")
def truth(org):
    return Truth(org)


@pytest.mark.parametrize("period", [WHOLE, MONTH], ids=["whole", "month"])
def test_a_teams_total_is_its_row_by_team_in_every_column_whatever_it_goes_by(connection, org, period):
    every_team = msgspec.structs.replace(asked(connection, period), teams=TEAMS)
    by_team = {group.key[0]: group.amounts for group in every_team.spend("team")}
    assert set(by_team) == set(ALL_TEAMS)
    for name in ALL_TEAMS:
        one = of_team(connection, name, period=period)
        assert by_team[name] == amounts_of(shares_of(org, name, period=period)) == spent(connection, one.scope)
        for dimension in (*DIMENSIONS, "team"):
            assert pages.by(one, dimension).total["cost_usd"] == by_team[name].cost_usd


@pytest.mark.parametrize("dimension", BY)
def test_spend_of_a_team_by_anything_is_what_its_shares_say(connection, org, truth, dimension):
    for name in ("platform", NO_TEAM, "solo"):
        found = spend(connection, of_team(connection, name).scope, dimension)
        assert {g.key: g.amounts for g in found} == truth.groups(dimension, shares=shares_of(org, name))


@pytest.mark.parametrize("name", GIVEN)
def test_a_team_and_a_filter_of_another_kind_both_hold(connection, org, truth, name):
    teams = ("platform", "checkout")
    kept = [share for share in shares_of(org, *teams) if KEEPS[name](truth, share)]
    found = spend(connection, of_team(connection, *teams, **{name: GIVEN[name]}).scope, "model")
    assert {group.key: group.amounts for group in found} == truth.groups("model", shares=kept)


def test_the_teams_parts_add_up_to_everything(connection, org):
    parts = [spent(connection, of_team(connection, name).scope).cost_usd for name in ALL_TEAMS]
    assert sum(parts) == sum(share.cost for share in org.shares)
    assert spent(connection, of_team(connection, *ALL_TEAMS, NOBODY).scope) == amounts_of(org.shares)


@pytest.mark.parametrize("people", ["shown", "hidden"])
def test_figures_of_pull_requests_go_by_the_authors_team(connection, org, people):
    pulls = [pull for pull in merged(org, MONTH) if team(pull.author) == "platform"]
    sheet = overview.overview(of_team(connection, "platform", period=MONTH, people=people))
    found = rows(sheet, "figure", "now")
    assert found["Cost per merged pull request, mean"] == sum(costs_of(org, pulls)) / len(pulls)
    assert found["Cost per merged pull request, median"] == middle(costs_of(org, pulls))
    assert found["Spend"] == sum(share.cost for share in shares_of(org, "platform", period=MONTH))
    estimated = [pull for pull in pulls if pull.estimate]
    (calibrated,) = pull_pages.estimates(of_team(connection, "platform", period=MONTH, people=people), "team").rows
    assert (calibrated["team"], calibrated["count"]) == ("platform", len(estimated))
    assert calibrated["actual_usd"] == sum(costs_of(org, estimated))


@pytest.mark.parametrize("filters", [{}, {"label": ("cost:high",)}, {"source": ("anthropic",)}], ids=str)
def test_a_filter_leaves_outliers_held_against_what_is_usual_for_everybody(connection, org, filters):
    everybody = rows(pull_pages.extremes(of_team(connection, period=TO_TODAY, **filters)), "pull_request", "median_usd")
    medians = rows(
        pull_pages.extremes(of_team(connection, period=TO_TODAY, source=filters.get("source", ()))),
        *("pull_request", "median_usd"),
    )
    assert everybody
    assert everybody.items() <= medians.items()
    authors = {f"{pull.repository}#{pull.number}": pull.author for pull in org.pulls}
    for name in ("platform", NO_TEAM):
        found = rows(pull_pages.extremes(of_team(connection, name, period=TO_TODAY, **filters)), "pull_request", "median_usd")
        assert found == {pull: median for pull, median in everybody.items() if team(authors[pull]) == name}
    for pull in list(everybody)[:3]:
        alone = of_team(connection, period=TO_TODAY, pull_request=(pull,), **filters)
        assert rows(pull_pages.extremes(alone), "pull_request", "median_usd") == {pull: everybody[pull]}


def behind(org, truth, dimension, *names):
    """Who of the teams, and who of the others, by group."""
    ours, others = defaultdict(set), defaultdict(set)
    for share in org.shares:
        (ours if team(share.person) in names else others)[truth.name(share, dimension)].add(share.person)
    return ours, others


@pytest.mark.parametrize("names", [("platform",), ("checkout",), (NO_TEAM, "checkout"), ("pair", "solo")], ids=" and ".join)
@pytest.mark.parametrize("dimension", [name for name in BY if name != "developer"])
def test_no_row_of_a_team_and_nothing_that_is_left_beside_it_is_of_few_persons(connection, org, truth, names, dimension):
    one = of_team(connection, *names, people="hidden")
    found = {group.key[0]: group.amounts for group in one.spend(dimension)}
    ours, others = behind(org, truth, dimension, *names)
    whole = {key[0]: amounts for key, amounts in truth.groups(dimension, shares=shares_of(org, *names)).items()}
    shown = set(found) - {TOGETHER}
    for row in shown:
        assert len(ours[row]) >= LEAST
        assert not others[row] or len(others[row]) >= LEAST
        assert found[row] == whole[row]
    rest = [row for row in whole if row not in shown]
    assert (TOGETHER in found) == bool(rest)
    if rest:
        assert found[TOGETHER] == amounts_of([s for s in shares_of(org, *names) if truth.name(s, dimension) in rest])
        assert len(set().union(*(ours[row] for row in rest))) >= LEAST
    if rest and shown:
        left = set().union(*(others[row] for row in rest))
        assert not left or len(left) >= LEAST


def test_by_team_and_a_filter_by_team_show_the_same_in_every_week(connection):
    filtered = of_team(connection, "platform", "checkout", people="hidden").spend("team", "week")
    everything = of_team(connection, people="hidden").spend("team", "week")
    found = {group.key: group.amounts for group in filtered if TOGETHER not in group.key}
    assert found.items() <= {group.key: group.amounts for group in everything}.items()
    assert {key[0] for key in found} <= {"platform", "checkout", SMALL_TEAMS}


@pytest.mark.parametrize(
    "question",
    [
        overview.overview,
        lambda a: pages.by(a, "week"),
        lambda a: pages.by(a, "team"),
        concentration_page.concentrations,
        pages.caching,
        pages.models,
        pages.unmerged,
        pages.unattributed,
        pages.billed,
        pull_pages.extremes,
        pull_pages.month,
        lambda a: pull_pages.estimates(a, "team"),
        lambda a: pull_pages.estimates(a, "purpose"),
    ],
)
@pytest.mark.parametrize(("name", "pulls"), [("solo", 0), ("pair", 0), ("platform", 1), ("platform", 2)])
def test_a_team_of_few_people_is_not_shown_by_way_of_the_filter(connection, org, question, name, pulls):
    with_estimates = [
        pull for pull in merged(org, WHOLE) if pull.estimate and team(pull.author) == name and len(pull.people) == 1
    ]
    chosen = tuple(f"{pull.repository}#{pull.number}" for pull in with_estimates[:pulls])
    assert len(chosen) == pulls
    assert question(of_team(connection, name, pull_request=chosen)).columns
    with pytest.raises(QuestionError, match="--people"):
        question(of_team(connection, name, people="hidden", pull_request=chosen))


def test_under_other_names_a_small_team_is_not_shown_either(connection):
    with pytest.raises(QuestionError, match="--people"):
        of_team(connection, "pair", people="pseudonyms").spend("developer")
    with pytest.raises(QuestionError, match="--people"):
        of_team(connection, "platform", people="pseudonyms", developer=("dev03",)).spend("model")
    with pytest.raises(QuestionError, match="switched off"):
        of_team(connection, "platform", people="hidden").spend("developer")
    found = of_team(connection, "platform", people="pseudonyms").spend("developer")
    shown = of_team(connection, "platform").spend("developer")
    assert [group.amounts for group in found] == [group.amounts for group in shown]
    assert all(group.key[0].startswith("dev-") for group in found)


def test_a_team_is_not_shown_where_everybody_else_would_be_one_person(connection, org):
    least = Privacy(min_team=13)  # platform is of 12, so all others are what is left beside it
    one = msgspec.structs.replace(of_team(connection, "platform"), privacy=least)
    with pytest.raises(QuestionError):
        one.spend("source")
    without_one = [name for name in ALL_TEAMS if name != "solo"]
    with pytest.raises(QuestionError, match="fewer are left in the other teams"):
        of_team(connection, *without_one, people="hidden").spend("source")
    assert total(of_team(connection, *ALL_TEAMS, people="hidden").spend("source")) == sum(s.cost for s in org.shares)


def total(groups):
    return sum((group.amounts.cost_usd for group in groups), Decimal(0))


def test_what_is_not_attributed_of_a_team_adds_up_without_telling_the_rest_of_it(connection, org):
    sheet = pages.unattributed(of_team(connection, "checkout", people="hidden"))
    left = sum(share.cost for share in shares_of(org, "checkout") if share.pr_number is None)
    assert sheet.total["cost_usd"] == left
    assert sheet.total["share"] == left / sum(share.cost for share in shares_of(org, "checkout"))
    state = {(pull.repository, pull.number): pull.state for pull in org.pulls}
    left = sum(s.cost for s in shares_of(org, "checkout") if state.get((s.repository, s.pr_number)) != "merged")
    assert pages.unmerged(of_team(connection, "checkout", people="hidden")).total["cost_usd"] == left


def test_concentration_of_a_team_is_told_where_many_stand_behind_it(connection, org):
    shown, hidden = (
        {row["by"]: row for row in concentration_page.concentrations(of_team(connection, NO_TEAM, people=people)).rows}
        for people in ("shown", "hidden")
    )
    pulls = {(share.repository, share.pr_number) for share in shares_of(org, NO_TEAM) if share.pr_number}
    assert hidden["pull-request"] == shown["pull-request"]
    assert shown["pull-request"]["count"] == len(pulls)
    few = concentration_page.concentrations(
        of_team(connection, "checkout", people="hidden", repository=("acme/web0", "acme/web2", "acme/web1"))
    )
    assert "repository" not in {row["by"] for row in few.rows} or "pull-request" not in {row["by"] for row in few.rows}
    assert "--people" in " ".join(few.notes)


def test_models_of_a_team_make_whole_weeks_or_none(connection, org):
    costs = defaultdict(Decimal)
    for share in shares_of(org, "checkout"):
        costs[share.start.date() - timedelta(days=share.start.weekday())] += share.cost
    sheet = pages.models(of_team(connection, "checkout", people="hidden"))
    found = defaultdict(Decimal)
    for row in sheet.rows:
        found[row["week"]] += row["cost_usd"]
    assert found
    assert found.items() <= costs.items()
    assert ("left out" in " ".join(sheet.notes)) == (len(found) < len(costs))


def test_estimates_of_a_team_by_repository_are_of_enough_authors(connection, org):
    cost = cost_by_pull(org)
    ours, others, counts = defaultdict(set), defaultdict(set), defaultdict(int)
    for pull in merged(org, WHOLE):
        if pull.estimate and cost[pull.repository, pull.number] is not None:
            (ours if team(pull.author) == NO_TEAM else others)[pull.repository].add(pull.author)
            counts[pull.repository] += team(pull.author) == NO_TEAM
    found = rows(pull_pages.estimates(of_team(connection, NO_TEAM, people="hidden"), "repository"), "repository", "count")
    assert sum(found.values()) == sum(counts.values())
    assert set(found) > {TOGETHER}
    for name in set(found) - {TOGETHER}:
        assert found[name] == counts[name]
        assert len(ours[name]) >= LEAST
        assert not others[name] or len(others[name]) >= LEAST


def test_without_usage_a_teams_part_of_the_lines_is_its_row_by_team(tmp_path, org):
    found = table_rows(org)
    for line in found[0]["lines"]:
        line["person"] = ""
    lines = [line for row in found for line in row["lines"]]
    url = f"sqlite:///{tmp_path}/rows.db"
    SqlLedger(url).write(found)
    with Database(url).reading() as connection:
        by_team = rows(pages.by(of_team(connection, period=TO_TODAY), "team"), "team", "cost_usd")
        for name in (*ALL_TEAMS, NOT_RECORDED):
            wanted = [
                Decimal(line["cost_usd"])
                for line in lines
                if (team(line["person"]) if line["person"] else NOT_RECORDED) == name
            ]
            one = of_team(connection, name, period=TO_TODAY)
            assert by_team[name] == sum(wanted) == spent(connection, one.scope).cost_usd
        hidden = of_team(connection, "platform", period=TO_TODAY, people="hidden").spend("source")
        assert total(hidden) == by_team["platform"]
        upper = of_team(connection, period=TO_TODAY, developer=("DEV03",))
        assert (
            spent(connection, upper.scope).cost_usd
            == sum(Decimal(one["cost_usd"]) for one in lines if one["person"] == "dev03")
            > 0
        )
