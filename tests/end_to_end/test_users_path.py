"""What a team lives through: open, push, merge, late usage, true-up."""

import json
import sqlite3
from datetime import timedelta

from pr_cost_bot.ledger.database import Database
from pr_cost_bot.marker import read_marker
from tests.end_to_end.world import at, call, stage, work


def test_open_push_merge_late_usage_and_true_up():
    with stage() as s:
        s.vendors.add(call("ada", at("09:30")), call("ada", at("09:40"), "anthropic", "200"))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"), "First")], head="feat/WEB-1", text="Checkout")
        first = s.event("opened", number, at("11:05"))
        assert first.status == 0, first.log
        assert "$3.50" in s.comment(number)
        assert s.labels(number) == ["cost:medium"]
        assert s.row()["cost_usd"] == "3.5"
        assert first.outputs["cost_usd"] == "3.5"
        assert first.outputs["cost_label"] == "cost:medium"
        assert first.outputs["complete"] == "true"
        assert first.outputs["comment_url"].startswith("http")
        assert json.loads(first.outputs["summary"])["ticket"] == "WEB-1"
        assert "This PR consumed" in first.summary

        s.vendors.add(call("ada", at("12:20"), cents="2000"))
        s.repository.push(number, [work("ada", at("12:40"), "Second")])
        pushed = s.event("synchronize", number, at("14:05"))
        assert pushed.outputs["cost_usd"] == "23.5"
        assert s.labels(number) == ["cost:high"]
        assert "$23.50" in s.comment(number)

        s.vendors.add(call("ada", at("13:10"), "anthropic", "100", late=timedelta(hours=20)))
        s.repository.push(number, [work("ada", at("13:30"), "Third")])
        s.repository.merge(number, at("15:00"))
        merged = s.event("closed", number, at("15:01"))
        assert (merged.outputs["cost_usd"], merged.outputs["settled"]) == ("23.5", "false")
        assert s.row()["state"] == "merged"

        late = s.true_up(at("12:00", 1))
        assert late.status == 0, late.log
        row = s.row()
        assert (row["cost_usd"], row["settled"]) == ("24.5", False)
        assert "$24.50" in s.comment(number)

        s.true_up(at("12:00", 32))
        assert s.row()["settled"] is True
        assert "final" in s.comment(number)

        before = len(s.github.exchanges)
        s.true_up(at("12:00", 33))
        assert all(
            each.request.method == "POST" and "mutation" not in each.request.body.decode()
            for each in s.github.exchanges[before:]
        )


def test_the_same_facts_twice_change_nothing():
    with stage() as s:
        s.vendors.add(call("ada", at("09:30")))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        s.event("opened", number, at("11:05"))
        heads, comment, stamp = dict(s.repository.data.branches), s.comment(number), s.repository.comments(number)[0].updated_at
        files = {path: path.stat().st_mtime_ns for path in s.workspace.rglob("*") if path.is_file()}
        assert files
        before = len(s.github.exchanges)
        again = s.event("edited", number, at("11:45"))
        assert again.status == 0
        assert dict(s.repository.data.branches) == heads
        assert s.comment(number) == comment
        assert s.repository.comments(number)[0].updated_at == stamp
        assert {path: path.stat().st_mtime_ns for path in s.workspace.rglob("*") if path.is_file()} == files
        assert len(s.github.exchanges) - before <= 5
        assert again.outputs["comment_url"]


def test_a_first_run_needs_at_most_eight_requests_to_github_and_sends_none_twice():
    with stage() as s:
        s.vendors.add(call("ada", at("09:30")), call("ben", at("09:35"), "anthropic"), call("cleo", at("09:36"), "openai"))
        commits = [work(author, at(f"09:{40 + n}")) for n, author in enumerate(("ada", "ben", "cleo"))]
        number = s.repository.open_pull_request("ada", commits)
        assert s.event("opened", number, at("11:05")).status == 0
        assert len(s.github.exchanges) <= 8
        for server in (s.github.server, *s.servers.values()):
            sent = [
                (e.request.method, e.request.path, str(sorted(e.request.query.items())), e.request.body)
                for e in server.exchanges
            ]
            assert len(sent) == len(set(sent))


def test_two_pull_requests_of_one_person_share_the_day_and_no_cent_is_on_both():
    with stage() as s:
        s.vendors.add(
            *(call("ada", at(f"{hour:02d}:{minute:02d}"), "anthropic", "77") for hour in (9, 10) for minute in range(0, 60, 7))
        )
        one = s.repository.open_pull_request("ada", [work("ada", at("09:31")), work("ada", at("10:40"))])
        two = s.repository.open_pull_request("ada", [work("ada", at("09:58")), work("ada", at("10:59"))])
        first = s.event("opened", one, at("12:00"))
        second = s.event("opened", two, at("12:00"))
        total = sum(int(float(finished.outputs["cost_usd"]) * 100 + 0.5) for finished in (first, second))
        assert total == 18 * 77
        assert "time_bucket_width=1m" in str([e.request.query for e in s.servers["anthropic"].exchanges]).replace("': ['", "=")


def test_a_fork_under_pull_request_is_told_what_to_do():
    with stage() as s:
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))], fork=True)
        s.inputs.clear()
        finished = s.event("opened", number, at("11:05"), event="pull_request")
        assert finished.status == 0
        assert "::notice::" in finished.log
        assert "pull_request_target" in finished.log
        assert not s.github.exchanges


