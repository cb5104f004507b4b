"""Queries to BigQuery by its REST interface: run, waited for, and read page by page.

Sources: https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/query and .../jobs/getQueryResults. A value is always a
bound parameter; only the table's name stands in the text, since names cannot be bound, and `config_file` lets nothing but names
pass.
"""

import uuid
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from msgspec import Meta

from pr_cost_bot.http import HttpSession, SourceError

_PAGE_ROWS = 5000
_MOST_PAGES = 1000  # of one query: 5 million rows
_WAIT = 8_000  # milliseconds that BigQuery holds an answer back; less than the client waits for a byte


class Cell(msgspec.Struct, frozen=True):
    """A value as text."""

    v: str | None = None


class Row(msgspec.Struct, frozen=True):
    """Cells in the order of the columns."""

    f: tuple[Cell, ...]


class Job(msgspec.Struct, frozen=True, rename="camel"):
    """A query that was started."""

    job_id: str
    location: str | None = None


class Answer(msgspec.Struct, frozen=True, rename="camel"):
    """A page of rows, or none while the query still runs."""

    job_complete: bool
    job_reference: Job | None = None
    page_token: str | None = None
    total_rows: Annotated[int, Meta(ge=0)] | None = None
    rows: tuple[Row, ...] = ()


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """A query of one column. `parameters`: names to times in ISO 8601, bound as TIMESTAMP, or to texts."""

    text: str
    times: Mapping[str, str]
    texts: Mapping[str, str] = {}
    location: str | None = None
    most_bytes: int
    limit: int | None = None  # rows that are enough


def run(session: HttpSession, project: str, query: Query) -> tuple[list[str], SourceError | None]:
    """The column's values, and the error that ended reading early. Raises: SourceError when not even the first page came."""
    path = f"/bigquery/v2/projects/{quote(project, safe='')}/queries"
    answer = session.post(path, Answer, _body(query))
    job, values, seen = answer.job_reference, _values(session, answer), set[str]()
    while not answer.job_complete or answer.page_token:
        token = answer.page_token if answer.job_complete else None
        try:
            if job is None:
                raise session.malformed("a query without a name")
            if (token and token in seen) or len(seen) > _MOST_PAGES:
                raise session.malformed("more pages are announced, but the way to them leads nowhere")
            answer = session.get(f"{path}/{quote(job.job_id, safe='')}", Answer, _params(job, token))
            more = _values(session, answer)
        except SourceError as error:
            if not values:
                raise
            return values, error
        values += more
        if token:
            seen.add(token)
    if not query.limit and answer.total_rows not in {None, len(values)}:
        return values, session.malformed(f"{len(values)} rows of {answer.total_rows}")
    return values, None


def _body(query: Query) -> dict[str, Any]:
    bound = [_parameter(name, "TIMESTAMP", value) for name, value in query.times.items()]
    bound += [_parameter(name, "STRING", value) for name, value in query.texts.items()]
    body: dict[str, Any] = {
        "query": query.text,
        "useLegacySql": False,
        "parameterMode": "NAMED",
        "queryParameters": bound,
        "timeoutMs": _WAIT,
        "maxResults": query.limit or _PAGE_ROWS,
        "maximumBytesBilled": str(query.most_bytes),
        "requestId": str(uuid.uuid4()),  # a second attempt does not run, or bill, the query again
    }
    return {**body, "location": query.location} if query.location else body


def _parameter(name: str, kind: str, value: str) -> dict[str, Any]:
    return {"name": name, "parameterType": {"type": kind}, "parameterValue": {"value": value}}


def _params(job: Job, token: str | None) -> list[tuple[str, str]]:
    params = [("maxResults", str(_PAGE_ROWS)), ("timeoutMs", str(_WAIT))]
    params += [("location", job.location)] if job.location else []
    return [*params, ("pageToken", token)] if token else params


def _values(session: HttpSession, answer: Answer) -> list[str]:
    if any(len(row.f) != 1 or row.f[0].v is None for row in answer.rows):
        raise session.malformed("rows of other columns than were asked for")
    return [row.f[0].v or "" for row in answer.rows]
