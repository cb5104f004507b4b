"""One person's usage against that person's commits: the ladder, rung by rung."""

from collections.abc import Iterable, Sequence
from functools import cached_property

from pr_cost_bot.attribution.claims import Claims, by_person
from pr_cost_bot.attribution.decision import NOBODY, WHOLE, Decision, share, unattributed, whole_parts
from pr_cost_bot.attribution.history import MINUTE, Destination, History, Work
from pr_cost_bot.attribution.matching import Matcher
from pr_cost_bot.attribution.options import Options
from pr_cost_bot.attribution.ranges import left, possibly, shared
from pr_cost_bot.attribution.records import Call
from pr_cost_bot.attribution.sessions import split_sessions
from pr_cost_bot.attribution.sharing import Spread
from pr_cost_bot.attribution.tags import PERHAPS_LEFT, SAME_WORK, Checkouts, Tags
from pr_cost_bot.model import RECEIPT_SOURCE, Evidence, Receipt

# Usage this narrow is a moment; wider usage may hold several pieces of work.
_NARROW = 10 * MINUTE


class Engine:
    """Decides where usage goes. Knows all commits and pull requests; sees one person's usage at a time."""

    def __init__(self, history: History, options: Options, receipts: Iterable[Receipt] = ()) -> None:
        self.history = history
        self.options = options
        self._receipts = by_person(receipts) if "receipts" not in options.switched_off else {}

    def decide(self, person: str | None, calls: Sequence[Call]) -> list[Decision]:
        """One decision per call. `calls`: all of the person's usage in the order of (start, end, id)."""
        tags = Tags(self.history, person)
        repositories = {call.repository for call in calls}
        if len(repositories) <= 1:
            return _Ladder(self, person, next(iter(repositories), None), calls, tags).decisions()
        decisions: dict[int, Decision] = {}
        for repository in repositories:
            positions = [position for position, call in enumerate(calls) if call.repository == repository]
            part = [calls[position] for position in positions]
            decisions.update(zip(positions, _Ladder(self, person, repository, part, tags).decisions(), strict=True))
        return [decisions[position] for position in range(len(calls))]

    def claims(self, person: str | None) -> Claims | None:
        """The person's receipts, if any."""
        receipts = self._receipts.get(person or "")
        if not receipts or person is None:
            return None
        return Claims(receipts, self.history.timeline(person), self.history, self.options)


class _Ladder:
    """The rungs for one person's records that name one repository, or none."""

    def __init__(self, engine: Engine, person: str | None, repository: str | None, calls: Sequence[Call], tags: Tags) -> None:
        options = engine.options
        self._calls = calls
        self._person = person
        self._off = options.switched_off
        self._tags = tags if "tags" not in self._off else None
        self._claims = engine.claims(person)
        self._timeline = engine.history.timeline(person or "", repository)
        self._buckets = [call for call in calls if call.finish > call.begin]
        self._sessions = self._split()
        self._matcher = Matcher(calls, self._sessions, self._timeline, options)
        busy = {edge for call in self._buckets for edge in (call.begin, call.finish - 1)}
        self._spread = Spread(self._timeline, busy, options)

    def _split(self) -> list[int]:
        """Conversation of every event; -1 for buckets, whose token counts tell nothing about single calls."""
        events = self._calls if not self._buckets else [call for call in self._calls if call.begin == call.finish]
        numbers = split_sessions(events) if "sessions" not in self._off else [0] * len(events)
        if not self._buckets:
            return numbers
        waiting = iter(numbers)
        return [next(waiting) if call.begin == call.finish else -1 for call in self._calls]

    def decisions(self) -> list[Decision]:
        """From the strongest evidence to the weakest."""
        if self._rests_on_time():
            return self._matcher.decide_all(self._calls, self._sessions)
        return [self._decide(call, session) for call, session in zip(self._calls, self._sessions, strict=True)]

    def _rests_on_time(self) -> bool:
        """Whether these are single calls of somebody known with nothing but their time to go by, as most people's are."""
        if self._claims is not None or self._person is None or self._buckets:
            return False
        return not any([call.branch or call.commit or call.pr_number is not None for call in self._calls])  # noqa: C419 - faster

    def _decide(self, call: Call, session: int) -> Decision:
        if self._tags is not None and (call.branch or call.commit or call.pr_number is not None):
            decision = self._tagged(call, session, self._tags)
            if decision is not None:
                return decision
        if self._person is None:
            return unattributed(NOBODY)
        narrow = call.finish - call.begin <= _NARROW
        portions = [] if narrow else self._spread.portions(call)
        if self._claims is not None:
            decision = self._claims.decide(call, portions)
            if decision is not None:
                return decision
        if not portions:
            return self._matcher.decide(call.begin, session)
        around = self._matcher.around(self._timeline.next_index(call.finish), portions[-1].work)
        return shared(portions, whole_parts([portion.weight for portion in portions]), around, call)

    def _tagged(self, call: Call, session: int, tags: Tags) -> Decision | None:
        evidence = Evidence.RECEIPT if call.source == RECEIPT_SOURCE else Evidence.TAGGED
        place = tags.named(call)
        if place is not None:
            return (share(place, call.commit, evidence, "tags", (WHOLE, WHOLE, WHOLE)),)
        place = tags.checked_out(call)
        if place is None:
            return None
        work = self._matcher.following(call.begin, session)
        if work is not None and work.destination is not place:
            rule = self._why_elsewhere(place, call, session, work)
            if rule:
                return left(work, place, rule)
            if session >= 0:  # the next commit says nothing about the whole of a bucket
                return (share(place, call.commit, evidence, "tags", (WHOLE, 0, WHOLE)), *possibly(work))
        return (share(place, call.commit, evidence, "tags", (WHOLE, WHOLE, WHOLE)),)

    def _why_elsewhere(self, place: Destination, call: Call, session: int, work: Work) -> str:
        """The rule by which the work went to the commit elsewhere although this branch was still checked out; empty if none."""
        away = self._tags.until_own(place, call.begin) if self._tags else 0
        if away > SAME_WORK:
            return "stale-branch" if "stale-branch" not in self._off else ""
        if away <= PERHAPS_LEFT or session < 0 or "leaving" in self._off or not self._matcher.is_ending(call.begin, session):
            return ""
        # If it stays on the branch, somebody else made that commit.
        return "leaving" if self._checkouts.after(session, work.time) != call.branch else ""

    @cached_property
    def _checkouts(self) -> Checkouts:
        return Checkouts(self._calls, self._sessions)
