"""Langfuse's first API, for self-hosted servers before version 4: generations and traces apart, in numbered pages.

Source: github.com/langfuse/langfuse, `fern/apis/server/definition/legacy/observations-v1.yml` and `trace.yml`.
"""

from typing import TypeVar

import msgspec

from pr_cost_bot.http import HttpSession, SourceError
from pr_cost_bot.sources.callers import iso
from pr_cost_bot.sources.langfuse_shapes import Observation, Page, Trace, TracesPage, check
from pr_cost_bot.sources.reading import Chunk
from pr_cost_bot.sources.spans import DAY, Span

P = TypeVar("P", Page, TracesPage)

_OBSERVATIONS, _TRACES = "/api/public/observations", "/api/public/traces"
_PAGE_SIZE = 100
_MOST_PAGES = 500


def read(session: HttpSession, user: str, span: Span) -> Chunk[Observation]:
    """One person's generations, with tags, metadata and session of their traces. Raises: SourceError."""
    generations, error = _pages(session, _OBSERVATIONS, Page, _params(user, span))
    rows = [row for page in generations for row in page.data]
    check(session, rows)
    if not rows:
        return Chunk((), error)
    # A trace begins before its generations.
    since = [("userId", user), ("fromTimestamp", iso(span.start - DAY)), ("toTimestamp", iso(span.end))]
    try:
        pages, traces_error = _pages(session, _TRACES, TracesPage, since)
    except SourceError as failure:
        pages, traces_error = [], failure
    traces = {trace.id: trace for page in pages for trace in page.data}
    return Chunk([_joined(row, traces.get(row.trace_id or ""), user) for row in rows], error or traces_error)


def probe(session: HttpSession, span: Span) -> None:
    """One generation of anybody, to see whether the key may read. Raises: SourceError."""
    session.get(_OBSERVATIONS, Page, [*_params(None, span), ("limit", "1")])


def _params(user: str | None, span: Span) -> list[tuple[str, str]]:
    params = [("type", "GENERATION"), ("fromStartTime", iso(span.start)), ("toStartTime", iso(span.end))]
    return params if user is None else [*params, ("userId", user)]


def _pages(
    session: HttpSession, path: str, shape: type[P], params: list[tuple[str, str]]
) -> tuple[list[P], SourceError | None]:
    """All pages, and the error that ended them early. Raises: SourceError when not even the first page came."""
    pages: list[P] = []
    while True:
        number = str(len(pages) + 1)
        try:
            page = session.get(path, shape, [*params, ("limit", str(_PAGE_SIZE)), ("page", number)])
        except SourceError as error:
            if not pages:
                raise
            return pages, error
        pages.append(page)
        total = page.meta.total_pages if page.meta else None
        if not page.data or (total is not None and len(pages) >= total) or (total is None and len(page.data) < _PAGE_SIZE):
            return pages, None
        if len(pages) >= _MOST_PAGES:
            return pages, session.malformed("pages without an end")


def _joined(row: Observation, trace: Trace | None, user: str) -> Observation:
    """The generation as the newer API would give it."""
    own = {"user_id": user}
    if trace is None:
        return msgspec.structs.replace(row, **own)
    said = row.metadata if isinstance(row.metadata, dict) else {}
    shared = trace.metadata if isinstance(trace.metadata, dict) else {}
    return msgspec.structs.replace(row, **own, session_id=trace.session_id, tags=trace.tags, metadata={**shared, **said})
