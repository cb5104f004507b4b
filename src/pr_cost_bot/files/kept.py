"""The same usage in several rows and files, counted once."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

import msgspec

from pr_cost_bot.files.shapes import Format
from pr_cost_bot.model import UsageRecord

_HALVES = {"anthropic-usage": "anthropic-cost", "openai-usage": "openai-cost"}
_DATED = re.compile(r"-20\d{2}-?\d{2}-?\d{2}$")


class Kept:
    """Records by id.

    Rows of one file that are alike are different usage, but for events, which have ids or exact times. Over several files they
    are the same usage exported twice, and the fuller figure counts.
    """

    def __init__(self) -> None:
        self._records: dict[str, UsageRecord] = {}
        self._format_of: dict[str, str] = {}
        self._rows: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._records)

    def next_file(self) -> None:
        """What comes now is from another file."""
        self._rows.clear()

    def add(self, record: UsageRecord, known: Format) -> None:
        """Keep a record, unless it is kept already with as much in it."""
        identifier = record.id
        if not known.once:
            self._rows[identifier] += 1
            if self._rows[identifier] > 1:
                record = msgspec.structs.replace(record, id=f"{identifier}.{self._rows[identifier]}")
        held = self._records.get(record.id)
        if held is None or _size(record) > _size(held):
            self._records[record.id] = record
            self._format_of[record.id] = known.name

    def records(self) -> tuple[UsageRecord, ...]:
        """Everything kept, by time; with the halves of one export joined."""
        joined = _join(self._records.values(), self._format_of)
        return tuple(sorted(joined, key=lambda record: (record.start, record.id)))


def _size(record: UsageRecord) -> tuple[int, Decimal]:
    return record.tokens.input + record.tokens.output, record.cost_usd or Decimal(0)


def _join(records: Iterable[UsageRecord], format_of: dict[str, str]) -> list[UsageRecord]:
    """Where a day of one actor has its dollars in one export and its tokens in the other, the dollars are the cost.

    The tokens then stand at $0 beside them, under the same model, so that both sums stay the vendor's own.
    """
    found = list(records)
    paid: dict[tuple[str, str, date], list[UsageRecord]] = defaultdict(list)
    used: dict[tuple[str, str, date], list[UsageRecord]] = defaultdict(list)
    for record in found:
        key = (record.source, record.actor, record.start.date())
        if format_of[record.id] in _HALVES.values():
            paid[key].append(record)
        elif format_of[record.id] in _HALVES:
            used[key].append(record)
    changed: dict[str, UsageRecord] = {}
    for key in paid.keys() & used.keys():
        names = {_plain(record.model): record.model for record in used[key]}
        for record in paid[key]:
            changed[record.id] = msgspec.structs.replace(record, model=names.get(_plain(record.model), record.model))
        for record in used[key]:
            changed[record.id] = msgspec.structs.replace(record, cost_usd=Decimal(0), billed_usd=Decimal(0))
    return [changed.get(record.id, record) for record in found]


def _plain(model: str) -> str:
    """`Claude Haiku 4.5` and `claude-haiku-4-5-20251001` as one."""
    return _DATED.sub("", model.lower().replace(" ", "-").replace(".", "-"))
