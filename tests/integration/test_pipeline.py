"""The order of things, with collaborators in memory."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.factories import NOON, OCTOCAT, git_commit, minutes, pull_request, usage

from pr_cost_bot.config import AttributionSettings, Config
from pr_cost_bot.model import Author, Problem, Pull, SourceResult, SourceState, SourceStatus, Tokens
from pr_cost_bot.pipeline import Collaborators, compute
from pr_cost_bot.ports import CompetingWork, PullRequestFacts

NOW = NOON + minutes(120)
ADA = Author("Ada", "ada@example.com", "ada")


class InMemoryGitHub:
    def __init__(self, other=CompetingWork()):
        self.other = other
        self.asked = []

    def competing_work(self, people, repositories, since, until):
        self.asked.append((people, repositories, since, until))
        return self.other


class InMemorySource:
    def __init__(self, *records, name="cursor", state=SourceState.OK, problem=None, finer=None):
        self.name, self.title = name, name.title()
        self.records, self.finer = records, finer
        self.status = SourceStatus(name=name, title=self.title, state=state, problem=problem, records=len(records))
        self.contested = None

    def fetch(self, query):
        self.query = query
        return SourceResult(status=self.status, records=self.records)

    def refine(self, query, result, contested):
        self.contested = contested
        return result if self.finer is None else msgspec.structs.replace(result, records=self.finer)


def facts(**given):
    return PullRequestFacts(pull=pull_request(**given))


def run(pulls, *sources, other=CompetingWork(), config=Config(), now=NOW):
    github = InMemoryGitHub(other)
    return compute(pulls, config, Collaborators(github=github, sources=sources), now)


def only(computation):
    (cost,) = computation.costs
    return cost


def other_pull(number, *commits, author=OCTOCAT, **given):
    made = Pull(**{"repository": "acme/web", "pr_number": number, "head_ref": f"b{number}", "opened_at": NOON, **given})
    return CompetingWork(commits=commits, pulls=((made, author),))


def test_the_author_s_usage_before_the_commit_is_the_pull_request_s_cost():
    cost = only(run([facts()], InMemorySource(usage("a"), usage("b", start=NOON - minutes(5), end=NOON - minutes(5)))))
    assert cost.cost_usd == Decimal("2.50")
    assert cost.tokens == Tokens(2000, 1600, 200, 100)
    assert cost.billed_usd == Decimal("2.50")
    assert cost.label == "cost:medium"
    assert [commit.cost_usd for commit in cost.commits] == [Decimal("2.50")]
    assert cost.complete


@pytest.mark.parametrize("tags", [{"pr_number": 7}, {"branch": "feat/WEB-12-checkout"}])
def test_a_tag_may_spell_the_repository_in_any_case(tags):
    cost = only(run([facts()], InMemorySource(usage("a", repository="Acme/Web", **tags))))
    assert [(line.evidence, line.cost_usd) for line in cost.lines] == [("tagged", Decimal("1.25"))]


def test_the_sources_are_asked_for_the_window_and_the_people():
    source = InMemorySource()
    run([facts()], source, config=Config(attribution=AttributionSettings(lookback_hours=24)))
    assert source.query.start == NOON - minutes(24 * 60)
    assert source.query.end == NOW
    assert [(person.person, person.emails) for person in source.query.people] == [("octocat", ("octo@example.com",))]


def test_github_is_asked_once_for_each_author_however_many_commits_there_are():
    github = InMemoryGitHub()
    commits = tuple(git_commit(f"{n:040x}", authors=(OCTOCAT, ADA)) for n in range(40))
    compute([facts(commits=commits)], Config(), Collaborators(github=github, sources=()), NOW)
    ((people, *_),) = github.asked
    assert sorted(person.login for person in people) == ["ada", "octocat"]


def test_a_call_that_a_clouds_log_tells_live_and_in_a_file_counts_once():
    live = usage("bedrock:1", source="bedrock")
    exported = usage("bedrock:1", source="bedrock", actor="octocat")
    unmapped = usage("bedrock:1", source="bedrock", actor="session-7")  # a name that nobody mapped for files
    for pair in ([live, exported], [live, unmapped], [unmapped, live]):
        sources = [InMemorySource(record, name=name) for record, name in zip(pair, ("bedrock", "files"), strict=True)]
        cost = only(run([facts()], *sources))
        assert (cost.cost_usd, [line.requests for line in cost.lines]) == (Decimal("1.25"), [1])


def test_usage_of_somebody_else_is_not_counted():
    assert not only(run([facts()], InMemorySource(usage(actor="stranger@example.com")))).has_usage


def test_the_next_commit_decides_between_two_pull_requests():
    theirs = git_commit("b" * 40, pr_number=8, authored_at=NOON - minutes(30), branch="b8")
    early, late = NOON - minutes(40), NOON - minutes(5)
    source = InMemorySource(usage("early", start=early, end=early), usage("late", start=late, end=late))
    cost = only(run([facts()], source, other=other_pull(8, theirs)))
    assert cost.cost_usd == Decimal("1.25")
    assert cost.elsewhere_usd == Decimal("1.25")


def test_two_pull_requests_of_one_run_never_hold_the_same_cent():
    commits = (git_commit("b" * 40, pr_number=8, authored_at=NOON - minutes(30)),)
    second = facts(number=8, head_ref="other", commits=commits, **MERGED)
    hour = usage("hour", start=NOON - minutes(60), end=NOON, cost_usd=Decimal("1.01"), billed_usd=Decimal("1.01"))
    computation = run([facts(commits=(git_commit(authored_at=NOON - minutes(1)),), **MERGED), second], InMemorySource(hour))
    assert sum(cost.cost_usd for cost in computation.costs) == Decimal("1.01")
    assert all(cost.cost_usd > 0 for cost in computation.costs)


MERGED = {"state": "merged", "closed_at": NOON + minutes(5), "merged_at": NOON + minutes(5)}


def test_minutes_are_asked_for_only_where_two_destinations_compete():
    theirs = git_commit("b" * 40, pr_number=8, authored_at=NOON - minutes(30), branch="b8")
    hour = usage("hour", start=NOON - minutes(60), end=NOON)
    source = InMemorySource(hour)
    run([facts(**MERGED)], source, other=other_pull(8, theirs))
    assert [(i.person, i.start, i.end) for i in source.contested] == [("octocat", NOON - minutes(60), NOON)]
    alone = InMemorySource(hour)
    run([facts(**MERGED)], alone)
    assert not alone.contested


def test_minutes_are_asked_for_where_a_part_of_the_hour_waits_for_the_next_commit():
    source = InMemorySource(usage("hour", start=NOON, end=NOON + minutes(60)))
    run([facts()], source)
    assert [(i.start, i.end) for i in source.contested] == [(NOON, NOON + minutes(60))]


def test_finer_records_replace_the_hour():
    theirs = git_commit("b" * 40, pr_number=8, authored_at=NOON - minutes(30), branch="b8")
    minute = usage("minute", start=NOON - minutes(10), end=NOON - minutes(9), cost_usd=Decimal(3), billed_usd=Decimal(3))
    source = InMemorySource(usage("hour", start=NOON - minutes(60), end=NOON), finer=(minute,))
    assert only(run([facts()], source, other=other_pull(8, theirs))).cost_usd == Decimal(3)


def test_usage_after_the_last_commit_of_an_open_pull_request_is_pending():
    after = NOON + minutes(10)
    cost = only(run([facts()], InMemorySource(usage("before"), usage("after", start=after, end=after))))
    assert cost.cost_usd == Decimal("1.25")
    assert cost.pending is not None
    assert cost.pending.cost_usd == Decimal("1.25")


def test_usage_that_no_commit_followed_is_unattributed():
    long_ago = NOON - minutes(47 * 60)
    theirs = git_commit("b" * 40, pr_number=None, branch="main", authored_at=long_ago + minutes(5))
    cost = only(
        run([facts()], InMemorySource(usage("x", start=long_ago, end=long_ago)), other=CompetingWork(commits=(theirs,)))
    )
    assert not cost.has_usage
    assert sum(part.cost_usd for part in cost.unattributed) == Decimal("1.25")


def test_a_failed_source_leaves_the_others_counted_and_the_figure_incomplete():
    failed = InMemorySource(name="openai", state=SourceState.FAILED, problem=Problem("OpenAI answered 503."))
    computation = run([facts()], InMemorySource(usage()), failed)
    cost = only(computation)
    assert cost.cost_usd == Decimal("1.25")
    assert not cost.complete
    assert Problem("OpenAI answered 503.") in computation.problems
    assert not cost.nothing_known


def test_when_every_source_failed_nothing_is_known_and_no_label_is_chosen():
    failed = InMemorySource(state=SourceState.FAILED, problem=Problem("Cursor answered 503."))
    cost = only(run([facts()], failed))
    assert cost.nothing_known
    assert cost.label is None


def test_tokens_without_a_price_are_named_and_are_no_dollars():
    record = usage(model="nobody-knows-this-model", cost_usd=None, billed_usd=None)
    cost = only(run([facts()], InMemorySource(record)))
    assert cost.cost_usd == 0
    assert [(part.model, part.tokens) for part in cost.unpriced] == [("nobody-knows-this-model", record.tokens)]
    assert cost.label is None
    assert cost.has_usage


def test_it_settles_when_closed_and_every_source_is_past_its_time():
    source = InMemorySource(usage())
    closed = {"state": "merged", "closed_at": NOON + minutes(5), "merged_at": NOON + minutes(5)}
    source.status = msgspec.structs.replace(source.status, settles_after=minutes(60))
    assert not only(run([facts(**closed)], source, now=NOON + minutes(64))).settled
    assert only(run([facts(**closed)], source, now=NOON + minutes(65))).settled
    assert not only(run([facts()], source)).settled


def test_a_co_author_s_usage_counts_too():
    commit = git_commit(authors=(OCTOCAT, ADA))
    cost = only(run([facts(commits=(commit,))], InMemorySource(usage("a"), usage("b", actor="ada@example.com"))))
    assert cost.cost_usd == Decimal("2.50")
    assert cost.authors == 2


def test_without_sources_the_run_goes_on_and_nothing_is_known_or_settled():
    closed = {"state": "merged", "closed_at": NOON, "merged_at": NOON}
    cost = only(run([facts(**closed)]))
    assert not cost.has_usage
    assert cost.nothing_known
    assert not cost.settled


def test_time_going_by_takes_no_usage_out_of_an_idle_pull_request():
    source = InMemorySource(usage())
    soon, later = (only(run([facts()], source, now=NOON + minutes(60 * 24 * days))) for days in (15, 400))
    assert later.cost_usd == soon.cost_usd == Decimal("1.25")
    assert later.since == soon.since
    assert later.complete


def test_work_longer_than_what_is_read_is_said_to_be_incomplete():
    first = git_commit("b" * 40, authored_at=NOON - minutes(60 * 24 * 120))
    cost = only(run([facts(opened_at=first.authored_at, commits=(first, git_commit()))], InMemorySource(usage())))
    assert not cost.complete
    assert any("incomplete" in note for note in cost.notes)


moments = st.integers(0, 60 * 24 + 119).map(lambda minute: NOON - minutes(60 * 24) + minutes(minute))
amounts = st.decimals(min_value=0, max_value=100, places=6)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(moments, st.sampled_from([0, 1, 60, 1440]), amounts, st.integers(0, 10**6)), max_size=12),
    st.lists(st.tuples(moments, st.sampled_from([7, 8, 9, None])), max_size=8),
)
def test_no_cent_is_lost_and_none_is_counted_twice(bursts, work):
    records = [
        usage(
            f"u{n}",
            start=start,
            end=start + minutes(width),
            cost_usd=cost,
            billed_usd=cost,
            tokens=Tokens(tokens, 0, 0, tokens // 7),
        )
        for n, (start, width, cost, tokens) in enumerate(bursts)
    ]
    commits = [git_commit(f"{n:040d}", authored_at=at, pr_number=number) for n, (at, number) in enumerate(work)]
    pulls = [facts(number=n, head_ref=f"b{n}", commits=tuple(c for c in commits if c.pr_number == n)) for n in (7, 8, 9)]
    direct = CompetingWork(commits=tuple(c for c in commits if c.pr_number is None))
    costs = run(pulls, InMemorySource(*records), other=direct).costs
    placed = sum((cost.cost_usd for cost in costs), Decimal(0))
    pending = sum((cost.pending.cost_usd for cost in costs if cost.pending), Decimal(0))
    total = sum((record.cost_usd for record in records), Decimal(0))
    for cost in costs:
        rest = sum((part.cost_usd for part in cost.unattributed), Decimal(0))
        assert cost.cost_usd + cost.elsewhere_usd + rest + pending == total
        assert cost.low_usd <= cost.cost_usd <= cost.high_usd
        assert sum(line.tokens.input for line in cost.lines) == cost.tokens.input
    assert placed + pending <= total


class Remembering(InMemorySource):
    """A source that keeps every query."""

    def __init__(self, *records, **given):
        super().__init__(*records, **given)
        self.queries = []

    def fetch(self, query):
        self.queries.append(query)
        mine = tuple(r for r in self.records if query.start <= r.start < query.end)
        return SourceResult(status=self.status, records=mine)


def stale(number=8, days=700, author=ADA):
    at = NOON - minutes(60 * 24 * days)
    commit = git_commit(f"{number:040x}", authors=(author,), authored_at=at, pr_number=number)
    return facts(number=number, head_ref=f"b{number}", author=author, opened_at=at, commits=(commit,))


def test_a_stale_pull_request_makes_nobody_else_s_window_longer():
    source, github = Remembering(usage("a")), InMemoryGitHub()
    outside = Collaborators(github=github, sources=[source])
    computation = compute([stale(), facts()], Config(), outside, NOW)
    spans = [(query.end - query.start).days for query in source.queries]
    assert [[person.person for person in query.people] for query in source.queries] == [["octocat"], ["ada"]]
    assert spans == [2, 16]
    assert [since for _, _, since, _ in github.asked] == [query.start for query in source.queries]
    assert [(cost.pull.number, cost.cost_usd) for cost in computation.costs] == [(8, 0), (7, Decimal("1.25"))]
    assert [len(usage.rows) for usage in computation.usage] == [1, 0]


def test_each_group_s_costs_are_those_of_its_pull_requests_alone():
    old = stale()
    theirs = usage("old", start=old.pull.opened_at - minutes(5), end=old.pull.opened_at - minutes(5), actor="ada@example.com")
    in_ci = [usage("ci", source="receipt", actor="", repository="acme/web", pr_number=8, start=NOON, end=NOON)]
    together = compute(
        [facts(), old], Config(), Collaborators(github=InMemoryGitHub(), sources=[Remembering(usage(), theirs)]), NOW, in_ci
    )
    apart = [
        compute([one], Config(), Collaborators(github=InMemoryGitHub(), sources=[Remembering(usage(), theirs)]), NOW, given)
        for one, given in ((facts(), []), (old, in_ci))
    ]
    assert [cost.cost_usd for cost in together.costs] == [Decimal("1.25"), Decimal("2.50")]
    assert together.costs == tuple(only(one) for one in apart)


def test_a_source_that_failed_is_not_asked_again_for_older_pull_requests():
    problem = Problem("Cursor answered 503.")
    source = Remembering(state=SourceState.FAILED, problem=problem)
    computation = run([stale(), facts(), stale(9, 400)], source)
    assert len(source.queries) == 1
    assert [[status.state for status in cost.sources] for cost in computation.costs] == [[SourceState.FAILED]] * 3
    assert computation.problems == (problem,)


def test_a_receipt_is_not_swallowed_by_a_little_usage_of_something_else():
    message = "Add a checkout\n\nAI-Cost-Estimate: $5.00"
    little = usage(start=NOON - minutes(300), end=NOON - minutes(300), cost_usd=Decimal("0.10"), billed_usd=Decimal("0.10"))
    cost = only(run([facts(commits=(git_commit(message=message),))], InMemorySource(little)))
    assert {line.source: line.cost_usd for line in cost.lines} == {"receipt": Decimal(5), "cursor": Decimal("0.10")}
    same = usage(start=NOON - minutes(300), end=NOON - minutes(300), cost_usd=Decimal("4.10"), billed_usd=Decimal("4.10"))
    cost = only(run([facts(commits=(git_commit(message=message),))], InMemorySource(same)))
    assert {line.source: line.cost_usd for line in cost.lines} == {"cursor": Decimal("4.10")}
