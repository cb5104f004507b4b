from datetime import UTC, datetime

import pytest

from pr_cost_bot.github.nodes import account_of, author_of, co_authors_in, commit_of, read_git_time, read_time
from pr_cost_bot.model import Author


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-20T12:00:00Z", datetime(2026, 11, 20, 12, tzinfo=UTC)),
        ("2026-11-20T12:00:00+05:30", datetime(2026, 11, 20, 6, 30, tzinfo=UTC)),
    ],
)
def test_times_are_utc(text, time):
    assert read_time(text) == time
    assert read_time(text).utcoffset().total_seconds() == 0


@pytest.mark.parametrize(
    ("actor", "login"),
    [
        ({"__typename": "Bot", "login": "github-actions"}, "github-actions[bot]"),
        ({"__typename": "Bot", "login": "github-actions[bot]"}, "github-actions[bot]"),
        ({"type": "Bot", "login": "renovate[bot]"}, "renovate[bot]"),
        ({"__typename": "User", "login": "github-actions"}, "github-actions"),
        (None, ""),
    ],
)
def test_a_bots_login_is_spelled_as_rest_does(actor, login):
    assert account_of(actor) == login


def test_a_bots_noreply_address_tells_that_it_is_one():
    author = author_of({"name": "dependabot[bot]", "email": "49699333+dependabot[bot]@users.noreply.github.com", "user": None})
    assert (author.login, author.is_bot) == ("dependabot[bot]", True)


def test_an_author_without_anything_is_nobody():
    assert author_of(None) == author_of({"name": None, "email": None, "user": None}) == Author()


def test_co_authors_are_read_from_trailers():
    message = "Fix\n\nco-authored-by: Grace Hopper <grace@example.com>\nCO-AUTHORED-BY:<x@y.z>  \nCo-authored-by: No address\n"
    assert co_authors_in(message) == (Author("Grace Hopper", "grace@example.com"), Author("", "x@y.z"))


@pytest.mark.parametrize("message", ["", "Co-authored-by " * 10_000, "co-authored-by: <" * 10_000, "Co-authored-by: a <b c>"])
def test_what_looks_like_a_trailer_and_is_none_is_passed_over(message):
    assert co_authors_in(message) == ()


def test_an_author_who_is_also_co_author_counts_once():
    node = {
        "oid": "a" * 40,
        "message": "x\n\nCo-authored-by: Ada <ADA@example.com>\nCo-authored-by: Grace <grace@example.com>",
        "authoredDate": "2026-11-20T12:00:00Z",
        "committedDate": "2026-11-20T12:00:00Z",
        "parents": {"totalCount": 1},
        "author": {"name": "Ada", "email": "ada@example.com", "user": None},
    }
    assert [author.email for author in commit_of(node, "acme/web").authors] == ["ada@example.com", "grace@example.com"]
    assert commit_of(node, "acme/web").additions is None


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "1-01-01T00:00:00Z"]
)
def test_a_date_that_no_clock_shows_is_the_beginning_of_time(text):
    assert read_git_time(text) == datetime(1970, 1, 1, tzinfo=UTC)


def test_an_authors_own_time_zone_is_understood():
    assert read_git_time("2026-11-20T13:00:00+01:00") == datetime(2026, 11, 20, 12, tzinfo=UTC)
