"""Which pull request each cent belongs to, how we know, and how wrong it can be. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from pr_cost_bot.attribution.amounts import allocations
from pr_cost_bot.attribution.contested import contested_hours
from pr_cost_bot.attribution.engine import Engine
from pr_cost_bot.attribution.history import CommitList, History
from pr_cost_bot.attribution.options import Options
from pr_cost_bot.attribution.records import Call, call_of
from pr_cost_bot.attribution.rules import RULES, Rule
from pr_cost_bot.model import Allocation, Commit, Pull, Receipt, UsageRecord

__all__ = ["RULES", "Call", "Engine", "History", "Options", "Rule", "attribute", "call_of", "contested_hours"]


def attribute(
    usage: Iterable[UsageRecord],
    commits: Sequence[Commit],
    pulls: Sequence[Pull],
    options: Options,
    receipts: Sequence[Receipt] = (),
) -> list[Allocation]:
    """Attribute usage to pull requests. The order of the input does not matter; the output is by person, time and id."""
    engine = Engine(History(CommitList(commits), pulls, options), options, receipts)
    by_person: dict[str | None, list[UsageRecord]] = defaultdict(list)
    for record in usage:
        by_person[record.person].append(record)
    result: list[Allocation] = []
    for person in sorted(by_person, key=lambda name: (name is None, name)):
        records = sorted(by_person[person], key=lambda record: (record.start, record.id))
        decisions = engine.decide(person, [call_of(record) for record in records])
        for record, decision in zip(records, decisions, strict=True):
            result += allocations(record, decision)
    return result
