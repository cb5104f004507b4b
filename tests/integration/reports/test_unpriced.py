"""What figures leave out, and say so: usage without a price, pull requests without usage, unknown bills. On both databases."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from tests.factories import line, pull_request, pull_request_cost, usage
from tests.integration.reports.test_corners import allocation
from tests.integration.reports.test_matrix import asked

from pr_cost_bot.ledger.database import Database
from pr_cost_bot.ledger.rows import row_of
from pr_cost_bot.ledger.sql import SqlLedger
from pr_cost_bot.ledger.usage import UsageOfRun, covered, usage_rows
from pr_cost_bot.model import Tokens, Unpriced
from pr_cost_bot.report_command import main
from pr_cost_bot.reports import overview, pages
from pr_cost_bot.reports.privacy import Privacy
from pr_cost_bot.reports.scope import Period
from pr_cost_bot.reports.sheet import Unknown

DAY = datetime(2026, 10, 6, tzinfo=UTC)
OCTOBER = Period(date(2026, 10, 1), date(2026, 11, 1))
HOUSE = Tokens(1_200_000, 0, 0, 5_000)
SAYS = "1.21M tokens of house-9 have no known price and are in no amount here; 'prices' in the configuration sets one."
OUTSIDE = "work outside any pull request"
FIVE = Decimal(5)


def rows():
    """#1: $5.00. #2: of house-9 alone. #3: $5.00 and house-9. #4, #5: nothing found, of #5 nobody knows the author."""
    house = (Unpriced(source="openai", model="house-9", tokens=HOUSE),)
    told = [
        (1, (line(cost_usd=FIVE),), (), None),
        (2, (), house, None),
        (3, (line(cost_usd=FIVE),), house, None),
        (4, (), (), None),
        (5, (), (), 1),
    ]
    for number, lines, unpriced, unmatched in told:
        end = DAY + timedelta(hours=12)
        pull = pull_request(number=number, state="merged", opened_at=DAY, merged_at=end, closed_at=end)
        total = sum((one.cost_usd for one in lines), Decimal(0))
        cost = pull_request_cost(pull=pull, lines=lines, unpriced=unpriced, low_usd=total, high_usd=total)
        yield row_of(cost, show_people=True) | ({} if unmatched is None else {"unmatched": unmatched})


def used():
    """The same as usage, and house-9's outside any pull request."""
    records, allocations = {}, []
    shares = [(1, FIVE, "gpt-5.5"), (2, None, "house-9"), (3, FIVE, "gpt-5.5"), (3, None, "house-9"), (None, None, "house-9")]
    for at, (number, cost, model) in enumerate(shares):
        hour = DAY + timedelta(hours=8 + at)
        records[str(at)] = usage(
            str(at), person="ada", source="openai", model=model, start=hour, end=hour, cost_usd=cost, tokens=HOUSE
        )
        one = allocation(str(at), "acme/web" if number else None, number, cost or Decimal(0))
        allocations.append(one)
    whole = covered((), (), (), DAY, DAY + timedelta(days=1))
    return UsageOfRun(computed_at=DAY + timedelta(days=1), rows=usage_rows(records, allocations), covered=whole)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    url = f"sqlite:///{tmp_path}/costs.db" if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    SqlLedger(url).write(list(rows()))
    return url


@pytest.fixture
def connection(url):
    SqlLedger(url).write_usage(used())
    with Database(url).reading() as connection:
        yield connection


def costs(sheet, name):
    return {row[name]: row["cost_usd"].says if isinstance(row["cost_usd"], Unknown) else row["cost_usd"] for row in sheet.rows}


def test_a_group_without_any_price_reads_so_and_the_note_has_models_and_tokens(connection):
    sheet = pages.by(asked(connection, OCTOBER, {}), "model")
    assert costs(sheet, "model") == {"gpt-5.5": 10, "house-9": "unpriced"}
    assert sheet.total["cost_usd"] == 10
    (note,) = sheet.notes
    assert "tokens of house-9 have no known price and are in no amount here" in note
    by_pull = costs(pages.by(asked(connection, OCTOBER, {}), "pull-request"), "pull-request")
    assert by_pull == {"acme/web#1": 5, "acme/web#3": 5, "(no pull request)": "unpriced", "acme/web#2": "unpriced"}
    assert pages.by(asked(connection, OCTOBER, {"model": ("gpt-5.5",)}), "model").notes == []


