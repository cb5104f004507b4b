"""The order of things: facts, usage, prices, attribution, cost. Collaborators are handed in; nothing is built here."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from pr_cost_bot import attribution, pricing, receipts
from pr_cost_bot.assemble import Findings, assemble, people_of, window_of
from pr_cost_bot.config import Config
from pr_cost_bot.evidence import as_usage, part_claims
from pr_cost_bot.model import (
    Author,
    Commit,
    GitCommit,
    Interval,
    Problem,
    Pull,
    PullRequest,
    PullRequestCost,
    SourceResult,
    SourceStatus,
    UsageQuery,
    UsageRecord,
)
from pr_cost_bot.people import People, co_authors, commits_of, resolve
from pr_cost_bot.ports import CompetingWork, GitHub, PullRequestFacts, Source


@dataclass(frozen=True, kw_only=True)
class Collaborators:
    """The outside, as this run has it.

    `unread`: sources whose key is set but which this version cannot read. `warm_ups`: slow imports to be done while the
    network is waited for.
    """

    github: GitHub
    sources: Sequence[Source]
    unread: Sequence[SourceStatus] = ()
    warm_ups: Sequence[Callable[[], None]] = ()


@dataclass(frozen=True, kw_only=True)
class Computation:
    """What came out: one cost for each pull request asked for, and what could not be read on the way."""

    costs: tuple[PullRequestCost, ...]
    problems: tuple[Problem, ...]


def compute(facts: Sequence[PullRequestFacts], config: Config, outside: Collaborators, now: datetime) -> Computation:
    """What these pull requests cost. Every request that can go out at once does; none goes out twice."""
    if not facts:
        return Computation(costs=(), problems=())
    pulls = [fact.pull for fact in facts]
    seen = [author for pull in pulls for author in _authors_of(pull)]
    query = _query(pulls, resolve(config.people, seen), config, now)
    options = attribution.Options(lookback_hours=config.attribution.lookback_hours, now=now)
    other, results = _gather(pulls, seen, query, config, outside, options)
    people = resolve(config.people, [*seen, *_authors_elsewhere(other)])
    work = _work_of(pulls, other, people)
    findings, notes = _findings(work, results, outside.unread, people, config, options, now)
    costs = tuple(
        assemble(fact.pull, findings, [problem.what for problem in (*fact.problems, *other.problems)]) for fact in facts
    )
    problems = (
        *(problem for fact in facts for problem in fact.problems),
        *other.problems,
        *people.problems,
        *(status.problem for status in findings.sources if status.problem is not None),
        *(Problem(note) for note in notes),
    )
    return Computation(costs=costs, problems=tuple(dict.fromkeys(problems)))


class _Work(msgspec.Struct, frozen=True):
    """The commits and pull requests that share out the usage, and the commits as git has them."""

    commits: tuple[Commit, ...]
    pulls: tuple[Pull, ...]
    git_commits: tuple[GitCommit, ...]


def _query(pulls: Sequence[PullRequest], people: People, config: Config, now: datetime) -> UsageQuery:
    """The usage of everybody who took part, over all the windows."""
    windows = [window_of(pull, config.attribution.lookback_hours, now) for pull in pulls]
    persons = {person for pull in pulls for person in people_of(pull, people)}
    return UsageQuery(
        people=people.identities(persons),
        start=min(window.start for window in windows),
        end=max(window.end for window in windows),
        now=now,
    )


def _gather(
    pulls: Sequence[PullRequest],
    seen: Sequence[Author],
    query: UsageQuery,
    config: Config,
    outside: Collaborators,
    options: attribution.Options,
) -> tuple[CompetingWork, list[SourceResult]]:
    """Usage and competing work at once; then finer usage where the competing work makes it matter."""
    repositories = tuple(dict.fromkeys([*(pull.repository for pull in pulls), *config.attribution.repositories]))
    # A commit made after the window can still be the one that usage inside it led to.
    until = min(query.now, query.end + timedelta(hours=config.attribution.lookback_hours))
    with ThreadPoolExecutor(len(outside.sources) + len(outside.warm_ups) + 1) as pool:
        fetching = [pool.submit(source.fetch, query) for source in outside.sources]
        competing = pool.submit(outside.github.competing_work, seen, repositories, query.start, until)
        warming = [pool.submit(warm_up) for warm_up in outside.warm_ups]
        other = competing.result()
        contested = _contested(pulls, other, query, resolve(config.people, [*seen, *_authors_elsewhere(other)]), options)
        results = list(pool.map(_refine, outside.sources, fetching, [query] * len(fetching), [contested] * len(fetching)))
        for warmed in warming:
            warmed.result()
    return other, results


def _refine(source: Source, fetching: Future[SourceResult], query: UsageQuery, contested: tuple[Interval, ...]) -> SourceResult:
    result = fetching.result()
    return source.refine(query, result, contested) if contested and result.records else result


def _contested(
    pulls: Sequence[PullRequest], other: CompetingWork, query: UsageQuery, people: People, options: attribution.Options
) -> tuple[Interval, ...]:
    work = _work_of(pulls, other, people)
    persons = [identity.person for identity in query.people]
    return attribution.contested_hours(work.commits, work.pulls, persons, query.start, query.end, options)


def _work_of(pulls: Sequence[PullRequest], other: CompetingWork, people: People) -> _Work:
    """Every commit once; what a pull request in question says of its own commits goes before what others say."""
    known: dict[tuple[str, str], GitCommit] = {}
    own = (commit for pull in pulls for commit in (*pull.commits, *pull.dropped_commits))
    for commit in (*own, *other.commits):
        known.setdefault((commit.repository, commit.sha), commit)
    git_commits = tuple(known.values())
    described = {(pull.repository, pull.number): _pull(pull, people) for pull in pulls}
    for pull, author in other.pulls:
        key = (pull.repository, pull.pr_number)
        described.setdefault(key, msgspec.structs.replace(pull, author=people.of_author(author)))
    return _Work(commits_of(git_commits, people), tuple(described.values()), git_commits)


def _pull(pull: PullRequest, people: People) -> Pull:
    return Pull(
        repository=pull.repository,
        pr_number=pull.number,
        author=people.of_author(pull.author),
        head_ref=pull.head_ref,
        opened_at=pull.opened_at,
        closed_at=pull.closed_at,
        merged_at=pull.merged_at,
    )


def _findings(
    work: _Work,
    results: Sequence[SourceResult],
    unread: Sequence[SourceStatus],
    people: People,
    config: Config,
    options: attribution.Options,
    now: datetime,
) -> tuple[Findings, tuple[str, ...]]:
    """Prices and receipts on the usage, and every record's place. The second value: what receipts were refused, and why."""
    fetched = [_with_person(record, people) for result in results for record in result.records]
    reading = receipts.read_commits(work.git_commits, people)
    claims = part_claims(reading.receipts, fetched)
    priced = pricing.price([*fetched, *as_usage(claims.uncovered)], config.prices)
    findings = Findings(
        records={record.id: record for record in priced.records},
        allocations=tuple(attribution.attribute(priced.records, work.commits, work.pulls, options, claims.covered)),
        people=people,
        sources=(*(result.status for result in results), *unread),
        prices=priced.info,
        config=config,
        now=now,
    )
    return findings, reading.notes


def _with_person(record: UsageRecord, people: People) -> UsageRecord:
    return msgspec.structs.replace(record, person=people.of_actor(record.source, record.actor))


def _authors_of(pull: PullRequest) -> Iterable[Author]:
    yield pull.author
    for commit in (*pull.commits, *pull.dropped_commits):
        yield from commit.authors
        yield from co_authors(commit.message)


def _authors_elsewhere(other: CompetingWork) -> Iterable[Author]:
    for commit in other.commits:
        yield from commit.authors
        yield from co_authors(commit.message)
    for _, author in other.pulls:
        yield author
