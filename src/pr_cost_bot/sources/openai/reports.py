"""Paged requests to OpenAI's organisation APIs. List parameters are sent with brackets, as the vendor's SDK does."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Literal
from urllib.parse import quote

from pr_cost_bot.http import HttpSession, Params, SourceError
from pr_cost_bot.sources.openai.shapes import Bucket, Page, Project, ProjectKey, Row, User
from pr_cost_bot.sources.reading import Chunk
from pr_cost_bot.sources.spans import Span, windows

Width = Literal["1h", "1m"]

ORGANIZATION = "/v1/organization"
LIMIT = {"1h": 168, "1m": 1440}  # buckets per page
WIDEST = {"1h": timedelta(hours=168), "1m": timedelta(minutes=1440)}
_DIMENSIONS = ("user_id", "api_key_id", "model", "service_tier", "batch")
_IDS_PER_REQUEST = 50
_MOST_PAGES = 500

Answers = list[Chunk[Bucket] | SourceError]


def usage_calls(
    session: HttpSession, name: str, ids: Sequence[str], spans: Iterable[Span], width: Width
) -> list[Callable[[], Chunk[Bucket]]]:
    """Requests for the completions of these users (`user_ids[]`) or keys (`api_key_ids[]`), to be gathered."""
    groups = [[(name, each) for each in ids[i : i + _IDS_PER_REQUEST]] for i in range(0, len(ids), _IDS_PER_REQUEST)]
    pieces = [piece for span in spans for piece in windows(span, WIDEST[width])]
    return [partial(_usage, session, group, piece, width) for piece in pieces for group in groups]


def _usage(session: HttpSession, filters: Params, span: Span, width: Width) -> Chunk[Bucket]:
    params = [
        ("start_time", str(_seconds(span.start))),
        ("end_time", str(_seconds(span.end))),
        ("bucket_width", width),
        ("limit", str(LIMIT[width])),
        *filters,
        *(("group_by[]", dimension) for dimension in _DIMENSIONS),
    ]
    chunk = _pages(session, "/usage/completions", Page[Bucket], params, _next_page)
    first, last = _seconds(span.start), _seconds(span.end)
    inside = [bucket for bucket in chunk.rows if first <= bucket.start_time < last and bucket.end_time > bucket.start_time]
    return Chunk(inside, chunk.error)


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def users(session: HttpSession, emails: Sequence[str] = ()) -> Chunk[User]:
    """Members of the organisation, those with these e-mail addresses or all. Raises: SourceError."""
    params = [("limit", "100"), *(("emails[]", email) for email in emails)]
    return _pages(session, "/users", Page[User], params, _after)


def projects(session: HttpSession) -> Chunk[Project]:
    """Projects that are not archived. Raises: SourceError."""
    return _pages(session, "/projects", Page[Project], [("limit", "100")], _after)


def project_keys(session: HttpSession, project: str) -> Chunk[ProjectKey]:
    """Keys of a project with their owners. Without `any` some enabled keys are hidden. Raises: SourceError."""
    params = [("limit", "100"), ("owner_project_access", "any")]
    return _pages(session, f"/projects/{quote(project, safe='')}/api_keys", Page[ProjectKey], params, _after)


def probe(session: HttpSession, now: datetime) -> Page[Bucket]:
    """One bucket, to see whether the key may read. Raises: SourceError."""
    params = [("start_time", str(_seconds(now) - 3600)), ("bucket_width", "1h"), ("limit", "1")]
    return session.get(ORGANIZATION + "/usage/completions", Page[Bucket], params)


def _next_page(page: Page[Row]) -> tuple[str, str | None]:
    return "page", page.next_page


def _after(page: Page[Row]) -> tuple[str, str | None]:
    return "after", page.last_id


def _pages(
    session: HttpSession,
    path: str,
    shape: type[Page[Row]],
    params: Params,
    cursor_of: Callable[[Page[Row]], tuple[str, str | None]],
) -> Chunk[Row]:
    """All pages. Raises: SourceError when not even the first page came."""
    rows: list[Row] = []
    seen: set[str] = set()
    page_params = list(params)
    while True:
        try:
            page = session.get(ORGANIZATION + path, shape, page_params)
        except SourceError as error:
            if not seen:
                raise
            return Chunk(rows, error)
        rows += page.data
        name, cursor = cursor_of(page)
        if not page.has_more:
            return Chunk(rows)
        if not cursor or cursor in seen or len(seen) >= _MOST_PAGES:
            return Chunk(rows, session.malformed("more pages are announced, but the way to them leads nowhere"))
        seen.add(cursor)
        page_params = [*params, (name, cursor)]
