"""Whatever stands in a file: usage, a bad row with its line, or a refusal; never a crash."""

import csv
import io
import json
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.files.samples import FIXTURES, NAMES, text_of
from tests.unit.json_values import paths, put

from pr_cost_bot.files import FORMATS, BadRow, Reading, UnrecognisedError, Usage
from pr_cost_bot.files.kept import Kept
from pr_cost_bot.files.reading import TABLE_FORMATS
from pr_cost_bot.sources.opened import FileError, open_path

CSVS = [name for name in NAMES if name.endswith(".csv")]
JSONS = [name for name in NAMES if not name.endswith(".csv")]

odd = st.sampled_from(
    [
        "",
        "-",
        "NaN",
        "$1,234.56",
        "Included",
        "-1",
        "1e99",
        "9" * 400,
        "5/29/26",
        "2026-11-20",
        "0001-01-01T00:00:00+14:00",
        '"',
        "\x00",
    ]
)
cells = odd | st.text(max_size=12) | st.integers().map(str) | st.floats().map(str) | st.datetimes().map(str)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | cells
jsons = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3), max_leaves=8
)
few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def check(text: str, name: str = "x-2026-11-19-to-2026-11-19.csv", format_name: str | None = None) -> list[Any]:
    try:
        reading = Reading(io.StringIO(text, newline=""), name, format_name)
    except UnrecognisedError:
        return []
    rows, kept = list(reading), Kept()
    for row in rows:
        if isinstance(row, BadRow):
            assert row.line >= 1
            assert row.expected
            assert row.column or row.expected
            continue
        record = row.record
        assert record.id
        assert record.source
        assert record.start <= record.end
        assert record.start.utcoffset() is not None
        tokens = record.tokens
        assert min(tokens.input, tokens.output, tokens.cache_read, tokens.cache_write) >= 0
        assert tokens.cache_read + tokens.cache_write <= tokens.input
        for amount in (record.cost_usd, record.billed_usd):
            assert amount is None or amount >= 0
        if reading.format:
            kept.add(record, reading.format)
    assert len({record.id for record in kept.records()}) == len(kept.records())
    return rows


@few
@given(st.text(max_size=200))
def test_any_text(text):
    check(text)


@few
@given(st.sampled_from(CSVS), st.data())
def test_any_cell_of_a_table(name, data):
    header, *rows = list(csv.reader(io.StringIO(text_of(name), newline="")))
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow(header)
    place = data.draw(st.integers(0, len(rows) - 1))
    for number, row in enumerate(rows):
        if number == place:
            row[data.draw(st.integers(0, len(row) - 1))] = data.draw(cells)
        writer.writerow(row)
    check(target.getvalue(), name)


@few
@given(st.sampled_from([known.name for known in TABLE_FORMATS]), st.lists(cells, max_size=20), st.lists(cells, max_size=20))
def test_any_row_under_any_header(format_name, header, row):
    check(",".join(header) + "\n" + ",".join(row), format_name=format_name)


@few
@given(st.sampled_from(JSONS), st.data())
def test_any_value_anywhere_in_a_document(name, data):
    decoder, text = json.JSONDecoder(), text_of(name).strip()
    value, _ = decoder.raw_decode(text)
    wrong = put(value, data.draw(st.sampled_from(paths(value))), data.draw(jsons))
    check(json.dumps(wrong), name, format_name=data.draw(st.sampled_from([None, *FORMATS])))
    check(json.dumps(wrong, indent=1), name)


@few
@given(st.sampled_from(JSONS), jsons)
def test_any_line_among_good_ones(name, value):
    good = text_of(name).splitlines()
    if json_lines(good):
        check("\n".join([good[0], json.dumps(value), *good]), name)


def json_lines(lines: list[str]) -> bool:
    try:
        return all(isinstance(json.loads(line), dict) for line in lines)
    except ValueError:
        return False


@few
@given(st.sampled_from(NAMES), st.binary(max_size=60), st.integers(0, 2000))
def test_any_bytes_anywhere_in_a_file(tmp_path_factory, name, noise, place):
    data = (FIXTURES / name).read_bytes()
    path = tmp_path_factory.mktemp("noise") / name
    path.write_bytes(data[:place] + noise + data[place:])
    with suppress(FileError, UnrecognisedError), open_path(path, name) as lines:
        assert all(isinstance(row, BadRow | Usage) for row in Reading(lines, name))


def test_deep_nesting_is_a_bad_row():
    deep = "[" * 100_000
    good = text_of("usage.jsonl").splitlines()[0]
    rows = check("\n".join([good, deep, '{"a":' * 50_000, good]))
    assert [isinstance(row, BadRow) for row in rows] == [False, True, True, False]
