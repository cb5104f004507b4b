"""A source that has its key but lacks a line in the configuration: it fails with that line, and is never a silent $0."""

from collections.abc import Sequence
from datetime import datetime

from pr_cost_bot.model import Interval, Problem, SourceResult, SourceState, SourceStatus, UsageQuery
from pr_cost_bot.ports import Inspection


class Unset:
    """Stands in for the source of that name."""

    def __init__(self, name: str, title: str, problem: Problem) -> None:
        self.name = name
        self.title = title
        self._problem = problem

    def fetch(self, query: UsageQuery) -> SourceResult:
        return SourceResult(
            status=SourceStatus(name=self.name, title=self.title, state=SourceState.FAILED, problem=self._problem)
        )

    def refine(self, query: UsageQuery, result: SourceResult, contested: Sequence[Interval]) -> SourceResult:
        return result

    def inspect(self, now: datetime) -> Inspection:
        return Inspection(title=self.title, problem=self._problem)
