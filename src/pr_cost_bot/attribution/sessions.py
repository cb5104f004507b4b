"""Cache arithmetic: which calls belong to one conversation, told by what they read from the prompt cache.

A call reads from the cache what its session's last call read plus what that call wrote. So two sessions side by side can be
told apart without session ids, from the token counts alone.
"""

from collections.abc import Sequence

import msgspec

from pr_cost_bot.attribution.history import HOUR, MINUTE, SECOND
from pr_cost_bot.attribution.records import Call

_NOT_AT_ALL = 1 << 30
# A user's turn is cached with the next call: it reads a little more than was written.
_TURN = 6000
# A cached prefix is dropped after some minutes without use; then the same context is sent again, give or take a turn.
_RESENT = 6500
_TRIMMED = 1500
# A conversation near its model's limit is compacted: the next call starts small, but with a summary on top of its first call.
_NEARLY_FULL = 125_000
_COMPACTION_PAUSE = 5 * MINUTE
_SUMMARY = 2000
# Providers keep a cached prefix for an hour at most; what is sent again later says less the longer the pause was.
_CACHE_LIFE = 65 * MINUTE
_FORGOTTEN = 4 * HOUR
# OpenAI reports no cache writes and caches in steps of 128 tokens.
_STEPS = 1500


class _Session(msgspec.Struct, eq=False, gc=False):
    number: int
    context: int  # what the next call should read from the cache
    last: int  # time of the last call
    first_input: int = 0


class _Sessions:
    """The conversations seen so far."""

    def __init__(self) -> None:
        self.count = 0
        self._by_name: dict[str, int] = {}
        self._expected: dict[int, _Session] = {}
        self._alive: list[_Session] = []

    def numbers(self, calls: Sequence[Call]) -> list[int]:
        """Session number of every call, in the order given, which is that of time."""
        result = []
        expected = self._expected
        for call in calls:
            if call.session:
                result.append(self._named(call.session))
                continue
            read = call.cache_read_tokens
            context = read + call.cache_write_tokens
            if not call.cache_write_tokens and call.input_tokens - context > _STEPS:
                context = call.input_tokens  # no cache writes in the report (OpenAI): the next call finds all of it cached
            session = expected.pop(read, None) if read else None
            if session is None or session.context != read:
                session = self._resembling(call) or self._new(call)
            session.context = context
            session.last = call.begin
            expected[context] = session
            result.append(session.number)
        return result

    def _named(self, name: str) -> int:
        number = self._by_name.get(name)
        if number is None:
            number = self._by_name[name] = self._new_number()
        return number

    def _new_number(self) -> int:
        self.count += 1
        return self.count - 1

    def _new(self, call: Call) -> _Session:
        session = _Session(self._new_number(), 0, call.begin, call.input_tokens)
        self._alive.append(session)
        return session

    def _resembling(self, call: Call) -> _Session | None:
        """The conversation that this call continues although the sum does not hold exactly."""
        oldest = call.begin - _FORGOTTEN
        if len(self._alive) > 16:
            self._alive = [session for session in self._alive if session.last >= oldest]
        best, best_distance = None, _NOT_AT_ALL
        for session in self._alive:
            if session.last >= oldest:
                distance = _distance(session, call)
                if distance < best_distance:
                    best, best_distance = session, distance
        return best


def _distance(session: _Session, call: Call) -> int:
    """How far the call is from continuing the session, in tokens; 0 is exact."""
    expected = session.context
    surplus = call.cache_read_tokens - expected
    idle = call.begin - session.last
    if idle <= _CACHE_LIFE:
        if 0 <= surplus <= _TURN:
            return surplus
        if not call.cache_write_tokens and call.cache_read_tokens and -_STEPS <= surplus < 0:
            return -surplus
    if abs(call.input_tokens - session.first_input) <= _SUMMARY:
        return _NOT_AT_ALL  # as large as this conversation's beginning: the beginning of another
    growth = call.input_tokens - expected
    if -_TRIMMED <= growth <= _RESENT:
        return _TURN + abs(growth) + idle // MINUTE * 20
    if expected >= _NEARLY_FULL and growth < 0 and idle <= _COMPACTION_PAUSE:
        return 10 * _TURN + idle // SECOND
    return _NOT_AT_ALL


def split_sessions(calls: Sequence[Call]) -> list[int]:
    """Session number of every call, in the order given, which is that of time."""
    return _Sessions().numbers(calls)
