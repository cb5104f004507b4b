"""`pr-cost-bot attribute` as a process, on files."""

import json
import os
import subprocess
import sys
from collections import defaultdict
from decimal import Decimal

import pytest

CALL = {
    "id": "u1", "source": "anthropic", "person": "ann", "start": "2026-03-02T09:50:00Z", "end": "2026-03-02T09:50:00Z",
    "model": "claude-sonnet-4-5", "input_tokens": 1000, "cache_read_tokens": 800, "cache_write_tokens": 100,
    "output_tokens": 50, "requests": 1, "cost_usd": "1.23",
}  # fmt: skip
COMMIT = {"sha": "c1", "repository": "acme/web", "person": "ann", "authored_at": "2026-03-02T10:00:00Z", "pr_number": 7}
PULL = {"repository": "acme/web", "pr_number": 7, "author": "ann", "head_ref": "fix", "opened_at": "2026-03-02T09:00:00Z"}


def write(path, *lines):
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines), "utf-8")
    return path


@pytest.fixture
def files(tmp_path):
    write(tmp_path / "usage.jsonl", CALL)
    write(tmp_path / "commits.jsonl", COMMIT)
    write(tmp_path / "pulls.jsonl", PULL)
    return tmp_path


def attribute(folder, *more, output="out.jsonl", usage="usage.jsonl", stdin=None, **environ):
    arguments = ["--usage", usage, "--commits", "commits.jsonl", "--pulls", "pulls.jsonl", "--output", output, *more]
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "pr_cost_bot", "attribute", *arguments],
        cwd=folder, capture_output=True, text=True, input=stdin, timeout=60, check=False, env={**os.environ, **environ},
    )  # fmt: skip


def lines(folder, name="out.jsonl"):
    return [json.loads(line) for line in (folder / name).read_text("utf-8").splitlines()]


def test_usage_in_allocations_out(files):
    done = attribute(files)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    [line] = lines(files)
    assert line == {
        "usage_id": "u1", "repository": "acme/web", "pr_number": 7, "commit": "c1", "evidence": "matched",
        "reason": "commit-owner", "cost_usd": "1.23", "low_usd": "1.23", "high_usd": "1.23", "input_tokens": 1000,
        "cache_read_tokens": 800, "cache_write_tokens": 100, "output_tokens": 50,
    }  # fmt: skip


def test_unknown_fields_blank_lines_and_a_missing_last_newline_are_fine(files):
    (files / "usage.jsonl").write_text(
        json.dumps({**CALL, "cost_center": {"person": "bob"}}) + "\n\n  \n" + json.dumps(CALL | {"id": "u2"})
    )
    assert attribute(files).returncode == 0
    assert {line["usage_id"] for line in lines(files)} == {"u1", "u2"}


def test_a_dash_reads_standard_input_and_writes_standard_output(files):
    done = attribute(files, output="-", usage="-", stdin=json.dumps(CALL))
    assert json.loads(done.stdout)["pr_number"] == 7
    assert {path.name for path in files.iterdir()} == {"usage.jsonl", "commits.jsonl", "pulls.jsonl"}


def test_no_usage_gives_no_allocations(files):
    write(files / "usage.jsonl")
    assert attribute(files).returncode == 0
    assert lines(files) == []


BAD = [
    ("cost_usd", "abc", 'cost_usd: expected a decimal number in a string, got "abc"'),
    ("cost_usd", 1.5, "cost_usd: expected a decimal number in a string, got 1.5"),
    ("cost_usd", "NaN", 'cost_usd: expected a decimal number in a string, got "NaN"'),
    ("cost_usd", "", 'cost_usd: expected a decimal number in a string, got ""'),
    ("cost_usd", "1\n2", 'cost_usd: expected a decimal number in a string, got "1\\n2"'),
    ("billed_usd", "x", 'billed_usd: expected a decimal number in a string, got "x"'),
    ("input_tokens", "12", 'input_tokens: expected a whole number, got "12"'),
    ("input_tokens", -1, "input_tokens: expected a whole number of 0 or more, got -1"),
    ("start", "yesterday", 'start: expected a time such as "2026-03-02T09:00:00Z", got "yesterday"'),
    ("start", "2026-03-02T09:00:00", 'start: expected a time such as "2026-03-02T09:00:00Z", got "2026-03-02T09:00:00"'),
    ("end", "2026-03-01T09:00:00Z", 'end: expected a time not before start, got "2026-03-01T09:00:00Z"'),
    ("person", 5, "person: expected text, got 5"),
]


