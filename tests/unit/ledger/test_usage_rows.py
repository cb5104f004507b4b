from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.factories import NOON, minutes, usage

from pr_cost_bot.ledger.units import from_units, to_units, units_that_add_up
from pr_cost_bot.ledger.usage import covered, usage_rows
from pr_cost_bot.model import Allocation, Evidence, Tokens

MONEY = st.decimals(min_value=-50, max_value=5000, places=16)


def allocation(identifier="u1", **given):
    return Allocation(
        **{
            "usage_id": identifier,
            "repository": "acme/web",
            "pr_number": 7,
            "commit": None,
            "evidence": Evidence.MATCHED,
            "cost_usd": Decimal("1.25"),
            "low_usd": Decimal(0),
            "high_usd": Decimal(2),
            "tokens": Tokens(1000, 800, 100, 50),
            "requests": 1,
            "billed_usd": Decimal("1.25"),
            "reason": "matching",
            **given,
        }
    )


def record(identifier="u1", **given):
    return usage(identifier, **{"person": "octocat", **given})


def test_usage_of_one_hour_and_place_is_one_row():
    records = {"u1": record("u1", start=NOON), "u2": record("u2", start=NOON + minutes(59))}
    rows = usage_rows(records, [allocation("u1"), allocation("u2")])
    assert rows == [
        {
            "person": "octocat",
            "source": "cursor",
            "scope": "",
            "product": "",
            "model": "claude-sonnet-4-6",
            "bucket_start": "2026-11-20T12:00:00Z",
            "grain": "hour",
            "repository": "acme/web",
            "pr_number": 7,
            "evidence": "matched",
            "reason": "",
            "requests": 2,
            "input_tokens": 2000,
            "cache_read_tokens": 1600,
            "cache_write_tokens": 200,
            "output_tokens": 100,
            "cost_usd": "2.5",
            "billed_usd": "2.5",
        }
    ]


def test_a_days_bucket_stays_a_day_and_an_hours_bucket_an_hour():
    start = NOON.replace(hour=0)
    records = {"day": record("day", start=start, end=start + timedelta(days=1)), "hour": record("hour", end=NOON + minutes(50))}
    rows = usage_rows(records, [allocation("day"), allocation("hour")])
    assert [(row["grain"], row["bucket_start"]) for row in rows] == [
        ("day", "2026-11-20T00:00:00Z"),
        ("hour", "2026-11-20T11:00:00Z"),
    ]


def test_what_is_on_no_pull_request_says_why_and_what_is_on_one_does_not():
    shares = [allocation(), allocation(pr_number=None, evidence=None, reason="no commit followed within 48 hours")]
    reasons = {row["pr_number"]: row["reason"] for row in usage_rows({"u1": record()}, shares)}
    assert reasons == {7: "", None: "no commit followed within 48 hours"}


def test_a_share_whose_bill_is_unknown_makes_only_its_own_place_unknown():
    shares = [allocation(billed_usd=None), allocation(pr_number=8)]
    assert {row["pr_number"]: row["billed_usd"] for row in usage_rows({"u1": record()}, shares)} == {7: None, 8: "1.25"}


def test_usage_of_nobody_known_is_left_out():
    assert usage_rows({"u1": record(person=None)}, [allocation()]) == []


def test_usage_in_ci_is_nobodys_and_has_the_scope_of_its_pull_request():
    rows = usage_rows({"u1": record(source="receipt", person=None, repository="acme/web", pr_number=7)}, [allocation()])
    assert [(row["person"], row["scope"], row["pr_number"]) for row in rows] == [("", "acme/web#7", 7)]


def test_receipts_have_the_scope_of_their_repository():
    rows = usage_rows({"u1": record(source="receipt", repository="acme/api")}, [allocation(repository="acme/api")])
    assert rows[0]["scope"] == "acme/api"


def test_a_run_covers_every_person_at_every_source_and_receipts_by_repository():
    found = covered(["ada", "ben"], ["cursor"], [("acme/web", 7), ("acme/web", 8)], NOON, NOON + minutes(60))
    assert [(one.person, one.source, one.scope) for one in found] == [
        ("ada", "cursor", ""),
        ("ben", "cursor", ""),
        ("ada", "receipt", "acme/web"),
        ("ben", "receipt", "acme/web"),
        ("", "receipt", "acme/web#7"),
        ("", "receipt", "acme/web#8"),
    ]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 90), st.sampled_from((7, 8, None)), MONEY), max_size=12))
@settings(max_examples=60)
def test_for_every_person_and_hour_the_places_add_up_to_the_vendors_total(shares):
    records, allocations, totals = {}, [], defaultdict(Decimal)
    for at, (person, minute, number, cost) in enumerate(shares):
        start = NOON + minutes(minute)
        records[str(at)] = record(str(at), person=person, start=start, end=start, cost_usd=cost)
        allocations.append(allocation(str(at), pr_number=number, cost_usd=cost))
        totals[person, start.hour] += cost
    found = defaultdict(Decimal)
    for row in usage_rows(records, allocations):
        found[row["person"], int(row["bucket_start"][11:13])] += Decimal(row["cost_usd"])
    assert found == {key: from_units(to_units(total)) for key, total in totals.items()}


@given(st.lists(MONEY, min_size=1, max_size=9))
def test_rounded_parts_add_up_and_none_is_a_unit_off(amounts):
    units = units_that_add_up(amounts)
    assert sum(units) == to_units(sum(amounts))
    assert all(
        abs(from_units(unit) - amount) < Decimal("1e-12") * len(amounts) for unit, amount in zip(units, amounts, strict=True)
    )
