"""BigQuery's `jobs.query` and `jobs.getQueryResults` over Google's two logs of model calls.

https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/query. `Call.person` is the user; in the request-response log it
is what the caller sent, and nothing where the call has an `api_key`. The fake does not run SQL: it knows the two questions.
`/token` gives the token for the signed claim of a service account (RFC 7523).
"""

import json
import re
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from pr_cost_bot.simulator.server import Handler, Request, Response
from pr_cost_bot.simulator.vendor_world import Call, World, broken, claude_usage, user_id

PROJECT = "acme-ai"
TABLE, LOG_VIEW = f"{PROJECT}.vertex_logs.request_response_logging", f"{PROJECT}.log_bucket._Default"
_STATUS = {401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED"}
_REASONS = {401: "authError", 403: "accessDenied", 404: "notFound", 429: "rateLimitExceeded", 400: "invalidQuery"}
_FROM = re.compile(r"FROM `([^`]+)`\n")
_LIMIT = re.compile(r"LIMIT (\d+)$")


def error(status: int, message: str) -> Response:
    """Google's error body; a quota that is used up is a 403, too."""
    reason = _REASONS.get(status, "backendError")
    said = {"code": status, "message": message, "status": _STATUS.get(status, "INTERNAL")}
    body = {"error": {**said, "errors": [{"message": message, "domain": "global", "reason": reason}]}}
    return Response.of(body, 403 if status == 429 else status)


def vertex(world: World, page_size: int = 5000, polls: int = 1) -> Handler:
    """The handler for `Server`. `world.keys["vertex"]` is the token; a query is ready after so many `polls`."""
    jobs: dict[str, list[str]] = {}
    left: dict[str, int] = {}

    def answer(request: Request) -> Response:
        if request.path == "/token":
            return _token(world, request)
        if request.headers.get("authorization") != f"Bearer {world.keys['vertex']}":
            return error(401, "Request had invalid authentication credentials.")
        path = f"/bigquery/v2/projects/{PROJECT}/queries"
        if request.method == "POST" and request.path == path:
            body = request.json()
            if refused := _refused(body):
                return refused
            job = f"job_{body['requestId']}"
            jobs.setdefault(job, _rows(world, body))
            left.setdefault(job, polls)
            return _page(job, jobs[job], left, min(page_size, body["maxResults"]), 0)
        job = request.path.removeprefix(f"{path}/")
        if job not in jobs:
            return error(404, f"Not found: Job {job}")
        asked = {name: values[0] for name, values in request.query.items()}
        return _page(job, jobs[job], left, min(page_size, int(asked["maxResults"])), int(asked.get("pageToken", "0")))

    return lambda request: answer(request) if request.path == "/token" else broken(world, "vertex", request, answer, error)


def _token(world: World, request: Request) -> Response:
    given = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
    if (
        not world.keys["vertex"]
        or given.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer"
        or given.get("assertion", "").count(".") != 2
    ):
        return Response.of({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, 400)
    return Response.of({"access_token": world.keys["vertex"], "expires_in": 3600, "token_type": "Bearer"})


def _page(job: str, rows: list[str], left: dict[str, int], size: int, start: int) -> Response:
    head: dict[str, Any] = {"jobReference": {"projectId": PROJECT, "jobId": job, "location": "EU"}}
    if left[job] > 0:
        left[job] -= 1
        return Response.of({**head, "jobComplete": False})
    page = rows[start : start + size]
    more = {"pageToken": str(start + size)} if start + size < len(rows) else {}
    listed = {"rows": [{"f": [{"v": row}]} for row in page]} if page else {}
    return Response.of({**head, "jobComplete": True, "totalRows": str(len(rows)), **listed, **more})


def _refused(body: dict[str, Any]) -> Response | None:
    """What BigQuery refuses, and a query into which a value was written."""
    table = _FROM.search(body["query"])
    if table is None or body["useLegacySql"] or body["parameterMode"] != "NAMED" or int(body["maximumBytesBilled"]) < 1:
        return error(400, "Syntax error")
    if table[1] not in {TABLE, LOG_VIEW}:
        return error(404, f"Not found: Table {table[1].replace('.', ':', 1)} was not found in location EU")
    values = [each["parameterValue"]["value"] for each in body["queryParameters"]]
    named = {f"@{each['name']}" for each in body["queryParameters"]}
    if any(value in body["query"] for value in values) or not all(name in body["query"] for name in named):
        return error(400, "Query parameter not found")
    return None


def _rows(world: World, body: dict[str, Any]) -> list[str]:
    given = {each["name"]: each["parameterValue"]["value"] for each in body["queryParameters"]}
    start, end = datetime.fromisoformat(given["start"]), datetime.fromisoformat(given["end"])
    calls = [call for call in world.visible("vertex") if start <= call.at < end]
    is_view = "log_id = @log_id" in body["query"]
    rows = [json.dumps(inference(call) if is_view else row_of(call)) for call in calls]
    limit = _LIMIT.search(body["query"])
    return rows[: int(limit[1])] if limit else rows


def inference(call: Call) -> dict[str, Any]:
    """An entry `inference_response` of AI developer tools; counts are texts."""
    tokens = call.tokens
    counts = {
        "promptTokenCount": str(tokens.input),
        "cachedContentTokenCount": str(tokens.cache_read),
        "candidatesTokenCount": str(tokens.output),
    }
    return {
        "insertId": user_id(f"{call.person} {call.at} {call.model}", ""),
        "logName": f"projects/{PROJECT}/logs/businessaicode.googleapis.com%2Finference_response",
        "timestamp": call.at.isoformat(),
        "labels": {"model": call.model, "user_id": f"user:{call.person}", "client_name": "antigravity_cli"},
        "jsonPayload": {"metadata": counts, "principalEmail": None},
    }


def row_of(call: Call) -> dict[str, Any]:
    """A row of the request-response log, as the query asks for it: Claude's stream."""
    events = claude_usage(call.tokens)
    return {
        "logging_time": call.at.isoformat(),
        "request_id": user_id(f"{call.person} {call.at} {call.model}", ""),
        "model": f"publishers/anthropic/models/{call.model}",
        "full_request": {"labels": None, "metadata": None if call.api_key else {"user_id": call.person}},
        "full_response": [
            {"usageMetadata": None, "usage": None},
            *({"usageMetadata": None, "usage": event} for event in events),
        ],
    }
