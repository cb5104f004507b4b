"""The Action and its database, as a process: tables of an older version, and a file that is lost with the job."""

import sqlite3

from pr_cost_bot.ledger.tables import REVISIONS
from tests.end_to_end.world import at, call, stage, work


def test_tables_of_an_older_version_are_brought_up_to_date_by_the_job(tmp_path):
    with stage() as s:
        s.vendors.add(call("ada", at("09:30"), "anthropic", "300"))
        n = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        url = f"sqlite:///{tmp_path}/costs.db"
        assert s.event("opened", n, at("11:05"), database_url=url).status == 0
        with sqlite3.connect(tmp_path / "costs.db") as database:
            database.execute("DROP TABLE pr_cost_records")
            database.execute("DROP TABLE notices")
            database.execute("UPDATE alembic_version SET version_num = '0002'")
        s.vendors.add(call("ada", at("09:40"), "anthropic", "200"))
        done = s.event("synchronize", n, at("12:05"), database_url=url)
        assert done.status == 0
        assert "::error" not in done.log
        with sqlite3.connect(tmp_path / "costs.db") as database:
            assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [(REVISIONS[-1],)]
            assert database.execute("SELECT cost_usd FROM pr_costs").fetchall() == [("5",)]
            assert database.execute("SELECT count(*) FROM pr_cost_records").fetchone() == (2,)


def test_a_file_that_is_lost_with_the_job_is_warned_of_and_costs_nothing_else(tmp_path):
    with stage() as s:
        n = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        s.env["RUNNER_ENVIRONMENT"] = "github-hosted"
        done = s.event("opened", n, at("11:05"), database_url="sqlite:///costs.db")
        assert done.status == 0
        assert "::warning title=pr-cost-bot::The table is lost with this job" in done.log
        s.env["RUNNER_ENVIRONMENT"] = "self-hosted"
        done = s.event("opened", n, at("11:05"), database_url=f"sqlite:///{tmp_path}/costs.db")
        assert "::warning" not in done.log
