"""What is asked of each kind of log, as one column of JSON texts in the shape that files of it have.

Prompts and answers stay in BigQuery: of the bodies only the counts and what may name the caller are asked for. The tables:
https://docs.cloud.google.com/vertex-ai/generative-ai/docs/multimodal/request-response-logging and
https://docs.cloud.google.com/gemini/enterprise/docs/ai-developer-tools-track-token-usage (read through a linked dataset,
https://docs.cloud.google.com/logging/docs/buckets#link-bq-dataset).
"""

from datetime import datetime

import msgspec

from pr_cost_bot.files.google import GOOGLE
from pr_cost_bot.files.shapes import JsonFormat
from pr_cost_bot.files.vertex import VERTEX
from pr_cost_bot.hours import HOUR
from pr_cost_bot.sources.spans import Span
from pr_cost_bot.sources.vertex.bigquery import Query

# A stream's body is a list of events: JSON_QUERY_ARRAY gives nothing for any other.
_BODIES = """
SELECT TO_JSON_STRING(STRUCT(
  logging_time,
  CAST(request_id AS STRING) AS request_id,
  model,
  STRUCT(JSON_QUERY(full_request, '$.labels') AS labels, JSON_QUERY(full_request, '$.metadata') AS metadata) AS full_request,
  ARRAY_CONCAT(
    [STRUCT(JSON_QUERY(full_response, '$.usageMetadata') AS usageMetadata, JSON_QUERY(full_response, '$.usage') AS usage)],
    ARRAY(
      SELECT AS STRUCT
        JSON_QUERY(event, '$.usageMetadata') AS usageMetadata,
        COALESCE(JSON_QUERY(event, '$.message.usage'), JSON_QUERY(event, '$.usage')) AS usage
      FROM UNNEST(JSON_QUERY_ARRAY(full_response)) AS event WITH OFFSET AS place
      ORDER BY place
    )
  ) AS full_response
)) AS entry
FROM `{table}`
WHERE logging_time >= @start AND logging_time < @end
"""
_ENTRIES = """
SELECT TO_JSON_STRING(STRUCT(
  insert_id AS insertId,
  log_name AS logName,
  timestamp AS timestamp,
  labels,
  STRUCT(JSON_QUERY(json_payload, '$.metadata') AS metadata, JSON_QUERY(json_payload, '$.principalEmail') AS principalEmail)
    AS jsonPayload
)) AS entry
FROM `{table}`
WHERE timestamp >= @start AND timestamp < @end AND log_id = @log_id
"""
_LOG_ID = "businessaicode.googleapis.com/inference_response"


class Table(msgspec.Struct, frozen=True):
    """One table, and the format of its rows."""

    name: str
    format: JsonFormat
    text: str
    texts: tuple[tuple[str, str], ...] = ()

    def query(self, span: Span, location: str | None, most_bytes: int, limit: int | None = None) -> Query:
        """Everything logged for calls in the span."""
        times = {"start": _iso(span.start), "end": _iso(span.end + HOUR)}  # a call is logged when it has ended
        ending = f"LIMIT {limit:d}" if limit else ""
        return Query(
            text=self.text.format(table=self.name) + ending,
            times=times,
            texts=dict(self.texts),
            location=location,
            most_bytes=most_bytes,
            limit=limit,
        )


def bodies(name: str) -> Table:
    """A table of Vertex's request-response logging."""
    return Table(name, VERTEX, _BODIES)


def entries(name: str) -> Table:
    """A view of a log bucket."""
    return Table(name, GOOGLE, _ENTRIES, (("log_id", _LOG_ID),))


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")
