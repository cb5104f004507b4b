"""What `pr-cost-bot attribute` takes for one person and one record, and what it refuses, as a process on files."""

import json
import os

import pytest
from tests.integration.test_attribute_command import CALL, COMMIT, attribute, files, lines, many, write

__all__ = ["files"]


@pytest.mark.parametrize(
    ("of_usage", "of_commit"),
    [("Ada", "ada"), ("ada", "Ada"), ("Ada@Example.com", "ada@example.com"), ("ÉMILE", "émile"), (" ada ", "ada")],
)
def test_upper_and_lower_case_of_a_person_are_the_same(files, of_usage, of_commit):
    write(files / "usage.jsonl", {**CALL, "person": of_usage})
    write(files / "commits.jsonl", {**COMMIT, "person": of_commit})
    assert attribute(files).returncode == 0
    assert [line["pr_number"] for line in lines(files)] == [7]


def test_a_co_author_in_other_letters_is_found_and_has_the_commit_once(files):
    write(files / "usage.jsonl", {**CALL, "person": "ADA"}, CALL | {"id": "u2", "person": "ann"})
    write(files / "commits.jsonl", {**COMMIT, "person": "Ann", "co_authors": ["Ada", "ANN", "ada"]})
    assert attribute(files).returncode == 0
    assert [line["pr_number"] for line in lines(files)] == [7, 7]


@pytest.mark.parametrize("person", ["", "  ", None])
def test_usage_of_nobody_says_that_nobody_is_named(files, person):
    write(files / "usage.jsonl", {**CALL, "person": person})
    write(files / "commits.jsonl", {**COMMIT, "person": ""})
    assert attribute(files).returncode == 0
    assert [(line["pr_number"], line["reason"]) for line in lines(files)] == [(None, "nobody known")]


def test_a_person_in_several_spellings_is_one_in_a_large_file_too(files):
    usage, commits = many()
    write(files / "commits.jsonl", *commits)
    write(files / "usage.jsonl", *usage)
    assert attribute(files).returncode == 0
    for order in (usage, sorted(usage, key=lambda line: (line["person"], line["id"]))):
        write(
            files / "usage.jsonl",
            *({**line, "person": line["person"].title()} if n % 3 else line for n, line in enumerate(order)),
        )
        assert attribute(files, output="spelled.jsonl").returncode == 0
        assert (files / "spelled.jsonl").read_bytes() == (files / "out.jsonl").read_bytes()


WRONG = [
    ({"cost_usd": "-0.01"}, 'cost_usd: expected an amount of 0 or more, got "-0.01"'),
    ({"billed_usd": "-3"}, 'billed_usd: expected an amount of 0 or more, got "-3"'),
    ({"cost_usd": "1e99999999"}, 'cost_usd: expected a decimal number in a string, got "1e99999999"'),
    (
        {"input_tokens": 10, "cache_read_tokens": 8, "cache_write_tokens": 3},
        "input_tokens: expected all input, cache reads and writes included, got 10",
    ),
    ({"id": "u1", "cost_usd": "1.24"}, 'id: expected an id of its own: another record has this one, got "u1"'),
    ({"id": "u1", "start": "2026-03-01T09:00:00Z"}, 'id: expected an id of its own: another record has this one, got "u1"'),
    (
        {"id": "u1", "person": "ANN", "output_tokens": 51},
        'id: expected an id of its own: another record has this one, got "u1"',
    ),
]


@pytest.mark.parametrize(("change", "message"), WRONG)
def test_a_record_that_cannot_be_is_named_by_file_line_and_field(files, change, message):
    write(files / "usage.jsonl", CALL, CALL | {"id": "u2"}, CALL | {"id": "u3"} | change)
    done = attribute(files)
    assert (done.returncode, done.stderr) == (2, f"usage.jsonl:3: {message}\n")
    assert not (files / "out.jsonl").exists()


def test_the_same_record_spelled_differently_counts_once(files):
    again = {**CALL, "cost_usd": "1.230", "person": "Ann", "start": "2026-03-02T10:50:00+01:00"}
    write(files / "usage.jsonl", CALL, CALL | {"id": "u2"}, again | {"end": again["start"]})
    assert attribute(files).returncode == 0
    assert [line["usage_id"] for line in lines(files)] == ["u1", "u2"]


def test_minus_nothing_is_nothing(files):
    write(files / "usage.jsonl", {**CALL, "cost_usd": "-0.00"})
    assert attribute(files).returncode == 0
    assert [(line["cost_usd"], line["high_usd"]) for line in lines(files)] == [("0.00", "0.00")]


@pytest.mark.parametrize(
    ("option", "name"),
    [("--usage", "{}.jsonl"), ("--commits", "./{}.jsonl"), ("--pulls", "{}.jsonl"), ("--usage", "link.jsonl")],
)
def test_an_input_is_never_written_over(files, option, name):
    stem = option.removeprefix("--")
    (files / "link.jsonl").symlink_to(f"{stem}.jsonl")
    before = (files / f"{stem}.jsonl").read_bytes()
    done = attribute(files, output=name.format(stem))
    assert done.returncode == 2
    assert f"is the file of {option}" in done.stderr
    assert (files / f"{stem}.jsonl").read_bytes() == before


def test_two_inputs_cannot_both_be_standard_input(files):
    done = attribute(files, "--commits", "-", usage="-", stdin=json.dumps(CALL))
    assert done.returncode == 2
    assert "--usage and --commits cannot both be standard input" in done.stderr
    assert "Traceback" not in done.stderr


def test_pull_requests_can_come_through_standard_input_and_are_named_so(files):
    assert attribute(files, "--pulls", "-", stdin="").returncode == 0
    done = attribute(files, "--pulls", "-", stdin="{}")
    assert (done.returncode, done.stderr) == (2, "standard input:1: repository: missing\n")


def test_an_output_that_is_no_file_is_written_to_and_not_replaced(files):
    os.mkfifo(files / "pipe")
    reader = os.open(files / "pipe", os.O_RDONLY | os.O_NONBLOCK)  # what is written waits in the pipe
    try:
        assert attribute(files, output="pipe").returncode == 0
        assert (files / "pipe").is_fifo()
        assert json.loads(os.read(reader, 10_000))["pr_number"] == 7
    finally:
        os.close(reader)


@pytest.mark.parametrize(("hours", "status"), [("336", 0), ("337", 2), ("²", 2)])
def test_the_lookback_is_what_the_configuration_allows(files, hours, status):
    assert attribute(files, f"--lookback-hours={hours}").returncode == status


def test_less_than_a_cent_is_not_nothing(files):
    write(files / "usage.jsonl", {**CALL, "cost_usd": "0.0045"})
    said = attribute(files, "--summary").stdout
    assert "1 record, <$0.01" in said
    assert "        <$0.01  100.0%  attributed\n" in said
    assert said.endswith("        <$0.01  acme/web#7  (<$0.01 to <$0.01)\n")


def test_the_summary_counts_unpriced_records_apart(files):
    write(files / "usage.jsonl", {**CALL, "cost_usd": None, "model": "house-model"})
    said = attribute(files, "--summary").stdout
    assert said.startswith("1 record, $0.00, 1 of them unpriced\n")
    assert "unpriced house-model: 1,050 tokens, not in any figure above\n" in said
