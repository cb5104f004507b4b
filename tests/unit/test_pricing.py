from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.metadata import version

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pr_cost_bot.config import Price
from pr_cost_bot.model import Terms, Tokens, Unpriced, UsageRecord
from pr_cost_bot.pricing import price, warm_up
from pr_cost_bot.pricing.names import is_same_model

NOVEMBER = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
AUGUST = datetime(2026, 8, 1, tzinfo=UTC)
M = 1_000_000
MILLION = Tokens(input=M)
STANDARD = Terms()


def usage(model="claude-opus-5", tokens=MILLION, *, provider="", start=NOVEMBER, hours=0, requests=1, terms=STANDARD, **more):
    return UsageRecord(
        id="u",
        source="anthropic",
        actor="",
        start=start,
        end=start + timedelta(hours=hours),
        model=model,
        tokens=tokens,
        provider=provider,
        requests=requests,
        terms=terms,
        **more,
    )


def cost(*args, **kwargs):
    return price([usage(*args, **kwargs)]).records[0].cost_usd


def notes(*args, **kwargs):
    info = price([usage(*args, **kwargs)]).info
    return info.notes if info else ()


# --- token classes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tokens", "hour", "dollars"),
    [
        (Tokens(input=M), 0, "5"),
        (Tokens(output=M), 0, "25"),
        (Tokens(input=M, cache_read=M), 0, "0.5"),
        (Tokens(input=M, cache_write=M), 0, "6.25"),
        (Tokens(input=M, cache_write=M), M, "10"),
        (Tokens(input=4 * M, cache_read=M, cache_write=2 * M, output=M), M, "46.75"),
    ],
)
def test_each_token_class_of_opus_5_costs_its_listed_price(tokens, hour, dollars):
    assert cost(tokens=tokens, terms=Terms(cache_write_1h=hour)) == Decimal(dollars)


def test_cache_reads_are_not_a_fixed_tenth_of_the_input_price():
    reads = Tokens(input=M, cache_read=M)
    assert cost("claude-opus-5-5", reads) == Decimal("0.2")
    assert cost("claude-fable-5-1", reads) == Decimal("0.25")
    assert cost("gpt-6.1-sol", reads, requests=1000) == Decimal("0.1")


def test_cached_input_of_openai_is_part_of_the_input():
    assert cost("gpt-5", Tokens(input=M, cache_read=400_000, output=100_000)) == Decimal("1.8")


def test_amounts_are_exact():
    assert cost("gpt-5-nano", Tokens(input=1, output=1)) == Decimal("0.00000045")


def test_more_cache_tokens_than_input_never_lower_the_cost():
    assert cost(tokens=Tokens(input=10, cache_read=M)) == Decimal("0.5")


# --- long context ---------------------------------------------------------------------------------------------------


def test_ten_requests_of_150k_tokens_are_not_one_long_request():
    bucket = cost("claude-sonnet-4-5", Tokens(input=1_500_000, output=10_000), hours=1, requests=10)
    assert bucket == Decimal("4.65")


def test_one_long_request_pays_the_long_context_price():
    assert cost("claude-sonnet-4-5", Tokens(input=1_500_000, output=10_000)) == Decimal("9.225")


def test_a_bucket_that_the_vendor_calls_long_context_pays_its_price():
    terms = Terms(long_context=True)
    assert cost("claude-sonnet-4-5", Tokens(input=M), hours=1, requests=4, terms=terms) == 6


def test_a_bucket_of_long_requests_pays_their_price():
    assert cost("claude-sonnet-4-5", Tokens(input=900_000), hours=1, requests=3) == Decimal("5.4")


def test_a_bucket_with_an_unknown_number_of_requests_pays_the_base_price():
    assert cost("claude-sonnet-4-5", Tokens(input=M), hours=1, requests=0) == 3


def test_an_event_without_a_count_is_one_request():
    assert cost("claude-sonnet-4-5", Tokens(input=M), requests=0) == 6


