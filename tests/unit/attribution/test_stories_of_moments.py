"""Usage of a known moment: one story per rule."""

from decimal import Decimal

from tests.unit.attribution.stories import API, DAY, WEB, allocate, at, call, commit, conversation, copy, pull, spent

from pr_cost_bot.model import Evidence, Tokens


def test_usage_goes_to_the_pull_request_that_its_person_commits_to_next():
    commits = [commit("10:00", 1), commit("11:00", 2)]
    assert spent([call("09:50"), call("10:30", "2.00")], commits) == {1: 1, 2: 2}


def test_the_next_commit_counts_in_whatever_repository_it_is():
    assert spent([call("09:50")], [commit("10:00", 7, repository=API), commit("10:05", 1)]) == {7: 1}


def test_a_commit_of_somebody_else_attracts_nothing():
    assert spent([call("09:50")], [commit("10:00", 1, person="bob"), commit("10:05", 2)]) == {2: 1}


def test_a_co_author_works_for_the_commit_too():
    assert spent([call("09:50", person="bob")], [commit("10:00", 1, co_authors=("bob",))]) == {1: 1}


def test_usage_without_a_commit_in_the_following_48_hours_is_not_attributed():
    late = [commit("10:00", 1, days=3)]
    assert spent([call("09:00")], late) == {"no commit followed within 48 hours": 1}
    assert spent([call("09:00")], late, lookback_hours=96) == {1: 1}


def test_usage_of_nobody_we_know_is_not_attributed():
    assert spent([call("09:50", person=None)], [commit("10:00", 1)]) == {"nobody known": 1}


def test_a_commit_straight_to_a_branch_keeps_its_usage_from_pull_requests():
    [share] = allocate([call("09:50")], [commit("10:00", None, sha="abc1234"), commit("10:30", 1)])
    assert (share.pr_number, share.repository, share.commit, share.evidence) == (None, WEB, "abc1234", None)
    assert share.reason == "work outside any pull request"


def test_a_rebase_does_not_move_usage_because_the_authors_time_counts():
    rebased = commit("10:00", 1, committed_at=at("09:00", days=2))
    assert spent([call("09:50"), call("10:30")], [rebased, commit("11:00", 2)]) == {1: 1, 2: 1}


def test_a_merge_commit_attracts_nothing():
    commits = [commit("10:00", 1, parents=2), commit("10:30", 2)]
    assert spent([call("09:50")], commits) == {2: 1}
    assert spent([call("09:50")], commits, without=["merge-commits"]) == {1: 1}


def test_what_a_merge_button_writes_to_the_base_branch_attracts_nothing():
    squashed = commit("10:00", None)
    assert spent([call("09:50")], [squashed, commit("10:30", 2)], [pull(1, merged=at("10:00"))]) == {2: 1}


def test_a_merge_commit_is_better_than_nothing():
    assert spent([call("09:50")], [commit("10:00", 1, parents=2)]) == {1: 1}


def test_two_conversations_side_by_side_go_to_two_pull_requests():
    one = conversation("09:00", 60, begins_with=20_000)
    other = [copy(part, id=f"other {part.id}") for part in conversation("09:00", 45, begins_with=31_000)]
    commits = [commit("09:45", 2), commit("10:00", 1)]
    assert spent([*one, *other], commits) == {2: 45, 1: 60}


def test_without_cache_arithmetic_side_by_side_work_goes_to_whatever_is_committed_next():
    one = conversation("09:00", 60, begins_with=20_000)
    other = [copy(part, id=f"other {part.id}") for part in conversation("09:00", 45, begins_with=31_000)]
    commits = [commit("09:45", 2), commit("10:00", 1)]
    assert spent([*one, *other], commits, without=["sessions"])[2] > 85
    assert spent([*one, *other], commits, without=["commit-owner"])[2] > 85


def test_input_that_is_never_cached_does_not_break_a_conversation():
    one = [with_uncached(part, 9_000) for part in conversation("09:00", 60, begins_with=20_000)]
    other = [with_uncached(copy(part, id=f"other {part.id}"), 9_000) for part in conversation("09:00", 45, begins_with=31_000)]
    commits = [commit("09:45", 2), commit("10:00", 1)]
    assert spent([*one, *other], commits) == {2: 45, 1: 60}


