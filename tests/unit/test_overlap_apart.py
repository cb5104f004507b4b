"""What looks like the same usage and is not: another key in the same hour, other requests, sums that name no model."""

from decimal import Decimal

import msgspec
import pytest
from tests.unit.test_overlap import HOUR, MINUTE, NOON, bill, cost, record, tagged, tokens

from pr_cost_bot.model import Tokens
from pr_cost_bot.overlap import notes, without_overlap
from pr_cost_bot.sellers import seller_of


def plain(name="g", **fields):
    """A gateway's request without tags."""
    return tagged(name, **{"repository": None, "pr_number": None, **fields})


def of(usage, counts: Tokens):
    """The same record with these tokens."""
    return msgspec.structs.replace(usage, tokens=counts)


def named(found) -> set[str]:
    return {each.id for each in found.records}


# --- a gateway with a key of its own beside the person's --------------------------------------------------------------


@pytest.mark.parametrize("gateway", [plain, tagged])
def test_a_request_larger_than_the_whole_hour_of_the_seller_is_other_usage(gateway):
    found = without_overlap([bill(tokens=100, cost="1"), gateway(tokens=400, cost="5")])
    assert (named(found), cost(found.records), found.dropped) == ({"v", "g"}, Decimal(6), ())


def test_of_more_requests_than_the_seller_counts_only_so_many_can_be_its_own():
    requests = [plain(f"g{n}", tokens=10 + n, cost="0.1") for n in range(5)]
    found = without_overlap([bill(tokens=100, cost="1", requests=2), *requests])
    assert [each.requests for each in found.dropped] == [2]
    assert tokens(found.records).input == 100 + 10 + 11 + 12
    assert cost(found.records) == Decimal("1.3")


def test_a_bucket_that_reads_less_from_the_cache_cannot_hold_the_request():
    asked = of(plain(), Tokens(400, 380, 0, 9))
    assert named(without_overlap([of(bill(), Tokens(500, 20, 0, 50)), asked])) == {"v", "g"}
    assert named(without_overlap([of(bill(), Tokens(500, 0, 0, 50)), asked])) == {"v"}  # it tells no cache at all


def test_minutes_tell_apart_what_an_hour_cannot():
    own = [bill(f"v{n}", at=NOON + n * MINUTE, length=MINUTE, tokens=40, requests=1) for n in range(3)]
    found = without_overlap([*own, plain(tokens=90)])
    assert (named(found), found.dropped) == ({"v0", "v1", "v2", "g"}, ())
    assert named(without_overlap([bill(tokens=120, requests=3), plain(tokens=90)])) == {"v"}


def test_the_step_summary_says_what_was_counted_beside():
    found = without_overlap([bill(tokens=100, cost="1"), plain(tokens=4000, cost="5")])
    whose = "the figures of anthropic for the same people, models and hours"
    assert notes(found.dropped, found.apart) == (
        f"litellm reports 4,000 tokens that {whose} cannot hold: other usage, made with another key, and counted beside them.",
    )


def test_only_what_sums_leave_open_is_said_to_be_open():
    request = record("otlp:1", "anthropic", tokens=1200)
    (certain,) = notes(without_overlap([request, plain(tokens=1200)]).dropped)
    (open_,) = notes(without_overlap([bill(tokens=1200), plain(tokens=1200)]).dropped)
    (own,) = notes(without_overlap([bill(tokens=1200), request]).dropped)
    assert "a key of its own; if it did" in open_
    assert "a key of its own" not in certain + own


# --- requests one by one ----------------------------------------------------------------------------------------------


def telemetry(name="otlp:1", **fields):
    return record(name, "anthropic", **fields)


def test_requests_with_other_tokens_are_other_requests():
    found = without_overlap([telemetry(tokens=70), plain(tokens=71), plain("h", tokens=70)])
    assert (named(found), [each.source for each in found.dropped]) == ({"otlp:1", "g"}, ["litellm"])


def test_a_request_on_either_side_of_the_full_hour_is_one_request():
    begun, ended = plain(at=NOON - MINUTE), telemetry(at=NOON + MINUTE)
    assert named(without_overlap([begun, ended])) == {"otlp:1"}


def test_of_two_alike_each_finds_its_own():
    twice = [telemetry("otlp:1"), telemetry("otlp:2", at=NOON + MINUTE)]
    assert len(without_overlap([*twice, plain(), plain("h")]).records) == 2
    assert len(without_overlap([*twice, plain(), plain("h"), plain("i")]).records) == 3


@pytest.mark.parametrize("count", [900, 200, 100])
def test_a_source_that_counts_input_without_the_cache_tells_the_same_request(count):
    seen = of(record("p", "portkey"), Tokens(count, 0, 0, 40))
    assert named(without_overlap([of(telemetry(), Tokens(900, 700, 100, 40)), seen])) == {"otlp:1"}


