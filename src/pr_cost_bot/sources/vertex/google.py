"""Requests to Google: the token comes from google-auth, the requests go through the client that all sources share.

Of google-auth only the search for credentials (Application Default Credentials: workload identity federation, service accounts,
metadata server) and their renewal are used. Errors: https://cloud.google.com/bigquery/docs/error-messages.
"""

import msgspec
import requests

from pr_cost_bot.http import Kind, Vendor
from pr_cost_bot.http_errors import vendor_message
from pr_cost_bot.sources.signed import Found, not_signed_in

TITLE = "Google Vertex"
GUIDE = "docs/bedrock-vertex.md"
URL = "https://bigquery.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_LATER = "The next run tries again; re-run the job to try now."
_TOO_MANY = frozenset({"rateLimitExceeded", "jobRateLimitExceeded", "quotaExceeded"})
_ADVICE = {
    Kind.UNAUTHORIZED: (
        "The Google credentials of this job are wrong or have expired.",
        f"Run google-github-actions/auth in a step before this one ({GUIDE}).",
    ),
    Kind.FORBIDDEN: (
        "The account of this job may not run queries, or may not read the table.",
        f"Give it BigQuery Job User on the project and BigQuery Data Viewer on the dataset ({GUIDE}).",
    ),
    Kind.NOT_FOUND: (
        "There is no such table, or it lies in another location than `location` says.",
        "Check `sources.vertex` in the configuration: `table`, `log_view`, `project`, `location`.",
    ),
    Kind.REJECTED: (
        "The table is none of a request-response log (`table`) or a log bucket (`log_view`), or one query exceeds `max_gib`.",
        "Check `sources.vertex` in the configuration; a table partitioned by day keeps queries small.",
    ),
    Kind.RATE_LIMITED: ("The project's quota of queries is used up.", _LATER),
}


def refusal(status: int, body: bytes) -> tuple[int, str]:
    """Google says 403 where a quota is used up; the reason tells."""
    try:
        reasons = {each.reason for each in msgspec.json.decode(body[:65536], type=_Refusal).error.errors}
    except (msgspec.DecodeError, ValueError, RecursionError):
        reasons = set()
    return 429 if status == 403 and reasons & _TOO_MANY else status, vendor_message(body)


class _Reason(msgspec.Struct, frozen=True):
    reason: str = ""


class _Errors(msgspec.Struct, frozen=True):
    errors: tuple[_Reason, ...] = ()


class _Refusal(msgspec.Struct, frozen=True):
    error: _Errors = _Errors()


VENDOR = Vendor(
    title=TITLE,
    key_input="",
    needs="an account that may query the table",
    advice=_ADVICE,
    refusal=refusal,
)


class Credentials(Found):
    """The job's Google credentials, looked for when the first request needs them. Safe to use from several threads."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """See sources.signed.Signer."""
        token = getattr(self._found, "token", None)
        return (token,) if token else ()

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """See sources.signed.Signer."""
        request.headers["Authorization"] = f"Bearer {self._token()}"
        return request

    def _token(self) -> str:
        """A token that is valid now. Raises: SourceError."""
        import google.auth  # noqa: PLC0415 - an extra, imported when it is used
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415 - see above
        from google.auth.transport.requests import Request  # noqa: PLC0415 - see above

        with self._lock:
            try:
                if self._found is None:
                    self._found, _ = google.auth.default(scopes=[_SCOPE])
                if not self._found.valid:
                    self._found.refresh(Request())
            except (GoogleAuthError, ValueError, OSError) as error:  # a broken file of credentials gives the latter
                raise not_signed_in(VENDOR, f"no token can be had ({type(error).__name__})") from None
            return str(self._found.token)
