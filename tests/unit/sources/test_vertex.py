"""Vertex's source against the documented answers, from memory."""

import json
from decimal import Decimal

import msgspec
import pytest
from tests.unit.files.samples import records_of
from tests.unit.sources.canned import Canned, body, fixture, query

from pr_cost_bot.config import VertexSettings
from pr_cost_bot.http_errors import Kind, kind_of
from pr_cost_bot.model import Identity, SourceState, Tokens
from pr_cost_bot.pricing import price
from pr_cost_bot.sources.vertex import google, tables
from pr_cost_bot.sources.vertex.source import Vertex, make

DEV = Identity(person="dev", emails=("dev@example.com",))
OCTO = Identity(person="octocat", login="octocat")
ASKED = query(DEV, OCTO, start="2026-10-06T14:00:00", end="2026-10-06T15:00:00", now="2026-10-06T16:00:00")
PATH = "/bigquery/v2/projects/acme-ai/queries"
TABLE, VIEW = tables.bodies("acme-ai.logs.calls"), tables.entries("acme-ai.logs._Default")


def vertex(canned: Canned, *asked: tables.Table) -> Vertex:
    return Vertex(canned, [("acme-ai", table) for table in asked or (TABLE,)], VertexSettings(location="EU", max_gib=7))


def answer(name: str = "query-table", **changed: object) -> bytes:
    return body({**json.loads(fixture(f"vertex/{name}.json")), **changed})


def test_the_documented_rows_of_the_request_response_log_give_known_figures():
    found = vertex(Canned({PATH: answer()})).fetch(ASKED)
    assert (found.status.state, found.status.unknown_people) == (SourceState.OK, ())
    claude, gemini = found.records
    assert (claude.actor, claude.source, claude.provider) == ("dev@example.com", "vertex", "google")
    assert (claude.tokens, claude.terms.cache_write_1h) == (Tokens(41568, 40000, 300, 312), 200)
    assert (gemini.actor, gemini.tokens) == ("octocat", Tokens(1200, 800, 0, 130))
    assert any("1 call in the log of Google Vertex without the name" in note for note in found.status.notes)
    costs = [record.cost_usd for record in price(found.records, ()).records]
    # $3, $0.30, $3.75 (an hour: $6) and $15; $1.25, $0.125 and $10 per million.
    assert (
        costs[0] == (Decimal(3) * 1268 + Decimal("0.30") * 40000 + Decimal("3.75") * 100 + Decimal(6) * 200 + 15 * 312) / 10**6
    )
    assert costs[1] == (Decimal("1.25") * 400 + Decimal("0.125") * 800 + Decimal(10) * 130) / 10**6


def test_the_documented_entry_of_the_inference_log_gives_googles_own_figures():
    found = vertex(Canned({PATH: answer("query-log-view")}), VIEW).fetch(ASKED)
    (record,) = found.records
    assert (record.actor, record.tokens) == ("dev@example.com", Tokens(70825, 69079, 0, 14215))
    assert (record.source, record.product, record.session) == ("vertex", "antigravity_cli", "97383408")
    assert found.status.unknown_people == ("octocat",)


def test_a_files_reading_and_the_live_one_have_the_same_ids():
    live = vertex(Canned({PATH: answer()})).fetch(ASKED).records
    assert [r.id for r in live] == [r.id for r in records_of("vertex.jsonl") if r.actor]
    (entry,) = vertex(Canned({PATH: answer("query-log-view")}), VIEW).fetch(ASKED).records
    assert entry.id == records_of("google.json")[0].id


@pytest.mark.parametrize("table", [TABLE, VIEW], ids=["table", "view"])
def test_values_are_bound_and_only_the_tables_name_is_in_the_text(table):
    canned = Canned({PATH: answer(rows=[], totalRows="0")})
    vertex(canned, table).fetch(ASKED)
    ((_, how),) = canned.asked
    sent = how["json"]
    bound = {each["name"]: each["parameterValue"]["value"] for each in sent["queryParameters"]}
    assert bound["start"] == "2026-10-06T14:00:00.000000+00:00"
    assert bound["end"] == "2026-10-06T16:00:00.000000+00:00"  # an hour more: calls are logged when they have ended
    assert not any(value in sent["query"] for value in bound.values())
    assert all(f"@{name}" in sent["query"] for name in bound)
    assert f"FROM `{table.name}`" in sent["query"]
    assert (sent["useLegacySql"], sent["location"], sent["maximumBytesBilled"]) == (False, "EU", str(7 * 2**30))


