"""Bedrock and Vertex, each log against a fake that checks signatures, tokens and bound parameters."""

import gzip
import json
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import get_session
from tests.integration.sources.clouds import BEDROCK, LOGS, SECRETS, VERTEX, job, name_of, service_account, serving, world
from tests.integration.sources.worlds import NOW, QUERY, QUICK, calls

from pr_cost_bot.config import BedrockSettings, VertexSettings
from pr_cost_bot.model import NO_TOKENS, Identity, SourceState
from pr_cost_bot.pricing import price
from pr_cost_bot.simulator import vendor_bedrock, vendor_vertex
from pr_cost_bot.simulator.server import Handler, Request, Response
from pr_cost_bot.simulator.vendors import Call, World
from pr_cost_bot.sources.bedrock import source as bedrock
from pr_cost_bot.sources.cache import cached
from pr_cost_bot.sources.vertex import source as vertex

__all__ = ["job", "service_account"]
pytestmark = pytest.mark.usefixtures("job")

SAID = {
    "401": {"bedrock": "credentials", "vertex": "credentials"},
    "403": {"bedrock": "AccessDenied", "vertex": "simulated 403"},
    "404": {"bedrock": "no such log group or bucket", "vertex": "no such table"},
    "429": {"bedrock": "limit", "vertex": "quota"},
    "429-retry-after": {"bedrock": "asks to wait 3600 s", "vertex": "asks to wait 3600 s"},
    "500": {"bedrock": "500", "vertex": "500"},
    "hang": {"bedrock": "did not answer in time", "vertex": "did not answer in time"},
    "half": {"bedrock": "broke off in the middle", "vertex": "broke off in the middle"},
    "not-json": {"bedrock-logs": "not JSON", "bedrock-bucket": "not a list of objects", "vertex": "not JSON"},
    "wrong-shape": {
        "bedrock-logs": "unexpected shape",
        "bedrock-bucket": "not a list of objects",
        "vertex": "unexpected shape",
    },
}


def said(log: str, mode: str) -> str:
    return SAID[mode].get(log) or SAID[mode][name_of(log)]


def mine(over: World) -> list:
    return [call for call in over.calls if call.person == "Dev@example.com"]


def tokens_of(items: object) -> object:
    return sum((item.tokens for item in items), NO_TOKENS)


@pytest.mark.parametrize("log", LOGS)
def test_records_sum_to_what_the_log_holds_of_the_person(log):
    over = world(log)
    with serving(log, over) as (source, server):
        answer = source.fetch(QUERY)
        statuses = {e.response.status for e in server.exchanges}
        sent = [(e.request.target, e.request.body) for e in server.exchanges if e.request.path != "/token"]
    assert answer.status.state is SourceState.OK, answer.status.problem
    assert statuses == {200}
    assert {record.actor for record in answer.records} == {"dev@example.com"}
    assert {record.source for record in answer.records} == {source.name}
    assert len(answer.records) == 30
    assert tokens_of(answer.records) == tokens_of(mine(over))
    assert answer.status.fresh_until == NOW - timedelta(minutes=15)
    assert answer.status.settles_after == timedelta(days=1)
    assert "SECRET" not in repr(answer)
    if name_of(log) == "bedrock":
        assert len(set(sent)) == len(sent)


@pytest.mark.parametrize("log", LOGS)
def test_every_call_has_a_price(log):
    with serving(log, world(log)) as (source, _):
        priced = price(source.fetch(QUERY).records, ())
    assert all(record.cost_usd for record in priced.records)


@pytest.mark.parametrize(
    ("log", "sizes"),
    [
        ("bedrock-logs", {"page_size": 3}),
        ("bedrock-bucket", {"list_size": 1}),
        ("vertex-table", {"page_size": 7, "polls": 3}),
        ("vertex-view", {"page_size": 7, "polls": 0}),
    ],
)
def test_small_pages_are_read_to_the_end(log, sizes):
    over = world(log)
    with serving(log, over, **sizes) as (source, server):
        answer = source.fetch(QUERY)
        count = len(server.exchanges)
    with serving(log, over) as (source, server):
        whole = source.fetch(QUERY)
        assert count > len(server.exchanges)
    assert answer == whole


