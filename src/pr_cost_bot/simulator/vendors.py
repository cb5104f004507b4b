"""The simulated vendors on loopback: one world of calls behind all of them.

world = World(now=…, calls=[Call(person="dev@example.com", …, vendor="cursor")])
with serve(world) as servers:
    servers["cursor"].url, servers["cursor"].exchanges
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from pr_cost_bot.simulator import vendor_langfuse
from pr_cost_bot.simulator.server import Handler, Server
from pr_cost_bot.simulator.vendor_anthropic import anthropic
from pr_cost_bot.simulator.vendor_copilot import copilot
from pr_cost_bot.simulator.vendor_cursor import cursor
from pr_cost_bot.simulator.vendor_files import files
from pr_cost_bot.simulator.vendor_helicone import helicone
from pr_cost_bot.simulator.vendor_litellm import litellm
from pr_cost_bot.simulator.vendor_openai import openai
from pr_cost_bot.simulator.vendor_openrouter import openrouter
from pr_cost_bot.simulator.vendor_portkey import portkey
from pr_cost_bot.simulator.vendor_world import Call, Failure, World, user_id

__all__ = ["TOOLS", "VENDORS", "Call", "Failure", "World", "handlers", "inputs", "serve", "settings", "user_id"]


@dataclass(frozen=True)
class _Vendor:
    """How a vendor is served, and how the Action is told of it. `given`: the Action's inputs, from the vendor's key."""

    handler: Callable[[World], Handler]
    given: Callable[[str], Mapping[str, str]]
    line: str = "{{base_url: {url}}}"  # under `sources`, as a format


def _admin_key(name: str) -> Callable[[str], Mapping[str, str]]:
    return lambda key: {f"{name}_admin_key": key}


_VENDORS: Mapping[str, _Vendor] = {
    "anthropic": _Vendor(anthropic, _admin_key("anthropic")),
    "openai": _Vendor(openai, _admin_key("openai")),
    "cursor": _Vendor(cursor, _admin_key("cursor")),
    "copilot": _Vendor(copilot, lambda key: {"copilot_token": key}, "{{base_url: {url}, organization: acme}}"),
    "openrouter": _Vendor(openrouter, lambda key: {"openrouter_management_key": key}),
    "litellm": _Vendor(litellm, lambda key: {"litellm_api_key": key}),
    "langfuse": _Vendor(
        vendor_langfuse.langfuse,
        lambda key: {"langfuse_public_key": vendor_langfuse.PUBLIC_KEY, "langfuse_secret_key": key},
    ),
    "helicone": _Vendor(helicone, lambda key: {"helicone_api_key": key}),
    "portkey": _Vendor(portkey, lambda key: {"portkey_api_key": key}),
    "files": _Vendor(files, lambda _: {}, "[{{url: {url}/usage.jsonl}}]"),
}
VENDORS = tuple(_VENDORS)
TOOLS = ("anthropic", "openai", "cursor")
"""Those that most stories play with."""


def handlers(world: World, names: Sequence[str] = VENDORS) -> dict[str, Handler]:
    """A handler per vendor."""
    return {name: _VENDORS[name].handler(world) for name in names}


def inputs(world: World, names: Sequence[str] = VENDORS) -> dict[str, str]:
    """The Action's inputs that hold the keys of these vendors."""
    return {name: key for vendor in names for name, key in _VENDORS[vendor].given(world.keys[vendor]).items()}


def settings(urls: Mapping[str, str]) -> str:
    """The configuration's `sources`, with vendors at these addresses."""
    lines = (f"  {name}: {_VENDORS[name].line.format(url=url)}\n" for name, url in urls.items())
    return "sources:\n" + "".join(lines)


@contextmanager
def serve(world: World, names: Sequence[str] = TOOLS, *, latency: float = 0.0) -> Iterator[dict[str, Server]]:
    """Serve each of these vendors on a port of its own until the block ends. `latency`: seconds before every answer."""
    with ExitStack() as stack:
        made = handlers(world, names)
        yield {name: stack.enter_context(Server(handler, latency=latency)) for name, handler in made.items()}
