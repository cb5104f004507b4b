"""From allocations to what one pull request cost. Pure."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

import msgspec

from pr_cost_bot import tickets
from pr_cost_bot.config import Config, Labels
from pr_cost_bot.model import (
    ZERO,
    Allocation,
    CommitCost,
    CostLine,
    PriceInfo,
    PullRequest,
    PullRequestCost,
    RecordShare,
    Remainder,
    SourceState,
    SourceStatus,
    Tokens,
    Unpriced,
    UsageRecord,
    total_billed,
)
from pr_cost_bot.people import People, unmatched
from pr_cost_bot.receipts.messages import Trailer, trailer_blocks
from pr_cost_bot.windows import MAX_WINDOW, Window, window_of

K = TypeVar("K", bound=Hashable)

PENDING = "pending"


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What a run knows about all its pull requests before they are looked at one by one."""

    records: Mapping[str, UsageRecord]  # by id, with person and price
    allocations: Sequence[Allocation]
    people: People
    sources: tuple[SourceStatus, ...]
    prices: PriceInfo | None
    config: Config
    now: datetime


def people_of(pull: PullRequest, people: People) -> tuple[str, ...]:
    """The persons who made its commits, in order of appearance; where only bots did, who opened it."""
    makers = (people.of_author(author) for commit in pull.commits for author in commit.authors)
    persons = tuple(dict.fromkeys(person for person in makers if person))
    opener = people.of_author(pull.author)
    return persons or ((opener,) if opener else ())


def label_for(cost: PullRequestCost, labels: Labels) -> str | None:
    """One of the three names; None where no priced usage was found."""
    if not cost.lines:
        return None
    if cost.cost_usd >= labels.high_from_usd:
        return labels.high
    return labels.medium if cost.cost_usd >= labels.medium_from_usd else labels.low


def assemble(pull: PullRequest, findings: Findings, notes: Sequence[str] = ()) -> PullRequestCost:
    """Everything about one pull request. `notes`: what could not be read about it, in plain sentences."""
    config, now = findings.config, findings.now
    window = window_of(pull, config.attribution.lookback_hours, now)
    persons = people_of(pull, findings.people)
    humans = tuple(person for person in persons if findings.people.is_human(person))
    here = (pull.repository, pull.number)
    mine = [a for a in findings.allocations if (a.repository, a.pr_number) == here]
    theirs = _of_the_same_people(findings, persons, window)
    elsewhere = (a.cost_usd for a in theirs if a.pr_number is not None and (a.repository, a.pr_number) != here)
    identities = findings.people.identities(humans)
    trailers = [trailer for commit in pull.commits for block in trailer_blocks(commit.message) for trailer in block]
    cut = _window_note(pull, window, config.attribution.lookback_hours)
    complete = all(source.state is SourceState.OK for source in findings.sources) and not cut
    priced = [a for a in mine if a.cost_usd or findings.records[a.usage_id].cost_usd is not None]
    cost = PullRequestCost(
        pull=pull,
        computed_at=now,
        since=window.start,
        lines=_lines(priced, findings.records),
        records=_records(mine, findings.records),
        commits=_by_commit(pull, mine),
        low_usd=sum((a.low_usd for a in mine), ZERO),
        high_usd=sum((a.high_usd for a in mine), ZERO),
        sources=findings.sources,
        unattributed=_unattributed(theirs),
        elsewhere_usd=sum(elsewhere, ZERO),
        pending=_pending(pull, theirs),
        unpriced=_unpriced(mine, findings.records),
        authors=len(humans),
        unmatched=unmatched(humans, findings.sources, identities),
        prices=_prices_used(findings, mine),
        notes=(*notes, *cut),
        ticket=_ticket(pull, trailers, config.tickets.pattern),
        purpose=tickets.purpose(pull.title, pull.head_ref, pull.labels, (commit.message for commit in pull.commits)),
        estimate_usd=_estimate(pull, trailers),
        complete=complete,
        settled=complete and _settled(pull, findings.sources, now),
    )
    return msgspec.structs.replace(cost, label=label_for(cost, config.labels))


def _ticket(pull: PullRequest, trailers: Sequence[Trailer], pattern: str) -> str | None:
    named = "\n".join(trailer.value for trailer in trailers if tickets.names_tickets(trailer.key))
    return tickets.ticket(pattern, branch=pull.head_ref, title=pull.title, body=pull.body, messages=[named])


def _estimate(pull: PullRequest, trailers: Sequence[Trailer]) -> Decimal | None:
    """The newest commit's word counts, where only commits speak of a budget."""
    budgets = [f"{trailer.key}: {trailer.value}" for trailer in reversed(trailers) if trailer.key == "ai-budget"]
    return tickets.estimate(body=pull.body, labels=pull.labels, trailers=budgets)


def _of_the_same_people(findings: Findings, persons: Sequence[str], window: Window) -> list[Allocation]:
    def inside(record: UsageRecord) -> bool:
        return record.person in persons and record.start < window.end and max(record.end, record.start) >= window.start

    return [a for a in findings.allocations if inside(findings.records[a.usage_id])]


