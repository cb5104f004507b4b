"""What `--summary` prints: dollars by evidence, by pull request, and the unattributed rest with the reasons."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import TextIO

from pr_cost_bot.attribution import Call
from pr_cost_bot.attribution.amounts import bounds, split_money
from pr_cost_bot.attribution.decision import Decision, Share
from pr_cost_bot.model import ZERO
from pr_cost_bot.render.escape import clean
from pr_cost_bot.render.numbers import dollars, exact_plural

_Sums = tuple[Decimal, Decimal, Decimal]
_NOTHING: _Sums = (ZERO, ZERO, ZERO)
_SHOWN = 20
_WIDE = 140


class Summary:
    """Totals of allocations; sums of several parts can be merged."""

    def __init__(self) -> None:
        self.evidence: dict[str, Decimal] = defaultdict(Decimal)
        self.reasons: dict[str, Decimal] = defaultdict(Decimal)
        self.pulls: dict[tuple[str, int], _Sums] = {}
        self.unpriced: dict[str, int] = defaultdict(int)  # tokens by model
        self.records = self.unpriced_records = 0

    def add(self, calls: Sequence[Call], decisions: Sequence[Decision]) -> None:
        """Count one person's records."""
        self.records += len(calls)
        for call, decision in zip(calls, decisions, strict=True):
            if call.cost_usd is None:
                self.unpriced_records += 1
                self.unpriced[call.model] += call.input_tokens + call.output_tokens
                continue
            cost = Decimal(call.cost_usd)
            parts = [cost] if len(decision) == 1 else split_money(cost, [share.weight for share in decision])
            for share, part in zip(decision, parts, strict=True):
                self._count(share, cost, part)

    def _count(self, share: Share, cost: Decimal, part: Decimal) -> None:
        place = share.destination
        if share.evidence is None or place is None or place.pr_number is None:
            self.reasons[share.reason] += part
            return
        self.evidence[share.evidence] += part
        low, high = bounds(cost, part, share)
        before = self.pulls.get((place.repository, place.pr_number), _NOTHING)
        self.pulls[place.repository, place.pr_number] = (before[0] + part, before[1] + low, before[2] + high)

    def merge(self, other: "Summary") -> None:
        """Take in another part's totals."""
        self.records += other.records
        self.unpriced_records += other.unpriced_records
        for reason, amount in other.reasons.items():
            self.reasons[reason] += amount
        for evidence, amount in other.evidence.items():
            self.evidence[evidence] += amount
        for model, tokens in other.unpriced.items():
            self.unpriced[model] += tokens
        for pull, sums in other.pulls.items():
            before = self.pulls.get(pull, _NOTHING)
            self.pulls[pull] = (before[0] + sums[0], before[1] + sums[1], before[2] + sums[2])

    def write(self, out: TextIO) -> None:
        """Print it as a table."""
        attributed, rest = sum(self.evidence.values(), ZERO), sum(self.reasons.values(), ZERO)
        total = attributed + rest
        unpriced = f", {self.unpriced_records:,} of them unpriced" if self.unpriced_records else ""
        out.write(f"{exact_plural(self.records, 'record')}, {dollars(total)}{unpriced}\n\n")
        _table(out, "attributed", attributed, total, self.evidence)
        _table(out, "unattributed", rest, total, self.reasons)
        out.writelines(
            f"unpriced {clean(model, _WIDE)}: {self.unpriced[model]:,} tokens, not in any figure above\n"
            for model in sorted(self.unpriced)
        )
        pulls = sorted(self.pulls.items(), key=lambda item: (-item[1][0], item[0]))
        pulls = [item for item in pulls if item[1][0]]
        order = ", the most expensive first" if len(pulls) > 1 else ""
        out.write(f"\n{exact_plural(len(pulls), 'pull request')}{order}\n")
        out.writelines(
            f"{dollars(cost):>14}  {clean(repository, _WIDE)}#{number}  ({dollars(low)} to {dollars(high)})\n"
            for (repository, number), (cost, low, high) in pulls[:_SHOWN]
        )


def _table(out: TextIO, title: str, amount: Decimal, total: Decimal, rows: dict[str, Decimal]) -> None:
    out.write(f"{dollars(amount):>14}  {_percent(amount, total)}  {title}\n")
    out.writelines(
        f"{dollars(part):>14}  {_percent(part, total)}    {name}\n"
        for name, part in sorted(rows.items(), key=lambda row: (-row[1], row[0]))
    )


def _percent(part: Decimal, total: Decimal) -> str:
    return f"{part / total:6.1%}" if total else "     -"
