"""A simulated organisation, and the real sources pointed at it over real sockets."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from pr_cost_bot.config import SourceSettings
from pr_cost_bot.http import Limits
from pr_cost_bot.model import Identity, Tokens, UsageQuery
from pr_cost_bot.ports import Source
from pr_cost_bot.simulator.server import Server
from pr_cost_bot.simulator.vendors import VENDORS, Call, World, serve
from pr_cost_bot.sources import cursor
from pr_cost_bot.sources.anthropic import source as anthropic
from pr_cost_bot.sources.openai import source as openai

NOW = datetime(2026, 11, 20, 15, 20, tzinfo=UTC)
DEV = Identity(person="dev", emails=("dev@example.com",))
QUERY = UsageQuery(people=(DEV,), start=NOW - timedelta(hours=48), end=NOW, now=NOW)
QUICK = Limits(deadline=1.5, read=0.4, connect=0.4, attempts=2, backoff=0.01)
PATIENT = Limits(deadline=30)

MAKERS = {"anthropic": anthropic.make, "openai": openai.make, "cursor": cursor.make}


def calls(vendor: str, count: int = 30, person: str = "Dev@Example.com", step: timedelta = timedelta(minutes=7)) -> list[Call]:
    """Calls in completed hours, each with an amount of its own."""
    return [
        Call(
            person=person,
            at=NOW.replace(minute=0) - step * (number + 1),
            model=f"model-{number % 3}",
            tokens=Tokens(100 + number, 20, 10, 5),
            cents=Decimal("1.237") + number,
            vendor=vendor,
        )
        for number in range(count)
    ]


def world(**how: object) -> World:
    """Thirty calls per vendor, of one person, and as many of a stranger."""
    everybody = [
        call for vendor in VENDORS for who in ("Dev@Example.com", "x@example.com") for call in calls(vendor, person=who)
    ]
    made = World(now=NOW, calls=everybody)
    for name, value in how.items():
        setattr(made, name, value)
    return made


@contextmanager
def sources(over: World, limits: Limits = PATIENT) -> Iterator[tuple[Mapping[str, Source], Mapping[str, Server]]]:
    with serve(over) as servers:
        made = {
            name: make(over.keys[name], SourceSettings(base_url=f"{servers[name].url}/v1"), limits)
            for name, make in MAKERS.items()
        }
        yield made, servers
