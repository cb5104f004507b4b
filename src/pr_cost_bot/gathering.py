"""One look at everything outside: usage and competing work at once, then finer usage where the one makes the other matter."""

import logging
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta

import msgspec

from pr_cost_bot import attribution
from pr_cost_bot.assemble import people_of
from pr_cost_bot.config import Config
from pr_cost_bot.hours import HOUR, floor_hour
from pr_cost_bot.model import Author, Commit, GitCommit, Interval, Pull, PullRequest, SourceResult, UsageQuery
from pr_cost_bot.people import People, co_authors, commits_of, resolve
from pr_cost_bot.ports import CompetingWork, GitHub, Source
from pr_cost_bot.windows import Window, window_of

LOGGER = logging.getLogger("pr_cost_bot.gathering")
_MINUTE = "%Y-%m-%dT%H:%MZ"


class Work(msgspec.Struct, frozen=True):
    """The commits and pull requests that share out the usage, and the commits as git has them."""

    commits: tuple[Commit, ...]
    pulls: tuple[Pull, ...]
    git_commits: tuple[GitCommit, ...]


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """What the outside says. `results` in the order of the sources; their records' people are not resolved yet."""

    query: UsageQuery
    other: CompetingWork
    results: tuple[SourceResult, ...]
    people: People
    work: Work


def gather(pulls: Sequence[PullRequest], config: Config, github: GitHub, sources: Sequence[Source], now: datetime) -> Gathered:
    """Ask for all that bears on these pull requests. Every request that can go out at once does; none goes out twice."""
    seen = tuple(dict.fromkeys(author for pull in pulls for author in _authors_of(pull)))
    query = _query(pulls, resolve(config.people, seen), config, now)
    repositories = tuple(dict.fromkeys([*(pull.repository for pull in pulls), *config.attribution.repositories]))
    # A commit made after the window can still be the one that usage inside it led to.
    until = min(query.now, query.end + timedelta(hours=config.attribution.lookback_hours))

    def compete() -> tuple[CompetingWork, tuple[Interval, ...]]:
        other = github.competing_work(seen, repositories, query.start, until)
        people = resolve(config.people, [*seen, *_authors_elsewhere(other)])
        return other, _contested(work_of(pulls, other, people), query, options_of(config, now))

    with ThreadPoolExecutor(len(sources) + 1) as pool:
        competing = pool.submit(compete)
        reading = [pool.submit(_read, source, query, competing) for source in sources]
        other, results = competing.result()[0], tuple(read.result() for read in reading)
    people = resolve(config.people, [*seen, *_authors_elsewhere(other)])
    return Gathered(query=query, other=other, results=results, people=people, work=work_of(pulls, other, people))


def options_of(config: Config, now: datetime) -> attribution.Options:
    """How usage is attributed in this run."""
    return attribution.Options(lookback_hours=config.attribution.lookback_hours, now=now)


def _query(pulls: Sequence[PullRequest], people: People, config: Config, now: datetime) -> UsageQuery:
    """The usage of everybody who took part, over all the windows."""
    windows = [window_of(pull, config.attribution.lookback_hours, now) for pull in pulls]
    for pull, window in zip(pulls, windows, strict=True):
        LOGGER.debug("Pull request %d: its usage lies in %s.", pull.number, _span(window))
    persons = {person for pull in pulls for person in people_of(pull, people)}
    return UsageQuery(
        people=people.identities(persons),
        start=floor_hour(min(window.start for window in windows)),
        end=min(now, floor_hour(max(window.end for window in windows)) + HOUR),
        now=now,
    )


def _read(source: Source, query: UsageQuery, competing: Future[tuple[CompetingWork, tuple[Interval, ...]]]) -> SourceResult:
    LOGGER.debug("%s: asked for %s, people: %d.", source.title, _span(query), len(query.people))
    result = _told(source, source.fetch(query))
    _, contested = competing.result()
    if not contested or not result.records:
        return result
    for stretch in sorted({_span(stretch) for stretch in contested}):
        LOGGER.debug("%s: asked for minutes where there are any, %s.", source.title, stretch)
    return _told(source, source.refine(query, result, contested))


def _span(stretch: UsageQuery | Interval | Window) -> str:
    return f"{stretch.start:{_MINUTE}} to {stretch.end:{_MINUTE}}"


def _told(source: Source, result: SourceResult) -> SourceResult:
    status = result.status
    fresh = f", complete until {status.fresh_until:{_MINUTE}}" if status.fresh_until else ""
    LOGGER.debug("%s: %s, records: %d%s.", source.title, status.state, len(result.records), fresh)
    return result


def _contested(work: Work, query: UsageQuery, options: attribution.Options) -> tuple[Interval, ...]:
    persons = [identity.person for identity in query.people]
    return attribution.contested_hours(work.commits, work.pulls, persons, query.start, query.end, options)


def work_of(pulls: Sequence[PullRequest], other: CompetingWork, people: People) -> Work:
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
    return Work(commits_of(git_commits, people), tuple(described.values()), git_commits)


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
