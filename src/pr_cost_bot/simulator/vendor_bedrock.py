"""Bedrock's model invocation log in CloudWatch Logs and S3, behind signatures that are really checked.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html,
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html and
https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html. `Call.person` is the role's session name.
"""

import gzip
import json
import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import escape

from pr_cost_bot.simulator.server import Handler, Request, Response
from pr_cost_bot.simulator.vendor_world import Call, World, broken, claude_usage, user_id

ACCESS_KEY, ACCOUNT, REGION = "AKIDSIMULATED", "123456789012", "eu-west-1"
LOG_GROUP, BUCKET = "/acme/bedrock", "acme-bedrock-logs"
_TARGET = "Logs_20140328.FilterLogEvents"
_CODES = {401: "ExpiredTokenException", 403: "AccessDeniedException", 404: "ResourceNotFoundException"}
_CODES |= {429: "ThrottlingException", 500: "InternalFailure"}
_S3_CODES = {401: "ExpiredToken", 403: "AccessDenied", 404: "NoSuchBucket", 429: "SlowDown", 500: "InternalError"}
_S3_STATUS = {401: 400, 429: 503}
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,]+)/(\d{8})/([^/,]+)/([^/,]+)/aws4_request, SignedHeaders=([a-z0-9;-]+), "
    r"Signature=([0-9a-f]{64})"
)


