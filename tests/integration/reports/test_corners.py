"""What the organisation has none of: CI, unknown pull requests, credits, ties, tables that disagree. On both databases."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
import sqlalchemy as sa
from tests.factories import line, pull_request, pull_request_cost, usage
from tests.integration.reports.test_matrix import asked

from pr_cost_bot.ledger.database import Database
from pr_cost_bot.ledger.rows import row_of
from pr_cost_bot.ledger.sql import SqlLedger
from pr_cost_bot.ledger.tables import PR_COST_LINES, PR_COSTS
from pr_cost_bot.ledger.usage import UsageOfRun, covered, usage_rows
from pr_cost_bot.model import Allocation, Evidence, Tokens
from pr_cost_bot.reports import concentration_page, overview, pages, pull_pages
from pr_cost_bot.reports.privacy import Privacy
from pr_cost_bot.reports.scope import Period
from pr_cost_bot.reports.usage_sums import PEOPLE

DAY = datetime(2026, 10, 6, tzinfo=UTC)
OCTOBER = Period(date(2026, 10, 1), date(2026, 11, 1))
OUTSIDE = "work outside any pull request"
ODD = Decimal("1.000000000001")
HIDDEN = Privacy(min_group=2)
# Person (None: CI), hour, repository, pull request, dollars.
SHARES = [
    ("ada", 9, "acme/web", 1, ODD),
    (None, 9, "acme/web", 1, Decimal("0.5")),
    ("ben", 9, "other/lib", 5, Decimal(2)),
    ("ben", 10, None, None, Decimal(2)),
    ("cy", 9, "acme/api", None, Decimal(3)),
    ("ada", 10, "acme/web", 3, Decimal("-0.25")),
]
TOTAL = sum(cost for *_, cost in SHARES)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    url = f"sqlite:///{tmp_path}/costs.db" if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    fill(SqlLedger(url), SHARES)
    return url


def fill(ledger, shares):
    ends = {"opened_at": DAY, "closed_at": DAY + timedelta(hours=12)}
    merged = {"state": "merged", "merged_at": ends["closed_at"], **ends}
    of_first = (line(cost_usd=ODD), line(source="receipt", person="", evidence=Evidence.RECEIPT, cost_usd=Decimal("0.5")))
    ledger.write(
        [
            row(1, of_first, ticket="A-1, B-2", **merged),
            row(2, (), **merged),
            row(3, (line(cost_usd=Decimal("-0.25")),), purpose="fix"),
        ]
    )
    records, allocations = {}, []
    for at, (person, hour, repository, number, cost) in enumerate(shares):
        records[str(at)] = usage(
            str(at),
            person=person,
            source="cursor" if person else "receipt",
            start=DAY + timedelta(hours=hour),
            end=DAY + timedelta(hours=hour),
            repository=None if person else repository,
            pr_number=None if person else number,
        )
        allocations.append(allocation(str(at), repository, number, cost))
    whole = covered((), (), (), DAY, DAY + timedelta(days=1))
    ledger.write_usage(UsageOfRun(computed_at=DAY + timedelta(days=1), rows=usage_rows(records, allocations), covered=whole))


def row(number, lines, ticket=None, purpose=None, **given):
    pull = pull_request(number=number, **given)
    cost = pull_request_cost(pull=pull, lines=lines, ticket=ticket, purpose=purpose, label=None)
    return row_of(cost, show_people=True)


def allocation(identifier, repository, number, cost):
    return Allocation(
        usage_id=identifier,
        repository=repository,
        pr_number=number,
        commit=None,
        evidence=Evidence.MATCHED if number else None,
        cost_usd=cost,
        low_usd=cost,
        high_usd=cost,
        tokens=Tokens(1001, 800, 101, 51),
        requests=3,
        billed_usd=None,
        reason=OUTSIDE,
    )


@pytest.fixture
def connection(url):
    with Database(url).reading() as connection:
        yield connection


def costs(sheet, name):
    return {row[name]: row["cost_usd"] for row in sheet.rows}


@pytest.mark.parametrize(
    ("dimension", "expected"),
    [
        ("developer", {"ben": 4, "cy": 3, "ada": ODD - Decimal("0.25"), "(CI)": Decimal("0.5")}),
        ("repository", {"acme/api": 3, "(no repository)": 2, "other/lib": 2, "acme/web": ODD + Decimal("0.25")}),
        ("purpose", {"(no pull request)": 5, "(not in the table)": 2, "(none)": ODD + Decimal("0.5"), "fix": Decimal("-0.25")}),
        ("label", {"(no pull request)": 5, "(not in the table)": 2, "(none)": ODD + Decimal("0.25")}),
        (
            "pull-request",
            {"(no pull request)": 5, "other/lib#5": 2, "acme/web#1": ODD + Decimal("0.5"), "acme/web#3": Decimal("-0.25")},
        ),
    ],
)
def test_what_has_no_name_of_its_own_is_told_apart(connection, dimension, expected):
    found = pages.by(asked(connection, OCTOBER, {}), dimension)
    assert list(costs(found, dimension).items()) == list(expected.items())  # in order: equal costs go by name
    assert found.total["cost_usd"] == TOTAL


def test_an_odd_unit_and_an_odd_request_go_to_the_first_ticket(connection):
    rows = {row["ticket"]: row for row in pages.by(asked(connection, OCTOBER, {}), "ticket").rows}
    first, second = rows["A-1"], rows["B-2"]
    assert (first["cost_usd"], second["cost_usd"]) == (Decimal("0.750000000001"), Decimal("0.75"))
    assert (first["requests"], second["requests"], first["input_tokens"], second["output_tokens"]) == (3, 3, 1001, 51)
    part = {row["ticket"]: row for row in pages.by(asked(connection, OCTOBER, {"developer": ("ada",)}), "ticket").rows}
    assert (part["A-1"]["requests"], part["B-2"]["requests"], part["A-1"]["output_tokens"]) == (2, 1, 26)


def test_spend_in_ci_can_be_asked_for_and_is_no_developers(connection):
    in_ci = pages.by(asked(connection, OCTOBER, {"developer": ("(CI)",)}), "source")
    assert costs(in_ci, "source") == {"receipt": Decimal("0.5")}
    found = {row["by"]: row for row in concentration_page.concentrations(asked(connection, OCTOBER, {})).rows}
    assert found["developer"]["count"] == 3
    assert (found["repository"]["count"], found["repository"]["names"]) == (3, "acme/api, other/lib")
    assert (found["pull-request"]["count"], found["pull-request"]["top_share"]) == (2, 2 / (Decimal("3.5") + ODD - 1))


def test_what_no_merged_pull_request_stands_for_may_be_out_of_the_table(connection):
    sheet = pages.unmerged(asked(connection, OCTOBER, {}))
    assert costs(sheet, "reason") == {
        OUTSIDE: 5,
        "(not in the table)": 2,
        "on open pull requests": Decimal("-0.25"),
    }


def test_usage_in_ci_makes_no_group_of_people_larger(connection):
    groups = asked(connection, OCTOBER, {}).spend("repository", only=("cost_usd", PEOPLE))
    assert {group.key[0]: group.people for group in groups}["acme/web"] == 1


def test_one_person_in_several_small_groups_is_not_shown_alone(tmp_path):
    shares = [("ada", 9, "acme/web", 1, 4), ("ada", 9, "acme/api", None, 2)]
    shares += [(person, 9, "acme/ml", None, 1) for person in ("ben", "cy")]
    database = f"sqlite:///{tmp_path}/few.db"
    fill(SqlLedger(database), [(*one, Decimal(cost)) for *one, cost in shares])
    with Database(database).reading() as connection:
        one = msgspec.structs.replace(asked(connection, OCTOBER, {}), privacy=HIDDEN)
        assert costs(pages.by(one, "repository"), "repository") == {"(groups of fewer than 2 people)": 8}


def test_tables_that_disagree_are_told_with_the_largest_difference_first(url):
    def found():
        with Database(url).reading() as connection:
            sheet = pull_pages.reconciliation(asked(connection, OCTOBER, {}))
        return [tuple(row[name] for name in ("pull_request", "row_usd", "lines_usd", "usage_usd")) for row in sheet.rows]

    whole = ODD + Decimal("0.5")
    assert found() == [("other/lib#5", None, 0, 2)]
    with Database(url).writing() as connection:
        first, third = PR_COSTS.c.pr_number == 1, PR_COST_LINES.c.pr_number == 3
        connection.execute(sa.update(PR_COSTS).where(first).values(cost_usd=whole + 1))
        connection.execute(sa.update(PR_COST_LINES).where(third).values(cost_usd=Decimal(-9)))
    assert found() == [
        ("acme/web#3", Decimal("-0.25"), -9, Decimal("-0.25")),
        ("other/lib#5", None, 0, 2),
        ("acme/web#1", whole + 1, whole, whole),
    ]
    with Database(url).writing() as connection:
        connection.execute(sa.update(PR_COST_LINES).where(third).values(cost_usd=Decimal("-0.25")))
        connection.execute(sa.delete(PR_COSTS).where(PR_COSTS.c.pr_number == 3))
        connection.execute(sa.update(PR_COSTS).where(first).values(cost_usd=whole))
        connection.execute(sa.update(PR_COSTS).where(PR_COSTS.c.pr_number == 2).values(cost_usd=Decimal(7)))
    assert found() == [
        ("acme/web#2", 7, 0, None),
        ("other/lib#5", None, 0, 2),
        ("acme/web#3", None, Decimal("-0.25"), Decimal("-0.25")),
    ]


def test_the_overview_counts_what_is_incomplete_and_what_can_still_change(url):
    def notes():
        with Database(url).reading() as connection:
            return overview.overview(asked(connection, OCTOBER, {})).notes

    with Database(url).writing() as connection:
        connection.execute(sa.update(PR_COSTS).values(complete=True, settled=True))
    free = "1 of 2 merged pull requests shows no usage."
    assert notes()[1:] == (free,)
    with Database(url).writing() as connection:
        connection.execute(sa.update(PR_COSTS).where(PR_COSTS.c.pr_number != 2).values(complete=False))
        connection.execute(sa.update(PR_COSTS).where(PR_COSTS.c.pr_number < 3).values(settled=False))
    assert notes() == (
        "2 pull requests merged (before: 0), 2 commits, 2 tickets.",
        "1 of them are incomplete: a source did not answer.",
        "2 of them can still change.",
        free,
    )
