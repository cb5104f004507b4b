"""Made-up people work in made-up ways; whatever their tools and vendors report, no request is ever counted twice."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.test_overlap import HOUR, MINUTE, NOON, SONNET

from pr_cost_bot.model import Tokens, UsageRecord
from pr_cost_bot.overlap import without_overlap

OPUS = "claude-opus-4-7"
PRICE = Decimal("0.000003")  # of a token, whatever its kind
UNSPLIT = 5 * PRICE  # tokens are whole, so parts of small buckets are a few off
ROUNDING = Decimal("0.0000001")  # of amounts that are divided
GATEWAYS = ("litellm", "helicone", "portkey")


@dataclass(frozen=True)
class Truth:
    """One request as it was, and who tells of it."""

    at: datetime
    tokens: Tokens
    model: str
    told_by: frozenset[str]  # "vendor" is the vendor's bill, "otlp" the tool on the laptop
    tagged: bool
    renamed: bool = False  # gateways have a name of their own for the model

    @property
    def dollars(self) -> Decimal:
        return (self.tokens.input + self.tokens.output) * PRICE


ways = st.sampled_from(
    [
        {"vendor"},  # straight to the vendor
        {"vendor", "otlp"},
        {"vendor", "litellm"},  # through a gateway with the person's own key
        {"vendor", "litellm", "helicone"},
        {"vendor", "portkey", "otlp"},
        {"litellm"},  # through a gateway whose key is the organisation's
        {"litellm", "helicone"},
        {"portkey"},
        {"otlp", "litellm"},
    ]
)


@st.composite
def histories(draw, *, odd_names: bool = False) -> list[Truth]:
    """Requests that can be told apart: no two have the same number of output tokens. `odd_names`: of models nobody knows."""
    made = []
    for number in range(draw(st.integers(1, 12))):
        fresh, read, written = draw(st.tuples(st.integers(1, 2000), st.integers(0, 9000), st.integers(0, 500)))
        made.append(
            Truth(
                at=NOON + draw(st.integers(0, 240)) * MINUTE,
                tokens=Tokens(fresh + read + written, read, written, draw(st.integers(1, 90)) * 20 + number),
                model=draw(st.sampled_from([SONNET, OPUS, "house-9", "ft:prod"] if odd_names else [SONNET, OPUS])),
                told_by=frozenset(draw(ways)),
                tagged=draw(st.booleans()),
                renamed=odd_names and draw(st.booleans()),
            )
        )
    return made


def told(truth: Truth, number: int, source: str) -> UsageRecord:
    """The request as one source tells it; Portkey knows no cache, and a gateway marks what is tagged."""
    portkey, vendor = source == "portkey", source in {"otlp", "vendor"}
    counts = Tokens(truth.tokens.input, 0, 0, truth.tokens.output) if portkey else truth.tokens
    place = {"repository": "a/b", "pr_number": 4} if truth.tagged and not vendor else {}
    return UsageRecord(
        id=f"{'anthropic' if source == 'vendor' else source}:{number}",
        source="anthropic" if vendor else source,
        actor="dev",
        person="dev",
        start=truth.at,
        end=truth.at,
        model="prod-chat" if truth.renamed and not vendor else truth.model,
        tokens=counts,
        requests=1,
        cost_usd=truth.dollars,
        provider="anthropic",
        **place,
    )


def everything(history: list[Truth]) -> list[UsageRecord]:
    return [told(truth, number, source) for number, truth in enumerate(history) for source in sorted(truth.told_by)]


def buckets(records: list[UsageRecord], width: timedelta, *, counts_requests: bool) -> list[UsageRecord]:
    """The vendor's own records by hour or day; the others as they are."""
    sums: dict[tuple[datetime, str], UsageRecord] = {}
    others = [each for each in records if not each.id.startswith("anthropic:")]
    for each in (each for each in records if each.id.startswith("anthropic:")):
        start = each.start.replace(minute=0, hour=0 if width > HOUR else each.start.hour)
        before = sums.get((start, each.model))
        sums[start, each.model] = UsageRecord(
            **{name: getattr(each, name) for name in each.__struct_fields__}
            | {"id": f"anthropic:{start}{each.model}", "start": start, "end": start + width}
            | {"tokens": each.tokens + (before.tokens if before else Tokens())}
            | {"cost_usd": each.cost_usd + (before.cost_usd if before else Decimal(0))}
            | {"requests": ((before.requests if before else 0) + 1) if counts_requests else 0}
        )
    return [*others, *sums.values()]


