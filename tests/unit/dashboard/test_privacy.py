import json
from datetime import datetime

import msgspec
import pytest
from tests.unit.dashboard.rows import NOW, entries, line, row

from pr_cost_bot.dashboard.columns import pull_columns
from pr_cost_bot.dashboard.document import Settings, summary
from pr_cost_bot.dashboard.privacy import shown, without_median
from pr_cost_bot.reports.privacy import Privacy


def told(table, privacy):
    """Everything that a dashboard with this privacy holds, as text."""
    allowed = shown(table, privacy)
    settings = Settings(now=datetime.fromisoformat(NOW), people=privacy.people != "hidden")
    documents = [summary(allowed, None, settings), pull_columns(allowed, people=privacy.people == "shown")]
    return msgspec.json.encode(documents).decode()


def repository(name, *people):
    """One pull request by each."""
    return [
        row(number, repository=name, title=f"Secret plan of {name}", author=person, lines=[line(person=person)])
        for number, person in enumerate(people, 1)
    ]


def test_by_default_nobody_is_named_anywhere():
    text = told(entries(*repository("acme/web", "ada-lovelace", "ben")), Privacy())
    assert "ada" not in text
    assert '"developers":null' in text


def test_people_are_named_where_it_is_switched_on():
    assert "ada-lovelace" in told(entries(*repository("acme/web", "ada-lovelace")), Privacy(people="shown"))


def test_pseudonyms_depend_on_the_key_alone_and_no_pull_request_tells_whose_it_is():
    table = entries(*repository("acme/web", "ada-lovelace", "Ben"))
    one, again, other = (shown(table, Privacy(people="pseudonyms", key=key)) for key in (b"k1", b"k1", b"k2"))
    names = [entry.lines[0].person for entry in one]
    assert names == [entry.lines[0].person for entry in again]
    assert set(names).isdisjoint(entry.lines[0].person for entry in other)
    assert {entry.author for entry in one} == {""}
    text = told(table, Privacy(people="pseudonyms", key=b"k1"))
    assert names[0] in text
    assert "ada" not in text
    assert json.loads(text)[1]["authors"] == []


@pytest.mark.parametrize("people", ["hidden", "pseudonyms"])
def test_repositories_of_too_few_people_are_shown_as_one_without_their_pull_requests_names(people):
    table = entries(
        *repository("acme/large", "a", "b", "c", "d"), *repository("acme/tiny", "e"), *repository("acme/small", "f", "g")
    )
    text = told(table, Privacy(people=people, key=b"k", min_group=3))
    assert "(repositories of fewer than 3 people)" in text
    assert "acme/large" in text
    assert "acme/tiny" not in text
    assert "acme/small" not in text


def test_what_is_left_alone_is_never_found_by_subtraction():
    table = entries(*repository("acme/large", "a", "b", "c", "d"), *repository("acme/tiny", "e"))
    names = {entry.repository for entry in shown(table, Privacy(min_group=3))}
    assert names == {"(repositories of fewer than 3 people)"}


def test_a_person_under_two_spellings_is_one_person():
    table = entries(*repository("acme/web", "Ada", "ada"), *repository("acme/api", "x", "y"))
    assert {entry.repository for entry in shown(table, Privacy(min_group=2))} == {"(repositories of fewer than 2 people)"}


def test_figures_stay_the_same_whoever_is_hidden():
    table = entries(*repository("acme/large", "a", "b", "c", "d"), *repository("acme/tiny", "e"))
    hidden = shown(table, Privacy(min_group=9))
    assert sum(entry.cost_usd for entry in hidden) == sum(entry.cost_usd for entry in table)


def test_a_median_of_too_few_people_is_in_no_file_and_makes_no_outlier():
    small = [row(number, repository="acme/small", author="ada", cost="1") for number in range(1, 8)]
    large = [row(number, repository="acme/large", author=f"dev{number}", cost="5") for number in range(1, 8)]
    table = entries(*small, *large, row(99, repository="acme/small", author="ada", cost="20"))

    def window(least):
        few = without_median(table, Privacy(min_team=least))
        settings = Settings(now=datetime.fromisoformat(NOW), without_median=few)
        return summary(shown(table, Privacy()), None, settings)["windows"][-1]

    medians = lambda one: {each["name"]: each["merged"]["median_usd"] for each in one["repositories"]}  # noqa: E731
    assert medians(window(1)) == {"acme/large": "5", "acme/small": "1"}
    assert medians(window(2)) == {"acme/large": "5", "acme/small": None}
    assert [one["times"] for one in window(1)["outliers"]] == ["20"]
    assert window(2)["outliers"] == []  # everybody's median is 5
    assert without_median(table, Privacy(people="shown", min_team=9)) == frozenset()
