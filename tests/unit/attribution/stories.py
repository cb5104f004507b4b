"""Short ways to write down a developer's day."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from pr_cost_bot.attribution import Options, attribute
from pr_cost_bot.model import Commit, Pull, Receipt, Tokens, UsageRecord

WEB, API = "acme/web", "acme/api"
DAY = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday


def at(clock, days=0):
    hours, minutes = clock.split(":")
    return DAY + timedelta(days=days, hours=int(hours), minutes=int(minutes))


def call(clock, usd="1.00", *, days=0, person="ann", **more):
    """One model call."""
    fields = {"id": f"{person} {days} {clock}", "tokens": Tokens(1000, 800, 100, 50), "requests": 1, "source": "anthropic"}
    moment = at(clock, days)
    return UsageRecord(
        actor="", start=moment, end=moment, model="claude-sonnet-5", cost_usd=Decimal(usd), person=person, **(fields | more)
    )


def conversation(clock, calls, *, begins_with=20_000, usd="1.00", minutes=1, **more):
    """Calls of one conversation: each reads from the cache what the last one read and wrote. No session id."""
    read, written, result = 0, begins_with, []
    for n in range(calls):
        record = call(
            clock, usd, tokens=Tokens(read + written + 3, read, written, 200), id=f"{clock}+{n} {begins_with}", **more
        )
        moment = record.start + timedelta(minutes=n * minutes)
        result.append(copy(record, start=moment, end=moment))
        read, written = read + written, 700
    return result


def copy(record, **changes):
    return type(record)(**({name: getattr(record, name) for name in record.__struct_fields__} | changes))


def bucket(clock, hours, usd, *, days=0, person="ann", **more):
    """The usage of some hours, as an admin API reports it."""
    start = at(clock, days)
    fields = {"id": f"{person} {days} {clock} {hours}h", "source": "anthropic", "requests": 60}
    fields |= {"tokens": Tokens(100_003, 80_001, 10_000, 5_001), "cost_usd": Decimal(usd)}
    end = start + timedelta(hours=hours)
    return UsageRecord(actor="", start=start, end=end, model="claude-sonnet-5", person=person, **(fields | more))


def commit(clock, pr, *, days=0, person="ann", repository=WEB, **more):
    fields = {"sha": f"{days}-{clock}-{pr}-{person}-{repository}", "additions": 40, "deletions": 10}
    return Commit(repository=repository, person=person, authored_at=at(clock, days), pr_number=pr, **(fields | more))


def pull(pr, *, merged=None, repository=WEB, head=None):
    return Pull(
        repository=repository, pr_number=pr, author="ann", head_ref=head or f"feature-{pr}", opened_at=DAY, merged_at=merged
    )


def receipt(clock, of, usd, **more):
    """What a commit says about itself."""
    fields = {"format": "copilot-budget", "tool": "anthropic", "cost_usd": Decimal(usd), "person": of.person}
    return Receipt(repository=of.repository, commit=of.sha, end=at(clock), **(fields | more))


def allocate(usage, commits, pulls=(), receipts=(), *, without=(), **options):
    return attribute(usage, commits, pulls, Options(switched_off=frozenset(without), **options), receipts)


def spent(usage, commits, pulls=(), receipts=(), **options):
    """Dollars by pull request number, or by the reason why there is none."""
    result = {}
    for share in allocate(usage, commits, pulls, receipts, **options):
        if share.cost_usd:
            key = share.pr_number if share.pr_number is not None else share.reason
            result[key] = result.get(key, 0) + share.cost_usd
    return result
