"""The order of things: facts, usage, prices, attribution, cost. Collaborators are handed in; nothing is built here."""

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from pr_cost_bot import attribution, overlap, pricing, receipts
from pr_cost_bot.assemble import Findings, assemble, people_of, window_of
from pr_cost_bot.config import Config
from pr_cost_bot.evidence import as_usage, on_noted_commits, part_claims
from pr_cost_bot.evidence_files import FileEvidence, read_evidence
from pr_cost_bot.ledger.usage import UsageOfRun, covered, usage_rows
from pr_cost_bot.model import (
    Allocation,
    Author,
    Commit,
    GitCommit,
    Interval,
    PriceInfo,
    Problem,
    Pull,
    PullRequest,
    PullRequestCost,
    SourceResult,
    SourceState,
    SourceStatus,
    UsageQuery,
    UsageRecord,
)
from pr_cost_bot.people import People, co_authors, commits_of, resolve
from pr_cost_bot.ports import CompetingWork, GitHub, PullRequestFacts, ReadError, Source

_HOUR = timedelta(hours=1)
_FINEST = Decimal("1e-12")


@dataclass(frozen=True, kw_only=True)
class Collaborators:
    """The outside, as this run has it. `unread`: sources whose key is set but which this version cannot read."""

    github: GitHub
    sources: Sequence[Source]
    unread: Sequence[SourceStatus] = ()