def error(status: int, message: str) -> Response:
    """What CloudWatch Logs says: the fault in the body, mostly with 400."""
    return Response.of(
        {"__type": _CODES.get(status, "InvalidParameterException"), "message": message}, max(400, status // 500 * 500)
    )


def s3_error(status: int, message: str) -> Response:
    """What S3 says."""
    code = _S3_CODES.get(status, "InvalidRequest")
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>'
    return Response(_S3_STATUS.get(status, status), text.encode(), {"Content-Type": "application/xml"})


def bedrock(world: World, page_size: int = 10_000, list_size: int = 1000) -> Handler:
    """The handler for `Server`. `world.keys["bedrock"]` is the secret key."""

    def answer(request: Request) -> Response:
        refused = s3_error if request.method == "GET" else error
        if fault := signature_fault(request, world.keys["bedrock"]):
            return refused(401, fault)
        if request.method == "POST":
            return _events(world, request, page_size)
        return _s3(world, request, list_size)

    return lambda request: broken(world, "bedrock", request, answer, s3_error if request.method == "GET" else error)


def signature_fault(request: Request, secret: str) -> str:
    """Why the request's signature is none, or empty."""
    from botocore.auth import S3SigV4Auth, SigV4Auth  # noqa: PLC0415 - an extra
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415 - an extra
    from botocore.credentials import Credentials  # noqa: PLC0415 - an extra

    given = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if not given:
        return "Missing Authentication Token"
    access_key, _, region, service, names, signature = given.groups()
    needed = {"host", "x-amz-date", *({"content-type", "x-amz-target"} if service == "logs" else {"x-amz-content-sha256"})}
    if access_key != ACCESS_KEY or needed - set(names.split(";")):
        return "The security token included in the request is invalid."
    signed = AWSRequest(
        method=request.method,
        url=f"http://{request.headers['host']}{request.target}",
        data=request.body,
        headers={name: request.headers[name] for name in names.split(";")},
    )
    signed.context["timestamp"] = request.headers["x-amz-date"]
    signer = (S3SigV4Auth if service == "s3" else SigV4Auth)(Credentials(access_key, secret), service, region)
    expected = signer.signature(signer.string_to_sign(signed, signer.canonical_request(signed)), signed)
    return "" if expected == signature else "The request signature we calculated does not match the signature you provided."


def entry(call: Call) -> dict[str, Any]:
    """A call as Bedrock logs it."""
    start, end = claude_usage(call.tokens)
    stream = [{"type": "message_start", "message": {"usage": start}}, {"type": "message_delta", "usage": end}]
    said = dict(tag.split(":", 1) for tag in call.tags)
    return {
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        "timestamp": call.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "accountId": ACCOUNT,
        "identity": {"arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Developers/{call.person}"},
        "region": REGION,
        "requestId": user_id(f"{call.person} {call.at} {call.model}", ""),
        "operation": "InvokeModelWithResponseStream",
        "modelId": call.model,
        "input": {"inputContentType": "application/json", "inputBodyJson": {"messages": ["SECRET PROMPT"]}},
        "output": {"outputContentType": "application/json", "outputBodyJson": stream, "outputTokenCount": call.tokens.output},
        **({"requestMetadata": said} if said else {}),
    }


def _events(world: World, request: Request, page_size: int) -> Response:
    body = request.json()
    if request.headers.get("x-amz-target") != _TARGET or request.headers.get("content-type") != "application/x-amz-json-1.1":
        return error(400, "unknown operation")
    if body.get("logGroupName") != LOG_GROUP and not str(body.get("logGroupIdentifier")).endswith(f":log-group:{LOG_GROUP}"):
        return error(404, "The specified log group does not exist.")
    if body.get("filterPattern") != '{ $.schemaType = "ModelInvocationLog" }':
        return error(400, "Invalid filter pattern")
    first, last, start = body["startTime"], body["endTime"], int(body.get("nextToken") or 0)
    calls = [call for call in world.visible("bedrock") if first <= _millis(call.at) <= last]
    end = start + min(page_size, body.get("limit", page_size))
    events = [
        {
            "eventId": str(n),
            "timestamp": _millis(call.at),
            "ingestionTime": _millis(call.at),
            "message": json.dumps(entry(call)),
        }
        for n, call in enumerate(calls[start:end])
    ]
    more = {"nextToken": str(end)} if end < len(calls) else {}
    return Response.of({"events": events, "searchedLogStreams": [], **more})


def _millis(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def objects(world: World) -> Mapping[str, bytes]:
    """Everything in the bucket: packed logs by hour, a large body, and the file with which Bedrock tried its permission."""
    root = f"team/AWSLogs/{ACCOUNT}/BedrockModelInvocationLogs/"
    hours: dict[str, list[Call]] = defaultdict(list)
    for call in world.visible("bedrock"):
        at = call.at.astimezone(UTC)
        hours[f"{root}{REGION}/{at:%Y/%m/%d/%H}/{at:%Y%m%dT%H}{at.minute // 10}0000Z_0a=b.json.gz"].append(call)
    found = {key: gzip.compress("\n".join(json.dumps(entry(c)) for c in calls).encode()) for key, calls in hours.items()}
    found |= {f"{key.rpartition('/')[0]}/data/x_input.json.gz": b"SECRET PROMPT" for key in list(found)}
    return {f"{root}amazon-bedrock-logs-permission-check": b"", **dict(sorted(found.items()))}


def _s3(world: World, request: Request, list_size: int) -> Response:
    bucket, _, key = unquote(request.path).lstrip("/").partition("/")
    if bucket != BUCKET:
        return s3_error(404, "The specified bucket does not exist")
    held = objects(world)
    if key:
        body = held.get(key)
        return s3_error(404, "The specified key does not exist.") if body is None else Response(200, body)
    asked = {name: values[0] for name, values in request.query.items()}
    prefix, size = asked.get("prefix", ""), list_size
    mark = asked.get("delimiter", "\n")  # names hold none
    cut = [name[: name.find(mark, len(prefix)) + 1] or name for name in held if name.startswith(prefix)]
    names = sorted(dict.fromkeys(cut))
    start = int(asked.get("continuation-token", "0").removeprefix("more+/="))
    page = names[start : start + size]
    rows = [
        f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>"
        if name.endswith("/")
        else f"<Contents><Key>{escape(name)}</Key><Size>{len(held[name])}</Size></Contents>"
        for name in page
    ]
    more = start + size < len(names)
    token = f"<NextContinuationToken>more+/={start + size}</NextContinuationToken>" if more else ""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>{bucket}</Name><Prefix>{escape(prefix)}</Prefix><Delimiter>/</Delimiter><MaxKeys>{size}</MaxKeys>"
        f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>{token}{''.join(rows)}</ListBucketResult>"
    )
    return Response(200, text.encode(), {"Content-Type": "application/xml"})
