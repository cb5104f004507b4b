"""A table without usage: every question rests on the pull requests' lines, each on the day of its end. On both databases."""

from decimal import Decimal
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from tests.integration.reports.expected import Expected
from tests.integration.reports.test_matrix import FILTERS, MONTH, QUESTIONS, differences, with_teams
from tests.integration.reports.test_teams import TEAM_OF
from tests.organisation import NOW, organisation, table_rows

from pr_cost_bot.ledger.database import Database
from pr_cost_bot.ledger.sql import SqlLedger
from pr_cost_bot.reports import pull_pages
from pr_cost_bot.reports.teams import NO_TEAM


class ByLines(Expected):
    """What lies on pull requests, on the day on which each was merged, closed or last computed."""

    def day(self, share):
        pull = self.pull_of(share)
        return pull and (pull.closed_at or NOW).date()

    def overview(self):
        return [row for place, row in enumerate(super().overview()) if place != 8]  # what lies on none is not known


def expected(period, filters):
    return ByLines(period.start, period.end, filters, lambda person: TEAM_OF.get(person, NO_TEAM))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request, tmp_path_factory):
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('rows')}/rows.db"
    else:
        base = f"postgresql+psycopg://postgres@/{{}}?host={quote(str(request.getfixturevalue('postgresql_server')))}"
        engine = sa.create_engine(base.format("postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql("CREATE DATABASE rows_alone")
        url = base.format("rows_alone")
    SqlLedger(url).write(table_rows(organisation()))
    return url


@pytest.fixture
def connection(url):
    with Database(url).reading() as connection:
        yield connection


@pytest.mark.parametrize("name", ["none", "developer", "product", "several"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_is_answered_from_the_rows_and_says_so(connection, question, name):
    ask, recompute = QUESTIONS[question]
    sheet = ask(with_teams(question, connection, MONTH, FILTERS[name]))
    assert differences(sheet, recompute(expected(MONTH, FILTERS[name]))) == []
    if question != "outliers" and "estimates" not in question:
        assert any("no usage in this table" in note for note in sheet.notes)


def test_every_total_is_that_of_the_lines(connection):
    lines = connection.execute(
        sa.text(
            "SELECT l.cost_usd FROM pr_cost_lines l JOIN pr_costs p "
            "ON p.repository = l.repository AND p.pr_number = l.pr_number "
            f"WHERE p.closed_at >= '{MONTH.start}' AND p.closed_at < '{MONTH.end}'"
        )
    ).scalars()
    everything = sum(map(Decimal, lines))
    for question, (ask, _) in QUESTIONS.items():
        sheet = ask(with_teams(question, connection, MONTH, {}))
        if question.startswith("by ") or question in {"caching", "billed"}:
            assert sheet.total["cost_usd"] == everything
    assert pull_pages.reconciliation(with_teams("", connection, MONTH, {})).rows == []