def test_a_receipt_without_a_count_is_not_one_long_request():
    receipt = msgspec.structs.replace(usage("claude-sonnet-4-5", requests=0), source="receipt")
    assert price([receipt]).records[0].cost_usd == 3


def test_newer_claude_models_have_no_long_context_price():
    assert cost("claude-sonnet-4-6", Tokens(input=M)) == 3


def test_it_is_told_when_long_prompts_may_hide_in_a_sum():
    assert any("mean size" in note for note in notes("gpt-5.5", Tokens(input=M), hours=1, requests=10))
    assert notes("gpt-5", Tokens(input=M), hours=1, requests=10) == ()


# --- terms ----------------------------------------------------------------------------------------------------------


def test_batch_is_half_price_on_every_class():
    tokens = Tokens(input=3 * M, cache_read=M, cache_write=M, output=M)
    assert cost(tokens=tokens, terms=Terms(service_tier="batch")) == cost(tokens=tokens) / 2


@pytest.mark.parametrize("model", ["claude-opus-5", "gpt-5", "claude-opus-4-1", "gpt-5.3"])
def test_batch_was_half_price_before_the_list_recorded_it(model):
    standard = cost(model, start=AUGUST)
    assert cost(model, start=AUGUST, terms=Terms(service_tier="batch")) == standard / 2


@pytest.mark.parametrize(("tier", "factor"), [("flex", "0.5"), ("priority", "2"), ("Fast", "2"), ("default", "1"), ("", "1")])
@pytest.mark.parametrize("day", [AUGUST, NOVEMBER])
def test_service_tiers_of_gpt_5(tier, factor, day):
    assert cost("gpt-5", start=day, terms=Terms(service_tier=tier)) == Decimal("1.25") * Decimal(factor)


@pytest.mark.parametrize("provider", ["anthropic", ""])
def test_fast_mode_of_opus_5_costs_twice(provider):
    tokens = Tokens(input=M, output=M)
    assert cost(tokens=tokens, provider=provider, terms=Terms(speed="fast")) == 60


def test_a_tier_without_a_known_price_is_standard_and_says_so():
    terms = Terms(service_tier="priority")
    assert cost(terms=terms) == 5
    assert notes(terms=terms) == ("No priority price is known for claude-opus-5: the standard price was used.",)


def test_batch_at_a_provider_whose_discount_is_unknown_says_so():
    terms = Terms(service_tier="batch")
    assert cost("claude-opus-4-8", provider="google", terms=terms) == 5
    assert len(notes("claude-opus-4-8", provider="google", terms=terms)) == 1


def test_us_inference_costs_a_tenth_more_in_every_class_since_claude_4_6():
    tokens = Tokens(input=3 * M, cache_read=M, cache_write=M, output=M)
    for model in ("claude-opus-5", "claude-sonnet-4-6", "claude-fable-5-1"):
        assert cost(model, tokens, terms=Terms(inference_geo="us")) == cost(model, tokens) * Decimal("1.1")
    assert cost("claude-haiku-4-5", tokens, terms=Terms(inference_geo="us")) == cost("claude-haiku-4-5", tokens)
    assert cost("gpt-5", tokens, terms=Terms(inference_geo="us")) == cost("gpt-5", tokens)


def test_us_inference_stacks_with_batch_and_fast_mode():
    assert cost(terms=Terms(inference_geo="us", service_tier="batch")) == Decimal("2.75")
    assert cost(terms=Terms(inference_geo="us", speed="fast")) == 11


def test_the_price_of_the_day_counts():
    assert cost("o3", start=datetime(2025, 6, 1, tzinfo=UTC)) == 10
    assert cost("o3") == 2


def test_prices_that_change_within_the_day_follow_the_hour():
    night, day = (datetime(2025, 5, 1, hour, 45, tzinfo=UTC) for hour in (18, 12))
    assert cost("deepseek-chat", start=night) == cost("deepseek-chat", start=day) / 2


