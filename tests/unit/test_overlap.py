import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pr_cost_bot.model import NO_TOKENS, Tokens, UsageRecord
from pr_cost_bot.overlap import Dropped, notes, without_overlap
from pr_cost_bot.sellers import family, seller_of

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SONNET = "claude-sonnet-4-5"


def record(name, source, at=NOON, length=timedelta(0), tokens=100, cost="1", **fields) -> UsageRecord:
    made = {"person": "dev", "model": SONNET, "requests": 1, "cost_usd": None if cost is None else Decimal(cost)}
    counts = Tokens(tokens, 0, 0, 0)
    return UsageRecord(id=name, source=source, actor="dev", start=at, end=at + length, tokens=counts, **{**made, **fields})


def bill(name="v", **fields) -> UsageRecord:
    """An hour of the seller, which does not say of how many requests."""
    return record(name, "anthropic", **{"length": HOUR, "provider": "anthropic", "requests": 0, **fields})


def tagged(name="g", **fields) -> UsageRecord:
    where = {"repository": "acme/web", "pr_number": 42}
    return record(name, "litellm", **{"at": NOON + 5 * MINUTE, "provider": "anthropic", **where, **fields})


def cost(records) -> Decimal:
    return sum((each.cost_usd or Decimal(0) for each in records), Decimal(0))


def tokens(records) -> Tokens:
    return sum((each.tokens for each in records), NO_TOKENS)


def test_a_tagged_record_keeps_its_place_and_takes_the_bills_amount():
    found = without_overlap([bill(cost="0.8"), tagged(cost="1")])
    (kept,) = found.records
    assert (kept.id, kept.pr_number, kept.cost_usd) == ("g", 42, Decimal("0.8"))
    (gone,) = found.dropped
    assert (gone.source, gone.kept, gone.tokens, gone.cost_usd) == ("anthropic", "litellm", Tokens(100), Decimal(1))


def test_what_the_seller_reports_beyond_stays():
    found = without_overlap([bill(tokens=400, cost="4"), tagged(tokens=100, cost="1.25")])
    assert {each.id: (each.tokens.input, each.cost_usd) for each in found.records} == {
        "g": (100, Decimal(1)),
        "v:rest": (300, Decimal(3)),
    }


def test_what_the_gateway_reports_beyond_stays_at_its_own_amount():
    halves = [tagged(f"g{n}", tokens=100, cost="1.25") for n in range(4)]
    found = without_overlap([bill(tokens=100, cost="1"), *halves])
    assert sum(each.tokens.input for each in found.records) == 400
    assert cost(found.records) == Decimal(1) + Decimal(5) * 3 / 4


def test_without_tags_the_seller_stays():
    untagged = tagged(repository=None, pr_number=None)
    found = without_overlap([untagged, bill()])
    assert [each.id for each in found.records] == ["v"]
    assert (found.dropped[0].source, found.dropped[0].kept) == ("litellm", "anthropic")
    two = [tagged(f"g{n}", repository=None, pr_number=None, tokens=75, cost="0.75") for n in range(2)]
    beyond = without_overlap([*two, bill()])
    assert (tokens(beyond.records).input, {each.id for each in beyond.records}) == (150, {"v", "g0:rest", "g1:rest"})


def test_a_repository_alone_is_no_tag():
    assert [each.id for each in without_overlap([tagged(pr_number=None), bill()]).records] == ["v"]
    assert [each.id for each in without_overlap([tagged(pr_number=None, branch="x"), bill()]).records] == ["g"]


def test_events_split_a_day_of_the_seller_and_keep_its_amount():
    day = bill(at=NOON - 12 * HOUR, length=24 * HOUR, tokens=200, cost="3")
    events = [tagged(f"g{n}", at=NOON + n * HOUR, repository=None, pr_number=None) for n in range(2)]
    found = without_overlap([day, *events])
    assert [(each.id, each.cost_usd) for each in found.records] == [("g0", Decimal("1.5")), ("g1", Decimal("1.5"))]


def test_a_bill_in_tokens_only_leaves_the_gateways_amount():
    (kept,) = without_overlap([bill(cost=None), tagged(cost="1")]).records
    assert kept.cost_usd == 1
    listed = without_overlap([bill(cost="0.7", listed=True), tagged(cost="1")]).records
    assert [(each.cost_usd, each.listed) for each in listed] == [(Decimal("0.7"), True)]