@pytest.mark.parametrize(("field", "value", "message"), BAD)
def test_a_bad_value_is_named_by_file_line_and_field_and_nothing_is_written(files, field, value, message):
    write(files / "usage.jsonl", *[CALL] * 16, {**CALL, field: value}, "not reached")
    (files / "out.jsonl").write_text("as before")
    done = attribute(files)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"usage.jsonl:17: {message}\n")
    assert (files / "out.jsonl").read_text() == "as before"
    assert len(list(files.iterdir())) == 4


def test_a_missing_field_is_named(files):
    write(files / "usage.jsonl", CALL, {key: value for key, value in CALL.items() if key != "id"})
    assert attribute(files).stderr == "usage.jsonl:2: id: missing\n"


def test_a_first_line_without_a_person_is_named_and_not_passed_over(files):
    write(files / "usage.jsonl", {key: value for key, value in CALL.items() if key != "person"}, CALL)
    assert attribute(files).stderr == "usage.jsonl:1: person: missing\n"


def test_a_line_that_is_not_json_is_named(files):
    write(files / "usage.jsonl", CALL, "{oops")
    assert attribute(files).stderr.startswith("usage.jsonl:2: not a JSON object: ")


def test_a_bad_commit_is_named(files):
    write(files / "commits.jsonl", COMMIT, {**COMMIT, "authored_at": 5})
    assert attribute(files).stderr == 'commits.jsonl:2: authored_at: expected a time such as "2026-03-02T09:00:00Z", got 5\n'


def test_a_file_that_is_not_there_is_named(files):
    done = attribute(files, usage="nowhere.jsonl")
    assert (done.returncode, done.stderr) == (2, "nowhere.jsonl: No such file or directory\n")


@pytest.mark.parametrize(
    "arguments",
    [("--without", "astrology"), ("--now", "soon"), ("--now", "2026-03-02T11:00:00"), ("--lookback-hours", "0")],
)
def test_wrong_arguments_end_with_status_2(files, arguments):
    assert attribute(files, *arguments).returncode == 2


def test_an_empty_clock_counts_as_unset(files):
    assert attribute(files, PR_COST_BOT_NOW=" ").returncode == 0


def test_the_clock_makes_usage_after_the_last_commit_pending(files):
    write(files / "usage.jsonl", {**CALL, "start": "2026-03-02T10:20:00Z", "end": "2026-03-02T10:20:00Z"})
    for done in (attribute(files, "--now", "2026-03-02T11:00:00Z"), attribute(files, PR_COST_BOT_NOW="2026-03-02T11:00:00Z")):
        assert done.returncode == 0
        [line] = lines(files)
        assert (line["pr_number"], line["commit"], line["reason"]) == (None, "c1", "pending")


def test_work_of_a_co_author_and_a_commit_named_by_usage_are_found(files):
    other = {**COMMIT, "sha": "0123456789abcdef", "person": "bob", "pr_number": 8, "co_authors": ["cy", "bob", "ann"]}
    write(files / "commits.jsonl", other, {**COMMIT, "authored_at": "2026-03-09T10:00:00Z"})
    write(
        files / "usage.jsonl",
        CALL,
        CALL | {"id": "u2", "person": "cy"},
        CALL | {"id": "u3", "commit": "01234567", "person": "z"},
    )
    assert attribute(files).returncode == 0
    assert [(line["usage_id"], line["pr_number"], line["evidence"]) for line in lines(files)] == [
        ("u1", 8, "matched"),
        ("u2", 8, "matched"),
        ("u3", 8, "tagged"),
    ]


