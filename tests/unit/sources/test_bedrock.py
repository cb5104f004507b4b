"""Bedrock's source against the documented answers, from memory."""

import gzip
import json
import subprocess
import sys
from decimal import Decimal
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from tests.unit.files.samples import records_of, text_of
from tests.unit.sources.canned import Answer, Canned, fixture, query

from pr_cost_bot.config import BedrockSettings
from pr_cost_bot.http_errors import Kind, kind_of
from pr_cost_bot.model import Identity, SourceState, Tokens
from pr_cost_bot.pricing import price
from pr_cost_bot.sources.bedrock import aws, bucket, log_group
from pr_cost_bot.sources.bedrock.source import Bedrock, make
from pr_cost_bot.sources.unset import Unset

DEV = Identity(person="dev", emails=("dev@example.com",))
ALICE = Identity(person="alice", login="alice")
ASKED = query(DEV, ALICE, start="2026-10-06T14:00:00", end="2026-10-06T15:00:00", now="2026-10-06T16:00:00")
ROOT = "AWSLogs/123456789012/BedrockModelInvocationLogs/"
OBJECT = f"/b/{ROOT}us-east-1/2026/10/06/14/20261006T141600Z_9f86d081.json.gz"
NO_MORE = fixture("bedrock/list-hour.xml").replace(b"Contents>", b"Other>")


def regions(text: bytes = fixture("bedrock/list-accounts.xml")) -> bytes:
    return text.replace(b"AWSLogs/123456789012/<", ROOT.encode() + b"us-east-1/<")


class Bucketful(Canned):
    """A bucket: lists by their prefix."""

    def __init__(self, lists: dict[str, bytes], objects: dict[str, Answer]) -> None:
        super().__init__(objects)
        self._lists = lists

    def send(self, method, path, timeout, **how):
        parts = urlsplit(path)
        if parts.query:
            asked = parse_qs(parts.query)
            assert (asked["list-type"], asked["delimiter"]) == (["2"], ["/"])
            self.answers = {**self.answers, path: self._lists.get(asked["prefix"][0], NO_MORE)}
        return super().send(method, path, timeout, **how)


def bucketful(body: bytes | None = None, **lists: bytes) -> Bucketful:
    found = {
        "AWSLogs/": fixture("bedrock/list-accounts.xml"),
        ROOT: regions(),
        f"{ROOT}us-east-1/2026/10/06/14/": fixture("bedrock/list-hour.xml"),
        **lists,
    }
    return Bucketful(found, {OBJECT: gzip.compress(text_of("bedrock.jsonl").encode()) if body is None else body})


def of_bucket(canned: Canned) -> Bedrock:
    return Bedrock([bucket.Bucket(canned, "b", "/b", "")])


def of_group(canned: Canned) -> Bedrock:
    return Bedrock([log_group.LogGroup(canned, "/acme/bedrock")])


def events(body: bytes = fixture("bedrock/filter-log-events.json")) -> Canned:
    """The entries come once, however the time is cut into pieces."""
    first = [body]
    return Canned({"/": lambda _: first.pop() if first else b'{"events": []}'})


@pytest.mark.parametrize("source", [of_group(events()), of_bucket(bucketful())], ids=["group", "bucket"])
def test_the_documented_entries_give_known_figures(source):
    answer = source.fetch(ASKED)
    assert (answer.status.state, answer.status.unknown_people) == (SourceState.OK, ())
    stream, converse = answer.records
    assert (stream.actor, stream.source, stream.provider) == ("dev@example.com", "bedrock", "aws")
    assert (stream.tokens, stream.terms.cache_write_1h) == (Tokens(41568, 40000, 300, 312), 200)
    assert (stream.repository, stream.branch) == ("acme/web", "fix/login")
    assert (converse.actor, converse.model) == ("alice", "global.anthropic.claude-opus-5-5")
    # $3.30, $0.33, $4.125 (an hour: $6.60) and $16.50 per million: 1268, 40000, 100 (200) and 312 tokens.
    (priced,) = [record for record in price(answer.records, ()).records if record.id == stream.id]
    usd = (
        Decimal("3.30") * 1268
        + Decimal("0.33") * 40000
        + Decimal("4.125") * 100
        + Decimal("6.60") * 200
        + Decimal("16.50") * 312
    )
    assert priced.cost_usd == usd / 10**6 == Decimal("0.0242649")


def test_a_files_reading_and_the_live_one_have_the_same_ids():
    assert [r.id for r in of_group(events()).fetch(ASKED).records] == [r.id for r in records_of("bedrock.jsonl")]


def test_only_the_entries_of_the_people_asked_for_count():
    only = msgspec.structs.replace(ASKED, people=(ALICE, Identity(person="eve", emails=("eve@example.com",))))
    answer = of_group(events()).fetch(only)
    assert [record.actor for record in answer.records] == ["alice"]
    assert answer.status.unknown_people == ("eve",)


def test_whole_arns_may_stand_in_the_configuration():
    arn = "arn:aws:sts::123456789012:assumed-role/Developers/dev@example.com"
    bot = Identity(person="bot", vendors={"bedrock": (arn,)})
    (record,) = of_group(events()).fetch(msgspec.structs.replace(ASKED, people=(bot,))).records
    assert record.actor == arn.lower()


def test_a_log_group_is_asked_for_its_own_entries_and_times():
    canned = events()
    of_group(canned).fetch(ASKED)
    bodies = sorted((how["json"] for _, how in canned.asked), key=lambda each: each["startTime"])
    assert {body["logGroupName"] for body in bodies} == {"/acme/bedrock"}
    assert bodies[0]["startTime"] == int(ASKED.start.timestamp()) * 1000
    assert bodies[-1]["endTime"] == int(ASKED.end.timestamp() + 3600) * 1000 - 1  # calls are logged when they have ended
    gaps = {later["startTime"] - sooner["endTime"] for sooner, later in pairwise(bodies)}
    assert gaps <= {1}


