import pytest

from pr_cost_bot.github.nodes import co_authors_in
from pr_cost_bot.people import co_authors
from pr_cost_bot.trailers import co_authors_of, without_co_authors

MESSAGE = "Fix\n\nCo-authored-by: Ann Lee <ann@x.example>\r\nco-AUTHORED-by:Bo <bo@x.example>  \nCo-authored-by: nobody"


def test_every_reader_finds_the_same_whatever_the_line_ends():
    assert co_authors_of(MESSAGE) == [("Ann Lee", "ann@x.example"), ("Bo", "bo@x.example")]
    assert [author.email for author in co_authors_in(MESSAGE)] == ["ann@x.example", "bo@x.example"]
    assert [author.email for author in co_authors(MESSAGE)] == ["ann@x.example", "bo@x.example"]


@pytest.mark.parametrize("message", [MESSAGE, MESSAGE.replace("\n", "\r\n"), "Co-authored-by: A <a@x>" * 3])
def test_nothing_is_left_to_find_in_a_message_without_them(message):
    assert co_authors_of(without_co_authors(message)) == []
    assert "@x" not in without_co_authors(message)


def test_a_huge_message_is_read_only_so_far():
    assert co_authors_of("x\n" * 60_000 + MESSAGE) == []