def test_a_rule_can_be_left_out_and_the_lookback_changed(files):
    write(files / "usage.jsonl", {**CALL, "repository": "acme/web", "pr_number": 9})
    attribute(files)
    assert lines(files)[0]["pr_number"] == 9
    attribute(files, "--without", "tags")
    assert lines(files)[0]["pr_number"] == 7
    write(files / "usage.jsonl", {**CALL, "start": "2026-02-27T10:20:00Z", "end": "2026-02-27T10:20:00Z"})
    attribute(files)
    assert lines(files)[0]["reason"] == "no commit followed within 48 hours"
    attribute(files, "--lookback-hours", "96")
    assert lines(files)[0]["pr_number"] == 7


def test_usage_without_a_cost_is_priced_and_an_unknown_model_keeps_its_tokens(files):
    unpriced = {key: value for key, value in CALL.items() if key != "cost_usd"}
    write(files / "usage.jsonl", unpriced, {**unpriced, "id": "u2", "model": "house-model"})
    done = attribute(files, "--summary")
    listed, unknown = lines(files)
    assert Decimal(listed["cost_usd"]) > 0
    assert "unpriced" not in listed
    assert (unknown["cost_usd"], unknown["unpriced"], unknown["input_tokens"]) == ("0", True, 1000)
    assert "unpriced house-model: 1,050 tokens" in done.stdout
    assert "2 records, $0.00, 1 of them unpriced" in done.stdout.replace("<$0.01", "$0.00")


def test_the_summary_tells_dollars_by_evidence_reason_and_pull_request(files):
    lost = {**CALL, "id": "u2", "start": "2026-03-09T09:50:00Z", "end": "2026-03-09T09:50:00Z", "cost_usd": "0.77"}
    write(files / "usage.jsonl", CALL, lost)
    assert attribute(files, "--summary").stdout.splitlines() == [
        "2 records, $2.00",
        "",
        "         $1.23   61.5%  attributed",
        "         $1.23   61.5%    matched",
        "         $0.77   38.5%  unattributed",
        "         $0.77   38.5%    no commit followed within 48 hours",
        "",
        "1 pull request",
        "         $1.23  acme/web#7  ($1.23 to $1.23)",
    ]


def test_the_summary_shows_names_from_the_files_as_plain_text(files):
    write(files / "commits.jsonl", {**COMMIT, "repository": "acme/\x1b[2Jweb"})
    write(files / "pulls.jsonl", {**PULL, "repository": "acme/\x1b[2Jweb"})
    shown = attribute(files, "--summary").stdout
    assert "\x1b" not in shown
    assert "[2Jweb#7" in shown


def many(people=30, days=4):
    """Enough lines that two processes share the work; people's lines are mixed."""
    usage, commits = [], []
    for day in range(days):
        for minute in range(0, 1380, 6):
            for n in range(people):
                clock = f"2026-03-{day + 2:02}T{minute // 60:02}:{minute % 60:02}:{n:02}Z"
                usage.append(CALL | {"id": f'u{len(usage)} "é"', "person": f"dev-{n}", "start": clock, "end": clock})
        for n in range(people):
            for hour in range(1, 24, 4):
                when = f"2026-03-{day + 2:02}T{hour:02}:30:00Z"
                commits.append(
                    {**COMMIT, "sha": f"{n}-{when}", "person": f"dev-{n}", "authored_at": when, "pr_number": hour % 3}
                )
    return usage, commits


