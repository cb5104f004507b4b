"""Figures by team over the generated organisation, recomputed; on SQLite and PostgreSQL."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import msgspec
import pytest
from tests.integration.reports.test_questions import MONTH, asked
from tests.organisation import PEOPLE

from pr_cost_bot.reports import pages, pull_pages
from pr_cost_bot.reports.privacy import Privacy
from pr_cost_bot.reports.scope import Period, QuestionError
from pr_cost_bot.reports.teams import NO_TEAM, SMALL_TEAMS, Teams

from .truth import WHOLE, costs_of, merged, middle

TEAMS = Teams(
    {
        "platform": tuple(name.upper() for name in PEOPLE[:12]),  # logins have no case
        "checkout": PEOPLE[12:20],
        "pair": PEOPLE[20:22],
        "solo": PEOPLE[22:23],
    }
)
TEAM_OF = {name.lower(): team for team, members in TEAMS.members.items() for name in members}
DAY = Period(date(2026, 10, 6), date(2026, 10, 7))


def by_teams(connection, period=WHOLE, people="hidden", least=3, **filters):
    one = asked(connection, period, people, **filters)
    return msgspec.structs.replace(one, teams=TEAMS, privacy=Privacy(people=people, key=b"key", min_team=least))


def truth(org, period, *keys):
    """Cost and persons by team and whatever else."""
    costs, people = defaultdict(Decimal), defaultdict(set)
    for share in org.shares:
        if period.start <= share.start.date() < period.end:
            key = (TEAM_OF.get(share.person, NO_TEAM), *(read(share) for read in keys))
            costs[key] += share.cost
            people[key].add(share.person)
    return costs, people


@pytest.mark.parametrize("period", [WHOLE, MONTH], ids=["whole", "month"])
def test_each_team_costs_what_its_members_used_and_small_ones_are_together(connection, org, period):
    costs, _ = truth(org, period)
    sheet = pages.by(by_teams(connection, period), "team")
    expected = {team: cost for (team,), cost in costs.items() if team not in {"pair", "solo"}}
    expected[SMALL_TEAMS] = costs[("pair",)] + costs[("solo",)]
    assert {row["team"]: row["cost_usd"] for row in sheet.rows} == expected
    assert sheet.total["cost_usd"] == sum(costs.values())
    assert "fewer than 3 people" in sheet.notes[-1]


def test_no_figure_by_team_is_of_fewer_persons_unless_all_of_them_are_fewer(connection, org):
    for start in range(0, 70, 3):
        period = Period(WHOLE.start + timedelta(days=start), WHOLE.start + timedelta(days=start + 1))
        costs, people = truth(org, period, lambda share: share.source)
        found = by_teams(connection, period).spend("team", "source")
        told = {group.key: group.amounts.cost_usd for group in found}
        for source in {source for _, source in costs}:
            here = {team: people[team, source] for team, other in costs if other == source}
            shown = {team: cost for (team, other), cost in told.items() if other == source}
            assert sum(shown.values()) == sum(cost for (_, other), cost in costs.items() if other == source)
            for team in set(shown) - {SMALL_TEAMS}:
                assert len(here[team]) >= 3
                assert shown[team] == costs[team, source]
            rest = set(here) - set(shown)
            assert len(set().union(*(here[team] for team in rest))) >= 3 or rest in (set(), set(here))


def test_where_people_are_shown_every_team_is_and_beside_developers_too(connection, org):
    costs, _ = truth(org, WHOLE, lambda share: share.person)
    found = by_teams(connection, people="shown").spend("team", "developer")
    assert {group.key: group.amounts.cost_usd for group in found} == costs
    assert {group.key[0] for group in by_teams(connection, people="shown").spend("team")} == {*TEAMS.members, NO_TEAM}
    under_other_names = by_teams(connection, people="pseudonyms").spend("team", "developer")
    assert {group.key[0] for group in under_other_names} == {"platform", "checkout", SMALL_TEAMS, NO_TEAM}
    assert not {group.key[1] for group in under_other_names} & set(PEOPLE)
    assert sum(group.amounts.cost_usd for group in under_other_names) == sum(costs.values())
    with pytest.raises(QuestionError, match="switched off"):
        by_teams(connection).spend("team", "developer")


def test_by_team_and_week_adds_up_to_the_weeks(connection, org):
    costs, _ = truth(org, WHOLE, lambda share: (share.start.date() - timedelta(days=share.start.weekday())).isoformat())
    weeks = defaultdict(Decimal)
    for (_, week), cost in costs.items():
        weeks[week] += cost
    found = defaultdict(Decimal)
    groups = by_teams(connection).spend("team", "week", only=("cost_usd",))
    for group in groups:
        found[group.key[1]] += group.amounts.cost_usd
    assert found == weeks
    assert [group.key[1] for group in groups] == sorted(group.key[1] for group in groups)


def test_without_teams_the_question_says_where_to_name_them(connection):
    with pytest.raises(QuestionError, match=r"reports\.teams"):
        pages.by(asked(connection), "team")
    with pytest.raises(QuestionError, match=r"reports\.teams"):
        pull_pages.estimates(asked(connection), "team")


@pytest.mark.parametrize(
    ("by", "name", "together"),
    [
        ("team", lambda pull: TEAM_OF.get(pull.author, NO_TEAM), SMALL_TEAMS),
        ("repository", lambda pull: pull.repository, "(fewer than 3 people)"),
    ],
)
def test_estimates_are_calibrated_by_groups_of_enough_authors(connection, org, by, name, together):
    groups, authors = defaultdict(list), defaultdict(set)
    for pull, cost in zip(merged(org, MONTH), costs_of(org, merged(org, MONTH)), strict=True):
        if pull.estimate:
            groups[name(pull)].append(cost / pull.estimate)
            authors[name(pull)].add(pull.author)
    found = {row[by]: row for row in pull_pages.estimates(by_teams(connection, MONTH), by).rows}
    told = set(found) - {together}
    kept = set(groups) - told
    assert kept >= {group for group in groups if len(authors[group]) < 3} != set()
    assert len(set().union(*(authors[group] for group in kept))) >= 3
    assert found[together]["count"] == sum(len(groups[group]) for group in kept)
    assert found[together]["typical"] == middle([one for group in kept for one in groups[group]])
    for group in told:
        assert found[group]["typical"] == middle(groups[group])


def test_outliers_are_held_against_the_authors_team_or_everybody_where_that_is_small(connection, org):
    pulls = [pull for pull in org.pulls if pull.state == "merged"]
    usual = defaultdict(list)
    for pull, cost in zip(pulls, costs_of(org, pulls), strict=True):
        if cost:
            usual[TEAM_OF.get(pull.author, pull.repository)].append(cost)
    everybody = middle([cost for costs in usual.values() for cost in costs])
    authors = {(pull.repository, pull.number): pull.author for pull in org.pulls}
    period = Period(WHOLE.start, WHOLE.end + timedelta(days=1))
    rows = pull_pages.extremes(by_teams(connection, period)).rows
    assert rows
    for row in rows:
        repository, number = row["pull_request"].split("#")
        team = TEAM_OF.get(authors[repository, int(number)], repository)
        assert row["median_usd"] == (everybody if team in {"pair", "solo"} else middle(usual[team]))