@dataclass(frozen=True, kw_only=True)
class Computation:
    """What came out: one cost for each pull request asked for, what could not be read, and what is worth knowing.

    `notes` are plain sentences for whoever runs the workflow.
    """

    costs: tuple[PullRequestCost, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    usage: UsageOfRun | None = None  # for a ledger that keeps people's usage too


def compute(
    facts: Sequence[PullRequestFacts],
    config: Config,
    outside: Collaborators,
    now: datetime,
    given: Sequence[UsageRecord] = (),
) -> Computation:
    """What these pull requests cost. Every request that can go out at once does; none goes out twice.

    `given`: usage that already names its pull request, such as that of CI runs.
    """
    if not facts:
        return Computation(costs=())
    pulls = [fact.pull for fact in facts]
    seen = tuple(dict.fromkeys(author for pull in pulls for author in _authors_of(pull)))
    query = _query(pulls, resolve(config.people, seen), config, now)
    options = attribution.Options(lookback_hours=config.attribution.lookback_hours, now=now)
    other, results = _gather(pulls, seen, query, config, outside, options)
    people = resolve(config.people, [*seen, *_authors_elsewhere(other)])
    work = _work_of(pulls, other, people)
    claimed = _evidence(facts, work, people, outside.github)
    usage = (*(_with_person(record, people) for result in results for record in result.records), *given)
    statuses = (*(result.status for result in results), *outside.unread)
    placed = _placed(work, usage, claimed, config, options)
    findings = Findings(
        records=placed.records,
        allocations=placed.allocations,
        people=people,
        sources=statuses,
        prices=placed.prices,
        config=config,
        now=now,
    )
    costs = tuple(
        assemble(fact.pull, findings, [problem.what for problem in (*fact.problems, *other.problems)]) for fact in facts
    )
    problems = (
        *(problem for fact in facts for problem in fact.problems),
        *other.problems,
        *people.problems,
        *(status.problem for status in statuses if status.problem is not None),
    )
    return Computation(
        costs=costs,
        problems=tuple(dict.fromkeys(problems)),
        notes=(*claimed.notes, *placed.notes),
        usage=_usage(placed, query, statuses, pulls),
    )


class _Work(msgspec.Struct, frozen=True):
    """The commits and pull requests that share out the usage, and the commits as git has them."""

    commits: tuple[Commit, ...]
    pulls: tuple[Pull, ...]
    git_commits: tuple[GitCommit, ...]


class _Placed(msgspec.Struct, frozen=True):
    """Every usage record, priced where a price is known, and where its parts belong."""

    records: dict[str, UsageRecord]
    allocations: tuple[Allocation, ...]
    prices: PriceInfo | None
    notes: tuple[str, ...]


def _usage(placed: _Placed, query: UsageQuery, statuses: Sequence[SourceStatus], pulls: Sequence[PullRequest]) -> UsageOfRun:
    """All usage seen, and which people, sources and time it is complete for."""
    whole = [status.name for status in statuses if status.state is SourceState.OK]
    persons = [identity.person for identity in query.people]
    keys = [(pull.repository, pull.number) for pull in pulls]
    return UsageOfRun(
        computed_at=query.now,
        rows=usage_rows(placed.records, placed.allocations),
        covered=covered(persons, whole, keys, query.start, query.end),
    )


def _query(pulls: Sequence[PullRequest], people: People, config: Config, now: datetime) -> UsageQuery:
    """The usage of everybody who took part, over all the windows."""
    windows = [window_of(pull, config.attribution.lookback_hours, now) for pull in pulls]
    persons = {person for pull in pulls for person in people_of(pull, people)}
    return UsageQuery(
        people=people.identities(persons),
        start=floor_hour(min(window.start for window in windows)),
        end=min(now, floor_hour(max(window.end for window in windows)) + _HOUR),
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

    def compete() -> tuple[CompetingWork, tuple[Interval, ...]]:
        other = outside.github.competing_work(seen, repositories, query.start, until)
        people = resolve(config.people, [*seen, *_authors_elsewhere(other)])
        return other, _contested(pulls, other, query, people, options)

    with ThreadPoolExecutor(len(outside.sources) + 1) as pool:
        competing = pool.submit(compete)
        reading = [pool.submit(_read, source, query, competing) for source in outside.sources]
        return competing.result()[0], [read.result() for read in reading]


def _read(source: Source, query: UsageQuery, competing: Future[tuple[CompetingWork, tuple[Interval, ...]]]) -> SourceResult:
    result = source.fetch(query)
    _, contested = competing.result()
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


def _evidence(facts: Sequence[PullRequestFacts], work: _Work, people: People, github: GitHub) -> FileEvidence:
    """What commits claim, in their messages and in files that they name or bring."""
    messages = receipts.read_commits(work.git_commits, people)
    try:
        files = read_evidence(github, facts[0].pull.repository, facts, work.git_commits, people)
    except ReadError as error:
        files = FileEvidence(notes=(f"Receipts in files could not be read: {error.problem.what}",))
    return FileEvidence((*messages.receipts, *files.receipts), files.sessions, (*messages.notes, *files.notes))


def _placed(
    work: _Work,
    usage: Sequence[UsageRecord],
    claimed: FileEvidence,
    config: Config,
    options: attribution.Options,
) -> _Placed:
    """Prices and receipts on the usage, what two sources report once, and every record's place."""
    claims = part_claims(claimed.receipts, usage)
    counted = [*on_noted_commits(usage, claimed.sessions), *as_usage(claims.uncovered)]
    priced = pricing.price(counted, config.prices)
    once = overlap.without_overlap(priced.records)
    allocations = attribution.attribute(once.records, work.commits, work.pulls, options, claims.covered)
    records = {record.id: record for record in once.records}
    return _Placed(records, tuple(allocations), priced.info, overlap.notes(once.dropped))


def _with_person(record: UsageRecord, people: People) -> UsageRecord:
    return msgspec.structs.replace(
        record,
        person=people.of_actor(record.source, record.actor),
        cost_usd=_without_noise(record.cost_usd),
        billed_usd=_without_noise(record.billed_usd),
    )


def _without_noise(amount: Decimal | None) -> Decimal | None:
    """What lies below a millionth of a millionth of a dollar is the noise of somebody's binary floats."""
    return amount if amount is None or int(amount.as_tuple().exponent) >= -12 else amount.quantize(_FINEST)


def floor_hour(moment: datetime) -> datetime:
    """The beginning of its hour, in UTC."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


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
