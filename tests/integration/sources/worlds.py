"""A simulated organisation, and the real sources pointed at it over real sockets."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from pr_cost_bot.config import CopilotSettings, SourceSettings
from pr_cost_bot.http import Limits
from pr_cost_bot.model import NO_TOKENS, Identity, Tokens, UsageQuery, UsageRecord
from pr_cost_bot.ports import Source
from pr_cost_bot.simulator import vendor_langfuse, vendor_portkey
from pr_cost_bot.simulator.server import Handler, Server
from pr_cost_bot.simulator.vendors import TOOLS, Call, World, handlers, inputs
from pr_cost_bot.sources import cursor, helicone, langfuse, litellm, portkey
from pr_cost_bot.sources.anthropic import source as anthropic
from pr_cost_bot.sources.copilot import source as copilot
from pr_cost_bot.sources.openai import source as openai
from pr_cost_bot.sources.openrouter import source as openrouter

NOW = datetime(2026, 11, 20, 15, 20, tzinfo=UTC)
DEV = Identity(person="dev", emails=("dev@example.com",), login="dev")
QUERY = UsageQuery(people=(DEV,), start=NOW - timedelta(hours=48), end=NOW, now=NOW)
QUICK = Limits(deadline=1.5, read=0.4, connect=0.4, attempts=2, backoff=0.01)
PATIENT = Limits(deadline=30)


def _plain(make: Callable[..., Source]) -> Callable[..., Source]:
    return lambda url, keys, limits: make(*keys, SourceSettings(base_url=f"{url}/v1"), limits)


@dataclass(frozen=True)
class Kind:
    """A source and the simulated vendor it reads; some vendors come in several kinds."""

    vendor: str
    make: Callable[[str, Sequence[str], Limits], Source]
    handler: Callable[[World], Handler] | None = None  # None: the vendor's usual one


KINDS: Mapping[str, Kind] = {
    "anthropic": Kind("anthropic", _plain(anthropic.make)),
    "openai": Kind("openai", _plain(openai.make)),
    "cursor": Kind("cursor", _plain(cursor.make)),
    "copilot": Kind(
        "copilot",
        lambda url, keys, limits: copilot.make(*keys, CopilotSettings(base_url=url, organization="acme"), limits),
    ),
    "openrouter": Kind("openrouter", _plain(openrouter.make)),
    "litellm": Kind("litellm", lambda url, keys, limits: litellm.make(*keys, SourceSettings(base_url=f"{url}/"), limits)),
    "langfuse": Kind("langfuse", _plain(langfuse.make)),
    "langfuse-old": Kind("langfuse", _plain(langfuse.make), lambda over: vendor_langfuse.langfuse(over, old=True)),
    "helicone": Kind("helicone", _plain(helicone.make)),
    "portkey": Kind("portkey", _plain(portkey.make)),
    "portkey-sums": Kind("portkey", _plain(portkey.make), lambda over: vendor_portkey.portkey(over, exports=False)),
}


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


def name_at(vendor: str, who: str) -> str:
    """What the vendor calls somebody: Copilot knows logins, gateways what the caller sent, the others addresses as written."""
    if vendor == "copilot":
        return who
    return f"{who}@example.com" if vendor in {"langfuse", "helicone", "portkey"} else f"{who.title()}@Example.com"


def world(names: Sequence[str] = TOOLS, count: int = 30, **how: object) -> World:
    """So many calls per vendor, of one person, and as many of a stranger."""
    vendors = dict.fromkeys(KINDS[name].vendor for name in names)
    everybody = [
        call for vendor in vendors for who in ("dev", "x") for call in calls(vendor, count, person=name_at(vendor, who))
    ]
    made = World(now=NOW, calls=everybody)
    for name, value in how.items():
        setattr(made, name, value)
    return made


@contextmanager
def sources(
    over: World, names: Sequence[str] = TOOLS, limits: Limits = PATIENT, **served: Handler
) -> Iterator[tuple[Mapping[str, Source], Mapping[str, Server]]]:
    """Sources by kind, and what they read. `served`: handlers in the place of the usual ones."""
    made: dict[str, Source] = {}
    servers: dict[str, Server] = {}
    with ExitStack() as stack:
        for name in names:
            kind = KINDS[name]
            usual = kind.handler(over) if kind.handler else handlers(over, [kind.vendor])[kind.vendor]
            servers[name] = stack.enter_context(Server(served.get(name, usual)))
            made[name] = kind.make(servers[name].url, tuple(inputs(over, [kind.vendor]).values()), limits)
        yield made, servers


@contextmanager
def source(name: str, over: World, limits: Limits = PATIENT, handler: Handler | None = None) -> Iterator[tuple[Source, Server]]:
    """One source, and what it reads."""
    with sources(over, [name], limits, **({name: handler} if handler else {})) as (made, servers):
        yield made[name], servers[name]


# --- sums -------------------------------------------------------------------------------------------------------------


def mine(over: World, name: str) -> list[Call]:
    """Dev's calls."""
    vendor = KINDS[name].vendor
    return [call for call in over.calls if call.vendor == vendor and call.person.lower().startswith("dev")]


def tokens_of(items: Iterable[UsageRecord | Call]) -> Tokens:
    return sum((item.tokens for item in items), NO_TOKENS)


def dollars(records: Iterable[UsageRecord]) -> Decimal:
    return sum((record.cost_usd or Decimal(0) for record in records), Decimal(0))


def charged(items: Iterable[Call]) -> Decimal:
    return sum((call.cents for call in items), Decimal(0)) / 100