def test_dry_run_writes_nothing():
    with stage() as s:
        s.vendors.add(call("ada", at("09:30")))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        finished = s.event("opened", number, at("11:05"), dry_run="true")
        assert finished.outputs["cost_usd"] == "1.5"
        assert "$1.50" in finished.log
        assert "This PR consumed" in finished.summary
        assert not s.repository.comments(number)
        assert not s.labels(number)
        assert not s.rows()
        assert not list(s.workspace.iterdir())


def test_fail_above_usd_publishes_and_then_fails():
    with stage() as s:
        s.vendors.add(call("ada", at("09:30"), cents="2500"))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        finished = s.event("opened", number, at("11:05"), fail_above_usd="20")
        assert finished.status == 3
        assert "::error" in finished.log
        assert "cost $25.00, more than fail_above_usd allows ($20.00)" in finished.log
        assert "$25.00" in s.comment(number)


def test_a_database_holds_the_table_instead_of_the_branch(tmp_path):
    with stage() as s:
        s.vendors.add(call("ada", at("09:30")))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        s.inputs["database_url"] = f"sqlite:///{tmp_path}/costs.db"
        assert s.event("opened", number, at("11:05")).status == 0
        assert not s.rows()
        s.repository.merge(number, at("12:00"))
        assert s.true_up(at("13:00")).status == 0
        import sqlite3  # noqa: PLC0415

        connection = sqlite3.connect(tmp_path / "costs.db")
        assert connection.execute("select cost_usd, state from pr_costs").fetchall() == [("1.5", "merged")]
        connection.close()


def test_enterprise_server_addresses_are_used():
    with stage(enterprise=True) as s:
        s.vendors.add(call("ada", at("09:30")))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        assert s.event("opened", number, at("11:05")).status == 0
        assert s.comment(number)
        assert {e.request.path.split("/")[1] for e in s.github.exchanges} == {"api"}


def test_people_stay_out_of_the_comment_and_of_a_public_table():
    with stage(private=False) as s:
        s.vendors.add(call("ada", at("09:30")))
        number = s.repository.open_pull_request("ben", [work("ada", at("09:50"))])
        s.event("opened", number, at("11:05"))
        assert "ada" not in s.comment(number)
        assert {line["person"] for line in s.row()["lines"]} == {""}
        marker = read_marker(s.comment(number))
        assert (marker.repository, marker.pr) == ("acme/web", number)


def test_a_stranger_cannot_take_somebody_s_usage_into_a_pull_request_from_a_fork():
    with stage() as s:
        s.vendors.add(call("ada", at("09:30"), cents="3000"))
        s.github.add_user("mallory", name="Mallory", emails=["mallory@evil.example"])
        own = s.repository.open_pull_request("ada", [work("ada", at("10:30"))])
        forged = s.repository.open_pull_request("mallory", [work("ada", at("09:35"))], fork=True)
        assert s.event("opened", forged, at("11:05")).outputs["cost_usd"] in {"", "0"}
        assert not any("$30" in body for body in s.own_comments(forged))
        assert s.event("opened", own, at("11:06")).outputs["cost_usd"] == "30"


def test_an_author_whom_no_source_knows_is_told_in_an_annotation_and_kept_in_the_row():
    with stage() as s:
        s.vendors.members = {vendor: {"somebody@acme.example"} for vendor in s.vendors.members}
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        finished = s.event("opened", number, at("11:05"))
        notices = [line for line in finished.log.splitlines() if line.startswith("::notice")]
        assert any(f"#{number}" in line and "docs/people.md" in line for line in notices), finished.log
        assert json.loads(s.rows()[f"pr_costs/{number}.json"])["unmatched"] == 1


def test_a_figure_that_is_wholly_without_a_price_is_no_0_in_the_outputs():
    with stage() as s:
        s.vendors.add(call("ada", at("09:30"), "openai", model="house-9"))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        finished = s.event("opened", number, at("11:05"))
        assert finished.outputs["cost_usd"] == ""
        assert [one["model"] for one in json.loads(finished.outputs["summary"])["unpriced"]] == ["house-9"]
        assert "unpriced" in s.comment(number)


def test_a_settled_figure_without_a_price_is_no_0_either():
    with stage() as s:
        s.inputs["fail_above_usd"] = "5"
        s.vendors.add(call("ada", at("09:30"), "openai", model="house-9"))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        s.event("opened", number, at("11:05"))
        s.repository.merge(number, at("12:00"))
        s.true_up(at("12:00", 32))
        assert s.row()["settled"] is True
        finished = s.event("edited", number, at("12:00", 33))
        assert finished.outputs["cost_usd"] == ""
        assert "settled without a known price" in finished.log
        assert "could not be judged" in finished.log


def test_a_dry_run_leaves_a_databases_tables_as_they_are(tmp_path):
    url = f"sqlite:///{tmp_path}/costs.db"
    Database(url).until_nobody_else_does(lambda _: None)
    with sqlite3.connect(tmp_path / "costs.db") as connection:
        connection.execute("DROP TABLE pr_cost_records")
        connection.execute("UPDATE alembic_version SET version_num = '0003'")
    with stage() as s:
        s.inputs["database_url"] = url
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        finished = s.event("opened", number, at("11:05"), dry_run="true")
        assert finished.status == 0, finished.log
        assert "0003" in finished.log
    with sqlite3.connect(tmp_path / "costs.db") as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0003",)]
