"""Back from a pull request's figure to the vendors' own records, through the whole program."""

import csv
import io
import json
import sqlite3
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from pr_cost_bot.cli import main
from tests.end_to_end.test_every_source import PRICES, SOURCES, dollars, few
from tests.end_to_end.world import EMAILS, at, call, stage, work

WIDTHS = {
    "anthropic": {"1 h", "1 min"},
    "openai": {"1 h", "1 min"},
    "copilot": {"1 d"},
    "openrouter": {"1 h", "1 min"},
    "portkey": {""},
}
NAMED = {"cursor": "timestamp=", "litellm": "request_id=", "langfuse": "id=", "helicone": "request_id=", "portkey": "id="}


def explained(url, capsys, *options, name="acme/web#1"):
    assert main(["report", "explain", name, "--database", url, *options]) == 0
    return capsys.readouterr().out


def records(url, capsys, *options, name="acme/web#1"):
    """The second sheet of the CSV."""
    text = explained(url, capsys, *options, "--format", "csv", name=name).partition("\n\n")[2]
    return list(csv.DictReader(io.StringIO(text)))


def test_every_cent_goes_back_to_records_that_the_vendors_have(tmp_path, capsys):
    url = f"sqlite:///{tmp_path}/costs.db"
    with stage(sources=list(SOURCES), config=PRICES) as s:
        s.inputs["database_url"] = url
        made = few(*SOURCES)
        s.vendors.add(*made)
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        finished = s.event("opened", number, at("11:05"))
    assert finished.status == 0, finished.log
    found = records(url, capsys, "--people")
    assert (
        sum(Decimal(one["cost_usd"]) for one in found)
        == dollars(made)
        == Decimal(json.loads(finished.outputs["summary"])["cost_usd"])
    )
    for vendor in SOURCES:
        mine = [one for one in found if one["source"] == (vendor if vendor != "files" else "inhouse")]
        sold = [one for one in made if one.vendor == vendor]
        assert sum(Decimal(one["cost_usd"]) for one in mine) == dollars(sold), vendor
        assert {one["lasts"] for one in mine} <= WIDTHS.get(vendor, {""}), vendor
        assert all(NAMED.get(vendor, "") in one["reference"] for one in mine), vendor
        for one in mine:
            start = datetime.fromisoformat(one["time"]).replace(tzinfo=UTC)
            width = {
                "": timedelta(seconds=1),
                "1 min": timedelta(minutes=1),
                "1 h": timedelta(hours=1),
                "1 d": timedelta(days=1),
            }
            assert any(start <= each.at < start + width[one["lasts"]] for each in sold), vendor
            assert Decimal(one["record_usd"]) == Decimal(one["cost_usd"])
            assert one["actor"], vendor
    assert {one["commit_sha"] for one in found} == {json.loads(finished.outputs["summary"])["head_sha"]}


def test_a_push_adds_the_new_records_and_a_run_on_the_same_facts_writes_nothing(tmp_path, capsys):
    url = f"sqlite:///{tmp_path}/costs.db"
    with stage(sources=["cursor"]) as s:
        s.inputs["database_url"] = url
        s.vendors.add(call("ada", at("09:30")), call("ada", at("09:40"), cents="50"))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        s.event("opened", number, at("11:05"))
        before = kept(tmp_path)
        s.event("edited", number, at("11:20"))
        assert kept(tmp_path) == before
        s.vendors.add(call("ada", at("11:30"), cents="25"))
        s.repository.push(number, [work("ada", at("11:40"))])
        s.event("synchronize", number, at("12:30"))
    after = kept(tmp_path)
    assert len(after) == 3
    assert set(before) < set(after)
    assert sum(Decimal(one["cost_usd"]) for one in records(url, capsys)) == Decimal("2.25")


def test_while_a_source_is_silent_its_records_stay_with_the_figure(tmp_path, capsys):
    url = f"sqlite:///{tmp_path}/costs.db"
    with stage(sources=["cursor"]) as s:
        s.inputs["database_url"] = url
        s.vendors.add(call("ada", at("09:30")))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        s.event("opened", number, at("11:05"))
        before = kept(tmp_path)
        s.vendors.fail["cursor"] = "401"
        s.event("edited", number, at("11:20"))
    assert kept(tmp_path) == before
    assert "incomplete" not in explained(url, capsys)


def test_names_show_only_when_people_do(tmp_path, capsys):
    url = f"sqlite:///{tmp_path}/costs.db"
    with stage(sources=["cursor", "anthropic"]) as s:
        s.inputs["database_url"] = url
        s.vendors.add(call("ada", at("09:30")), call("ada", at("09:20"), vendor="anthropic"))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        s.event("opened", number, at("11:05"))
    for form in ("table", "csv", "json", "markdown"):
        text = explained(url, capsys, "--format", form)
        assert "ada" not in text
        assert EMAILS["ada"] in explained(url, capsys, "--format", form, "--people").replace("\u200b", "")


def kept(folder):
    with sqlite3.connect(folder / "costs.db") as connection:
        return connection.execute("SELECT * FROM pr_cost_records ORDER BY record_number").fetchall()


def test_an_id_in_a_file_that_names_somebody_is_not_shown_without_people(tmp_path, capsys):
    url = f"sqlite:///{tmp_path}/costs.db"
    with stage(sources=[], config="  files: [{path: usage.jsonl}]\n") as s:
        s.inputs["database_url"] = url
        line = {
            "id": "Ada@acme.example-0930",
            "person": "ada@acme.example",
            "model": "m",
            "cost_usd": "1.50",
            "source": "inhouse",
        }
        line |= {"start": at("09:30").isoformat(), "end": at("09:30").isoformat(), "input_tokens": 10, "output_tokens": 5}
        (s.workspace / "usage.jsonl").write_text(json.dumps(line) + "\n")
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        s.event("opened", number, at("11:05"))
    hidden, shown = records(url, capsys), records(url, capsys, "--people")
    assert [one["reference"] for one in hidden] == ["(names somebody)"]
    assert [one["reference"] for one in shown] == ["id=Ada@acme.example-0930"]
