"""Every grouping of the spend, recomputed in plain Python over the generated organisation, on SQLite and PostgreSQL."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest
from tests.organisation import END, START

from pr_cost_bot.model import ZERO
from pr_cost_bot.reports.amounts import Amounts
from pr_cost_bot.reports.scope import Filters, Period, Scope
from pr_cost_bot.reports.spend import spend, spent
from pr_cost_bot.reports.usage_sums import DIMENSIONS, NO_PULL_REQUEST, NONE, PEOPLE, UNKNOWN_REPOSITORY

WHOLE = Period(START.date(), END.date())
WEEK = Period(date(2026, 10, 5), date(2026, 10, 12))


def amounts_of(shares):
    return Amounts(
        cost_usd=sum((s.cost for s in shares), ZERO),
        attributed_usd=sum((s.cost for s in shares if s.pr_number), ZERO),
        billed_usd=sum((s.billed for s in shares if s.billed is not None), ZERO),
        unknown_usd=sum((s.cost for s in shares if s.billed is None), ZERO),
        requests=sum(s.requests for s in shares),
        input_tokens=sum(s.tokens.input for s in shares),
        cache_read_tokens=sum(s.tokens.cache_read for s in shares),
        cache_write_tokens=sum(s.tokens.cache_write for s in shares),
        output_tokens=sum(s.tokens.output for s in shares),
    )


class Truth:
    def __init__(self, org):
        self.org = org
        self.pulls = {(pull.repository, pull.number): pull for pull in org.pulls}
        cost = defaultdict(Decimal)
        for share in org.shares:
            cost[share.repository, share.pr_number] += share.cost
        self.label = {
            key: None if not cost[key] else "cost:low" if cost[key] < 2 else "cost:medium" if cost[key] < 20 else "cost:high"
            for key in self.pulls
        }

    def name(self, share, dimension):
        day = share.start.date()
        pull = self.pulls.get((share.repository, share.pr_number))
        if dimension == "repository":
            return share.repository or UNKNOWN_REPOSITORY
        if dimension in {"pull-request", "purpose", "label"} and pull is None:
            return NO_PULL_REQUEST
        return {
            "developer": share.person,
            "source": share.source,
            "product": share.product or NONE,
            "model": share.model,
            "day": day.isoformat(),
            "week": (day - timedelta(days=day.weekday())).isoformat(),
            "month": f"{day:%Y-%m}-01",
            "pull-request": pull and f"{pull.repository}#{pull.number}",
            "purpose": pull and (pull.purpose or NONE),
            "label": pull and (self.label[pull.repository, pull.number] or NONE),
        }[dimension]

    def groups(self, *dimensions, shares=None):
        found = defaultdict(list)
        for share in self.org.shares if shares is None else shares:
            found[tuple(self.name(share, dimension) for dimension in dimensions)].append(share)
        return {key: amounts_of(some) for key, some in found.items()}

    def within(self, period):
        return [share for share in self.org.shares if period.start <= share.start.date() < period.end]


@pytest.fixture(scope="module")
def truth(org):
    return Truth(org)


def answers(connection, scope, *dimensions):
    return {group.key: group.amounts for group in spend(connection, scope, *dimensions)}


@pytest.mark.parametrize("period", [WHOLE, WEEK], ids=["whole", "week"])
@pytest.mark.parametrize("dimension", [name for name in DIMENSIONS if name != "ticket"])
def test_spend_by_anything_is_what_the_shares_say(connection, truth, dimension, period):
    assert answers(connection, Scope(period), dimension) == truth.groups(dimension, shares=truth.within(period))


@pytest.mark.parametrize(
    "pair", [("week", "model"), ("developer", "repository"), ("month", "repository"), ("purpose", "product")]
)
def test_spend_by_two_things_is_what_the_shares_say(connection, truth, pair):
    assert answers(connection, Scope(WHOLE), *pair) == truth.groups(*pair)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_every_report_adds_up_to_the_usage(connection, org, dimension):
    found = sum((group.amounts for group in spend(connection, Scope(WHOLE), dimension)), Amounts())
    assert found == amounts_of(org.shares)


def test_a_pull_request_with_several_tickets_counts_in_equal_parts_for_each(connection, truth):
    expected = defaultdict(Decimal)
    for (repository, number), pull in truth.pulls.items():
        cost = sum((s.cost for s in truth.org.shares if (s.repository, s.pr_number) == (repository, number)), ZERO)
        tickets = pull.ticket.split(", ") if pull.ticket else [NONE]
        for ticket in tickets:
            expected[ticket] += cost / len(tickets)
    assert any(pull.ticket and "," in pull.ticket for pull in truth.pulls.values())
    found = answers(connection, Scope(WHOLE), "ticket")
    del found[NO_PULL_REQUEST,]
    assert {key for (key,), amounts in found.items() if amounts.cost_usd} == {key for key, cost in expected.items() if cost}
    assert all(abs(found[key,].cost_usd - cost) <= Decimal("1e-10") for key, cost in expected.items() if cost)


FILTERS = {
    "developer": lambda _, share: share.person in {"dev03", "dev04"},
    "repository": lambda _, share: share.repository in {"acme/web0", "acme/api1"},
    "pull_request": lambda _, share: (share.repository, share.pr_number) == ("acme/web0", 3),
    "source": lambda _, share: share.source == "cursor",
    "product": lambda _, share: share.product == "claude_code",
    "model": lambda _, share: share.model == "gpt-5.5",
    "purpose": lambda truth, share: share.pr_number and truth.name(share, "purpose") == "fix",
    "label": lambda truth, share: share.pr_number and truth.name(share, "label") == "cost:high",
    "ticket": lambda truth, share: (
        share.pr_number and "OPS-3" in (truth.pulls[share.repository, share.pr_number].ticket or "").split(", ")
    ),
}
GIVEN = {
    "developer": ("dev03", "dev04"),
    "repository": ("acme/web0", "acme/api1"),
    "pull_request": ("acme/web0#3",),
    "source": ("cursor",),
    "product": ("claude_code",),
    "model": ("gpt-5.5",),
    "purpose": ("fix",),
    "label": ("cost:high",),
    "ticket": ("OPS-3",),
}


@pytest.mark.parametrize("name", GIVEN)
@pytest.mark.parametrize("dimension", ["model", "repository", "day"])
def test_a_filter_leaves_what_it_names(connection, truth, name, dimension):
    kept = [share for share in truth.org.shares if FILTERS[name](truth, share)]
    assert kept
    assert answers(connection, Scope(WHOLE, Filters(**{name: GIVEN[name]})), dimension) == truth.groups(dimension, shares=kept)


def test_filters_of_several_kinds_all_hold(connection, truth):
    kept = [s for s in truth.org.shares if FILTERS["source"](truth, s) and FILTERS["developer"](truth, s)]
    scope = Scope(WHOLE, Filters(source=GIVEN["source"], developer=GIVEN["developer"]))
    assert spent(connection, scope) == amounts_of(kept)


def test_every_group_knows_how_many_people_are_in_it(connection, truth):
    people = defaultdict(set)
    for share in truth.org.shares:
        people[truth.name(share, "repository")].add(share.person)
    found = spend(connection, Scope(WHOLE), "repository", only=(PEOPLE,))
    assert {group.key[0]: group.people for group in found} == {name: len(some) for name, some in people.items()}


def test_for_every_person_and_day_and_every_vendor_and_day_the_parts_add_up_to_the_total(connection, truth):
    for dimension in ("developer", "source"):
        found = answers(connection, Scope(WHOLE), "day", dimension)
        expected = truth.groups("day", dimension)
        assert {key: a.attributed_usd + a.unattributed_usd for key, a in found.items()} == {
            key: a.cost_usd for key, a in expected.items()
        }
