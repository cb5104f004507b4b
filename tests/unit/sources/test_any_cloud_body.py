"""Whatever a cloud sends: records or a clear error, never a crash."""

import gzip
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.files.samples import text_of
from tests.unit.json_values import paths, put, values
from tests.unit.sources import test_bedrock as aws
from tests.unit.sources import test_vertex as google
from tests.unit.sources.canned import Canned, body, fixture

from pr_cost_bot.model import SourceState
from pr_cost_bot.ports import Source

few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
EVENTS = json.loads(fixture("bedrock/filter-log-events.json"))
ENTRY = json.loads(EVENTS["events"][0]["message"])
TABLES = {"query-table": google.TABLE, "query-log-view": google.VIEW}


def check(source: Source, asked: Any) -> None:
    result = source.fetch(asked)
    assert source.refine(asked, result, []) == result
    assert (result.status.problem is None) == (result.status.state is SourceState.OK)
    assert len({record.id for record in result.records}) == len(result.records) == result.status.records
    for record in result.records:
        assert record.actor
        assert asked.start <= record.start <= record.end < asked.end
        assert record.tokens.cache_read + record.tokens.cache_write <= record.tokens.input
        assert record.pr_number is None or record.repository
    source.inspect(asked.now)


@few
@given(value=values)
def test_any_json_from_cloudwatch(value):
    check(aws.of_group(Canned({"/": body(value)})), aws.ASKED)


@few
@given(data=st.data())
def test_a_page_of_cloudwatch_with_any_one_place_changed(data):
    changed = put(EVENTS, data.draw(st.sampled_from(paths(EVENTS))), data.draw(values))
    check(aws.of_group(aws.events(body(changed))), aws.ASKED)


@few
@given(data=st.data())
def test_an_entry_of_bedrock_with_any_one_place_changed(data):
    changed = put(ENTRY, data.draw(st.sampled_from(paths(ENTRY))), data.draw(values))
    page = body({"events": [{"message": json.dumps(changed)}]})
    check(aws.of_group(aws.events(page)), aws.ASKED)
    check(aws.of_bucket(aws.bucketful(gzip.compress(json.dumps(changed).encode()))), aws.ASKED)


@few
@given(junk=st.binary(max_size=60), cut=st.integers(0, 400))
def test_any_bytes_from_a_bucket(junk, cut):
    check(aws.of_bucket(aws.bucketful(junk)), aws.ASKED)
    check(aws.of_bucket(aws.bucketful(gzip.compress(text_of("bedrock.jsonl").encode())[:cut])), aws.ASKED)
    check(aws.of_bucket(aws.bucketful(**{"AWSLogs/": junk})), aws.ASKED)
    listed = fixture("bedrock/list-accounts.xml")
    check(aws.of_bucket(aws.bucketful(**{"AWSLogs/": listed[:cut] + junk + listed[cut:]})), aws.ASKED)


@pytest.mark.parametrize("name", list(TABLES))
@few
@given(value=values)
def test_any_json_from_bigquery(name, value):
    check(google.vertex(Canned({google.PATH: body(value)}), TABLES[name]), google.ASKED)


@pytest.mark.parametrize("name", list(TABLES))
@few
@given(data=st.data())
def test_an_answer_of_bigquery_with_any_one_place_changed(name, data):
    good = json.loads(fixture(f"vertex/{name}.json"))
    changed = put(good, data.draw(st.sampled_from(paths(good))), data.draw(values))
    check(google.vertex(Canned({google.PATH: body(changed)}), TABLES[name]), google.ASKED)


@pytest.mark.parametrize("name", list(TABLES))
@few
@given(data=st.data())
def test_a_row_with_any_one_place_changed(name, data):
    good = json.loads(json.loads(fixture(f"vertex/{name}.json"))["rows"][0]["f"][0]["v"])
    changed = put(good, data.draw(st.sampled_from(paths(good))), data.draw(values))
    rows = [{"f": [{"v": json.dumps(changed)}]}]
    page = google.answer(name, rows=rows, totalRows="1")
    check(google.vertex(Canned({google.PATH: page}), TABLES[name]), google.ASKED)
