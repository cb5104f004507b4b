"""Receipts: what commits say about their own usage. The bill says how much; the receipts say how it divides."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from pr_cost_bot.attribution.decision import WHOLE, Decision, share, whole_parts
from pr_cost_bot.attribution.history import HOUR, SECOND, Destination, History, Timeline
from pr_cost_bot.attribution.options import Options
from pr_cost_bot.attribution.records import Call, milliseconds
from pr_cost_bot.attribution.sharing import Portion
from pr_cost_bot.model import Evidence, Receipt

# A receipt is a claim by whoever could push: it may be off by this part either way.
_TRUST = WHOLE * 80 // 100


class _Claim(msgspec.Struct, eq=False, gc=False):
    """A receipt on the person's timeline: usage in `(start, end]`, in milliseconds."""

    receipt: Receipt
    place: Destination
    start: int
    end: int

    def part_in(self, call: Call) -> float:
        """How much of the claim falls into a record's time, from 0 to 1."""
        if call.begin == call.finish:
            return 1.0 if self.start < call.begin <= self.end + SECOND - 1 else 0.0
        if self.receipt.start is None and call.begin <= self.end < call.finish:
            return 1.0  # nobody said when it began; most of it shortly before the commit
        overlap = min(call.finish, self.end) - max(call.begin, self.start)
        return overlap / (self.end - self.start) if overlap > 0 else 0.0


def by_person(receipts: Iterable[Receipt]) -> dict[str, list[Receipt]]:
    """Receipts of each person in the order of time; those that speak of the same usage count once, the earliest."""
    result: dict[str, list[Receipt]] = defaultdict(list)
    seen: set[str] = set()
    for receipt in sorted(receipts, key=lambda receipt: (receipt.end, receipt.commit, receipt.format, receipt.usage_key)):
        if not receipt.usage_key or receipt.usage_key not in seen:
            seen.add(receipt.usage_key)
            result[receipt.person].append(receipt)
    return result


class Claims:
    """One person's receipts."""

    def __init__(self, receipts: Sequence[Receipt], timeline: Timeline, history: History, options: Options) -> None:
        self._claims = []
        for receipt in receipts:
            place = history.by_sha(receipt.commit)
            if place is not None:
                end = milliseconds(receipt.end)
                start = (
                    milliseconds(receipt.start)
                    if receipt.start
                    else _commit_before(timeline, end, options.lookback_hours * HOUR)
                )
                self._claims.append(_Claim(receipt, place, min(start, end - 1), end))

    def decide(self, call: Call, portions: Sequence[Portion]) -> Decision | None:
        """Shares by receipts. `portions`: what time alone says; places without a receipt keep their part of it."""
        claims = self._covering(call)
        if not claims:
            return None
        weights: dict[Destination, float] = defaultdict(float)
        commits: dict[Destination, str] = {}
        for claim, weight in zip(claims, _amounts(claims, call), strict=True):
            weights[claim.place] += weight
            commits[claim.place] = claim.receipt.commit
        total = sum(weights.values())
        timed = sum(portion.weight for portion in portions) or 1.0
        silent = [portion for portion in portions if portion.place not in weights and len(portions) > 1]
        spoken = 1 - sum(portion.weight for portion in silent) / timed
        places = [(place, commits[place], Evidence.RECEIPT, weight / total * spoken) for place, weight in weights.items()]
        places += [(portion.place, portion.work.sha, Evidence.SHARED, portion.weight / timed) for portion in silent]
        parts = whole_parts([weight for *_, weight in places])
        return tuple(
            share(place, commit, evidence, "receipts", (part, part * _TRUST // WHOLE, min(WHOLE, part * WHOLE // _TRUST)))
            for (place, commit, evidence, _), part in zip(places, parts, strict=True)
        )

    def _covering(self, call: Call) -> list[_Claim]:
        """Claims on this record's tool and time, narrowed to its session and its model where any names them."""
        claims = [claim for claim in self._claims if claim.receipt.tool in ("", call.source) and claim.part_in(call)]
        if call.session:
            claims = [claim for claim in claims if claim.receipt.session == call.session] or claims
        return [claim for claim in claims if _same_model(claim.receipt.model, call.model)] or claims


def _amounts(claims: Sequence[_Claim], call: Call) -> list[float]:
    """Weights in one unit: dollars where every claim names them, else tokens, else one each."""
    costs = [claim.receipt.cost_usd for claim in claims]
    tokens = [claim.receipt.tokens.input + claim.receipt.tokens.output for claim in claims]
    amounts: list[float]
    if all(cost is not None and cost > 0 for cost in costs):
        amounts = [float(cost or 0) for cost in costs]
    else:
        amounts = [float(count) for count in tokens] if all(tokens) else [1.0] * len(claims)
    return [amount * claim.part_in(call) for amount, claim in zip(amounts, claims, strict=True)]


def _same_model(one: str, other: str) -> bool:
    one, other = one.lower(), other.lower()
    return bool(one) and bool(other) and (one.startswith(other) or other.startswith(one))


def _commit_before(timeline: Timeline, moment: int, lookback: int) -> int:
    before = timeline.next_index(moment) - 1
    return max(timeline.times[before] if before >= 0 else 0, moment - lookback)
