"""What holds for every history, however wild."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.attribution.stories import API, DAY, WEB, copy

from pr_cost_bot.attribution import Options, attribute
from pr_cost_bot.model import Commit, Pull, Receipt, Tokens, UsageRecord

PEOPLE = st.sampled_from(["ann", "bob"])
PLACES = st.sampled_from([(WEB, 1), (WEB, 2), (API, 1), (API, None)])
MINUTES = st.integers(0, 4 * 24 * 60)
COUNTS = st.integers(0, 200_000)


@st.composite
def usage_records(draw):
    begin = DAY + timedelta(minutes=draw(MINUTES), seconds=draw(st.integers(0, 59)))
    width = timedelta(minutes=draw(st.sampled_from([0, 0, 0, 1, 60, 24 * 60])))
    read, written, fresh = draw(COUNTS), draw(COUNTS), draw(COUNTS)
    return UsageRecord(
        id=f"u{draw(st.integers(0, 10**9))}",
        source=draw(st.sampled_from(["anthropic", "openai"])),
        actor="",
        start=begin,
        end=begin + width,
        model="m",
        tokens=Tokens(read + written + fresh, read, written, draw(COUNTS)),
        requests=draw(st.integers(0, 500)),
        cost_usd=draw(st.none() | st.decimals(0, 10_000, places=10)),
        billed_usd=draw(st.none() | st.decimals(0, 10_000, places=2)),
        person=draw(st.none() | PEOPLE),
        repository=draw(st.none() | st.sampled_from([WEB, API])),
        branch=draw(st.none() | st.sampled_from(["main", "feature-1", "feature-2", "lost"])),
        pr_number=draw(st.none() | st.sampled_from([1, 2])),
        session=draw(st.none() | st.sampled_from(["a", "b"])),
    )


@st.composite
def commits(draw, people=PEOPLE):
    repository, number = draw(PLACES)
    return Commit(
        sha=f"{draw(st.integers(0, 10**9)):040x}",
        repository=repository,
        person=draw(people),
        authored_at=DAY + timedelta(minutes=draw(MINUTES)),
        pr_number=number,
        branch=draw(st.none() | st.just(f"feature-{number}")),
        co_authors=tuple(draw(st.lists(people, max_size=1))),
        additions=draw(st.none() | st.integers(0, 9999)),
        parents=draw(st.sampled_from([1, 1, 2])),
    )


def claims(commits_):
    return st.builds(
        lambda commit, usd, hours, key: Receipt(
            format="entire", repository=commit.repository, commit=commit.sha, person=commit.person, usage_key=key,
            start=commit.authored_at - timedelta(hours=hours) if hours else None, end=commit.authored_at, cost_usd=usd,
        ),
        st.sampled_from(commits_), st.decimals(0, 99, places=2), st.integers(0, 9), st.sampled_from(["", "", "x"]),
    )  # fmt: skip


@st.composite
def histories(draw):
    usage = draw(st.lists(usage_records(), max_size=12, unique_by=lambda record: record.id))
    made = draw(st.lists(commits(), max_size=12, unique_by=lambda commit: commit.sha))
    ends = st.none() | MINUTES.map(lambda minutes: DAY + timedelta(minutes=minutes))
    pulls = [
        Pull(repository=repository, pr_number=number, head_ref=f"feature-{number}", merged_at=draw(ends))
        for repository, number in [(WEB, 1), (WEB, 2), (API, 1)]
    ]
    receipts = draw(st.lists(claims(made), max_size=3)) if made else []
    return usage, made, pulls, receipts


OPTIONS = st.builds(Options, now=st.none() | MINUTES.map(lambda minutes: DAY + timedelta(minutes=minutes)))


def run(history, options, usage=None):
    own, made, pulls, receipts = history
    return attribute(own if usage is None else usage, made, pulls, options, receipts)


@given(histories(), OPTIONS)
def test_every_record_is_attributed_exactly_in_money_and_in_every_count(history, options):
    shares = {record.id: [] for record in history[0]}
    for share in run(history, options):
        shares[share.usage_id].append(share)
    for record in history[0]:
        mine = shares[record.id]
        assert sum(share.cost_usd for share in mine) == (record.cost_usd or 0)
        assert sum((share.tokens for share in mine), Tokens()) == record.tokens
        assert sum(share.requests for share in mine) == record.requests
        assert sum(share.billed_usd or 0 for share in mine) == (record.billed_usd or 0)
        assert all((share.billed_usd is None) == (record.billed_usd is None) for share in mine)


@given(histories(), OPTIONS)
def test_every_share_lies_within_its_bounds_and_none_is_negative(history, options):
    for share in run(history, options):
        assert 0 <= share.low_usd <= share.cost_usd <= share.high_usd
        assert min(share.tokens.input, share.tokens.cache_read, share.tokens.cache_write, share.tokens.output) >= 0
        assert share.tokens.cache_read + share.tokens.cache_write <= share.tokens.input


@given(histories(), OPTIONS)
def test_what_is_attributed_has_evidence_and_what_is_not_has_a_reason(history, options):
    for share in run(history, options):
        assert (share.pr_number is None) == (share.evidence is None)
        assert share.reason


@given(histories(), OPTIONS, st.randoms(use_true_random=False))
def test_the_order_of_the_input_changes_nothing(history, options, rng):
    shuffled = tuple(rng.sample(part, len(part)) for part in history)
    assert run(history, options) == run(shuffled, options)


@given(histories(), OPTIONS)
def test_the_same_facts_twice_give_the_same_answer(history, options):
    assert run(history, options) == run(history, options)


@settings(max_examples=50)
@given(histories(), OPTIONS, commits(people=st.just("carol")))
def test_a_commit_of_somebody_else_in_other_work_changes_nothing(history, options, other):
    usage, made, pulls, receipts = history
    unrelated = copy(other, repository="acme/elsewhere", branch=None)
    assert run(history, options) == attribute(usage, [*made, unrelated], pulls, options, receipts)


@given(st.decimals(-100, 0, places=8), histories(), OPTIONS)
def test_a_credit_is_split_exactly_too(credit, history, options):
    usage = [copy(record, cost_usd=credit) for record in history[0]]
    total = sum((share.cost_usd for share in run(history, options, usage)), Decimal(0))
    assert total == credit * len(usage)
