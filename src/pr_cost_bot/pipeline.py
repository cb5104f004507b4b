"""The order of things: facts, usage, prices, attribution, cost. Collaborators are handed in; nothing is built here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from pr_cost_bot import attribution, overlap, pricing, receipts
from pr_cost_bot.assemble import Findings, assemble
from pr_cost_bot.config import Config
from pr_cost_bot.coverage import Reported, part_claims
from pr_cost_bot.evidence import as_usage, in_known_spelling, on_noted_commits
from pr_cost_bot.evidence_files import FileEvidence, read_evidence
from pr_cost_bot.gathering import Gathered, gather, options_of
from pr_cost_bot.ledger.usage import UsageOfRun, covered, usage_rows
from pr_cost_bot.model import (
    Allocation,
    Interval,
    PriceInfo,
    Problem,
    PullRequestCost,
    SourceResult,
    SourceState,
    SourceStatus,
    UsageQuery,
    UsageRecord,
)
from pr_cost_bot.people import People
from pr_cost_bot.ports import GitHub, Inspection, PullRequestFacts, ReadError, Source
from pr_cost_bot.windows import APART, adjoining, window_of

_FINEST = Decimal("1e-12")
_LONGEST_NAMES = {"source": 64, "product": 128, "model": 200, "reference": 500}


@dataclass(frozen=True, kw_only=True)
class Collaborators:
    """The outside, as this run has it. `unread`: sources whose key is set but which this version cannot read."""

    github: GitHub
    sources: Sequence[Source]
    unread: Sequence[SourceStatus] = ()


@dataclass(frozen=True, kw_only=True)
class Computation:
    """What came out: one cost for each pull request asked for, what could not be read, and what is worth knowing.

    `notes` are plain sentences for whoever runs the workflow. `usage`: for a ledger that keeps people's usage too. `told`: for
    each pull request, the names under which any usage of its people came in, be it from a source of that name or from a file.
    """

    costs: tuple[PullRequestCost, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    usage: tuple[UsageOfRun, ...] = ()
    told: tuple[frozenset[str], ...] = ()


def compute(
    facts: Sequence[PullRequestFacts],
    config: Config,
    outside: Collaborators,
    now: datetime,
    given: Sequence[UsageRecord] = (),
) -> Computation:
    """What these pull requests cost. What lies far apart in time is read apart, the newest first.

    `given`: usage that already names its pull request, such as that of CI runs.
    """
    lookback = timedelta(hours=config.attribution.lookback_hours)
    windows = [window_of(fact.pull, config.attribution.lookback_hours, now) for fact in facts]
    groups = adjoining(windows, max(APART, lookback))
    made: list[Computation] = []
    for group in groups:
        some = [facts[position] for position in group]
        numbers = {fact.pull.number for fact in some}
        made.append(_compute(some, config, outside, now, [record for record in given if record.pr_number in numbers]))
        outside = _without_the_silent(outside, made[-1])
    return _joined(made, [position for group in groups for position in group])


def _joined(made: Sequence[Computation], order: Sequence[int]) -> Computation:
    """`order`: where each pull request of these stood."""
    costs = dict(zip(order, (cost for one in made for cost in one.costs), strict=True))
    told = dict(zip(order, (names for one in made for names in one.told), strict=True))
    return Computation(
        costs=tuple(costs[position] for position in sorted(costs)),
        problems=tuple(dict.fromkeys(problem for one in made for problem in one.problems)),
        notes=tuple(dict.fromkeys(note for one in made for note in one.notes)),
        usage=tuple(usage for one in made for usage in one.usage),
        told=tuple(told[position] for position in sorted(told)),
    )


def _compute(
    facts: Sequence[PullRequestFacts], config: Config, outside: Collaborators, now: datetime, given: Sequence[UsageRecord]
) -> Computation:
    pulls = [fact.pull for fact in facts]
    found = gather(pulls, config, outside.github, outside.sources, now)
    claimed = _evidence(facts, found, outside.github)
    read = _each_once(_with_person(record, found.people) for result in found.results for record in result.records)
    usage = (*read, *given)
    statuses = (*(result.status for result in found.results), *outside.unread)
    placed = _placed(found, usage, claimed, config)
    findings = Findings(
        records=placed.records,
        allocations=placed.allocations,
        people=found.people,
        sources=statuses,
        prices=placed.prices,
        config=config,
        now=now,
    )
    costs = tuple(
        assemble(fact.pull, findings, [problem.what for problem in (*fact.problems, *found.other.problems)]) for fact in facts
    )
    problems = (
        *(problem for fact in facts for problem in fact.problems),
        *found.other.problems,
        *found.people.problems,
        *(status.problem for status in statuses if status.problem is not None),
    )
    names = frozenset(record.source for record in usage)
    return Computation(
        costs=costs,
        problems=tuple(dict.fromkeys(problems)),
        notes=(*claimed.notes, *placed.notes),
        usage=(_usage(placed, found.query, statuses, [(pull.repository, pull.number) for pull in pulls]),),
        told=(names,) * len(costs),
    )


class _Placed(msgspec.Struct, frozen=True):
    """Every usage record, priced where a price is known, and where its parts belong."""

    records: dict[str, UsageRecord]
    allocations: tuple[Allocation, ...]
    prices: PriceInfo | None
    notes: tuple[str, ...]


def _usage(
    placed: _Placed, query: UsageQuery, statuses: Sequence[SourceStatus], pulls: Sequence[tuple[str, int]]
) -> UsageOfRun:
    """All usage seen, and which people, sources and time it is complete for."""
    whole = [status.name for status in statuses if status.state is SourceState.OK]
    persons = [identity.person for identity in query.people]
    return UsageOfRun(
        computed_at=query.now,
        rows=usage_rows(placed.records, placed.allocations),
        covered=covered(persons, whole, pulls, query.start, query.end),
    )


@dataclass
class _Silent:
    """Stands in for a source that has failed in this run already: it would fail again, and may take its time."""

    name: str
    title: str
    status: SourceStatus = field(repr=False)

    def fetch(self, query: UsageQuery) -> SourceResult:
        return SourceResult(status=self.status)

    def refine(self, query: UsageQuery, result: SourceResult, contested: Sequence[Interval]) -> SourceResult:
        return result

    def inspect(self, now: datetime) -> Inspection:
        return Inspection(title=self.title, problem=self.status.problem)


def _without_the_silent(outside: Collaborators, made: Computation) -> Collaborators:
    failed = {status.name: status for cost in made.costs for status in cost.sources if status.state is SourceState.FAILED}
    sources: list[Source] = [
        _Silent(source.name, source.title, failed[source.name]) if source.name in failed else source
        for source in outside.sources
    ]
    return Collaborators(github=outside.github, sources=sources, unread=outside.unread)


def _evidence(facts: Sequence[PullRequestFacts], found: Gathered, github: GitHub) -> FileEvidence:
    """What commits claim, in their messages and in files that they name or bring."""
    commits, people = found.work.git_commits, found.people
    messages = receipts.read_commits(commits, people)
    try:
        files = read_evidence(github, facts[0].pull.repository, facts, commits, people)
    except ReadError as error:
        files = FileEvidence(notes=(f"Receipts in files could not be read: {error.problem.what}",))
    return FileEvidence((*messages.receipts, *files.receipts), files.sessions, (*messages.notes, *files.notes))


def _placed(found: Gathered, usage: Sequence[UsageRecord], claimed: FileEvidence, config: Config) -> _Placed:
    """Prices and receipts on the usage, what two sources report once, and every record's place."""
    work = found.work
    repositories = {commit.repository for commit in work.commits} | {pull.repository for pull in work.pulls}
    tagged = in_known_spelling(usage, repositories)
    statuses = [result.status for result in found.results]
    reported = Reported(
        records=tagged,
        commits=work.commits,
        fresh_until={status.name: status.fresh_until for status in statuses if status.fresh_until is not None},
        lookback=timedelta(hours=config.attribution.lookback_hours),
        prices=lambda records: pricing.price(records, config.prices).records,
    )
    claims = part_claims(claimed.receipts, reported)
    counted = [*on_noted_commits(tagged, claimed.sessions), *as_usage(claims.uncovered)]
    priced = pricing.price(counted, config.prices)
    once = overlap.without_overlap(priced.records)
    options = options_of(config, found.query.now)
    allocations = attribution.attribute(once.records, work.commits, work.pulls, options, claims.covered)
    records = {record.id: record for record in once.records}
    return _Placed(records, tuple(allocations), priced.info, overlap.notes(once.dropped, once.apart))


def _with_person(record: UsageRecord, people: People) -> UsageRecord:
    return msgspec.structs.replace(
        record,
        person=people.of_actor(record.source, record.actor),
        **{name: _plain(getattr(record, name), longest) for name, longest in _LONGEST_NAMES.items()},
        cost_usd=_without_noise(record.cost_usd),
        billed_usd=_without_noise(record.billed_usd),
    )


def _plain(name: str, longest: int) -> str:
    """A vendor's name, which may be anything that its users once sent it, as every table can hold it."""
    fits = len(name) <= longest and name.isprintable()
    return name if fits else "".join(char for char in name[:longest] if char.isprintable())


def _each_once(records: Iterable[UsageRecord]) -> Iterable[UsageRecord]:
    """A cloud's log that is read both live and from a file tells of the same request under the same id."""
    found: dict[str, UsageRecord] = {}
    for record in records:
        held = found.get(record.id)
        if held is None or (record.person and not held.person):
            found[record.id] = record
    return found.values()


def _without_noise(amount: Decimal | None) -> Decimal | None:
    """What lies below a millionth of a millionth of a dollar is the noise of somebody's binary floats."""
    return amount if amount is None or int(amount.as_tuple().exponent) >= -12 else amount.quantize(_FINEST)
