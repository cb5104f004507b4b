"""Paged requests to Anthropic's reports and lists."""

from collections.abc import Callable, Mapping
from datetime import datetime

from pr_cost_bot.http import HttpSession, Params, SourceError
from pr_cost_bot.sources.anthropic.shapes import ApiKey, Listing, Page, Row, User
from pr_cost_bot.sources.reading import Chunk

ORGANIZATION = "/v1/organizations"
_MOST_PAGES = 500


def stamp(at: datetime) -> str:
    """RFC 3339, whole seconds, UTC."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def report(
    session: HttpSession,
    path: str,
    shape: type[Page[Row]],
    params: Params,
    headers: Mapping[str, str],
    check: Callable[[Row], object],
) -> Chunk[Row]:
    """All pages of a report. A cursor belongs to the query that gave it, so nothing else changes between the pages.

    `check` raises ValueError for a row that makes no sense. Raises: SourceError when not even the first page came.
    """
    rows: list[Row] = []
    fresh: datetime | None = None
    cursors: set[str] = set()
    page_params = list(params)
    while True:
        try:
            page = session.get(ORGANIZATION + path, shape, page_params, headers)
            cursor = _next_cursor(session, page, cursors)
            _check_all(session, page.data, check)
        except SourceError as error:
            if not cursors:
                raise
            return Chunk(rows, error, fresh)
        rows += page.data
        fresh = min(filter(None, (fresh, page.data_refreshed_at)), default=None)
        if cursor is None:
            return Chunk(rows, None, fresh)
        cursors.add(cursor)
        page_params = [*params, ("page", cursor)]


def _next_cursor(session: HttpSession, page: Page[Row], seen: set[str]) -> str | None:
    if page.has_more is False or (page.has_more is None and not page.next_page):
        return None
    if not page.next_page or page.next_page in seen or len(seen) >= _MOST_PAGES:
        raise session.malformed("more pages are announced, but the way to them leads nowhere")
    return page.next_page


def _check_all(session: HttpSession, rows: tuple[Row, ...], check: Callable[[Row], object]) -> None:
    try:
        for row in rows:
            check(row)
    except ValueError as error:
        raise session.malformed(str(error)) from None


def users(session: HttpSession, *params: tuple[str, str]) -> Chunk[User]:
    """Members of the organisation. Raises: SourceError."""
    return _listing(session, "/users", Listing[User], [*params, ("limit", "1000")])


def api_keys(session: HttpSession) -> Chunk[ApiKey]:
    """All API keys, inactive ones included. Raises: SourceError."""
    return _listing(session, "/api_keys", Listing[ApiKey], [("limit", "1000")])


def _listing(session: HttpSession, path: str, shape: type[Listing[Row]], params: Params) -> Chunk[Row]:
    rows: list[Row] = []
    seen: set[str] = set()
    page_params = list(params)
    while True:
        page = session.get(ORGANIZATION + path, shape, page_params)
        rows += page.data
        if not page.has_more:
            return Chunk(rows)
        if not page.last_id or page.last_id in seen or len(seen) >= _MOST_PAGES:
            raise session.malformed("more pages are announced, but the way to them leads nowhere")
        seen.add(page.last_id)
        page_params = [*params, ("after_id", page.last_id)]