def test_langfuse_may_count_tokens_by_itself():
    assert named(without_overlap([plain(), record("l", "langfuse", tokens=104)])) == {"g"}
    assert named(without_overlap([plain(), record("l", "langfuse", tokens=150)])) == {"g", "l"}
    assert named(without_overlap([plain(), record("h", "helicone", tokens=104)])) == {"g", "h"}
    assert named(without_overlap([bill(tokens=100), record("l", "langfuse", tokens=120)])) == {"v"}
    assert named(without_overlap([bill(tokens=100), record("h", "helicone", tokens=120)])) == {"v", "h"}


def test_requests_without_tokens_are_compared_by_money():
    assert named(without_overlap([plain(), record("l", "langfuse", tokens=0, cost="0.9")])) == {"g"}
    assert named(without_overlap([plain(), record("l", "langfuse", tokens=0, cost="3")])) == {"g", "l"}


def test_the_tagged_one_of_two_stands_for_the_request_at_the_bills_amount():
    logged = record("bedrock:1", "bedrock", model="anthropic.claude-sonnet-4-5-v1:0", cost="0.8", provider="aws")
    (kept,) = without_overlap([logged, tagged(provider="bedrock")]).records
    assert (kept.id, kept.pr_number, kept.cost_usd) == ("g", 42, Decimal("0.8"))


# --- who charges --------------------------------------------------------------------------------------------------------


def routed(**fields):
    """An hour of OpenRouter with a key of the customer's own: nothing of it is charged to credits."""
    given = {"model": "anthropic/claude-4.5-sonnet", "length": HOUR, "billed_usd": Decimal(0), "provider": "openrouter"}
    return record("r", "openrouter", **{**given, **fields})


def test_what_openrouter_sends_on_with_a_key_of_ones_own_is_on_the_vendors_bill():
    found = without_overlap([routed(), bill()])
    assert (named(found), [(each.source, each.kept) for each in found.dropped]) == ({"v"}, [("openrouter", "anthropic")])
    assert found.dropped[0].cost_usd == 1


def test_what_openrouter_charges_for_is_on_nobody_elses_bill():
    assert named(without_overlap([routed(billed_usd=Decimal(1)), bill()])) == {"r", "v"}
    assert named(without_overlap([routed(billed_usd=None), bill()])) == {"r", "v"}


def test_an_hour_of_both_is_parted_by_money():
    found = without_overlap([routed(tokens=400, cost="4", billed_usd=Decimal(1)), bill(tokens=300, cost="3")])
    assert {each.id: (each.tokens.input, each.cost_usd) for each in found.records} == {
        "r": (100, Decimal(1)),
        "v": (300, Decimal(3)),
    }
    assert (tokens(found.dropped).input, cost(found.dropped)) == (300, Decimal(3))


def test_own_keys_without_the_vendors_source_stay_with_openrouter():
    whole = routed(tokens=400, cost="4", billed_usd=Decimal(1))
    assert without_overlap([whole]).records == (whole,)
    assert without_overlap([whole, bill(model="gpt-5.5", provider="openai", person="dev")]).records[0].cost_usd in {4, 1}
    looked_on = record("l", "langfuse", model="openai/gpt-5.5", tokens=7)
    assert named(without_overlap([whole, looked_on])) == {"r", "l"}


@pytest.mark.parametrize("gateway", ["litellm", "helicone", "portkey", "langfuse"])
def test_what_a_gateway_passes_through_is_on_the_vendors_bill(gateway):
    found = without_overlap([bill(), record("g", gateway, at=NOON + MINUTE)])
    assert (named(found), cost(found.records)) == ({"v"}, Decimal(1))


def test_sums_that_name_neither_model_nor_seller_may_be_any_of_it_but_not_what_cursor_charges():
    sums = record("p", "portkey", at=NOON - 24 * HOUR, length=48 * HOUR, tokens=0, cost="3", model="unknown")
    others = [bill(cost="2"), record("o", "openai", model="gpt-5.5", length=HOUR)]
    cursor = record("c", "cursor", cost="5")
    found = without_overlap([sums, *others, cursor])
    assert (named(found), cost(found.records)) == ({"v", "o", "c"}, Decimal(8))
    place = {"pr_number": 4, "repository": "a/b"}
    tagged_sum = record("p", "portkey", at=NOON - 24 * HOUR, length=48 * HOUR, tokens=0, cost="2", model="unknown", **place)
    found = without_overlap([tagged_sum, *others, cursor])
    assert round(cost(found.records), 5) == Decimal(8)
    assert {each.pr_number for each in found.records} == {4, None}


@pytest.mark.parametrize(
    ("provider", "seller"),
    [
        ("text-completion-openai", "openai"),
        ("anthropic_text", "anthropic"),
        ("bedrock_converse", "bedrock"),
        ("github_copilot", "copilot"),
    ],
)
def test_litellm_has_several_names_for_one_seller(provider, seller):
    assert seller_of(record("g", "litellm", provider=provider, model="m"), through_openrouter=False) == seller


def test_models_of_the_house_seen_by_two_count_once():
    pair = [record("g", "litellm", model="house-1", provider="hosted"), record("l", "langfuse", model="house-1")]
    assert len(without_overlap(pair).records) == 1
    assert len(without_overlap([*pair, record("x", "langfuse", model="house-2", tokens=9)]).records) == 2