def test_no_prompt_leaves_bigquery():
    for column in ("full_request", "full_response", "json_payload"):
        for table in (TABLE, VIEW):
            uses = table.text.count(column) - table.text.count(f"AS {column}\n") - table.text.count(f"AS {column},")
            picked = table.text.count(f"JSON_QUERY({column}, '$.") + table.text.count(f"JSON_QUERY_ARRAY({column})")
            assert uses == picked


def test_rows_that_are_missing_are_told():
    found = vertex(Canned({PATH: answer(totalRows="9")})).fetch(ASKED)
    assert found.status.state is SourceState.PARTIAL
    assert "4 rows of 9" in str(found.status.problem)


def test_a_page_that_fails_leaves_a_partial_answer():
    found = vertex(Canned({PATH: answer(pageToken="p2"), f"{PATH}/job_X8f": 500})).fetch(ASKED)
    assert found.status.state is SourceState.PARTIAL
    assert len(found.records) == 2


def test_pages_that_lead_nowhere_are_told():
    page = answer(pageToken="again")
    found = vertex(Canned({PATH: page, f"{PATH}/job_X8f": page})).fetch(ASKED)
    assert "the way to them leads nowhere" in str(found.status.problem)


def test_a_query_that_is_not_ready_is_waited_for():
    rows = [answer(), *[body({"jobComplete": False, "jobReference": {"jobId": "job_X8f"}})] * 2]
    canned = Canned({PATH: body({"jobComplete": False, "jobReference": {"jobId": "job_X8f"}})})
    canned.answers = {**canned.answers, f"{PATH}/job_X8f": lambda _: rows.pop()}
    assert len(vertex(canned).fetch(ASKED).records) == 2
    assert canned.count(f"{PATH}/job_X8f") == 3


@pytest.mark.parametrize("row", ["", "not json", "[]", "{}", '"text"'])
def test_a_row_of_another_shape_is_told_or_no_usage(row):
    rows = [*json.loads(answer())["rows"], {"f": [{"v": row}]}]
    found = vertex(Canned({PATH: answer(rows=rows, totalRows="5")})).fetch(ASKED)
    assert len(found.records) == 2


def test_a_row_with_impossible_counts_is_told():
    row = json.loads(json.loads(answer())["rows"][0]["f"][0]["v"])
    row["full_response"][1]["usage"]["input_tokens"] = -5
    found = vertex(Canned({PATH: answer(rows=[{"f": [{"v": json.dumps(row)}]}], totalRows="1")})).fetch(ASKED)
    assert found.status.state is SourceState.PARTIAL
    assert "input_tokens: expected a number of 0 or more" in str(found.status.problem)


def test_a_span_that_is_still_to_come_asks_nothing():
    canned = Canned({})
    later = msgspec.structs.replace(ASKED, now=ASKED.start)
    assert vertex(canned).fetch(later).status.state is SourceState.OK
    assert not canned.asked


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (403, "rateLimitExceeded", Kind.RATE_LIMITED),
        (403, "quotaExceeded", Kind.RATE_LIMITED),
        (403, "accessDenied", Kind.FORBIDDEN),
        (404, "notFound", Kind.NOT_FOUND),
        (400, "bytesBilledLimitExceeded", Kind.REJECTED),
        (401, "authError", Kind.UNAUTHORIZED),
    ],
)
def test_a_quota_that_is_used_up_is_no_missing_permission(status, reason, kind):
    said = {"error": {"code": status, "message": "why", "errors": [{"reason": reason}]}}
    meant, text = google.refusal(status, body(said))
    assert (kind_of(meant), text) == (kind, "why")


@pytest.mark.parametrize("junk", [b"", b"[]", b"\xff", b'{"error": "x"}', b'{"error": {"errors": 5}}'])
def test_an_error_body_of_another_shape_changes_nothing(junk):
    assert google.refusal(403, junk)[0] == 403


def test_queries_run_in_the_project_that_is_configured_else_in_the_tables():
    one, other = "acme-ai.logs.calls", "acme.com:acme-two.logs.calls"
    own = make(VertexSettings(table=(one, other), log_view="acme-ai.logs._Default"), environ={})
    assert [project for project, _ in own._tables] == ["acme-ai", "acme.com:acme-two", "acme-ai"]
    set_ = make(VertexSettings(table=one, project="acme-billing"), environ={"GOOGLE_CLOUD_PROJECT": "acme-job"})
    assert [project for project, _ in set_._tables] == ["acme-billing"]