@pytest.mark.parametrize("log", LOGS)
def test_the_window_is_half_open_to_the_second(log):
    over = world(log, count=0)
    at = (QUERY.start - timedelta(seconds=1), QUERY.start, QUERY.end - timedelta(seconds=1), QUERY.end)
    over.add(*[replace(call, at=when) for call, when in zip(calls(name_of(log), 4, "dev@example.com"), at, strict=True)])
    with serving(log, over) as (source, _):
        found = source.fetch(msgspec.structs.replace(QUERY, now=NOW + timedelta(hours=2)))
    assert [record.start for record in found.records] == [QUERY.start, QUERY.end - timedelta(seconds=1)]


@pytest.mark.parametrize("log", LOGS)
def test_a_session_or_name_of_no_known_form_counts_for_whom_the_configuration_names(log):
    over = world(log, count=0)
    over.add(*calls(name_of(log), 5, "session-7"), *calls(name_of(log), 5, "Octocat"))
    octo = Identity(person="octocat", login="octocat", vendors={name_of(log): ("Session-7",)})
    with serving(log, over) as (source, _):
        answer = source.fetch(msgspec.structs.replace(QUERY, people=(octo,)))
    assert len(answer.records) == 10
    assert answer.status.unknown_people == ()


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize("mode", list(SAID))
def test_each_failure_is_told_and_never_looks_like_nothing(log, mode):
    over = world(log, fail={name_of(log): mode})
    with serving(log, over, QUICK) as (source, _):
        status = source.fetch(QUERY).status
        seen = source.inspect(NOW)
    for problem in (status.problem, seen.problem):
        assert problem is not None
        assert said(log, mode) in str(problem)
        assert problem.remedy
        assert not any(secret in str(problem) for secret in SECRETS.values())
    assert status.state is SourceState.FAILED
    assert status.unknown_people == ()
    assert status.fresh_until is None


@pytest.mark.parametrize("log", LOGS)
def test_a_passing_refusal_leaves_no_trace(log):
    over = world(log, fail={name_of(log): "429-once"})
    with serving(log, over, QUICK) as (source, _):
        assert source.fetch(QUERY).status.state is SourceState.OK


@pytest.mark.parametrize("log", LOGS)
def test_doctor_sees_every_log(log):
    with serving(log, world(log)) as (source, _):
        (sentence,) = source.inspect(NOW).sees
    assert "every logged call" in sentence


@pytest.mark.parametrize("log", list(BEDROCK))
def test_a_wrong_secret_key_is_refused_and_never_shown(log, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another-secret")
    with serving(log, world(log), QUICK) as (source, _):
        status = source.fetch(QUERY).status
    assert status.state is SourceState.FAILED
    assert "credentials of this job are wrong or have expired" in str(status.problem)
    assert "another-secret" not in repr(status)


@pytest.mark.parametrize("log", list(BEDROCK))
def test_a_token_of_a_role_is_sent_along(log, monkeypatch):
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token-of-the-role")
    with serving(log, world(log)) as (source, server):
        assert source.fetch(QUERY).status.state is SourceState.OK
        headers = [exchange.request.headers for exchange in server.exchanges]
    assert {each["x-amz-security-token"] for each in headers} == {"token-of-the-role"}
    assert all("x-amz-security-token" in each["authorization"] for each in headers)


@pytest.mark.parametrize("log", list(BEDROCK))
def test_a_job_that_did_not_sign_in_at_aws_is_told_how(log, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with serving(log, world(log), QUICK) as (source, server):
        problem = str(source.fetch(QUERY).status.problem)
        assert not server.exchanges
    assert "there are no AWS credentials" in problem
    assert "aws-actions/configure-aws-credentials" in problem


@pytest.mark.parametrize("broken", ["", "{}", '{"type": "service_account"}'])
def test_a_job_with_a_broken_sign_in_at_google_is_told_how(broken, monkeypatch, tmp_path):
    (tmp_path / "account.json").write_text(broken)
    with serving("vertex-table", world("vertex-table"), QUICK) as (source, _):
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "account.json"))
        problem = str(source.fetch(QUERY).status.problem)
    assert "no token can be had" in problem
    assert "google-github-actions/auth" in problem


def test_a_sign_in_that_google_refuses_is_told():
    over = world("vertex-table")
    over.keys["vertex"] = ""
    with serving("vertex-table", over, QUICK) as (source, _):
        problem = str(source.fetch(QUERY).status.problem)
    assert "no token can be had (RefreshError)" in problem


def test_a_token_that_expires_early_is_told():
    over = world("vertex-table")
    with serving("vertex-table", over, QUICK) as (source, _):
        assert source.fetch(QUERY).status.state is SourceState.OK
        over.keys["vertex"] = "another-token"
        problem = str(source.fetch(QUERY).status.problem)
    assert "wrong or have expired" in problem
    assert "another-token" not in problem


