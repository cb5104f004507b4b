"""A made-up organisation of which everything is known: 50 people, 20 repositories, 12 weeks.

`Share` is one part of one vendor record, and the truth that every report is checked against, in plain Python.
"""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import NamedTuple

from pr_cost_bot.assemble import label_for
from pr_cost_bot.config import Labels
from pr_cost_bot.ledger.records import records_of
from pr_cost_bot.ledger.rows import row_of
from pr_cost_bot.ledger.usage import UsageOfRun, covered, usage_rows
from pr_cost_bot.model import Allocation, Author, CostLine, Evidence, RecordShare, Tokens, UsageRecord, total_billed
from tests.factories import NOON, git_commit, pull_request, pull_request_cost

START = datetime(2026, 8, 24, tzinfo=UTC)  # a Monday
WEEKS = 12
END = START + timedelta(weeks=WEEKS)
NOW = END + timedelta(hours=9)
COMPUTED = NOW
PEOPLE = tuple(f"dev{number:02d}" for number in range(50))
REPOSITORIES = tuple(f"acme/{name}{number}" for name in ("web", "api", "data", "infra") for number in range(5))
MODELS = {
    "anthropic": (("claude_code", "claude-opus-4-7"), ("claude_code", "claude-sonnet-4-6"), ("api", "claude-haiku-4-5")),
    "cursor": (("", "claude-sonnet-4-6"), ("", "gpt-5.5"), ("", "composer-2")),
    "openai": (("codex", "gpt-5.5"), ("codex", "gpt-5.5-mini")),
}
REASONS = ("no commit followed within 48 hours", "work outside any pull request", "pending")
PURPOSES = ("feature", "fix", "docs", "refactor", None)


class Share(NamedTuple):
    record: str
    person: str
    source: str
    product: str
    model: str
    start: datetime
    tokens: Tokens
    requests: int
    cost: Decimal
    billed: Decimal | None
    repository: str | None
    pr_number: int | None
    evidence: str
    reason: str
    by_day: bool = False


class PullTruth(NamedTuple):
    repository: str
    number: int
    author: str
    state: str
    opened_at: datetime
    closed_at: datetime | None
    commits: int
    ticket: str | None
    purpose: str | None
    estimate: Decimal | None
    people: tuple[str, ...]

    @property
    def merged_at(self):
        return self.closed_at if self.state == "merged" else None


class Organisation(NamedTuple):
    pulls: tuple[PullTruth, ...]
    shares: tuple[Share, ...]


@cache
def organisation(seed=5):
    chance = random.Random(seed)
    pulls = tuple(_pulls(chance))
    return Organisation(pulls, tuple(_shares(chance, pulls)))


def _pulls(chance):
    numbers = dict.fromkeys(REPOSITORIES, 0)
    for week in range(WEEKS):
        for at, person in enumerate(PEOPLE):
            if chance.random() < 0.25:
                continue
            repository = chance.choice(REPOSITORIES[at % 15 : at % 15 + 6])
            numbers[repository] += 1
            opened = START + timedelta(weeks=week, days=chance.randrange(4), hours=chance.randrange(8, 17))
            state = chance.choices(("merged", "closed", "open"), (75, 15, 10))[0]
            ticket = f"{repository[5:8].upper()}-{chance.randrange(60)}" if chance.random() < 0.7 else None
            if ticket and chance.random() < 0.1:
                ticket += f", OPS-{chance.randrange(9)}"
            yield PullTruth(
                repository=repository,
                number=numbers[repository],
                author=person,
                state=state,
                opened_at=opened,
                closed_at=None if state == "open" else min(opened + timedelta(hours=chance.randrange(2, 120)), END),
                commits=chance.randrange(1, 9),
                ticket=ticket,
                purpose=chance.choice(PURPOSES),
                estimate=Decimal(chance.randrange(1, 12)) if chance.random() < 0.3 else None,
                people=(person, chance.choice(PEOPLE)) if chance.random() < 0.15 else (person,),
            )


def _shares(chance, pulls):
    weight = {person: Decimal(chance.randrange(1, 100)) ** 2 / 1000 for person in PEOPLE}
    serial = 0
    for pull in pulls:
        for person in pull.people:
            for _ in range(chance.randrange(2, 7)):
                serial += 1
                start = pull.opened_at + timedelta(minutes=chance.randrange(0, 60 * 40))
                size = 40 if chance.random() < 0.01 else 1
                yield from _record(
                    chance, f"u{serial}", person, min(start, END - timedelta(minutes=1)), weight[person] * size, pull
                )


def _record(chance, identifier, person, start, weight, pull):
    source = chance.choices(("anthropic", "cursor", "openai"), (6, 3, 1))[0]
    product, model = chance.choice(MODELS[source])
    by_day = source == "openai" and start.hour < 12
    cost = (weight * chance.randrange(10**6, 10**8) / 10**8).quantize(Decimal("1e-12"))
    read, write, fresh = chance.randrange(10**6), chance.randrange(10**5), chance.randrange(10**4)
    whole = Share(
        record=identifier,
        person=person,
        source=source,
        product=product,
        model=model,
        start=start.replace(hour=0, minute=0) if by_day else start,
        tokens=Tokens(read + write + fresh, read, write, chance.randrange(10**4)),
        requests=chance.randrange(1, 40),
        cost=cost,
        billed={"anthropic": cost, "cursor": Decimal(0), "openai": None}[source],
        repository=pull.repository,
        pr_number=pull.number,
        evidence=chance.choice([str(one) for one in Evidence]),
        reason="",
        by_day=by_day,
    )
    kind = chance.random()
    if kind < 0.12:
        reason = chance.choice(REASONS)
        place = None if reason == REASONS[0] else pull.repository
        yield whole._replace(repository=place, pr_number=None, evidence="", reason=reason)
    elif kind < 0.3:
        yield from _halves(whole)
    else:
        yield whole


