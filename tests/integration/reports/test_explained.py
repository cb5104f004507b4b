"""Every figure of `report explain`, line by line and hour by hour, on SQLite and PostgreSQL."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from tests.integration.reports.expected import measures
from tests.integration.reports.test_corners import DAY, ODD, SHARES, fill
from tests.integration.reports.test_matrix import MONTH, asked

from pr_cost_bot.ledger.database import Database
from pr_cost_bot.ledger.sql import SqlLedger
from pr_cost_bot.ledger.tables import PR_COST_LINES
from pr_cost_bot.ledger.tables import SHARES as USAGE
from pr_cost_bot.reports.explain import explain
from pr_cost_bot.reports.explain_page import explanation
from pr_cost_bot.reports.privacy import Privacy

NAMES = ("requests", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "cost_usd")


def figures(shares):
    found = measures(shares)
    return [found[name] for name in ("requests", "input", "read", "write", "output", "cost")]


def billed(shares):
    return None if any(share.billed is None for share in shares) else sum(share.billed for share in shares)


def grouped(shares, *names):
    found = defaultdict(list)
    for share in shares:
        found[tuple(getattr(share, name) for name in names)].append(share)
    return found


@pytest.fixture(scope="module")
def pulls(org):
    return [
        (pull, shares)
        for pull in org.pulls[::7]
        if (shares := [s for s in org.shares if (s.repository, s.pr_number) == (pull.repository, pull.number)])
    ]


def test_every_line_is_the_sum_of_its_shares_and_the_dearest_comes_first(connection, pulls):
    for pull, shares in pulls:
        expected = grouped(shares, "source", "product", "model", "person", "evidence")
        lines = explain(connection, pull.repository, pull.number).lines
        assert len(lines) == len(expected)
        for line in lines:
            own = expected[tuple(line[name] for name in ("source", "product", "model", "person", "evidence"))]
            assert [line[name] for name in NAMES] == figures(own)
            assert line["billed_usd"] == billed(own)
        assert [line["cost_usd"] for line in lines] == sorted((line["cost_usd"] for line in lines), reverse=True)


def test_every_hour_is_the_sum_of_its_shares(connection, pulls):
    for pull, shares in pulls:
        hours = [s._replace(start=s.start.replace(minute=0)) for s in shares]
        expected = grouped(hours, "start", "by_day", "source", "product", "model", "person", "evidence")
        buckets = explain(connection, pull.repository, pull.number).buckets
        assert len(buckets) == len(expected)
        for one in buckets:
            start = DAY.replace(year=1970, month=1, day=1) + timedelta(days=one.day, hours=max(one.hour, 0))
            own = expected[start, one.hour < 0, one.source, one.product, one.model, one.person, one.evidence]
            found = one.amounts
            assert [getattr(found, name) for name in NAMES] == figures(own)
            assert found.billed_usd == sum(s.billed or 0 for s in own)
            assert (found.unknown_usd, found.attributed_usd) == (found.cost_usd if billed(own) is None else 0, found.cost_usd)


def test_lines_of_people_who_are_hidden_are_added_up_and_their_bill_is_known_only_where_it_is_of_all(connection, pulls):
    several = 0
    for pull, shares in pulls:
        lines, _ = explanation(asked(connection, MONTH, {}, Privacy()), pull.repository, pull.number)
        expected = grouped(shares, "source", "product", "model", "evidence")
        several += len(expected) < len(grouped(shares, "source", "product", "model", "evidence", "person"))
        for row in lines.rows:
            own = expected.pop(tuple(row[name] for name in ("source", "product", "model", "evidence")))
            assert [row[name] for name in (*NAMES, "billed_usd")] == [*figures(own), billed(own)]
        assert not expected
        assert [lines.total[name] for name in NAMES[1:]] == figures(shares)[1:]
    assert several


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """Rows and usage without single records, as an earlier version wrote them."""
    url = f"sqlite:///{tmp_path}/costs.db" if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    fill(SqlLedger(url), [*SHARES, ("ada", 0, "acme/web", 1, Decimal(0))])
    return url


def sheets(url):
    with Database(url).reading() as connection:
        return explanation(asked(connection, MONTH, {}), "acme/web", 1)


def test_without_records_the_hours_are_shown_each_with_its_time_and_bill(url):
    with Database(url).writing() as connection:
        at_ten = USAGE.c.hour == 9, USAGE.c.cost_units == 5 * 10**11
        connection.execute(sa.update(USAGE).where(*at_ten).values(hour=-1, billed_units=10**11))
    lines, hours = sheets(url)
    assert [(row["time"], row["cost_usd"], row["billed_usd"]) for row in hours.rows] == [
        ("2026-10-06", Decimal("0.5"), Decimal("0.1")),
        ("2026-10-06 00:00", 0, 0),
        ("2026-10-06 09:00", ODD, None),
    ]
    assert hours.total["cost_usd"] == ODD + Decimal("0.5")
    assert not any("add up to" in note for note in lines.notes)


def test_lines_and_hours_that_do_not_add_up_are_said_to_be_so(url):
    with Database(url).writing() as connection:
        of_ada = PR_COST_LINES.c.person == "octocat", PR_COST_LINES.c.pr_number == 1
        assert connection.execute(sa.update(PR_COST_LINES).where(*of_ada).values(cost_usd=Decimal(3))).rowcount == 1
        connection.execute(sa.delete(USAGE).where(USAGE.c.cost_units == 5 * 10**11))
    notes = " ".join(sheets(url)[0].notes)
    assert "The lines add up to $3.5, not to the row's $1.500000000001" in notes
    assert "The usage adds up to $1.000000000001" in notes


def test_a_bill_that_is_not_known_of_one_person_is_not_known_of_all_of_them_together(url):
    with Database(url).writing() as connection:
        chosen = sa.select(PR_COST_LINES).where(PR_COST_LINES.c.person == "octocat", PR_COST_LINES.c.pr_number == 1)
        line = dict(connection.execute(chosen).mappings().one())
        connection.execute(sa.insert(PR_COST_LINES), [{**line, "person": "ben", "billed_usd": None}])
    for person, bills in (("shown", {line["billed_usd"], None}), ("hidden", {None})):
        with Database(url).reading() as connection:
            lines, _ = explanation(asked(connection, MONTH, {}, Privacy(people=person)), "acme/web", 1)
        assert {row["billed_usd"] for row in lines.rows if row["evidence"] == "matched"} == bills