def test_what_is_in_both_of_bedrocks_logs_counts_once():
    over = world("bedrock-logs")
    with serving("bedrock-logs", over) as (source, server):
        expected = source.fetch(QUERY).records
        both = BedrockSettings(
            base_url=server.url, regions=("eu-west-1",), **BEDROCK["bedrock-logs"], **BEDROCK["bedrock-bucket"]
        )
        assert bedrock.make(both).fetch(QUERY).records == expected
        assert len(bedrock.make(both).inspect(NOW).sees) == 2


def test_one_log_of_two_that_fails_leaves_a_partial_answer():
    over = world("bedrock-logs")
    with serving("bedrock-logs", over) as (_, server):
        both = BedrockSettings(base_url=server.url, regions="eu-west-1", log_group="/gone", **BEDROCK["bedrock-bucket"])
        answer = bedrock.make(both).fetch(QUERY)
    assert answer.status.state is SourceState.PARTIAL
    assert "A part of its usage is missing" in str(answer.status.problem)
    assert len(answer.records) == 30


@pytest.mark.parametrize("log", LOGS)
def test_what_was_read_before_a_log_stopped_answering_counts(log):
    over = world(log)

    def stops(handler: Handler) -> Handler:
        def answer(request: Request) -> Response:
            later = b"nextToken" in request.body or "pageToken" in request.query or "/14/" in request.path
            return Response(pause=3600) if later else handler(request)

        return answer

    sizes = {"bedrock-logs": {"page_size": 3}, "bedrock-bucket": {}}.get(log, {"page_size": 7})
    with serving(log, over, QUICK, **sizes) as (source, server):
        server.handler = stops(server.handler)
        answer = source.fetch(QUERY)
    assert answer.status.state is SourceState.PARTIAL
    assert "did not answer in time" in str(answer.status.problem)
    assert 0 < len(answer.records) < 30


def test_a_role_that_may_list_but_not_read_has_read_nothing():
    with serving("bedrock-bucket", world("bedrock-bucket"), QUICK) as (source, server):
        handler = server.handler
        server.handler = lambda r: vendor_bedrock.s3_error(403, "no") if r.path.endswith(".json.gz") else handler(r)
        status = source.fetch(QUERY).status
    assert status.state is SourceState.FAILED
    assert "AccessDenied" in str(status.problem)
    assert "Give it the IAM policy of docs/bedrock-vertex.md" in str(status.problem)


def test_a_table_that_is_missing_is_named():
    with serving("vertex-table", world("vertex-table")) as (_, server):
        other = VertexSettings(base_url=server.url, table=f"{vendor_vertex.PROJECT}.logs.gone")
        problem = str(vertex.make(other).fetch(QUERY).status.problem)
    assert "Not found: Table acme-ai:logs.gone" in problem


@pytest.mark.parametrize(
    ("junk", "expected"),
    [
        (b"\x1f\x8b\x08\x00 cut off", "breaks off"),
        (b"<html>", "not a file of the format bedrock"),
        (b"{}\n{}", "not a file of the format bedrock"),
        (
            gzip.compress(json.dumps({"schemaType": "ModelInvocationLog", "timestamp": "?"}).encode(), mtime=0),
            "timestamp: expected a time",
        ),
    ],
)
def test_an_object_that_cannot_be_read_is_told_and_the_others_count(junk, expected, monkeypatch):
    over = world("bedrock-bucket")
    held = dict(vendor_bedrock.objects(over))
    folder = next(key for key in held if key.endswith("b.json.gz")).rpartition("/")[0]
    monkeypatch.setattr(vendor_bedrock, "objects", lambda _: {**held, f"{folder}/junk é+%.json.gz": junk})
    with serving("bedrock-bucket", over) as (source, _):
        answer = source.fetch(QUERY)
    assert answer.status.state is SourceState.PARTIAL
    assert expected in str(answer.status.problem)
    assert len(answer.records) == 30


def test_an_entry_that_cannot_be_read_is_told_and_the_others_count(monkeypatch):
    over = world("bedrock-logs")
    good = vendor_bedrock.entry

    def bad(call: Call) -> dict:
        return {**good(call), "input": {"inputTokenCount": -1}, "output": {}} if call == over.calls[0] else good(call)

    monkeypatch.setattr(vendor_bedrock, "entry", bad)
    with serving("bedrock-logs", over) as (source, _):
        answer = source.fetch(QUERY)
    assert answer.status.state is SourceState.PARTIAL
    assert "1 entry of the log cannot be read" in str(answer.status.problem)
    assert len(answer.records) == 29