def _halves(whole):
    """Part on the pull request, part on none."""
    part = (whole.cost / 3).quantize(Decimal("1e-12"))
    billed = None if whole.billed is None else part if whole.billed else Decimal(0)
    read, write, out = (count // 3 for count in (whole.tokens.cache_read, whole.tokens.cache_write, whole.tokens.output))
    tokens = Tokens(read + write, read, write, out)
    rest = Tokens(*(getattr(whole.tokens, name) - getattr(tokens, name) for name in tokens.__struct_fields__))
    yield whole._replace(cost=part, billed=billed, tokens=tokens, requests=1)
    yield whole._replace(
        cost=whole.cost - part,
        billed=None if whole.billed is None else whole.billed - billed,
        tokens=rest,
        requests=whole.requests - 1,
        pr_number=None,
        evidence="",
        reason=REASONS[1],
    )


def fill(ledger, org=None):
    """Write the organisation through the ledger, as runs would."""
    org = org or organisation()
    ledger.write(table_rows(org))
    for records in records_of_pulls(org):
        ledger.write_records(records)
    ledger.write_usage(usage_of(org))


def usage_of(org, computed_at=COMPUTED):
    """All of it as one run's usage."""
    records, allocations = _placed(org)
    return UsageOfRun(
        computed_at=computed_at,
        rows=usage_rows(records, allocations),
        covered=covered(PEOPLE, MODELS, (), START, END),
    )


def records_of_pulls(org):
    """The vendors' records behind each pull request."""
    records, allocations = _placed(org)
    behind = {}
    for one in allocations:
        behind.setdefault((one.repository, one.pr_number), []).append(RecordShare(records[one.usage_id], one))
    for truth in org.pulls:
        pull = pull_request(repository=truth.repository, number=truth.number)
        found = tuple(behind.get((truth.repository, truth.number), ()))
        yield records_of(pull_request_cost(pull=pull, computed_at=COMPUTED, records=found))


def _placed(org):
    """Records by id, and the shares of them."""
    records, allocations = {}, []
    for share in org.shares:
        old = records.get(share.record)
        records[share.record] = UsageRecord(
            id=share.record,
            source=share.source,
            product=share.product,
            model=share.model,
            actor=share.person,
            person=share.person,
            start=share.start,
            end=share.start + timedelta(days=int(share.by_day)),
            tokens=share.tokens + old.tokens if old else share.tokens,
            cost_usd=share.cost + old.cost_usd if old else share.cost,
        )
        allocations.append(
            Allocation(
                usage_id=share.record,
                repository=share.repository,
                pr_number=share.pr_number,
                commit=None,
                evidence=Evidence(share.evidence) if share.evidence else None,
                cost_usd=share.cost,
                low_usd=share.cost,
                high_usd=share.cost,
                tokens=share.tokens,
                requests=share.requests,
                billed_usd=share.billed,
                reason=share.reason or "matching",
            )
        )
    return records, allocations


def table_rows(org):
    """The rows of `pr_costs`, as the program makes them from what each pull request cost."""
    by_pull = {}
    for share in org.shares:
        if share.pr_number is not None:
            by_pull.setdefault((share.repository, share.pr_number), []).append(share)
    return [_row(pull, by_pull.get((pull.repository, pull.number), [])) for pull in org.pulls]


def _row(truth, shares):
    pull = pull_request(
        repository=truth.repository,
        number=truth.number,
        title=f"Change {truth.number}",
        url=f"https://github.com/{truth.repository}/pull/{truth.number}",
        author=Author(login=truth.author),
        state=truth.state,
        opened_at=truth.opened_at,
        closed_at=truth.closed_at,
        merged_at=truth.merged_at,
        commits=tuple(git_commit(sha=f"{n:040x}", repository=truth.repository, authored_at=NOON) for n in range(truth.commits)),
    )
    groups = {}
    for share in shares:
        groups.setdefault((share.source, share.product, share.model, share.person, share.evidence), []).append(share)
    cost = pull_request_cost(
        pull=pull,
        computed_at=COMPUTED,
        lines=tuple(_line(key, group) for key, group in groups.items()),
        ticket=truth.ticket,
        purpose=truth.purpose,
        estimate_usd=truth.estimate,
        label=None,
        settled=truth.state != "open",
    )
    row = row_of(cost, show_people=True)
    return {**row, "cost_label": label_for(cost, Labels())}


def _line(key, shares):
    source, product, model, person, evidence = key
    return CostLine(
        source=source,
        product=product,
        model=model,
        person=person,
        evidence=Evidence(evidence),
        requests=sum(share.requests for share in shares),
        tokens=sum((share.tokens for share in shares), Tokens()),
        cost_usd=sum((share.cost for share in shares), Decimal(0)),
        billed_usd=total_billed(share.billed for share in shares),
    )
