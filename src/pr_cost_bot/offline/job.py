"""One person after the other: read, decide, write."""

import re
from array import array
from collections.abc import Callable, Sequence
from operator import attrgetter

import msgspec

from pr_cost_bot.attribution import Call, Engine
from pr_cost_bot.attribution.records import set_clocks
from pr_cost_bot.model import UsageRecord
from pr_cost_bot.offline import render
from pr_cost_bot.offline.content import Content
from pr_cost_bot.offline.in_order import InOrder
from pr_cost_bot.offline.index import key_of
from pr_cost_bot.offline.lines import BadFieldError, amount_text
from pr_cost_bot.offline.summary import Summary

Price = Callable[[Sequence[UsageRecord]], Sequence[UsageRecord]]
"""Gives records without a cost their price; unknown models keep None."""

Everyone = list[tuple[str | None, "array[int]"]]
"""Persons and where their lines are."""


_ID, _TIME, _PERSON = attrgetter("id"), attrgetter("begin"), attrgetter("person")
_PLAIN_AMOUNTS = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?\n)*+", re.ASCII)


class MisplacedError(Exception):
    """A line was not where the quick index said."""


class Job:
    """What one process does."""

    def __init__(self, content: Content, engine: Engine, price: Price, summary: Summary | None) -> None:
        self._content = content
        self._engine = engine
        self._price = price
        self.summary = summary or Summary()
        self._summarize = summary is not None
        self._decoder = msgspec.json.Decoder(Call)

    def run(self, everyone: Everyone, output: InOrder, after_each: Callable[[], None]) -> None:
        """Write the allocations of everyone, each a piece of the output, whom no other process takes.

        Raises: msgspec.DecodeError, UnicodeDecodeError, BadFieldError: a line cannot be used; MisplacedError.
        """
        for number in output.take():
            person, ranges = everyone[number]
            calls = self._read(person, ranges)
            decisions = self._engine.decide(person, calls)
            output.add(number, render.lines(calls, decisions))
            if self._summarize:
                self.summary.add(calls, decisions)
            if person is not None:
                self._engine.history.forget(person)
            after_each()

    def _read(self, person: str | None, ranges: "array[int]") -> list[Call]:
        calls: list[Call] = []
        decode = self._decoder.decode_lines
        for start, end in zip(ranges[::2], ranges[1::2], strict=True):
            calls += decode(self._content.read(start, end))
        if calls and set(map(key_of, set(map(_PERSON, calls)))) != {person}:
            raise MisplacedError
        return self._ready(calls)

    def _ready(self, calls: list[Call]) -> list[Call]:
        """Checked, priced, in order, each once."""
        set_clocks(calls)
        check(calls)
        unpriced = [call for call in calls if call.cost_usd is None]
        if unpriced:
            priced = self._price([render.record_of(call) for call in unpriced])
            for call, record in zip(unpriced, priced, strict=True):
                call.cost_usd = format(record.cost_usd, "f") if record.cost_usd is not None else None
        calls.sort(key=_ID)  # sorting is stable: by time, and by id within one moment
        calls.sort(key=_TIME)
        return calls if len({call.id for call in calls}) == len(calls) else list(filter(Seen().is_new, calls))


def check(calls: Sequence[Call]) -> None:
    """What types cannot check; afterwards amounts are plain decimal text. Raises: BadFieldError."""
    for call in calls:
        if call.finish < call.begin:
            raise BadFieldError("end", "a time not before start")
        if call.cache_read_tokens + call.cache_write_tokens > call.input_tokens:
            raise BadFieldError("input_tokens", "all input, cache reads and writes included")
    costs = [call.cost_usd for call in calls if call.cost_usd is not None]
    lines = "\n".join([*costs, ""])
    if lines.count("\n") != len(costs) or _PLAIN_AMOUNTS.fullmatch(lines) is None:
        for call in calls:
            if call.cost_usd is not None:
                call.cost_usd = amount_text(call.cost_usd, "cost_usd")
    for call in calls:
        if call.billed_usd is not None:
            call.billed_usd = amount_text(call.billed_usd, "billed_usd")


class Seen:
    """Records by person and id: the same one twice, as overlapping pages of an API give it, counts once."""

    def __init__(self) -> None:
        self._records: dict[tuple[str | None, str], UsageRecord] = {}

    def is_new(self, call: Call) -> bool:
        """Whether it is the first of its id. Raises: BadFieldError for another record under the same id."""
        person = key_of(call.person)
        record = msgspec.structs.replace(render.record_of(call), person=person, actor=person or "")
        first = self._records.setdefault((person, call.id), record)
        if first != record:
            raise BadFieldError("id", "an id of its own: another record has this one")
        return first is record