# --- names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "same_as"),
    [
        ("claude-opus-5-5[1m]", "claude-opus-5-5"),
        ("Claude-Opus-5", "claude-opus-5"),
        ("claude-4.5-sonnet", "claude-sonnet-4-5"),
        ("claude-4.5-sonnet-thinking", "claude-sonnet-4-5"),
        ("claude-4-sonnet-thinking", "claude-sonnet-4"),
        ("claude-4.6-opus-max-thinking", "claude-opus-4-6"),
        ("anthropic/claude-sonnet-4-5", "claude-sonnet-4-5"),
        ("gpt-5-high", "gpt-5"),
        ("gpt-5.1-codex-max-high", "gpt-5.1"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("gpt-5.2-20251211", "gpt-5.2"),
    ],
)
def test_other_spellings_of_a_model_cost_the_same(name, same_as):
    assert cost(name) == cost(same_as) is not None


def test_fast_in_the_name_is_the_fast_price():
    assert cost("claude-4.8-opus-fast") == 10
    assert cost("gpt-5-high-fast") == Decimal("2.5")


def test_each_provider_has_its_own_price():
    assert cost("us.anthropic.claude-sonnet-4-5-20250929-v1:0", Tokens(input=1000)) == Decimal("0.0033")
    assert cost("claude-4.5-sonnet", Tokens(input=1000), provider="cursor") == Decimal("0.003")
    assert cost("composer-2.5", provider="cursor") == Decimal("0.5")


@pytest.mark.parametrize(
    "name",
    [
        "gpt-7",
        "gpt-7-high",
        "claude-zeta-9",
        "claude-opus-4-10",
        "claude-sonnet-4-55",
        "codex-auto-review",
        "<synthetic>",
        "auto",
        "default",
        "",
        "gpt-live-1",
        "gpt-5-nano-ultra",
        "x" * 5000,
    ],
)
def test_a_model_without_a_price_is_unpriced_and_not_free(name):
    priced = price([usage(name), usage(name)])
    assert [record.cost_usd for record in priced.records] == [None, None]
    assert not any(record.listed for record in priced.records)
    assert priced.unpriced == (Unpriced(source="anthropic", model=name, tokens=Tokens(input=2 * M)),)
    assert priced.info is None


def test_a_provider_that_nobody_knows_has_no_prices():
    assert cost("gpt-5", provider="basement") is None


@pytest.mark.parametrize(
    ("name", "listed", "same"),
    [
        ("claude-opus-4-10", "claude-opus-4-1", False),
        ("claude-opus-4-1-20250805", "claude-opus-4-1", True),
        ("claude-sonnet-4", "claude-sonnet-4-0", True),
        ("gemini-pro-latest", "gemini-3.1-pro-preview", True),
        ("gemini-2.5-pro-preview-05-06", "gemini-2.5-pro", True),
        ("gemini-3.6-flash-lite", "gemini-3.6-flash", False),
        ("gpt-35-turbo", "gpt-3.5-turbo", True),
    ],
)
def test_a_match_by_prefix_is_believed_only_for_the_same_model(name, listed, same):
    assert is_same_model(name, listed) is same


# --- the configuration's own prices ---------------------------------------------------------------------------------

HOUSE = Price(model="House-Model", input_usd_per_mtok=Decimal(1), output_usd_per_mtok=Decimal(4))


def test_own_prices_hold_in_any_case_and_cache_costs_as_input():
    record = usage("house-model", Tokens(input=3 * M, cache_read=M, cache_write=M, output=M), terms=Terms(cache_write_1h=M))
    priced = price([record], [HOUSE])
    assert priced.records[0].cost_usd == 7
    assert priced.records[0].listed
    assert priced.info.overridden == ("house-model",)
    assert priced.info.name == "the configuration's prices"