def test_an_arn_names_a_log_group_of_another_account():
    canned = events()
    Bedrock([log_group.LogGroup(canned, "arn:aws:logs:eu-west-1:1:log-group:/acme")]).fetch(ASKED)
    assert {how["json"].get("logGroupIdentifier") for _, how in canned.asked} == {"arn:aws:logs:eu-west-1:1:log-group:/acme"}


@pytest.mark.parametrize("pages", [[{"events": [], "nextToken": "a"}] * 9])
def test_pages_that_lead_nowhere_are_told(pages):
    answer = of_group(Canned({"/": json.dumps(pages[0]).encode()})).fetch(ASKED)
    assert answer.status.state is SourceState.PARTIAL
    assert "the way to them leads nowhere" in str(answer.status.problem)


def test_a_list_that_announces_more_but_not_how_is_told():
    cut = regions().replace(b"<IsTruncated>false", b"<IsTruncated>true")
    answer = of_bucket(bucketful(**{ROOT: cut})).fetch(ASKED)
    assert answer.status.state is SourceState.FAILED
    assert "more objects are announced" in str(answer.status.problem)


@pytest.mark.parametrize("body", [b"", b"<a", b"<html/>", b"<!DOCTYPE x [<!ENTITY a 'b'>]><ListBucketResult/>", b"\xff"])
def test_what_is_no_list_is_told(body):
    answer = of_bucket(bucketful(**{"AWSLogs/": body})).fetch(ASKED)
    assert answer.status.state is SourceState.FAILED
    assert "not a list of objects" in str(answer.status.problem)


def test_large_bodies_beside_the_log_are_never_fetched():
    canned = bucketful()
    of_bucket(canned).fetch(ASKED)
    assert [path for path, _ in canned.asked if "list-type" not in path] == [OBJECT]


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (
            400,
            b'{"__type":"ThrottlingException","message":"Rate exceeded"}',
            Kind.RATE_LIMITED,
            "ThrottlingException: Rate exceeded",
        ),
        (
            400,
            b'{"__type":"com.amazonaws.logs#AccessDeniedException","Message":"no"}',
            Kind.FORBIDDEN,
            "AccessDeniedException: no",
        ),
        (400, b'{"__type":"ExpiredTokenException"}', Kind.UNAUTHORIZED, "ExpiredTokenException"),
        (400, b'{"__type":"ResourceNotFoundException","message":"gone"}', Kind.NOT_FOUND, "ResourceNotFoundException: gone"),
        (503, b"<Error><Code>SlowDown</Code><Message>later</Message></Error>", Kind.RATE_LIMITED, "SlowDown: later"),
        (400, b"<Error><Code>ExpiredToken</Code></Error>", Kind.UNAUTHORIZED, "ExpiredToken"),
        (301, b"<Error><Code>PermanentRedirect</Code></Error>", Kind.REJECTED, "PermanentRedirect"),
        (400, b"[]", Kind.REJECTED, ""),
        (500, b"\xff\xfe", Kind.SERVER, ""),
    ],
)
def test_aws_says_in_the_body_what_others_say_with_the_status(status, body, kind, said):
    meant, text = aws.refusal(status, body)
    assert (kind_of(meant), text) == (kind, said)


def test_addresses_are_those_of_the_region():
    credentials = aws.Credentials()
    group = log_group.open_log_group("g", "cn-north-1", None, credentials)
    plain = bucket.open_bucket("b1", "", "eu-west-1", None, (credentials, None))
    dotted = bucket.open_bucket("b.1", "", "eu-west-1", None, (credentials, None))
    assert group._connection.base_url == "https://logs.cn-north-1.amazonaws.com.cn"
    assert (plain._connection.base_url, plain._path) == ("https://b1.s3.eu-west-1.amazonaws.com", "")
    assert (dotted._connection.base_url, dotted._path) == ("https://s3.eu-west-1.amazonaws.com", "/b.1")


def test_a_log_without_a_region_fails_with_the_line_that_helps():
    source = make(BedrockSettings(log_group="g"), environ={})
    assert isinstance(source, Unset)
    assert "regions: [us-east-1]" in str(source.fetch(ASKED).status.problem)
    assert isinstance(make(BedrockSettings(log_group="g"), environ={"AWS_REGION": "eu-west-1"}), Bedrock)


def test_several_regions_are_all_read():
    two = make(BedrockSettings(log_group="g", regions=("eu-west-1", "us-east-1")), environ={})
    assert [log._connection.base_url.split(".")[1] for log in two._logs] == ["eu-west-1", "us-east-1"]


@pytest.mark.parametrize(
    ("missing", "section", "extra"),
    [
        ("botocore", "bedrock=BedrockSettings(log_group='g')", "aws"),
        ("google", "vertex=VertexSettings(table='acme-ai.d.t')", "google"),
    ],
)
def test_without_the_extra_the_source_says_what_to_install(missing, section, extra):
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "import importlib.util as u; real = u.find_spec\n"
        f"def find(name, *a):\n  if name.split('.')[0] == {missing!r}: return None\n  return real(name, *a)\n"
        "u.find_spec = find\n"
        "from pr_cost_bot.sources import active_sources\n"
        "from pr_cost_bot.config import BedrockSettings, Sources, VertexSettings\n"
        f"(source,) = active_sources({{}}, Sources({section}))\n"
        "from datetime import UTC, datetime\n"
        f"assert 'with the extra `{extra}`' in str(source.inspect(datetime.now(UTC)).problem)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
