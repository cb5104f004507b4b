"""A source whose key travels unencrypted: it is read all the same, and says so in every run."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from pr_cost_bot.http_address import is_in_clear
from pr_cost_bot.model import Interval, Problem, SourceResult, UsageQuery
from pr_cost_bot.ports import Inspection, Source


def telling(source: Source, base_url: str | None) -> Source:
    """The source; one that is asked in clear beyond the own network tells of that with every answer."""
    return InClear(source, base_url) if base_url and is_in_clear(base_url) else source


class InClear:
    """Any source behind an `http://` address that is not of the own network."""

    def __init__(self, source: Source, base_url: str) -> None:
        self.name, self.title = source.name, source.title
        self._source = source
        self._problem = Problem(
            f"{source.title} is asked at {urlsplit(base_url).hostname} without encryption: its key and usage travel in clear.",
            f"`sources.{source.name}.base_url` begins with http://.",
            "Give it an https:// address; http:// is for loopback, private addresses and names of the own network.",
        )
        if longest := getattr(source, "longest_question", None):
            self.longest_question = longest

    def fetch(self, query: UsageQuery) -> SourceResult:
        """What the source says, and that it came in clear."""
        result = self._source.fetch(query)
        status = result.status
        if status.problem is None:
            status = msgspec.structs.replace(status, problem=self._problem)
        else:  # what is missing matters more
            status = msgspec.structs.replace(status, notes=(*status.notes, str(self._problem)))
        return msgspec.structs.replace(result, status=status)

    def refine(self, query: UsageQuery, result: SourceResult, contested: Sequence[Interval]) -> SourceResult:
        """What the source refines."""
        return self._source.refine(query, result, contested)

    def inspect(self, now: datetime) -> Inspection:
        """What the source says, with the warning."""
        seen = self._source.inspect(now)
        return msgspec.structs.replace(seen, warnings=(*seen.warnings, self._problem))