def test_the_order_of_the_lines_changes_nothing_and_everything_is_conserved(files):
    usage, commits = many()
    write(files / "commits.jsonl", *commits)
    write(files / "usage.jsonl", *usage)
    assert (files / "usage.jsonl").stat().st_size > 4 << 20
    assert attribute(files).returncode == 0
    assert attribute(files, output="again.jsonl").returncode == 0
    write(files / "commits.jsonl", *reversed(commits))
    write(files / "usage.jsonl", *sorted(usage, key=lambda line: (line["person"], line["id"])))
    assert attribute(files, output="other.jsonl").returncode == 0
    output = (files / "out.jsonl").read_bytes()
    assert output == (files / "again.jsonl").read_bytes() == (files / "other.jsonl").read_bytes()
    sums = defaultdict(lambda: [Decimal(0), 0])
    for line in lines(files):
        sums[line["usage_id"]][0] += Decimal(line["cost_usd"])
        sums[line["usage_id"]][1] += line["input_tokens"]
    assert set(sums) == {line["id"] for line in usage}
    assert all(total == [Decimal("1.23"), 1000] for total in sums.values())


def test_a_bad_line_in_a_large_file_stops_both_processes(files):
    usage, commits = many()
    write(files / "commits.jsonl", *commits)
    write(files / "usage.jsonl", *usage[:20_000], {**CALL, "cost_usd": "abc"}, *usage[20_000:])
    done = attribute(files)
    assert (done.returncode, done.stderr) == (
        2,
        'usage.jsonl:20001: cost_usd: expected a decimal number in a string, got "abc"\n',
    )
    assert not (files / "out.jsonl").exists()


def test_a_bad_commit_stops_both_processes(files):
    usage, commits = many()
    write(files / "commits.jsonl", *commits, {**COMMIT, "authored_at": 5})
    write(files / "usage.jsonl", *usage)
    done = attribute(files)
    assert (done.returncode, done.stderr.split(":")[:3]) == (2, ["commits.jsonl", "721", " authored_at"])


@pytest.mark.parametrize("name", ["commits.jsonl", "usage.jsonl"])
def test_what_two_processes_read_can_come_through_a_pipe(files, name):
    usage, commits = many()
    write(files / "usage.jsonl", *usage)
    write(files / "commits.jsonl", *commits)
    (files / name).rename(files / "all.jsonl")
    os.mkfifo(files / name)
    with subprocess.Popen(["cp", "all.jsonl", name], cwd=files):
        assert attribute(files).returncode == 0
    assert {line["pr_number"] for line in lines(files)} == {None, 0, 1, 2}


def test_one_line_among_another_persons_is_found(files):
    usage, commits = many()
    usage.sort(key=lambda line: (line["person"], line["id"]))
    write(files / "commits.jsonl", *commits)
    write(files / "usage.jsonl", *usage)
    assert attribute(files).returncode == 0
    write(files / "usage.jsonl", *usage[1:400], usage[0], *usage[400:8000], usage[-1], *usage[8000:-1])
    assert attribute(files, output="strays.jsonl").returncode == 0
    assert (files / "strays.jsonl").read_bytes() == (files / "out.jsonl").read_bytes()


def test_persons_in_escapes_in_a_large_file_are_read_by_two_processes_too(files):
    usage, commits = many()
    write(files / "commits.jsonl", *commits)
    write(files / "usage.jsonl", *usage)
    assert attribute(files).returncode == 0
    escaped = [json.dumps(line).replace('"dev-', '"\\u0064ev-') for line in usage]
    write(files / "usage.jsonl", *escaped)
    assert attribute(files, output="escaped.jsonl").returncode == 0
    assert (files / "escaped.jsonl").read_bytes() == (files / "out.jsonl").read_bytes()


def test_a_person_named_inside_another_value_or_in_escapes_is_not_mistaken(files):
    tricky = [
        {"note": {"person": "bob"}, **CALL},
        json.dumps(CALL | {"id": "u2"}).replace('"ann"', '"\\u0061nn"'),
        CALL | {"id": "u3", "person": None},
    ]
    write(files / "usage.jsonl", *tricky)
    assert attribute(files).returncode == 0
    assert [(line["usage_id"], line["pr_number"]) for line in lines(files)] == [("u1", 7), ("u2", 7), ("u3", None)]


def test_the_same_record_twice_counts_once(files):
    write(files / "usage.jsonl", CALL, CALL)
    attribute(files)
    assert len(lines(files)) == 1
