import csv
import io
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.files.samples import FIXTURES, NAMES, read_text, text_of

from pr_cost_bot.files import FORMATS, Usage
from pr_cost_bot.files.kept import Kept
from pr_cost_bot.importing import run


def convert(*argv: str) -> tuple[int, list[dict[str, object]], str]:
    out, err = io.StringIO(), io.StringIO()
    status = run([str(arg) for arg in argv], out, err)
    return status, [json.loads(line) for line in out.getvalue().splitlines()], err.getvalue()


@pytest.mark.parametrize("name", NAMES)
def test_every_format_becomes_lines_that_can_be_read_back(name):
    status, lines, said = convert(FIXTURES / name)
    assert status == 0
    assert said == ("1 record.\n" if len(lines) == 1 else f"{len(lines)} records.\n")
    rows = read_text("\n".join(map(json.dumps, lines)))
    assert all(isinstance(row, Usage) for row in rows)
    assert len(rows) == len(lines) > 0
    for line in lines:
        assert all(isinstance(line[key], str) for key in ("cost_usd", "billed_usd") if key in line)


@pytest.mark.parametrize(
    ("name", "key", "column"),
    [
        ("anthropic-cost.csv", "cost_usd", "cost_usd"),
        ("anthropic-usage.csv", "output_tokens", "usage_output_tokens"),
        ("copilot.csv", "billed_usd", "net_amount"),
        ("openai-cost.csv", "cost_usd", "amount_value"),
        ("openai-usage.csv", "input_tokens", "input_tokens"),
        ("openai-usage.csv", "output_tokens", "output_tokens"),
    ],
)
def test_sums_are_the_exports_own(name, key, column):
    _, lines, _ = convert(FIXTURES / name)
    rows = csv.DictReader(text_of(name).splitlines())
    total = sum(Decimal(row[column] or 0) for row in rows if row.get("product") != "actions")
    assert sum(Decimal(line[key]) for line in lines) == total > 0


@given(
    st.lists(
        st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.decimals(0, 1000, places=4), st.sampled_from("ab")),
        max_size=20,
    )
)
def test_any_rows_sum_to_the_files_total(rows):
    head = "Date,User,Kind,Model,Input (w/ Cache Write),Input (w/o Cache Write),Cache Read,Output Tokens,Total Tokens,Cost"
    body = [f"2026-03-20T07:10:00Z,{who},On-Demand,m,0,{i},0,{o},{i + o},{cost}" for i, o, cost, who in rows]
    kept = Kept()
    for row in read_text("\n".join([head, *body])):
        assert isinstance(row, Usage)
        kept.add(row.record, FORMATS["cursor-csv"])
    found = kept.records()
    assert sum(r.tokens.input + r.tokens.output for r in found) == sum(i + o for i, o, _, _ in rows)
    assert sum(r.cost_usd or 0 for r in found) == sum(cost for _, _, cost, _ in rows)


def test_lines_have_the_documented_fields():
    _, (line, *_), _ = convert(FIXTURES / "otlp.jsonl")
    assert line == {
        "id": line["id"],
        "source": "anthropic",
        "person": "Dev@Example.com",
        "start": "2026-11-20T14:00:00.123000Z",
        "end": "2026-11-20T14:00:00.123000Z",
        "model": "claude-opus-5-5",
        "input_tokens": 91512,
        "cache_read_tokens": 91000,
        "cache_write_tokens": 500,
        "output_tokens": 812,
        "requests": 1,
        "cost_usd": line["cost_usd"],
        "product": "claude_code",
        "repository": "acme/web",
        "branch": "fix/login",
        "session": "s-1",
    }


def test_bad_rows_are_all_told_and_nothing_is_written(tmp_path):
    text = text_of("cursor-team.csv").replace('"0.11"', '"lots"').replace('"$0.32"', '"some"')
    (tmp_path / "x.csv").write_text(text)
    target = tmp_path / "usage.jsonl"
    status, lines, said = convert(tmp_path / "x.csv", "--output", target)
    assert (status, lines, target.exists()) == (2, [], False)
    assert f"{tmp_path}/x.csv, line 2, Cost: expected a number.\n" in said
    assert f"{tmp_path}/x.csv, line 3, Cost: expected a number.\n" in said


def test_bad_rows_can_be_skipped_knowingly(tmp_path):
    (tmp_path / "x.csv").write_text(text_of("cursor-team.csv").replace('"0.11"', '"lots"'))
    status, lines, said = convert(tmp_path / "x.csv", "--skip-bad-rows")
    assert (status, len(lines)) == (0, 4)
    assert "line 2, Cost" in said
    assert said.endswith("4 records, 1 bad row skipped.\n")


def test_several_files_and_a_folder_become_one_and_count_once(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "a.jsonl").write_text(text_of("otlp.jsonl"))
    (folder / "b.jsonl").write_text(text_of("otlp.jsonl"))
    target = tmp_path / "usage.jsonl"
    assert convert(folder, FIXTURES / "otlp.jsonl", "--output", target)[0] == 0
    assert len(target.read_text().splitlines()) == 4


def test_the_folder_where_one_stands_can_be_named(tmp_path, monkeypatch):
    (tmp_path / "cursor.csv").write_text((FIXTURES / "cursor-2026.csv").read_text())
    monkeypatch.chdir(tmp_path)
    assert convert(".") == convert(tmp_path)
    assert convert(".")[0] == 0


def test_a_person_can_be_given_for_files_that_name_nobody():
    _, lines, _ = convert(FIXTURES / "ccusage-daily.json", "--person", "octocat")
    assert {line["person"] for line in lines} == {"octocat"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.csv"], "nowhere.csv cannot be read: No such file"),
        ([str(FIXTURES / "README.md")], "is not a file of any known format"),
        ([str(FIXTURES / "usage.jsonl"), "--format", "otlp"], "It looks like a usage as JSON Lines"),
        ([str(FIXTURES / "usage.jsonl"), "--output", "/nowhere/x"], "/nowhere/x cannot be written"),
    ],
)
def test_what_cannot_be_read_or_written_is_told(arguments, said):
    status, lines, told = convert(*arguments)
    assert (status, lines) == (2, [])
    assert said in told


def test_an_unknown_format_is_refused_with_the_known_ones(capsys):
    with pytest.raises(SystemExit) as caught:
        convert(FIXTURES / "usage.jsonl", "--format", "xlsx")
    assert caught.value.code == 2
    assert "cursor-csv" in capsys.readouterr().err


def test_the_name_of_a_file_drives_neither_terminal_nor_runner(tmp_path):
    for name in ("a\n::error::b\x1b[2J.csv", "b.csv"):
        (tmp_path / name).write_text("x,y\n1,2\n")
    status, _, said = convert(tmp_path)
    assert status == 2
    assert "\x1b" not in said
    assert not any(line.startswith("::") for line in said.splitlines())


@pytest.mark.parametrize("given_as", ["x.csv", "."])
def test_a_file_that_is_read_is_never_written_over(tmp_path, given_as):
    (tmp_path / "x.csv").write_text(text_of("cursor-team.csv"))
    status, _, said = convert(tmp_path / given_as, "--output", tmp_path / "x.csv")
    assert status == 2
    assert "would be lost" in said
    assert (tmp_path / "x.csv").read_text() == text_of("cursor-team.csv")
