"""What the simulated vendors know: one list of calls, a clock, accounts and keys, and how each vendor is made to fail."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Literal, get_args

from pr_cost_bot.model import NO_TOKENS, Tokens
from pr_cost_bot.simulator.server import Request, Response

_KEYED = ("anthropic", "openai", "cursor", "copilot", "openrouter", "litellm", "langfuse", "helicone", "portkey", "files")

Passing = Literal["429-once", "429-once-date"]
"""Failures that a second try overcomes: `Retry-After` in seconds, and as a date."""
Lasting = Literal["401", "403", "404", "429", "429-retry-after", "500", "hang", "half", "not-json", "wrong-shape"]
Failure = Passing | Lasting
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Call:
    """One request somebody made to a model. `cents` is what the vendor charges for it; `late` delays its visibility."""

    person: str  # e-mail address
    at: datetime
    model: str
    tokens: Tokens
    cents: Decimal = Decimal(0)
    vendor: str = "anthropic"
    product: str = "claude_code"
    session: str | None = None
    api_key: str | None = None  # made with this key instead of the person's sign-in
    kind: str = "Usage-based"  # Cursor
    chargeable: bool = True  # Cursor
    late: timedelta = timedelta(0)
    tags: tuple[str, ...] = ()  # gateways


@dataclass
class World:
    """The state behind all vendors; everything may be changed while they are served."""

    now: datetime
    calls: list[Call] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=lambda: {name: f"sim-{name}-admin-key" for name in _KEYED})
    members: dict[str, set[str]] = field(default_factory=dict)  # vendor to e-mails; default: whoever made calls
    api_keys: dict[str, str | None] = field(default_factory=dict)  # key id to its owner's e-mail address
    lag: dict[str, timedelta] = field(default_factory=dict)
    fail: dict[str, Failure] = field(default_factory=dict)
    retry_after: str = "3600"  # what "429-retry-after" sends
    anthropic_pair: bool = True  # False: the organisation lacks analytics/cost and analytics/usage
    anthropic_messages: bool = True  # False: it lacks usage_report/messages too
    served: dict[str, int] = field(default_factory=dict)

    def add(self, *calls: Call) -> None:
        """Add calls, for example late ones."""
        self.calls.extend(calls)

    def visible(self, vendor: str) -> list[Call]:
        """Calls that the vendor already shows, oldest first."""
        until = self.fresh_until(vendor)
        seen = [call for call in self.calls if call.vendor == vendor and call.at + call.late <= until]
        return sorted(seen, key=lambda call: call.at)

    def fresh_until(self, vendor: str) -> datetime:
        return self.now - self.lag.get(vendor, timedelta(0))

    def emails(self, vendor: str) -> list[str]:
        """Members of the organisation or team."""
        return sorted(self.members.get(vendor) or {call.person for call in self.calls if call.vendor == vendor})


def user_id(email: str, prefix: str) -> str:
    """A stable id for a person."""
    return prefix + hashlib.sha256(email.lower().encode()).hexdigest()[:24]


def total(calls: Iterable[Call]) -> tuple[Tokens, Decimal]:
    """Sum of tokens and cents."""
    tokens, cents = NO_TOKENS, Decimal(0)
    for call in calls:
        tokens, cents = tokens + call.tokens, cents + call.cents
    return tokens, cents


def claude_usage(tokens: Tokens) -> list[dict[str, int]]:
    """The usage in the first and in the last event of Claude's stream."""
    start = {
        "input_tokens": tokens.input - tokens.cache_read - tokens.cache_write,
        "cache_read_input_tokens": tokens.cache_read,
        "cache_creation_input_tokens": tokens.cache_write,
        "output_tokens": 1,
    }
    return [start, {"output_tokens": tokens.output}]


def floor(at: datetime, width: timedelta) -> datetime:
    """Start of the bucket of this width that holds `at` (widths that divide a day)."""
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + (at - day) // width * width


def broken(
    world: World, vendor: str, request: Request, answer: Callable[[Request], Response], error: Callable[[int, str], Response]
) -> Response:
    """The vendor's answer, or what its failure switch makes of it."""
    world.served[vendor] = world.served.get(vendor, 0) + 1
    mode = world.fail.get(vendor)
    if mode is None or (mode in get_args(Passing) and world.served[vendor] > 1):
        return answer(request)
    if mode in {"401", "403", "404", "429", "500"}:
        return error(int(mode), f"simulated {mode}")
    if mode == "429-retry-after" or mode in get_args(Passing):
        refused = error(429, "simulated 429")
        date = format_datetime(datetime.now(UTC), usegmt=True)
        wait = {"429-once": "0", "429-once-date": date}.get(mode, world.retry_after)
        return Response(refused.status, refused.body, {**refused.headers, "Retry-After": wait})
    return _garbled(mode, request, answer)


def _garbled(mode: str, request: Request, answer: Callable[[Request], Response]) -> Response:
    if mode == "hang":
        return Response(pause=3600.0)
    if mode == "not-json":
        return Response(200, b"<html><body>Welcome to the proxy</body></html>", {"Content-Type": "text/html"})
    if mode == "wrong-shape":
        return Response.of({"data": {"surprise": True}, "usageEvents": 7, "teamMembers": "none"})
    good = answer(request)
    return Response(good.status, good.body, good.headers, truncate_to=len(good.body) // 2)


def page_of(items: list[object], start: int, size: int) -> tuple[list[object], int | None]:
    """Items of one page and the index of the next, None at the end."""
    end = start + size
    return items[start:end], end if end < len(items) else None


def fingerprint(query: Mapping[str, list[str]]) -> str:
    """Of a query without its cursor: a cursor is valid for the query that gave it only."""
    rest = sorted((name, tuple(values)) for name, values in query.items() if name != "page")
    return hashlib.sha256(repr(rest).encode()).hexdigest()[:12]