def with_uncached(record, tokens):
    used = record.tokens
    return copy(record, tokens=Tokens(used.input + tokens, used.cache_read, used.cache_write, used.output))


def test_session_ids_say_the_same_without_arithmetic():
    usage = [call(f"09:{minute:02}", session="a" if minute % 2 else "b", id=str(minute)) for minute in range(40)]
    usage += [call(f"10:{minute:02}", session="a", id=f"later {minute}") for minute in range(20)]
    assert spent(usage, [commit("09:39", 2), commit("10:19", 1)])[1] >= 20


def test_a_conversation_that_goes_on_after_its_last_commit_is_wrapping_up():
    usage = [call("17:50", session="a"), call("18:10", session="a", id="after")]
    commits = [commit("18:00", 1), commit("10:00", 2, days=1)]
    assert spent(usage, commits) == {1: 2}
    assert spent(usage, commits, without=["wrap-up"]) == {1: 1, 2: 1}


def test_nothing_is_wrapped_up_once_the_pull_request_is_closed():
    usage = [call("17:50", session="a"), call("18:10", session="a", id="after")]
    commits = [commit("18:00", 1), commit("10:00", 2, days=1)]
    assert spent(usage, commits, [pull(1, merged=at("18:05"))]) == {1: 1, 2: 1}


def test_usage_after_the_last_commit_of_an_open_pull_request_waits():
    last = commit("10:00", 1, sha="last")
    shares = allocate([call("09:50"), call("10:20")], [last], [pull(1)], now=at("11:00"))
    assert [(share.pr_number, share.commit, share.reason) for share in shares][1] == (None, "last", "pending")


def test_pending_usage_is_attributed_when_a_commit_follows():
    usage = [call("09:50"), call("10:20")]
    assert spent(usage, [commit("10:00", 1), commit("10:30", 1)], [pull(1)], now=at("11:00")) == {1: 2}


def test_nothing_is_pending_for_a_merged_pull_request():
    usage = [call("09:50", session="a"), call("10:05", session="a")]
    assert spent(usage, [commit("10:00", 1)], [pull(1, merged=at("10:10"))], now=at("11:00")) == {1: 2}


def test_a_minute_is_treated_like_a_moment():
    minute = copy(call("09:50"), end=at("09:51"))
    [share] = allocate([minute], [commit("10:00", 1)])
    assert (share.pr_number, share.evidence) == (1, Evidence.MATCHED)


def test_the_same_record_twice_counts_twice_only_if_it_is_two_records():
    shares = allocate([call("09:50", id="a"), call("09:50", id="b")], [commit("10:00", 1)])
    assert sum(share.cost_usd for share in shares) == 2


def test_usage_without_a_price_keeps_its_tokens():
    [share] = allocate([copy(call("09:50"), cost_usd=None)], [commit("10:00", 1)])
    assert (share.pr_number, share.cost_usd, share.tokens) == (1, Decimal(0), Tokens(1000, 800, 100, 50))


def test_times_without_a_zone_are_utc():
    record = call("09:50")
    naive = copy(record, start=record.start.replace(tzinfo=None), end=record.end.replace(tzinfo=None))
    assert spent([naive], [commit("10:00", 1)]) == {1: 1}
    assert DAY.tzinfo is not None


LOST = "no commit followed within 48 hours"


def test_usage_is_pending_for_as_long_as_a_commit_can_still_complete_it():
    work = [commit("09:50", 1, sha="last")], [pull(1)]
    said = {days: spent([call("10:30")], *work, now=at("12:00", days)) for days in (0, 1, 3, 30)}
    assert said == {0: {"pending": 1}, 1: {"pending": 1}, 3: {LOST: 1}, 30: {LOST: 1}}


def test_usage_is_not_pending_when_a_commit_has_followed_too_late():
    commits = [commit("09:50", 1), commit("09:50", 1, days=6)]
    assert spent([call("10:30")], commits, [pull(1)], now=at("12:00", 6)) == {LOST: 1}


def test_the_first_of_two_that_follow_is_certain_where_nothing_was_before():
    """Else the range would say that the money may be elsewhere, and nowhere that it may be there."""
    shares = allocate([call("09:30")], [commit("09:50", 1), commit("09:52", 2)])
    assert [(share.pr_number, share.low_usd, share.high_usd) for share in shares] == [(1, 1, 1)]