def test_awss_own_client_reads_the_same_from_the_fake():
    """The fake is what AWS says it is: its own library takes the fake's pages and the fake takes its signatures."""
    over = world("bedrock-logs")
    with serving("bedrock-logs", over, page_size=25, list_size=2) as (_, server):
        session = get_session()
        logs, s3 = (
            session.create_client(
                name,
                "eu-west-1",
                endpoint_url=server.url,
                config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
            )
            for name in ("logs", "s3")
        )
        pattern, times = '{ $.schemaType = "ModelInvocationLog" }', {"startTime": 0, "endTime": 2**42}
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=vendor_bedrock.LOG_GROUP, filterPattern=pattern, **times
        )
        events = [event for page in pages for event in page["events"]]
        listed = s3.get_paginator("list_objects_v2").paginate(Bucket=vendor_bedrock.BUCKET, Prefix="team/", Delimiter="|")
        keys = [each["Key"] for page in listed for each in page["Contents"]]
        bodies = [s3.get_object(Bucket=vendor_bedrock.BUCKET, Key=key)["Body"].read() for key in keys if "=b.json" in key]
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            logs.filter_log_events(logGroupName="/gone", filterPattern=pattern, **times)
        with pytest.raises(ClientError, match="NoSuchBucket"):
            s3.list_objects_v2(Bucket="gone-bucket")
    lines = [json.loads(line) for body in bodies for line in gzip.decompress(body).splitlines()]
    assert sorted(line["requestId"] for line in lines) == sorted(json.loads(e["message"])["requestId"] for e in events)
    assert len(lines) == 60


def test_a_bucket_without_any_log_is_no_silent_nothing():
    over = world("bedrock-bucket", count=0)
    with serving("bedrock-bucket", over) as (source, _):
        status = source.fetch(QUERY).status
    assert status.state is SourceState.FAILED
    assert "there is no model invocation log in the bucket" in str(status.problem)


def test_requests_that_name_nobody_are_told_and_are_in_no_figure():
    over = world("vertex-table")
    over.calls = [replace(call, api_key="shared") for call in over.calls]
    with serving("vertex-table", over) as (source, _):
        status = source.fetch(QUERY).status
        assert status.state is SourceState.PARTIAL
        assert "none of the 60 calls in the log says who made it" in str(status.problem)
        over.add(*calls("vertex", 1, "dev@example.com", timedelta(minutes=11)))
        some = source.fetch(QUERY)
    assert some.status.state is SourceState.OK
    assert len(some.records) == 1
    assert any("60 calls in the log of Google Vertex without the name" in note for note in some.status.notes)


def test_names_that_a_caller_sends_are_marked_as_claims_and_those_of_google_are_not():
    for log, expected in (("vertex-table", True), ("vertex-view", False)):
        with serving(log, world(log)) as (source, _):
            notes = source.fetch(QUERY).status.notes
        assert any("checked by nobody" in note for note in notes) == expected


def test_metadata_of_a_call_leads_to_its_pull_request():
    over = world("bedrock-logs", count=0)
    over.add(*[replace(call, tags=("pr:acme/web#42", "branch:feat/x")) for call in calls("bedrock", 3, "dev@example.com")])
    with serving("bedrock-logs", over) as (source, _):
        records = source.fetch(QUERY).records
    assert {(r.repository, r.pr_number, r.branch) for r in records} == {("acme/web", 42, "feat/x")}


@pytest.mark.parametrize("log", LOGS)
def test_days_that_are_over_are_kept_on_disk(log, tmp_path):
    over = world(log, count=0)
    over.add(*calls(name_of(log), 38, "dev@example.com", timedelta(hours=3)))
    week = msgspec.structs.replace(QUERY, start=NOW - timedelta(days=5))
    with serving(log, over) as (source, server):
        (kept,) = cached([source], tmp_path, NOW)
        first = kept.fetch(week)
        count = len([e for e in server.exchanges if e.request.path != "/token"])
        assert kept.fetch(week).records == first.records
        again = len([e for e in server.exchanges if e.request.path != "/token"]) - count
    assert len(first.records) == 38
    assert again <= count
    assert len(list(tmp_path.rglob("*.json"))) >= 3


def test_every_log_has_a_fake():
    assert set(LOGS) == {*BEDROCK, *VERTEX}
    assert vendor_bedrock.ACCOUNT in vendor_bedrock.entry(calls("bedrock", 1)[0])["identity"]["arn"]
