"""What happens in the demo: three people, four pull requests, a vendor that fails, usage that arrives late."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal

from pr_cost_bot.model import Tokens
from pr_cost_bot.simulator.github import FakeRepository, Work
from pr_cost_bot.simulator.vendors import Call, Failure

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


def at(day: int, clock: str) -> datetime:
    """A time of day on the so-manieth day of the story; Monday is 1."""
    hours, minutes = map(int, clock.split(":"))
    return MONDAY + timedelta(days=day - 1, hours=hours, minutes=minutes)


@dataclass(frozen=True)
class _Cast:
    opening: datetime
    people: tuple[tuple[str, str, str], ...]
    members: Mapping[str, tuple[str, ...]]


CAST = _Cast(
    opening=at(1, "08:00"),
    people=(("ada", "Ada", "ada@acme.example"), ("ben", "Ben", "ben@acme.example"), ("cleo", "Cleo", "cleo@home.example")),
    members={
        "anthropic": ("ada@acme.example", "cleo@acme.example"),
        "cursor": ("ben@acme.example",),
        "openai": ("cleo@acme.example",),
    },
)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What people do, what the vendors record meanwhile, and the event that makes the Action run."""

    title: str
    at: datetime
    action: str  # of the pull_request_target event, or "schedule"
    act: Callable[[FakeRepository], int]  # returns the pull request's number
    calls: tuple[Call, ...] = ()
    failing: Mapping[str, Failure] = field(default_factory=dict)


@dataclass(frozen=True)
class _Tool:
    """A tool as somebody uses it. `cents`: per thousand tokens of uncached and cache-write input, cache read, output."""

    vendor: str
    model: str
    cents: tuple[str, str, str]
    product: str = ""


_CLAUDE_CODE = _Tool("anthropic", "claude-sonnet-4-6", ("0.375", "0.03", "1.5"), "claude_code")
_CLAUDE_OPUS = _Tool("anthropic", "claude-opus-4-7", ("0.625", "0.05", "2.5"), "claude_code")
_CURSOR = _Tool("cursor", "claude-4.5-sonnet", ("0.375", "0.03", "1.5"))
_CODEX = _Tool("openai", "gpt-5.5", ("0", "0", "0"))
_HOUSE = _Tool("openai", "acme-house-model-2", ("0", "0", "0"))


def _session(email: str, tool: _Tool, start: datetime, minutes: int, late: timedelta = timedelta(0)) -> Iterator[Call]:
    """Calls of one growing conversation, one or two a minute. The same arguments give the same calls."""
    dice = random.Random(f"{email} {tool.model} {start}")  # noqa: S311 - a story, not a secret
    cached = 0
    moment = start
    while moment < start + timedelta(minutes=minutes):
        written, output = dice.randrange(600, 4200), dice.randrange(150, 1400)
        fresh, read, said = (Decimal(price) for price in tool.cents)
        yield Call(
            person=email,
            at=moment,
            model=tool.model,
            tokens=Tokens(cached + written, cached, written, output),
            cents=(fresh * written + read * cached + said * output) / 1000,
            vendor=tool.vendor,
            product=tool.product,
            late=late,
        )
        cached = min(cached + written + output, 120_000)
        moment += dice.randrange(25, 95) * timedelta(seconds=1)


def _calls(*sessions: Iterator[Call]) -> tuple[Call, ...]:
    return tuple(call for session in sessions for call in session)