def test_a_gateway_without_amounts_gets_the_bills():
    kept = without_overlap([bill(cost="3"), tagged("g1", cost=None, tokens=25), tagged("g2", cost=None, tokens=75)]).records
    assert {each.id: each.cost_usd for each in kept} == {"g1": Decimal("0.75"), "g2": Decimal("2.25")}


def test_what_is_billed_follows_the_bill():
    (kept,) = without_overlap([bill(billed_usd=Decimal("0.5")), tagged()]).records
    assert kept.billed_usd == Decimal("0.5")
    (kept,) = without_overlap([bill(billed_usd=None), tagged()]).records
    assert kept.billed_usd is None


@pytest.mark.parametrize(
    "other",
    [
        {"person": "other"},
        {"person": None},
        {"at": NOON + HOUR},
        {"at": NOON - MINUTE},
        {"model": "claude-opus-4-7"},
        {"provider": "bedrock"},
        {"provider": "", "model": "vertex_ai/claude-sonnet-4-5"},
        {"provider": "", "model": "claude-sonnet-4-5@20250929"},
        {"provider": "", "model": "us.anthropic.claude-sonnet-4-5-20250929-v1:0"},
        {"provider": "", "model": "house-model"},
    ],
)
def test_other_people_hours_models_and_sellers_are_other_usage(other):
    given_records = sorted([bill(), tagged(**other)], key=lambda each: (each.start, each.end, each.id))
    found = without_overlap(given_records)
    assert (list(found.records), found.dropped) == (given_records, ())


@pytest.mark.parametrize(
    "other",
    [
        {"source": "litellm", "provider": "vertex_ai", "model": "vertex_ai/claude-sonnet-4-5@20250929"},
        {"source": "litellm", "provider": "vertex_ai_beta", "model": "gemini-2.5-pro"},
        {"source": "anthropic", "name": "otlp:1", "model": "claude-sonnet-4-5@20250929"},
        {"source": "google", "name": "otlp:1", "model": "gemini-2.5-pro", "provider": "google"},
    ],
)
def test_what_vertexes_log_and_others_tell_of_a_call_counts_once_at_the_logs_amount(other):
    gateway = record(**{"name": "g", "cost": "9", **other})
    log = record("vertex:1", "vertex", provider="google", model=other["model"].rpartition("/")[2], cost="2", at=NOON + MINUTE)
    found = without_overlap([gateway, log])
    assert cost(found.records) == 2
    assert len(found.records) == len(found.dropped) == 1


def test_what_bedrocks_log_and_a_gateway_tell_of_a_call_counts_once():
    model = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
    gateway = tagged(provider="bedrock", model=f"bedrock/{model}", cost="9")
    found = without_overlap([gateway, record("bedrock:1", "bedrock", provider="aws", model=model, cost="2", at=NOON)])
    (kept,) = found.records
    assert (kept.pr_number, kept.cost_usd) == (42, Decimal(2))


@pytest.mark.parametrize("source", ["cursor", "copilot", "openrouter", "receipt"])
def test_sources_that_charge_themselves_never_overlap_with_another_seller(source):
    found = without_overlap([bill(), record("x", source)])
    assert (len(found.records), found.dropped) == (2, ())


def test_three_that_report_the_same_count_once():
    looking_on = record("l", "langfuse", at=NOON + 5 * MINUTE)
    found = without_overlap([bill(), tagged(), looking_on])
    assert [each.id for each in found.records] == ["g"]
    assert [(each.source, each.kept) for each in found.dropped] == [("anthropic", "litellm"), ("langfuse", "litellm")]


