"""Hours for which minutes are worth asking for."""

from tests.unit.attribution.stories import API, at, commit

from pr_cost_bot.attribution import Options, contested_hours
from pr_cost_bot.model import Interval


def hours(commits, start="00:00", end="23:00", people=("ann",)):
    found = contested_hours(commits, [], people, at(start), at(end), Options())
    return [(interval.start.strftime("%H:%M"), interval.end.strftime("%H:%M")) for interval in found]


def test_an_hour_whose_commits_lead_to_one_place_is_not_contested():
    assert hours([commit("09:10", 1), commit("09:40", 1), commit("10:20", 1)]) == []


def test_an_hour_with_commits_to_two_places_is_contested():
    assert hours([commit("09:10", 1), commit("09:40", 2)]) == [("09:00", "10:00")]


def test_an_hour_is_contested_when_the_next_commit_after_it_leads_elsewhere():
    assert hours([commit("09:10", 1), commit("14:40", 2)]) == [("09:00", "10:00")]


def test_work_outside_any_pull_request_contests_too():
    assert hours([commit("09:10", None), commit("09:40", 2)]) == [("09:00", "10:00")]


def test_the_same_number_in_another_repository_is_another_place():
    assert hours([commit("09:10", 1), commit("09:40", 1, repository=API)]) == [("09:00", "10:00")]


def test_hours_side_by_side_are_one_interval():
    commits = [commit("09:10", 1), commit("09:40", 2), commit("10:10", 1), commit("10:40", 2)]
    assert hours(commits) == [("09:00", "11:00")]


def test_commits_beyond_the_lookback_do_not_contest():
    assert hours([commit("09:10", 1), commit("14:40", 2, days=4)]) == []


def test_only_the_persons_asked_for_are_looked_at():
    commits = [commit("09:10", 1, person="bob"), commit("09:40", 2, person="bob")]
    assert hours(commits) == []
    [interval] = contested_hours(commits, [], ["bob", "ann", "bob"], at("00:00"), at("23:00"), Options())
    assert interval == Interval("bob", at("09:00"), at("10:00"))


def test_only_hours_in_the_time_asked_for_are_named():
    commits = [commit("09:10", 1), commit("09:40", 2), commit("15:10", 1), commit("15:40", 2)]
    assert hours(commits, start="09:30", end="12:00") == [("09:00", "10:00")]
