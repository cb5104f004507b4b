"""A backfill that is stopped in its middle, by hand or by force, and taken up again."""

import os
import signal
import subprocess
import sys
import time

import pytest
import sqlalchemy as sa

from pr_cost_bot.ledger.database import Database
from tests.end_to_end.world import at, call, stage, work

PULLS = 40  # more than one chunk
MINUTE = 60.0


def pull_requests(s):
    """Merged long ago, so that what is done is settled; each used the tool shortly before."""
    s.vendors.now = at("12:00", 60)
    for n in range(PULLS):
        day, person = n // 4, ("ada", "ben")[n % 2]
        s.vendors.add(call(person, at(f"{9 + n % 4}:10", day), cents=f"{100 + n}"))
        number = s.repository.open_pull_request(person, [work(person, at(f"{9 + n % 4}:20", day))], head=f"b{n}")
        s.repository.merge(number, at(f"{9 + n % 4}:50", day))


def environment(s, url):
    return {
        "PATH": os.environ["PATH"],
        **({"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}),
        "GITHUB_API_URL": s.github.api_url,
        "GITHUB_GRAPHQL_URL": s.github.graphql_url,
        "GITHUB_REPOSITORY": "acme/web",
        "GITHUB_TOKEN": "ghs_simulated",
        "PR_COST_BOT_NOW": at("12:00", 60).isoformat(),
        "PR_COST_BOT_DATABASE_URL": url,
        **{name.upper(): value for name, value in s.inputs.items()},
    }


def backfill(s, url, cache, **environ):
    return subprocess.Popen(
        [sys.executable, "-m", "pr_cost_bot", "backfill", "--since", "90d", "--cache", str(cache)],
        env={**environment(s, url), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process):
    out, err = process.communicate(timeout=3 * MINUTE)
    assert process.returncode == 0, out + err
    return out


def count(url, what):
    """How many there are; none where there is no table yet."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            return connection.exec_driver_sql(f"SELECT count(*) FROM {what}").scalar_one()
    except sa.exc.DBAPIError:
        return 0


def settled(url):
    return count(url, "pr_costs WHERE settled")


def content(url):
    """Everything but when it was computed."""
    tables = {
        "pr_costs": "pr_number, cost_usd, state, settled, complete, author, ticket, input_tokens",
        "pr_cost_lines": "pr_number, source, model, person, evidence, cost_usd, requests, input_tokens",
        "pr_cost_records": "pr_number, record_id, commit_sha, evidence, cost_usd",
        "usage": "person, source, model, bucket_start, grain, pr_number, evidence, reason, cost_usd, requests, input_tokens",
    }
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        return {
            name: sorted(map(str, connection.exec_driver_sql(f"SELECT {columns} FROM {name}")))
            for name, columns in tables.items()
        }


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_backfill_that_was_stopped_goes_on_where_it_was_and_ends_as_if_it_never_had_been(tmp_path, request, kind, stop):
    url = f"sqlite:///{tmp_path}/costs.db" if kind == "sqlite" else request.getfixturevalue("postgresql_url")
    with stage() as s:
        pull_requests(s)
        s.github.server.latency = 0.2  # so that it is in the midst of the second
        process = backfill(s, url, tmp_path / "cache")
        deadline = time.monotonic() + MINUTE
        while not settled(url) and time.monotonic() < deadline:  # until the first chunk is written
            assert process.poll() is None
        process.send_signal(stop)
        _, err = process.communicate(timeout=MINUTE)
        assert process.returncode != 0
        assert ("go on from there" in err) == (stop == signal.SIGINT)
        done = settled(url)
        assert 0 < done < PULLS
        s.github.server.latency = 0.0
        out = finished(backfill(s, url, tmp_path / "cache"))
        assert (
            f"{PULLS} of {PULLS} pull requests are in the table; {done} {'was' if done == 1 else 'were'} settled before." in out
        )
        whole = f"sqlite:///{tmp_path}/whole.db"
        finished(backfill(s, whole, tmp_path / "other"))
        assert settled(url) == settled(whole) == PULLS
        if kind == "sqlite":
            assert content(url) == content(whole)


@pytest.mark.parametrize("table", ["usage_shares", "pr_cost_records", "pr_cost_lines"])
def test_what_could_not_be_written_is_not_lost_when_it_goes_on(tmp_path, table):
    """A row is final, so that it is never computed again, only once everything behind it is there."""
    url, whole = f"sqlite:///{tmp_path}/costs.db", f"sqlite:///{tmp_path}/whole.db"
    with stage() as s:
        pull_requests(s)
        finished(backfill(s, whole, tmp_path / "other"))
        Database(url).until_nobody_else_does(lambda _: None)
        refused = f"CREATE TRIGGER full BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'full'); END"
        with sa.create_engine(url).begin() as connection:
            connection.exec_driver_sql(refused)
        process = backfill(s, url, tmp_path / "cache")
        process.communicate(timeout=3 * MINUTE)
        assert process.returncode == 1
        with sa.create_engine(url).begin() as connection:
            connection.exec_driver_sql("DROP TRIGGER full")
        finished(backfill(s, url, tmp_path / "cache"))
        assert content(url) == content(whole)


def test_what_is_missing_behind_rows_that_stand_is_filled_in(tmp_path):
    url = f"sqlite:///{tmp_path}/costs.db"
    with stage() as s:
        s.vendors.now = at("12:00", 2)
        s.vendors.add(call("ada", at("09:10")))
        s.repository.open_pull_request("ada", [work("ada", at("09:20"))])
        environ = {"PR_COST_BOT_NOW": at("12:00", 2).isoformat()}
        finished(backfill(s, url, tmp_path / "cache", **environ))
        whole = content(url)
        with sa.create_engine(url).begin() as connection:
            connection.exec_driver_sql("DELETE FROM pr_cost_records")
            connection.exec_driver_sql("DELETE FROM usage_shares")
        finished(backfill(s, url, tmp_path / "cache", **environ))
        assert content(url) == whole
        assert whole["usage"]
        assert whole["pr_cost_records"]