def test_telemetry_and_exports_speak_of_the_sellers_own_usage():
    telemetry = record("otlp:1", "anthropic", at=NOON + MINUTE, cost="1.1", session="s", pr_number=4, repository="a/b")
    export = record("anthropic-cost:1", "anthropic", at=NOON - 12 * HOUR, length=24 * HOUR, cost="0.9")
    assert [(each.id, each.cost_usd) for each in without_overlap([telemetry, export]).records] == [("otlp:1", Decimal("0.9"))]
    api = bill("anthropic:1", cost="0.8")
    found = without_overlap([telemetry, export, api])
    assert [(each.id, each.cost_usd) for each in found.records] == [("otlp:1", Decimal("0.8"))]
    assert [each.id for each in without_overlap([export, api]).records] == ["anthropic:1"]
    twice = [record("cursor:1", "cursor"), record("cursor-csv:1", "cursor")]
    assert [each.id for each in without_overlap(twice).records] == ["cursor:1"]


def test_telemetry_of_a_model_on_bedrock_is_not_anthropics_bill():
    telemetry = record("otlp:1", "anthropic", model="us.anthropic.claude-sonnet-4-5-20250929-v1:0")
    assert without_overlap([telemetry, bill()]).dropped == ()
    logged = record("bedrock:1", "bedrock", model="anthropic.claude-sonnet-4-5-20250929-v1:0", provider="aws")
    assert [each.id for each in without_overlap([telemetry, logged]).records] == ["bedrock:1"]


def test_a_name_that_says_nothing_may_be_any_model():
    sums = record("p", "portkey", at=NOON - HOUR, length=3 * HOUR, tokens=0, cost="1", model="unknown", provider="anthropic")
    found = without_overlap([sums, bill(cost="4"), bill("o", model="claude-opus-4-7", cost="6")])
    assert (cost(found.records), {each.id for each in found.records}) == (Decimal(10), {"v", "o"})


def test_what_openrouter_charges_can_be_seen_by_who_looks_on():
    seen = record("l", "langfuse", model="anthropic/claude-sonnet-4.5")
    found = without_overlap([record("r", "openrouter", model="anthropic/claude-4.5-sonnet", length=HOUR), seen])
    assert len(found.records) == 1
    assert seller_of(seen, through_openrouter=False) == "anthropic"


@pytest.mark.parametrize(
    "spelling",
    [
        "claude-sonnet-4-5-20250929",
        "anthropic/claude-sonnet-4.5",
        "Claude-4.5-sonnet",
        "claude-sonnet-4-5@20250929",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "claude-sonnet-4-5[1m]",
        "claude-sonnet-4-5-latest",
    ],
)
def test_one_model_has_many_spellings(spelling):
    assert family(spelling) == SONNET


def test_models_that_differ_stay_apart():
    names = ["claude-sonnet-4", SONNET, "claude-opus-4-5", "gpt-5.2", "gpt-5.2-mini", "gpt-5", "o3", "gemini-3-pro", "codex-1"]
    assert len({family(name) for name in names}) == len(names)
    assert {family(name) for name in ("auto", "default", "house-sonnet", "")} == {""}


def test_the_notes_name_sources_amounts_and_no_person():
    (text,) = notes(without_overlap([bill(tokens=1200), tagged(tokens=1200, cost="1.25")]).dropped)
    assert text == (
        "anthropic and litellm both report 1,200 tokens of the same people, models and hours: counted once; "
        "$1.25 would have counted twice. "
        "Sums do not show whether litellm called with a key of its own; if it did, that usage is missing."
    )
    requests = Dropped(person="dev", source="a", kept="b", start=NOON, end=NOON, requests=3)
    assert notes([requests]) == ("a and b both report 3 requests of the same people, models and hours: counted once.",)


# --- properties -----------------------------------------------------------------------------------------------------

SOURCES = ("anthropic", "openai", "cursor", "litellm", "langfuse", "telemetry", "portkey")
amounts = st.none() | st.decimals(min_value=0, max_value=50, places=4)