def dollars(records) -> Decimal:
    return sum((each.cost_usd for each in records), Decimal(0))


def source_totals(records: list[UsageRecord]) -> list[Decimal]:
    names = {each.id.partition(":")[0] for each in records}
    return [dollars(each for each in records if each.id.startswith(f"{name}:")) for name in names]


@settings(max_examples=150, deadline=None)
@given(st.one_of(histories(), histories(odd_names=True)))
def test_where_every_source_tells_single_requests_what_is_counted_is_what_was_used(history):
    found = without_overlap(everything(history)).records
    assert dollars(found) == sum(truth.dollars for truth in history)
    assert len(found) == len(history)
    tagged = sum(truth.dollars for truth in history if truth.tagged and truth.told_by & set(GATEWAYS))
    assert dollars(each for each in found if each.pr_number) == tagged


WIDTHS = st.sampled_from([HOUR, 24 * HOUR])


@settings(max_examples=200, deadline=None)
@given(histories(), WIDTHS, st.booleans())
def test_buckets_of_the_vendor_never_make_more_than_was_used_nor_less_than_any_source_tells(history, width, counts):
    records = buckets(everything(history), width, counts_requests=counts)
    found = dollars(without_overlap(records).records)
    assert found <= sum(truth.dollars for truth in history) + ROUNDING
    assert found >= max(source_totals(records)) * Decimal("0.99999")


@settings(max_examples=200, deadline=None)
@given(histories(odd_names=True), WIDTHS, st.booleans())
def test_models_that_nobody_knows_never_make_more_than_was_used(history, width, counts):
    """It may be less: a name that says nothing may be any model that another source tells of."""
    records = buckets(everything(history), width, counts_requests=counts)
    assert dollars(without_overlap(records).records) <= sum(truth.dollars for truth in history) + UNSPLIT


@settings(max_examples=100, deadline=None)
@given(histories(odd_names=True), WIDTHS)
def test_the_models_of_a_source_are_never_each_others_usage(history, width):
    """Beside a source that can only compare with something else."""
    own = [each for each in everything(history) if each.id.startswith("anthropic:")]
    sums = buckets(own, width, counts_requests=True)
    other = [msgspec.structs.replace(each, id=f"cursor:{each.id}", source="cursor", provider="") for each in own[:1]]
    assert dollars(without_overlap([*sums, *other]).records) == dollars([*sums, *other])


@settings(max_examples=60, deadline=None)
@given(histories())
def test_openrouter_with_own_keys_and_the_vendor_together_make_what_was_used(history):
    """All of it went through OpenRouter: with a key of the customer's own where the vendor tells of it, else on credits."""
    records = [each for each in everything(history) if each.id.startswith("anthropic:")]
    own = {truth for truth in history if "vendor" in truth.told_by}
    for number, truth in enumerate(history):
        whole = told(truth, number, "openrouter")
        billed = Decimal(0) if truth in own else truth.dollars
        records.append(
            UsageRecord(
                **{name: getattr(whole, name) for name in whole.__struct_fields__}
                | {"model": f"anthropic/{truth.model}", "provider": "openrouter", "billed_usd": billed}
                | {"end": whole.start + MINUTE, "pr_number": None, "repository": None}
            )
        )
    vendor = buckets(records, HOUR, counts_requests=True)
    found = dollars(without_overlap(vendor).records)
    assert abs(found - sum(truth.dollars for truth in history)) < Decimal("0.0001")