def _work(author: str, when: datetime, message: str, lines: int = 60) -> Work:
    return Work(author, when, message, additions=lines, deletions=lines // 4)


def _open(author: str, text: str, head: str, *works: Work) -> Callable[[FakeRepository], int]:
    return lambda repository: repository.open_pull_request(author, works, head=head, text=text)


def _push(number: int, *works: Work) -> Callable[[FakeRepository], int]:
    def act(repository: FakeRepository) -> int:
        repository.push(number, works)
        return number

    return act


def _merge(number: int, when: datetime, method: Literal["squash", "rebase"]) -> Callable[[FakeRepository], int]:
    def act(repository: FakeRepository) -> int:
        repository.merge(number, when, method=method)
        return number

    return act


ADA, BEN, CLEO = "ada@acme.example", "ben@acme.example", "cleo@acme.example"

STORY: tuple[Scene, ...] = (
    Scene(
        title="Ada opens #1, written with Claude Code",
        at=at(1, "10:05"),
        action="opened",
        calls=_calls(_session(ADA, _CLAUDE_CODE, at(1, "09:05"), 50)),
        act=_open(
            "ada",
            "WEB-12: Add the checkout form",
            "feat/WEB-12-checkout",
            _work("ada", at(1, "09:57"), "Add the checkout form", 240),
        ),
    ),
    Scene(
        title="Ada reviews her work with Opus and pushes",
        at=at(1, "11:10"),
        action="synchronize",
        calls=_calls(_session(ADA, _CLAUDE_OPUS, at(1, "10:20"), 35)),
        act=_push(1, _work("ada", at(1, "10:58"), "Handle declined cards")),
    ),
    Scene(
        title="Ben opens #2 from Cursor, which does not answer",
        at=at(1, "15:20"),
        action="opened",
        calls=_calls(_session(BEN, _CURSOR, at(1, "13:10"), 45)),
        failing={"cursor": "500"},
        act=_open("ben", "Speed up the search page", "search-speed", _work("ben", at(1, "14:02"), "Index product names", 35)),
    ),
    Scene(
        title="Ben pushes to #2; Cursor is back",
        at=at(1, "17:30"),
        action="synchronize",
        calls=_calls(_session(BEN, _CURSOR, at(1, "15:30"), 40)),
        act=_push(2, _work("ben", at(1, "16:15"), "Cache the first page", 80)),
    ),
    Scene(
        title="Ada runs two agents at once and opens #3",
        at=at(2, "11:05"),
        action="opened",
        calls=_calls(_session(ADA, _CLAUDE_CODE, at(2, "09:10"), 18), _session(ADA, _CLAUDE_OPUS, at(2, "09:30"), 40)),
        act=lambda repository: (
            _push(1, _work("ada", at(2, "09:29"), "Translate the form"))(repository)
            and _open(
                "ada", "WEB-7, OPS-3: Rewrite the mailer", "mailer", _work("ada", at(2, "10:12"), "Rewrite the mailer", 400)
            )(repository)
        ),
    ),
    Scene(
        title="#1 is merged; its last usage is still on its way",
        at=at(2, "14:10"),
        action="closed",
        calls=_calls(_session(ADA, _CLAUDE_CODE, at(2, "13:00"), 30, late=timedelta(hours=9))),
        act=lambda repository: (
            _push(1, _work("ada", at(2, "13:34"), "Answer the review"))(repository)
            and _merge(1, at(2, "14:05"), "squash")(repository)
        ),
    ),
    Scene(
        title="Cleo opens #4 with Codex and a model without a price",
        at=at(2, "17:00"),
        action="opened",
        calls=_calls(_session(CLEO, _CODEX, at(2, "15:00"), 50), _session(CLEO, _HOUSE, at(2, "15:55"), 10)),
        act=_open(
            "cleo", "Export orders as CSV\n\nAI-Budget: $2", "csv-export", _work("cleo", at(2, "16:20"), "Export orders", 150)
        ),
    ),
    Scene(
        title="#2 is merged",
        at=at(3, "09:15"),
        action="closed",
        act=_merge(2, at(3, "09:10"), "rebase"),
    ),
    Scene(title="True-up the next morning: late usage is in", at=at(4, "05:17"), action="schedule", act=lambda _: 0),
    Scene(title="True-up weeks later: the figures are settled", at=at(34, "05:17"), action="schedule", act=lambda _: 0),
)