def test_usage_without_a_price_has_the_reason_that_any_usage_has(connection):
    sheet = pages.unattributed(asked(connection, OCTOBER, {}))
    assert costs(sheet, "reason") == {OUTSIDE: "unpriced"}
    assert any("house-9" in note for note in sheet.notes)
    assert set(costs(pages.unmerged(asked(connection, OCTOBER, {})), "reason")) == {OUTSIDE}


def test_the_overview_counts_apart_what_has_no_price_and_what_shows_no_usage(connection):
    sheet = overview.overview(asked(connection, OCTOBER, {}))
    figures = {row["figure"]: row["now"] for row in sheet.rows}
    assert figures["Cost per merged pull request, mean"] == 2  # of all merged ones
    assert figures["Spend"] == 10
    assert figures["Cost per merged pull request, median"].says == "unpriced"
    assert "2 of 5 merged pull requests have usage without a known price." in sheet.notes
    assert (
        "2 of 5 merged pull requests show no usage; of 1 of them an author is not matched to any vendor's account "
        "(docs/people.md)." in sheet.notes
    )
    assert any("house-9" in note for note in sheet.notes)


@pytest.mark.parametrize("question", ["caching", "billed", "models", "concentration", "unmerged", "forecast"])
def test_every_question_about_spend_names_what_it_leaves_out(url, question):
    SqlLedger(url).write_usage(used())
    assert "house-9 have no known price" in report(url, question)


def test_where_small_groups_are_together_no_model_is_told_by_name(connection):
    few = asked(connection, OCTOBER, {}, Privacy(min_group=2))
    (note,) = pages.by(few, "repository").notes
    assert "tokens have no known price" in note
    assert "house" not in note


def test_one_pull_request_explained_says_that_it_has_no_price(url):
    SqlLedger(url).write_usage(used())
    text = report(url, "explain", "acme/web#2")
    assert "$0.00" not in text
    assert SAYS in text
    assert "Evidence allows" in report(url, "explain", "acme/web#3")


def test_programs_read_null_for_what_has_no_price_and_for_a_bill_nobody_knows(url):
    SqlLedger(url).write_usage(used())
    found = {row["model"]: row for row in json.loads(report(url, "by", "model", "--format", "json"))["rows"]}
    assert (found["house-9"]["cost_usd"], found["gpt-5.5"]["cost_usd"]) == (None, "10")
    assert {row["billed_usd"] for row in found.values()} == {None}
    for row in csv.DictReader(io.StringIO(report(url, "by", "model", "--format", "csv"))):
        assert (row["cost_usd"], row["billed_usd"]) == (found[row["model"]]["cost_usd"] or "", "")


def test_rows_alone_say_what_has_no_price_too(url):
    with Database(url).reading() as connection:
        one = asked(connection, OCTOBER, {})
        assert costs(pages.by(one, "model"), "model")["house-9"] == "unpriced"
        assert costs(pages.by(one, "pull-request"), "pull-request")["acme/web#2"] == "unpriced"
        assert "2.41M tokens of house-9" in pages.by(one, "source").notes[-1]
        assert "house-9" in overview.overview(one).notes[-1]
        assert not any(
            "house" in note for note in pages.by(asked(connection, OCTOBER, {"model": ("gpt-5.5",)}), "source").notes
        )


def test_what_lies_on_no_pull_request_is_not_told_as_nothing_where_only_rows_are_known(url):
    with Database(url).reading() as connection:
        sheet = pages.unattributed(asked(connection, OCTOBER, {}))
    assert (sheet.rows, sheet.total) == ([], None)
    assert "cannot be known" in sheet.notes[0]
    assert "$0.00" not in report(url, "unattributed")


def test_a_table_changed_by_hand_is_still_read(url):
    (row, *_) = rows()
    SqlLedger(url).write([row | {"computed_at": "2026-11-30T00:00:00Z", "unpriced": {"a": 1}, "unmatched": "many"}])
    assert report(url, "overview").count("house-9") == 1


def report(url, *arguments):
    out, err = io.StringIO(), io.StringIO()
    environ = {"PR_COST_BOT_NOW": "2026-10-31T09:00:00Z", "PR_COST_BOT_DATABASE_URL": url}
    assert (main(arguments, environ, out, err), err.getvalue()) == (0, "")
    return out.getvalue()
