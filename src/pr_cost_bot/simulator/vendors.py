"""The simulated vendors on loopback: one world of calls behind Anthropic, OpenAI and Cursor.

world = World(now=…, calls=[Call(person="dev@example.com", …, vendor="cursor")])
with serve(world) as servers:
    servers["cursor"].url, servers["cursor"].exchanges
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from pr_cost_bot.simulator.server import Handler, Server
from pr_cost_bot.simulator.vendor_anthropic import anthropic
from pr_cost_bot.simulator.vendor_cursor import cursor
from pr_cost_bot.simulator.vendor_openai import openai
from pr_cost_bot.simulator.vendor_world import VENDORS, Call, Failure, World, user_id

__all__ = ["VENDORS", "Call", "Failure", "World", "anthropic", "cursor", "handlers", "openai", "serve", "user_id"]


def handlers(world: World) -> dict[str, Handler]:
    """A handler per vendor."""
    return {"anthropic": anthropic(world), "openai": openai(world), "cursor": cursor(world)}


@contextmanager
def serve(world: World, *, latency: float = 0.0) -> Iterator[dict[str, Server]]:
    """Serve every vendor on a port of its own until the block ends. `latency`: seconds before every answer."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(Server(each, latency=latency)) for name, each in handlers(world).items()}