@st.composite
def histories(draw) -> list[UsageRecord]:
    made = []
    for number in range(draw(st.integers(0, 12))):
        source = draw(st.sampled_from(SOURCES))
        counts = draw(st.tuples(st.integers(0, 900), st.integers(0, 90), st.integers(0, 90), st.integers(0, 300)))
        where = draw(st.sampled_from([{}, {}, {"pr_number": 4, "repository": "a/b"}, {"branch": "x"}]))
        made.append(
            record(
                f"{draw(st.sampled_from([source, 'otlp', 'cursor-csv']))}:{number}",
                source,
                at=NOON + draw(st.integers(0, 200)) * MINUTE,
                length=draw(st.sampled_from([0 * MINUTE, MINUTE, HOUR, 5 * HOUR])),
                cost=draw(amounts),
                person=draw(st.sampled_from(["dev", "dev", "eve", None])),
                model=draw(st.sampled_from([SONNET, "claude-opus-4-7", "gpt-5.2", "unknown"])),
                requests=draw(st.integers(0, 5)),
                billed_usd=draw(amounts),
                **where,
            )
        )
        total = Tokens(sum(counts[:3]), counts[1], counts[2], counts[3])
        made[-1] = UsageRecord(**{**{f: getattr(made[-1], f) for f in made[-1].__struct_fields__}, "tokens": total})
    return made


@settings(max_examples=120, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_nothing_is_lost_nothing_is_made_and_neither_order_nor_repetition_matters(records, chance: random.Random):
    found = without_overlap(records)
    assert tokens(found.records) + tokens(found.dropped) == tokens(records)
    assert cost(found.records) + cost(found.dropped) == cost(records)
    assert sum(r.requests for r in [*found.records, *found.dropped]) == sum(r.requests for r in records)
    assert len({each.id for each in found.records}) == len(found.records)
    assert all(each.tokens.cache_read + each.tokens.cache_write <= each.tokens.input for each in found.records)
    assert all(each.cost_usd is None or each.cost_usd >= 0 for each in found.records)
    shuffled = list(records)
    chance.shuffle(shuffled)
    assert without_overlap(shuffled) == found
    again = without_overlap(found.records)
    assert (again.records, again.dropped) == (found.records, ())


@settings(max_examples=25, deadline=None)
@given(histories(), st.sampled_from(SOURCES))
def test_a_source_alone_is_never_touched(records, source):
    alone = [each for each in records if each.id.partition(":")[0] == source]
    found = without_overlap(alone)
    assert sorted(found.records, key=lambda each: each.id) == sorted(alone, key=lambda each: each.id)
    assert found.dropped == ()


@pytest.mark.parametrize("name", ["house-9", "ft:gpt-9:acme::x", "text-embedding-3-small", "unknown", "auto"])
@pytest.mark.parametrize("price", ["5", None])
def test_a_model_that_nobody_knows_is_never_taken_for_another_one_of_its_own_source(name, price):
    """Even where a second source has something to compare with."""
    known = record("g", "openai", length=HOUR, model="gpt-5.5", cost="0.06")
    odd = record("h", "openai", length=HOUR, model=name, tokens=9, cost=price)
    found = without_overlap([bill(cost="3"), known, odd])
    assert {each.id for each in found.records} == {"v", "g", "h"}
    assert not found.dropped


def test_a_gateways_own_name_for_a_model_takes_what_nobody_tells_by_name():
    """LiteLLM names one of three calls as Anthropic does; another can be the rest of the hour, and the third is beside it."""
    named = record("n", "litellm", at=NOON + MINUTE, tokens=70, provider="anthropic")
    renamed = record("r", "litellm", at=NOON + 20 * MINUTE, tokens=50, provider="anthropic", model="prod-chat")
    other = record("o", "litellm", at=NOON + 40 * MINUTE, tokens=39, provider="anthropic", model="prod-chat")
    assert tokens(without_overlap([bill(tokens=120), named, renamed]).records).input == 120
    assert tokens(without_overlap([bill(tokens=120), named, renamed, other]).records).input == pytest.approx(159, abs=2)


@pytest.mark.parametrize("third", ["unknown", "prod-chat"])
@pytest.mark.parametrize("counted", [0, 100])
@pytest.mark.parametrize("second", ["otlp", "litellm", "helicone"])
def test_what_two_agree_on_by_name_a_third_tells_again_without_one(second, third, counted):
    source = "anthropic" if second == "otlp" else second
    named = record(f"{second}:1", source, at=NOON + MINUTE, provider="anthropic", cost="4.5")
    nameless = record("p", "portkey", length=HOUR, tokens=counted, cost="4.5", model=third, provider="anthropic")
    found = without_overlap([bill(cost="4.5"), named, nameless])
    assert cost(found.records) == pytest.approx(Decimal("4.5"), abs=Decimal("0.01"))
