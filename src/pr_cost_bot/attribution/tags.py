"""Tagged: the record itself names the pull request, the commit or the branch."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property

from pr_cost_bot.attribution.history import FOREVER, HOUR, SECOND, SHARED_BRANCHES, Destination, History
from pr_cost_bot.attribution.records import Call

# A branch whose next own commit is further away than half a working day was only left checked out.
SAME_WORK = 4 * HOUR
# One whose next own commit is further away than this may have been left, if the conversation says so.
PERHAPS_LEFT = HOUR


class Tags:
    """Finds the place that a person's records name."""

    def __init__(self, history: History, person: str | None) -> None:
        self._history = history
        self._branches: dict[tuple[str | None, str], list[Destination]] = {}
        self._person = person

    @cached_property
    def _own_times(self) -> dict[Destination, list[int]]:
        """When the person committed to each place."""
        times: dict[Destination, list[int]] = defaultdict(list)
        for work in self._history.timeline(self._person or "").works:
            times[work.destination].append(work.time)
        return times

    def named(self, call: Call) -> Destination | None:
        """The place that the record names by number or commit: beyond doubt."""
        if call.pr_number is not None:
            found = self._by_number(call.repository, call.pr_number)
            if found:
                return found
        return self._history.by_sha(call.commit) if call.commit else None

    def checked_out(self, call: Call) -> Destination | None:
        """The place that the record's branch leads to; None for a branch that many pieces of work share or nobody knows."""
        if not call.branch or call.branch in SHARED_BRANCHES:
            return None
        key = (call.repository, call.branch)
        places = self._branches.get(key)
        if places is None:
            places = self._branches[key] = self._by_branch(call.repository, call.branch)
        if len(places) <= 1:
            return places[0] if places else None
        return self._in_force(places, call.begin)

    def _in_force(self, places: list[Destination], moment: int) -> Destination:
        """Of several pull requests from one branch: the one that the person committed to next, else the one that ended next."""
        coming = {place: self._next_own(place, moment) for place in places if place.closed >= moment}
        if not coming:
            return places[-1]
        return min(coming, key=lambda place: (coming[place], places.index(place)))

    def _next_own(self, place: Destination, moment: int) -> int:
        times = self._own_times.get(place, [])
        following = bisect_left(times, moment)
        return times[following] if following < len(times) else FOREVER

    def until_own(self, place: Destination, moment: int) -> int:
        """Milliseconds until the person's next commit there; 0 where there was none before, as the work may have just begun."""
        times = self._own_times.get(place, [])
        return self._next_own(place, moment) - moment if times and times[0] <= moment else 0

    def _by_number(self, repository: str | None, number: int) -> Destination | None:
        if repository:
            return self._history.destination(repository, number)
        own = [place for place in self._own_times if place.pr_number == number]
        return own[0] if len(own) == 1 else None

    def _by_branch(self, repository: str | None, branch: str) -> list[Destination]:
        """Pull requests from this branch in the order in which they ended; else the branch itself, outside any."""
        by_repository = self._history.heads(branch)
        if repository:
            heads = by_repository.get(repository, [])
        else:
            heads = [head for places in by_repository.values() for head in places if head in self._own_times]
            if len({head.repository for head in heads}) > 1:
                return []
        pulls = [head for head in heads if head.pr_number is not None]
        return sorted(pulls, key=lambda pull: (pull.closed, pull.opened, pull.pr_number or 0)) if pulls else heads[:1]


class Checkouts:
    """The branches that conversations show, by time."""

    def __init__(self, calls: Iterable[Call], sessions: Iterable[int]) -> None:
        self._shown: dict[int, tuple[list[int], list[str | None]]] = defaultdict(lambda: ([], []))
        for call, session in zip(calls, sessions, strict=True):
            times, branches = self._shown[session]
            times.append(call.begin)
            branches.append(call.branch)

    def after(self, session: int, moment: int) -> str | None:
        """The branch of the conversation's first call after a commit's second; None where it shows none, or is over."""
        times, branches = self._shown[session]
        following = bisect_left(times, moment + SECOND)
        return branches[following] if following < len(times) else None