def _lines(mine: Iterable[Allocation], records: Mapping[str, UsageRecord]) -> tuple[CostLine, ...]:
    def key(allocation: Allocation) -> tuple[str, str, str, str, str]:
        record = records[allocation.usage_id]
        return record.source, record.product, record.model, record.person or "", str(allocation.evidence)

    lines = (
        CostLine(
            source=group_key[0],
            product=group_key[1],
            model=group_key[2],
            person=group_key[3],
            evidence=group[0].evidence,  # type: ignore[arg-type]  # what lies on a pull request has evidence
            requests=sum(a.requests for a in group),
            tokens=_tokens(group),
            cost_usd=sum((a.cost_usd for a in group), ZERO),
            billed_usd=total_billed(a.billed_usd for a in group),
        )
        for group_key, group in _grouped(mine, key).items()
    )
    return tuple(line for line in lines if line.tokens or line.requests or line.cost_usd)


def _records(mine: Iterable[Allocation], records: Mapping[str, UsageRecord]) -> tuple[RecordShare, ...]:
    """With those that may only belong here (`high_usd`), so that they add up to the range too."""
    found = (RecordShare(records[a.usage_id], a) for a in mine if a.tokens or a.requests or a.cost_usd or a.high_usd)
    return tuple(sorted(found, key=lambda one: (one.record.start, one.record.id, one.share.commit or "")))


def _by_commit(pull: PullRequest, mine: Iterable[Allocation]) -> tuple[CommitCost, ...]:
    commits = {commit.sha: commit for commit in (*pull.dropped_commits, *pull.commits)}
    groups = _grouped((a for a in mine if a.commit in commits), lambda a: a.commit or "")
    found = [
        CommitCost(
            sha=sha,
            title=commits[sha].message.partition("\n")[0],
            authored_at=commits[sha].authored_at,
            cost_usd=sum((a.cost_usd for a in group), ZERO),
            tokens=_tokens(group),
        )
        for sha, group in groups.items()
    ]
    return tuple(sorted((c for c in found if c.cost_usd or c.tokens), key=lambda c: (c.authored_at, c.sha)))


def _unattributed(theirs: Iterable[Allocation]) -> tuple[Remainder, ...]:
    groups = _grouped((a for a in theirs if a.pr_number is None and a.reason != PENDING), lambda a: a.reason)
    found = (_remainder(reason, group) for reason, group in groups.items())
    return tuple(sorted((r for r in found if r.cost_usd or r.tokens), key=lambda r: (-r.cost_usd, r.reason)))


def _pending(pull: PullRequest, theirs: Iterable[Allocation]) -> Remainder | None:
    if pull.state != "open":
        return None
    shas = {commit.sha for commit in pull.commits}
    waiting = [a for a in theirs if a.pr_number is None and a.reason == PENDING and a.commit in shas]
    remainder = _remainder(PENDING, waiting)
    return remainder if remainder.cost_usd or remainder.tokens else None


def _remainder(reason: str, group: Sequence[Allocation]) -> Remainder:
    return Remainder(reason=reason, cost_usd=sum((a.cost_usd for a in group), ZERO), tokens=_tokens(group))


def _unpriced(mine: Iterable[Allocation], records: Mapping[str, UsageRecord]) -> tuple[Unpriced, ...]:
    unknown = (a for a in mine if records[a.usage_id].cost_usd is None)
    groups = _grouped(unknown, lambda a: (records[a.usage_id].source, records[a.usage_id].model))
    found = (Unpriced(source=source, model=model, tokens=_tokens(group)) for (source, model), group in groups.items())
    return tuple(sorted((u for u in found if u.tokens), key=lambda u: (-u.tokens.input, u.model)))


def _prices_used(findings: Findings, mine: Iterable[Allocation]) -> PriceInfo | None:
    """The price list, narrowed to the models that it priced for this pull request."""
    if findings.prices is None:
        return None
    models = {findings.records[a.usage_id].model for a in mine if findings.records[a.usage_id].listed}
    if not models:
        return None
    return msgspec.structs.replace(
        findings.prices,
        models=tuple(model for model in findings.prices.models if model in models),
        overridden=tuple(model for model in findings.prices.overridden if model in models),
    )


def _window_note(pull: PullRequest, window: Window, lookback_hours: int) -> tuple[str, ...]:
    first = min([commit.authored_at for commit in pull.commits] + [pull.opened_at])
    if window.start + timedelta(hours=lookback_hours) <= first:
        return ()
    return (
        f"The figure is incomplete: usage before {window.start:%Y-%m-%d} is not in it, as {MAX_WINDOW.days} days are read.",
    )


def _settled(pull: PullRequest, sources: Sequence[SourceStatus], now: datetime) -> bool:
    if pull.closed_at is None or not sources:
        return False
    closed = pull.closed_at
    return all(now >= closed + source.settles_after for source in sources)


def _tokens(group: Iterable[Allocation]) -> Tokens:
    return sum((a.tokens for a in group), Tokens())


def _grouped(allocations: Iterable[Allocation], key: Callable[[Allocation], K]) -> dict[K, list[Allocation]]:
    groups: dict[K, list[Allocation]] = defaultdict(list)
    for allocation in allocations:
        groups[key(allocation)].append(allocation)
    return dict(sorted(groups.items(), key=lambda item: str(item[0])))
