"""What a gateway sends on to a vendor whose own source is active too: counted once, and the step summary says so."""

from dataclasses import replace
from decimal import Decimal

import pytest

from pr_cost_bot.model import Tokens
from pr_cost_bot.simulator.vendor_files import usage_lines
from pr_cost_bot.simulator.vendor_portkey import portkey
from pr_cost_bot.simulator.vendors import Call
from tests.end_to_end.world import Stage, at, call, stage, work

PASSED_ON = [
    call("ada", at(f"09:{minute}"), "anthropic", cents, tokens=Tokens(1000 + minute, 400, 50, minute))
    for minute, cents in ((10, "150"), (20, "75.5"), (30, "24.25"))
]
OWN = call("ada", at("09:40"), "anthropic", "100", tokens=Tokens(2000, 900, 100, 70))


def seen_by(gateway: str, calls: list[Call], **changed: object) -> list[Call]:
    """The same requests as the gateway tells of them."""
    model = "anthropic/claude-sonnet-4.6" if gateway == "openrouter" else "claude-sonnet-4-6"
    return [replace(each, vendor=gateway, model=model, product="", **changed) for each in calls]


def figure(s: Stage) -> tuple[Decimal, str]:
    number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
    finished = s.event("opened", number, at("11:05"))
    assert finished.status == 0, finished.log
    assert finished.outputs["complete"] == "true"
    return Decimal(finished.outputs["cost_usd"]), finished.summary


@pytest.mark.parametrize("gateway", ["litellm", "helicone", "langfuse", "portkey", "portkey-sums", "openrouter"])
def test_what_a_gateway_sends_on_with_the_persons_own_key_counts_once(gateway):
    vendor = gateway.partition("-")[0]
    with stage(sources=["anthropic", vendor]) as s:
        s.vendors.add(*PASSED_ON, OWN, *seen_by(vendor, PASSED_ON, chargeable=vendor != "openrouter"))
        if gateway == "portkey-sums":
            s.servers["portkey"].handler = portkey(s.vendors, exports=False)
        cost, summary = figure(s)
    assert cost == Decimal("3.4975")
    assert "counted once" in summary
    assert "would have counted twice" in summary


def test_what_a_gateway_sends_on_with_a_key_of_its_own_counts_beside_the_persons():
    with stage(sources=["anthropic", "litellm"]) as s:
        larger = [replace(each, tokens=Tokens(9000, 400, 50, 300)) for each in PASSED_ON]
        s.vendors.add(OWN, *seen_by("litellm", larger))
        cost, summary = figure(s)
    assert cost == Decimal("3.4975")
    assert "counted beside them" in summary


def test_an_export_of_the_program_itself_is_no_second_usage_of_what_the_vendor_reports():
    with stage(sources=["anthropic"], config="  files: [{path: usage.jsonl}]\n") as s:
        s.vendors.add(*PASSED_ON, OWN, *seen_by("files", PASSED_ON))
        s.vendors.now = at("11:05")
        (s.workspace / "usage.jsonl").write_text(usage_lines(s.vendors).replace('"inhouse"', '"anthropic"'))
        cost, summary = figure(s)
    assert cost == Decimal("3.4975")
    assert "counted once" in summary
