"""Langfuse: one record per generation that a caller traced, with what Langfuse says it cost.

Source: https://langfuse.com/docs/api-and-data-platform/features/observations-api (v2; cost only with the field group `usage`)
and the API definition in github.com/langfuse/langfuse, `fern/apis/server/definition`. Amounts are US dollars. The person is
the `userId` that the caller set.
"""

import base64
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

import msgspec

from pr_cost_bot.config import SourceSettings
from pr_cost_bot.http import Connection, HttpSession, Limits, Rate, SourceError, Vendor
from pr_cost_bot.model import UsageRecord, reference_of
from pr_cost_bot.ports import Inspection
from pr_cost_bot.sources import langfuse_old, tags
from pr_cost_bot.sources.callers import iso
from pr_cost_bot.sources.events import ByUser
from pr_cost_bot.sources.langfuse_shapes import Observation, Page, check, properties_of, tokens_of
from pr_cost_bot.sources.people import Names
from pr_cost_bot.sources.reading import Chunk, Tally, as_dollars, one_request, utc
from pr_cost_bot.sources.spans import DAY, Span

VENDOR = Vendor(
    title="Langfuse",
    key_input="langfuse_secret_key",
    needs="the public and the secret key of the Langfuse project that holds the traces",
)
URL = "https://cloud.langfuse.com"
CLOUD_RATE = Rate(path="/api/public/", per_minute=30)  # of the smallest plan; a server of one's own has none
SETTLES_AFTER = timedelta(days=1)  # Langfuse states none
LAG = timedelta(minutes=15)  # for older SDKs, as the documentation of the endpoint says
_FIELDS = "core,basic,model,usage,metadata,trace_context"
_PATH = "/api/public/v2/observations"
_PAGE_SIZE = 1000
_MOST_PAGES = 500  # per person: 500,000 generations
_GONE = frozenset({404, 410})


class Langfuse(ByUser[Observation]):
    """Reads a Langfuse project's generations."""

    name = "langfuse"
    title = VENDOR.title
    lag = LAG
    settles_after = SETTLES_AFTER

    def read(
        self, session: HttpSession, users: Sequence[str], span: Span, tally: Tally
    ) -> Sequence[Chunk[Observation] | SourceError]:
        """See events.ByUser."""
        chunks = session.gather([partial(_read, session, user, span) for user in users])
        if any(isinstance(chunk, SourceError) and chunk.status in _GONE for chunk in chunks):
            chunks = session.gather([partial(langfuse_old.read, session, user, span) for user in users])
            tally.note("This Langfuse lacks the newer API, so the older one was read.")
        return chunks

    def records(self, rows: Iterable[Observation], names: Names) -> Iterator[UsageRecord]:
        """See events.ByUser."""
        for row in rows:
            actor = names.actor(row.user_id)
            if actor and (row.type or "GENERATION").upper() == "GENERATION":
                yield _record(row, actor)

    def inspect(self, now: datetime) -> Inspection:
        """Ask for one generation of the last day, of anybody."""
        session = self._connection.session()
        span = Span(now - DAY, now)
        try:
            try:
                session.get(_PATH, Page, _params(None, span, 1))
                sees = "every traced generation, with the person that the caller named"
            except SourceError as error:
                if error.status not in _GONE:
                    raise
                langfuse_old.probe(session, span)
                sees = "every traced generation through the older API, with the person that the caller named"
        except SourceError as error:
            return Inspection(title=self.title, problem=error.problem)
        return Inspection(title=self.title, sees=(sees,))


def make(public_key: str, secret_key: str, settings: SourceSettings, limits: Limits | None = None) -> Langfuse:
    """The source for one project: its public key is the user name, its secret key the password."""
    credentials = {"Authorization": "Basic " + base64.b64encode(f"{public_key}:{secret_key}".encode()).decode()}
    base_url = (settings.base_url or URL).strip().rstrip("/").removesuffix("/v2").removesuffix("/api/public")
    vendor = msgspec.structs.replace(VENDOR, rates=(CLOUD_RATE,)) if ".langfuse.com" in base_url else VENDOR
    return Langfuse(Connection(vendor, base_url, credentials, limits))


def _params(user: str | None, span: Span, limit: int) -> list[tuple[str, str]]:
    params = [
        ("type", "GENERATION"),
        ("fields", _FIELDS),
        ("expandMetadata", "pr,PR,repo,repository,branch,Branch,commit"),  # values are cut at 200 characters otherwise
        ("fromStartTime", iso(span.start)),
        ("toStartTime", iso(span.end)),
        ("limit", str(limit)),
    ]
    return params if user is None else [*params, ("userId", user)]


def _read(session: HttpSession, user: str, span: Span) -> Chunk[Observation]:
    """All pages of one person's generations. Raises: SourceError when not even the first page came."""
    rows: list[Observation] = []
    seen: set[str] = set()
    params = _params(user, span, _PAGE_SIZE)
    page_params = params
    while True:
        try:
            page = session.get(_PATH, Page, page_params)
            check(session, page.data)
        except SourceError as error:
            if not seen:
                raise
            return Chunk(rows, error)
        rows += page.data
        cursor = page.meta.cursor if page.meta else None
        if not cursor:
            return Chunk(rows)
        if cursor in seen or len(seen) >= _MOST_PAGES:
            return Chunk(rows, session.malformed("more pages are announced, but the way to them leads nowhere"))
        seen.add(cursor)
        page_params = [*params, ("cursor", cursor)]


def _record(row: Observation, actor: str) -> UsageRecord:
    at = utc(row.start_time)
    tokens, terms = tokens_of(row.usage_details or {})
    cost = as_dollars(row.amount) if row.amount is not None else None
    if not cost and tokens:
        cost = None  # Langfuse knows no price for the model: to be priced from the tokens
    session_tag = [f"pr:{row.session_id}"] if row.session_id and "/" in row.session_id else []
    said = tags.read([*(row.tags or ()), *session_tag], properties_of(row.metadata))
    record = one_request(
        "langfuse",
        (row.id,),
        source="langfuse",
        actor=actor,
        at=at,
        model=row.provided_model_name or row.model or "unknown",
        tokens=tokens,
        cost_usd=cost,
        terms=terms,
        reference=reference_of(id=row.id, traceId=row.trace_id),
        session=row.session_id or row.trace_id,
    )
    return tags.placed(record, said)
