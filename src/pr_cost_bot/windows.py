"""When usage can belong to a pull request, and which pull requests are read together. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from pr_cost_bot.model import PullRequest

MAX_WINDOW = timedelta(days=90)
APART = timedelta(days=7)
"""Windows with a longer gap between them are read one by one: nobody's usage in the gap is of interest."""

_AFTER_CLOSE = timedelta(hours=2)  # a session that outlives the merge is still seen as one session
_IDLE = timedelta(days=14)  # this long after its last commit nothing a person does is on its way into an open pull request


class Window(msgspec.Struct, frozen=True):
    """The time in which usage can belong to a pull request: `[start, end)`."""

    start: datetime
    end: datetime


def window_of(pull: PullRequest, lookback_hours: int, now: datetime) -> Window:
    """From `lookback_hours` before the first commit or the opening, to shortly after the close or the last commit, or now.

    Both ends hang on what happened to the pull request: that time goes by never takes usage out of the figure.
    """
    # Whoever commits chooses the date: one in the future must not move the window away from the usage.
    times = [min(moment, now) for moment in (pull.opened_at, *(commit.authored_at for commit in pull.commits))]
    last = pull.closed_at + _AFTER_CLOSE if pull.closed_at else max(times) + _IDLE
    lookback = timedelta(hours=lookback_hours)
    start = max(min(times), last - MAX_WINDOW + lookback) - lookback
    return Window(start, max(start, min(now, last)))


def adjoining(windows: Sequence[Window], gap: timedelta = APART) -> tuple[tuple[int, ...], ...]:
    """Positions of windows that overlap or lie at most `gap` apart, group by group, the newest group first."""
    groups: list[list[int]] = []
    reached: datetime | None = None
    for position in sorted(range(len(windows)), key=lambda number: (windows[number].start, number)):
        window = windows[position]
        if reached is None or window.start - reached > gap:
            groups.append([])
            reached = window.end
        groups[-1].append(position)
        reached = max(reached, window.end)
    return tuple(tuple(sorted(group)) for group in reversed(groups))
