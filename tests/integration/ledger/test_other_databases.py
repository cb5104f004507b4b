"""Databases beyond SQLite and PostgreSQL: the same rows, and the same answer to every question, as SQLite gives.

DuckDB is always there. Others are named by SQLAlchemy URLs in PR_COST_BOT_TEST_DATABASES, with spaces between them; their
tables are dropped first. The figures themselves are checked on SQLite and PostgreSQL in `tests/integration/reports`.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import msgspec
import pytest
import sqlalchemy as sa
from tests.organisation import COMPUTED, END, NOW, START, Organisation, organisation, records_of_pulls, table_rows, usage_of

from pr_cost_bot.ledger import dialects
from pr_cost_bot.ledger.database import Database, plain_engine
from pr_cost_bot.ledger.sql import SqlLedger
from pr_cost_bot.ledger.sync import sync_parts
from pr_cost_bot.ledger.tables import METADATA, PR_COSTS
from pr_cost_bot.reports import concentration_page, explain_page, overview, pages, pull_pages
from pr_cost_bot.reports.asked import Asked
from pr_cost_bot.reports.privacy import Privacy
from pr_cost_bot.reports.scope import Filters, Period, Scope
from pr_cost_bot.reports.teams import Teams
from pr_cost_bot.reports.usage_sums import DIMENSIONS

GIVEN = os.environ.get("PR_COST_BOT_TEST_DATABASES", "").split()
CAUTIOUS = "a database of which nothing is known"
PAGES = (
    overview.overview,
    concentration_page.concentrations,
    pages.caching,
    pages.models,
    pages.unmerged,
    pages.unattributed,
    pages.billed,
    pull_pages.extremes,
    pull_pages.month,
)
TEAMS = Teams({"crew": ("DEV00", "dev02", "dev05"), "pair": ("dev07", "dev08")})
FILTERS = {
    "nothing": Filters(),
    "several": Filters(repository=("acme/api0", "acme/infra0"), source=("anthropic",)),
    "ticket": Filters(ticket=("WEB-11", "OPS-2", "a'b%_")),
    "people": Filters(developer=("dev03",), model=("gpt-5.5-mini",)),
    "words": Filters(purpose=("docs", "fix"), label=("cost:low", "cost:medium")),
    "nameless": Filters(purpose=("(none)", "(no pull request)", "(not in the table)"), ticket=("(none)", "(no pull request)")),
    "a team": Filters(team=TEAMS.named(("crew",)), developer=("dev00", "Dev05")),
    "no team": Filters(team=TEAMS.named(("(no team)", "pair", "(CI)")), repository=("acme/infra1", "(no repository)")),
}


def first_pulls(count=12):
    org = organisation()
    keys = {(pull.repository, pull.number) for pull in org.pulls[:count]}
    records = {share.record for share in org.shares if (share.repository, share.pr_number) in keys}
    return Organisation(org.pulls[:count], tuple(share for share in org.shares if share.record in records))


def emptied(url):
    with plain_engine(url).connect() as connection:
        for name in ("alembic_version", *METADATA.tables):
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")
        connection.commit()
    return url


@pytest.fixture(scope="module", params=["duckdb", CAUTIOUS, *GIVEN])
def url(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("other")
    with pytest.MonkeyPatch.context() as patch:
        if request.param == CAUTIOUS:
            patch.delitem(dialects.DIALECTS, "sqlite")
            yield f"sqlite:///{folder}/costs.db"
        else:
            yield f"duckdb:///{folder}/costs.duckdb" if request.param == "duckdb" else emptied(request.param)


@pytest.fixture(scope="module")
def filled(url):
    fill(url)
    return url


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('beside')}/costs.db"
    fill(url)
    return url


def fill(url):
    """The usage as two runs write it, and one pull request whose row is gone."""
    ledger, org = SqlLedger(url), first_pulls()
    ledger.write(table_rows(org))
    for records in records_of_pulls(org):
        ledger.write_records(records)
    fewer = Organisation(org.pulls, org.shares[3:])
    ledger.write_usage(usage_of(fewer, COMPUTED - timedelta(hours=1)))
    ledger.write_usage(usage_of(org))
    gone = org.pulls[2]
    with Database(url).writing() as connection:
        table = PR_COSTS.c
        connection.execute(sa.delete(PR_COSTS).where(table.repository == gone.repository, table.pr_number == gone.number))


def answers(url, filters):
    scope = Scope(Period(START.date(), END.date()), filters)
    with Database(url).reading() as connection:
        asked = Asked(
            connection=connection, scope=scope, privacy=Privacy(people="shown"), now=NOW, prices=lambda _: None, teams=TEAMS
        )
        found = {dimension: pages.by(asked, dimension) for dimension in DIMENSIONS}
        found |= {page.__name__: page(asked) for page in PAGES}
        found |= {name: pull_pages.estimates(asked, name) for name in ("repository", "purpose")}
        if filters.given.keys() <= {"repository", "purpose", "label", "ticket", "pull_request"}:
            found["reconcile"] = pull_pages.reconciliation(asked)
        found["two"] = pages.by(asked, "week", "model")
        if filters == Filters():
            groups = Asked(connection=connection, scope=scope, privacy=Privacy(min_group=2), now=NOW, prices=lambda _: None)
            found["min-group"] = pages.by(groups, "repository")
            found["explain"] = explain_page.explanation(asked, "acme/infra1", 1)
    return found


@pytest.mark.parametrize("name", FILTERS)
def test_every_question_has_the_same_answer(filled, sqlite, name):
    expected = answers(sqlite, FILTERS[name])
    assert answers(filled, FILTERS[name]) == expected
    assert expected["developer"].rows


def test_rows_come_back_as_they_were_and_the_newest_stays(filled):
    ledger, (row, *_) = SqlLedger(filled), table_rows(first_pulls())
    newer = {**row, "title": "Größer 🎉", "cost_usd": "0.123456789012345678", "computed_at": "2027-01-01T00:00:00Z"}
    ledger.write([newer])
    ledger.write([row])
    assert ledger.read(row["repository"], [row["pr_number"]]) == {row["pr_number"]: newer}
    ledger.write([{**row, "computed_at": "2028-01-01T00:00:00Z"}])
    assert ledger.read(row["repository"], [row["pr_number"]])[row["pr_number"]]["title"] == row["title"]


def test_usage_that_is_there_already_is_not_written_again(filled, sqlite):
    assert sync_parts(SqlLedger(sqlite).usage(), SqlLedger(filled).merge_usage).written == 0


def test_records_that_are_there_already_are_not_written_again_and_what_differs_is(filled, sqlite):
    assert sync_parts(SqlLedger(sqlite).records(), SqlLedger(filled).write_records).written == 0
    records = next(one for one in SqlLedger(sqlite).records() if len(one) > 1)
    later = NOW.replace(year=2029)
    fewer = msgspec.structs.replace(records, rows=[records.rows[0], *records.rows[2:]], computed_at=later)
    assert SqlLedger(filled).write_records(fewer) == 1
    assert SqlLedger(filled).write_records(msgspec.structs.replace(records, computed_at=later)) == 1


def test_upper_and_lower_case_are_two(filled):
    ledger, (row, *_) = SqlLedger(filled), table_rows(first_pulls())
    ledger.write([{**row, "repository": row["repository"].upper(), "lines": []}])
    assert row["pr_number"] in ledger.read(row["repository"].upper(), [row["pr_number"]])
    assert ledger.read(row["repository"].title(), [row["pr_number"]]) == {}


def test_ten_writers_at_once_leave_one_row_of_each(filled):
    if sa.make_url(filled).get_backend_name() in {"clickhousedb", "snowflake", "bigquery"}:
        pytest.skip("it refuses no second row of a key: one writer at a time")
    (row, *_) = table_rows(first_pulls())
    rows = [{**row, "repository": "acme/many", "pr_number": number, "lines": []} for number in (*range(1, 11), 99)]
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda one: SqlLedger(filled).write([one, rows[-1]]), rows))
    assert sorted(SqlLedger(filled).read("acme/many", [*range(1, 11), 99])) == [*range(1, 11), 99]


@pytest.mark.parametrize(("code", "again"), [(1213, True), (1205, True), (1050, True), (1045, False)])
def test_only_a_race_that_was_lost_is_run_again(code, again):
    error = sa.exc.OperationalError("INSERT", {}, Exception(code, "told by MySQL"))
    assert dialects.lost_race(error) == again
