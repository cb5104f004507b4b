"""Somebody's storage with exports: the program's own JSON Lines of usage at one address, for whoever knows it."""

from pr_cost_bot.files.usage_lines import encode
from pr_cost_bot.model import UsageRecord
from pr_cost_bot.simulator.server import Handler, Request, Response
from pr_cost_bot.simulator.vendor_world import Call, World, broken, user_id


def error(status: int, message: str) -> Response:
    """Storage's error body."""
    return Response(status, f"<Error><Message>{message}</Message></Error>".encode(), {"Content-Type": "application/xml"})


def files(world: World) -> Handler:
    """The handler for `Server`."""

    def answer(request: Request) -> Response:
        if request.path != "/usage.jsonl":
            return error(404, "No such key")
        return Response(200, usage_lines(world).encode(), {"Content-Type": "application/x-ndjson"})

    return lambda request: broken(world, "files", request, answer, error)


def usage_lines(world: World) -> str:
    """Everybody's calls, a line each."""
    return "".join(f"{encode(_record(call))}\n" for call in world.visible("files"))


def _record(call: Call) -> UsageRecord:
    return UsageRecord(
        id=user_id(f"{call.person} {call.at.isoformat()} {call.model}", "line_"),
        source="inhouse",
        actor=call.person,
        start=call.at,
        end=call.at,
        model=call.model,
        tokens=call.tokens,
        requests=1,
        cost_usd=call.cents / 100,
    )
