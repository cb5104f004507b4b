"""The order of comparing: requests one by one, then by seller and model, then what tells neither."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from operator import attrgetter

import msgspec

from pr_cost_bot.attribution.decision import WHOLE
from pr_cost_bot.model import ZERO, UsageRecord
from pr_cost_bot.overlap.nameless import Told, against_all
from pr_cost_bot.overlap.seen import Seen, records_of, seen
from pr_cost_bot.overlap.shares import REST, halves
from pr_cost_bot.overlap.stretches import Outcome, once, sides_of, stretches
from pr_cost_bot.overlap.telling import Apart, Dropped, joined
from pr_cost_bot.overlap.twins import settle
from pr_cost_bot.sellers import BEHIND_NO_GATEWAY, maker_of, name_of, seller_of

_CLAIMS = frozenset({"receipt"})  # claims of commits are weighed against bills elsewhere
_OWN_KEY = ":own-key"
"""Ends the id of the part of OpenRouter's usage that was made with a key of the customer's own."""


class Overlap(msgspec.Struct, frozen=True):
    """The records that count, by time, what was left out, and what was told apart from usage beside it."""

    records: tuple[UsageRecord, ...]
    dropped: tuple[Dropped, ...] = ()
    apart: tuple[Apart, ...] = ()


def without_overlap(records: Sequence[UsageRecord]) -> Overlap:
    """Count usage once, whoever reports it. Records need their `person`; those without one are left as they are.

    Best after pricing: then the seller's figure goes before a gateway's even where the seller gives tokens only.

    The order of the records changes nothing, and a second time changes nothing. For cost and each token class, what stays and
    what is dropped sum to what was given.
    """
    kept: list[UsageRecord] = []
    people: dict[str, list[UsageRecord]] = defaultdict(list)
    for record in records:
        if not record.person or not _amounts(record) or record.source in _CLAIMS or record.id.endswith(REST):
            kept.append(record)
        else:
            people[record.person].append(record)
    outcome = Outcome()
    for _, group in sorted(people.items()):
        outcome.add(_of_person(group))
    ordered = sorted([*kept, *records_of(outcome.kept)], key=attrgetter("start", "end", "id"))
    return Overlap(tuple(ordered), joined(outcome.dropped), tuple(outcome.apart))


def _amounts(record: UsageRecord) -> bool:
    """Whether there is anything to compare."""
    return bool(record.tokens or record.cost_usd)


def _of_person(records: Sequence[UsageRecord]) -> Outcome:
    through_openrouter = any(record.source == "openrouter" for record in records)
    reported = [seen(record, _seller(record, through_openrouter=through_openrouter)) for record in records]
    if len({each.reporter for each in reported}) < 2:
        return Outcome(kept=reported)
    events, gone = settle([each for each in reported if each.is_event])
    told = Told(reported, tuple(gone))
    outcome = Outcome(dropped=gone)
    sellers: dict[str, list[Seen]] = defaultdict(list)
    for each in (*events, *(each for each in reported if not each.is_event)):
        sellers[each.seller].append(each)
    _pass_on_own_keys(sellers, outcome, told)
    unsold = sellers.pop("", [])
    for _, group in sorted(sellers.items()):
        outcome.add(_of_seller(group, told))
    return _with_unsold(outcome, unsold, told)


def _seller(record: UsageRecord, *, through_openrouter: bool) -> str:
    if record.id.endswith(_OWN_KEY):
        return maker_of(record.model)
    return seller_of(record, through_openrouter=through_openrouter)


def _pass_on_own_keys(sellers: dict[str, list[Seen]], outcome: Outcome, told: Told) -> None:
    """What OpenRouter sent on with a key of the customer's own is on the bill of the model's maker."""
    if "openrouter" not in sellers:
        return
    settled = _of_seller(sellers.pop("openrouter"), told)
    outcome.dropped += settled.dropped
    outcome.apart += settled.apart
    for each in settled.kept:
        charged, own = _own_key_part(each)
        maker = maker_of(each.record.model)
        if own is None or maker not in sellers:
            outcome.kept.append(each)
            continue
        sellers[maker].append(own)
        outcome.kept += [charged] if charged else []


def _own_key_part(each: Seen) -> tuple[Seen | None, Seen | None]:
    """The part that OpenRouter charges for, and the one that somebody else does."""
    record = each.record
    cost, billed = record.cost_usd or ZERO, record.billed_usd
    if billed is None or billed >= cost:
        return each, None
    share = int(billed / cost * WHOLE)
    if not billed:
        return None, _own(each, record)
    charged, own = halves(record, [share, WHOLE - share])
    charged = msgspec.structs.replace(charged, cost_usd=billed, billed_usd=billed)
    return each.now(charged), _own(
        each, msgspec.structs.replace(own, id=record.id + _OWN_KEY, cost_usd=cost - billed, billed_usd=Decimal(0))
    )


def _own(each: Seen, record: UsageRecord) -> Seen:
    return Seen(record, each.reporter, maker_of(record.model), each.family, billed=False, whole=record)


def _of_seller(records: Sequence[Seen], told: Told) -> Outcome:
    """By model; then those whose model's name says nothing, against all. `told`: by the person's sources."""
    if len({each.reporter for each in records}) < 2:
        return Outcome(kept=list(records))
    families: dict[str, list[Seen]] = defaultdict(list)
    for each in records:
        families[name_of(each.record.model)].append(each)
    outcome = Outcome()
    nameless: list[Seen] = []
    for _, group in sorted(families.items()):
        if not group[0].family and len({each.reporter for each in group}) < 2:
            nameless += group
            continue
        for stretch in stretches(group):
            outcome.add(once(sides_of(stretch)))
    nameless += [each for each in outcome.kept if not each.family]
    outcome.kept = [each for each in outcome.kept if each.family]
    return against_all(outcome, nameless, told)


def _with_unsold(outcome: Outcome, unsold: Iterable[Seen], told: Told) -> Outcome:
    """Records that name neither seller nor model, such as sums, may be anything that a gateway sees."""
    unknown = [each for each in unsold if each.record.model.strip().lower() in {"", "unknown"}]
    aside = [each for each in unsold if each not in unknown]
    aside += [each for each in outcome.kept if each.seller in BEHIND_NO_GATEWAY]
    reachable = [each for each in outcome.kept if each.seller not in BEHIND_NO_GATEWAY]
    found = against_all(Outcome(reachable, outcome.dropped, outcome.apart), unknown, Told(told.records))
    found.kept += aside
    return found
