"""What a caller may choose about attribution."""

from datetime import datetime

import msgspec


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of one run.

    `lookback_hours`: usage with no commit of its person within this time is unattributed. `now`: the clock; without it every
    pull request counts as history, and nothing is pending. `switched_off`: names of `RULES` to leave out (benchmarks).
    """

    lookback_hours: int = 48
    now: datetime | None = None
    switched_off: frozenset[str] = frozenset()
