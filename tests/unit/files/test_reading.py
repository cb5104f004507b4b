import io
import json

import pytest
from tests.unit.files.samples import NAMES, read_text, records_of, text_of

from pr_cost_bot.files import BadRow, Reading, UnrecognisedError, Usage

CURSOR = "Date,User,Kind,Model,Input (w/ Cache Write),Input (w/o Cache Write),Cache Read,Output Tokens,Cost"
GOOD = "2026-03-20T07:10:00Z,a@b.c,On-Demand,m,0,10,0,5,0.5"
EVENT = '{"id":"u","start":"2026-11-20T14:00:00Z","end":"2026-11-20T14:00:00Z","model":"m"}'


def kinds(text: str) -> list[str]:
    return ["bad" if isinstance(row, BadRow) else "good" for row in read_text(text)]


def complaint(text: str) -> str:
    (row,) = (row for row in read_text(text) if isinstance(row, BadRow))
    return str(row)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (GOOD.replace("0.5", "a lot"), "line 3, Cost: expected a number"),
        (GOOD.replace("0.5", "-3"), "line 3, Cost: expected a number"),
        (GOOD.replace("0.5", "1e99"), "line 3, Cost: expected a number of 0 or more"),
        (GOOD.replace("0.5", "99999999999"), "line 3, Cost: expected an amount in dollars"),
        (GOOD.replace(",10,", ",1.5,"), "line 3, Input (w/o Cache Write): expected a whole number"),
        (GOOD.replace("2026-03-20T07:10:00Z", "yesterday"), "line 3, Date: expected a time"),
        (GOOD.replace("2026-03-20T07:10:00Z", "2026-13-45"), "line 3, Date: expected a date"),
        (GOOD.replace("2026-03-20T07:10:00Z", "0001-01-01T00:00:00+14:00"), "line 3, Date: expected a time after 2014"),
        ("2026-03-20T07:10:00Z,a@b.c", "line 3: expected 9 columns as in the header, found 2"),
        (GOOD + ",1,234", "line 3: expected 9 columns as in the header, found 11"),
    ],
)
def test_a_bad_row_names_line_and_column_and_the_rest_is_read(row, said):
    text = f"{CURSOR}\n{GOOD}\n{row}\n{GOOD}"
    assert kinds(text) == ["good", "bad", "good"]
    assert complaint(text) == said


def test_a_quote_that_is_never_closed_costs_a_row_and_not_the_rest():
    rows = [CURSOR, GOOD, '"2026-03-20', *[GOOD] * 4000]
    found = kinds("\n".join(rows))
    assert found.count("bad") <= 2
    assert found[0] == "good"
    assert found[-1] == "good"
    assert "line 3: expected closed quotes" in complaint("\n".join(rows)) or found.count("bad") == 2


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_line_ends_and_delimiters_make_no_difference(end, delimiter):
    text = end.join([CURSOR, GOOD, GOOD]).replace(",", delimiter) + end
    assert kinds(text) == ["good", "good"]


def test_a_byte_order_mark_quotes_case_and_empty_lines_make_no_difference():
    header = ",".join(f'"{column.upper()}"' for column in CURSOR.split(","))
    assert kinds(f"\ufeff\n\n{header}\n\n{GOOD}\n\n") == ["good"]


def test_a_header_alone_and_an_empty_file_hold_nothing():
    assert read_text(CURSOR) == []
    assert read_text("") == read_text("\n \n") == []


def test_bad_json_lines_are_told_by_line_and_the_rest_is_read():
    text = f'{EVENT}\n{{"id": \n\n[1]\n"x"\n{EVENT}\n'
    rows = read_text(text)
    assert ["bad" if isinstance(row, BadRow) else "good" for row in rows] == ["good", "bad", "bad", "bad", "good"]
    assert [row.line for row in rows if isinstance(row, BadRow)] == [2, 4, 5]


def test_a_first_line_that_is_broken_does_not_hide_the_others():
    assert kinds(f'{{"id": \n{EVENT}\n') == ["bad", "good"]


def test_a_bad_field_is_named():
    wrong = EVENT.replace('"model"', '"input_tokens":"many","model"')
    assert complaint(f"{EVENT}\n{wrong}\n") == "line 2, input_tokens: expected a number"


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(("jsonl", "json", "log"))])
@pytest.mark.parametrize("indent", [None, 2])
def test_json_is_read_however_it_is_laid_out(name, indent):
    expected = records_of(name)
    decoder, text, place, values = json.JSONDecoder(), text_of(name).strip(), 0, []
    while place < len(text):
        value, end = decoder.raw_decode(text, place)
        values += value if isinstance(value, list) else [value]
        place = end + len(text[end:]) - len(text[end:].lstrip())
    for laid_out in (json.dumps(values, indent=indent), "\n".join(json.dumps(value, indent=indent) for value in values)):
        rows = read_text(laid_out, name)
        assert [row.record for row in rows if isinstance(row, Usage)] == expected


def test_a_document_that_is_cut_off_is_told_and_never_read_in_part():
    text = text_of("google.json").rstrip()[:-1]
    with pytest.raises(UnrecognisedError):
        read_text(text)
    assert read_text(text, format_name="google") == [BadRow(1, "", "JSON from here on")]


@pytest.mark.parametrize(
    "text", ["hello", "a,b,c\n1,2,3\n", '{"a": 1}\n', "[1, 2]", "{}", "\x00\x01", "Model,Request Count\nm,3\n"]
)
def test_what_is_of_no_known_format_is_refused_with_the_known_ones(text):
    with pytest.raises(UnrecognisedError) as caught:
        Reading(io.StringIO(text, newline=""), "x.csv")
    assert "x.csv is not a file of any known format" in str(caught.value.problem)
    assert "cursor-csv" in str(caught.value.problem)


def test_a_format_that_was_named_and_does_not_fit_is_refused():
    with pytest.raises(UnrecognisedError) as caught:
        Reading(io.StringIO(f"{CURSOR}\n{GOOD}\n", newline=""), "x.csv", "copilot-csv")
    assert "It looks like a Cursor usage export (cursor-csv)" in str(caught.value.problem)
    assert len(read_text(f"{CURSOR}\n{GOOD}\n", "x.csv", "cursor-csv")) == 1


def test_metrics_and_spans_tell_the_same_usage_again_and_are_no_usage():
    metrics = '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"claude_code.cost.usage"}]}]}]}\n{"resourceSpans":[]}\n'
    assert read_text(metrics) == []


def test_a_bad_event_in_a_batch_does_not_hide_the_others():
    first = json.loads(text_of("otlp.jsonl").splitlines()[1])
    events = first["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    next(each for each in events[0]["attributes"] if each["key"] == "output_tokens")["value"] = {"stringValue": "many"}
    assert kinds(json.dumps(first)) == ["bad", "good"]
    assert complaint(json.dumps(first)) == "line 1, output_tokens: expected a number"