def test_own_cache_prices_are_used():
    own = msgspec.structs.replace(HOUSE, cache_read_usd_per_mtok=Decimal("0.1"), cache_write_usd_per_mtok=Decimal(2))
    assert price([usage("house-model", Tokens(input=2 * M, cache_read=M, cache_write=M))], [own]).records[
        0
    ].cost_usd == Decimal("2.1")


def test_own_prices_win_over_the_list_and_are_final():
    own = msgspec.structs.replace(HOUSE, model="claude-opus-5")
    priced = price([usage(terms=Terms(inference_geo="us", service_tier="batch")), usage("claude-opus-5-5")], [own])
    assert [record.cost_usd for record in priced.records] == [1, 4]
    assert (priced.info.models, priced.info.overridden) == (("claude-opus-5-5",), ("claude-opus-5",))


def test_an_own_price_of_nothing_is_nothing():
    free = Price(model="house-model", input_usd_per_mtok=Decimal(0), output_usd_per_mtok=Decimal(0))
    assert price([usage("house-model")], [free]).records[0].cost_usd == 0


# --- what is left alone ---------------------------------------------------------------------------------------------


def test_the_vendors_own_amount_is_never_touched():
    record = usage(cost_usd=Decimal("1.23"))
    priced = price([record], [msgspec.structs.replace(HOUSE, model="claude-opus-5")])
    assert priced.records == (record,)
    assert priced.info is None


def test_usage_without_tokens_has_no_price():
    priced = price([usage(tokens=Tokens())])
    assert priced.records[0].cost_usd is None
    assert priced.unpriced == ()
    assert "without tokens" in priced.info.notes[0]


def test_the_list_is_named_with_its_version_and_its_newest_price_of_the_time():
    info = price([usage()]).info
    assert info.name == f"genai-prices {version('genai-prices')}"
    assert datetime(2026, 10, 14, tzinfo=UTC) <= info.as_of <= NOVEMBER
    assert info.models == ("claude-opus-5",)


def test_the_price_list_can_be_loaded_beforehand():
    warm_up()
    assert cost() == 5


# --- laws -----------------------------------------------------------------------------------------------------------

COUNTS = st.integers(0, 10**7)
TOKENS = st.builds(
    lambda plain, read, write, output: Tokens(plain + read + write, read, write, output), COUNTS, COUNTS, COUNTS, COUNTS
)
MODELS = st.sampled_from(["claude-opus-5", "gpt-5", "gpt-7", "claude-haiku-5-5", "o3"])
TERMS = st.builds(
    Terms,
    cache_write_1h=st.integers(0, 10**6),
    service_tier=st.sampled_from(["", "batch", "flex", "scale"]),
    inference_geo=st.sampled_from(["", "us"]),
    long_context=st.booleans(),
)
RECORDS = st.lists(
    st.builds(usage, MODELS, TOKENS, hours=st.sampled_from([0, 1]), requests=st.integers(0, 20), terms=TERMS), max_size=6
)


@given(RECORDS, RECORDS)
def test_each_record_is_priced_by_itself(left, right):
    together = price([*left, *right]).records
    assert together == (*price(left).records, *price(right).records)


@given(RECORDS)
def test_pricing_changes_nothing_but_the_cost_and_twice_is_once(records):
    priced = price(records).records
    assert [msgspec.structs.replace(r, cost_usd=None, listed=False) for r in priced] == records
    assert price(priced).records == priced


@given(TOKENS, TOKENS)
def test_inside_one_tier_the_parts_cost_what_the_sum_costs(one, two):
    whole, parts = cost("gpt-5", one + two), (cost("gpt-5", one), cost("gpt-5", two))
    assert (whole or 0) == sum(part or 0 for part in parts)


@given(MODELS, TOKENS, TERMS)
def test_a_price_is_never_negative_and_more_tokens_never_cost_less(model, tokens, terms):
    less = cost(model, tokens, terms=terms)
    more = cost(model, tokens + Tokens(input=10, output=10), terms=terms)
    assert less is None or (more is not None and 0 <= less <= more)
