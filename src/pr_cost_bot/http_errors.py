"""What goes wrong with a vendor, in words for the user: what happened, why it may be, what to do."""

import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

import msgspec

from pr_cost_bot.http_budget import Rate
from pr_cost_bot.model import Problem


class Kind(StrEnum):
    """In what way a vendor failed."""

    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    REJECTED = "rejected"  # any other 4xx, and redirects
    RATE_LIMITED = "rate_limited"
    SERVER = "server"
    TIMEOUT = "timeout"
    MALFORMED = "malformed"
    NETWORK = "network"


class SourceError(Exception):
    """A vendor could not be read. `problem` tells the user; `detail` is the vendor's own short message."""

    def __init__(self, kind: Kind, problem: Problem, *, status: int = 0, detail: str = "") -> None:
        super().__init__(str(problem))
        self.kind = kind
        self.problem = problem
        self.status = status
        self.detail = detail


def plain_refusal(status: int, body: bytes) -> tuple[int, str]:
    """What an answer other than 2xx amounts to: the status, and the body's own message."""
    return status, vendor_message(body)


class Vendor(msgspec.Struct, frozen=True, kw_only=True):
    """What the client and its error messages need to know of a vendor.

    `advice`: why and remedy in words of its own, for a vendor without a key. `refusal`: for one that says in the body what
    others say with the status.
    """

    title: str
    key_input: str  # the Action input that holds the key
    needs: str  # the key and plan it takes, as the object of "It takes …"
    rates: tuple[Rate, ...] = ()  # the limits it documents; the first that fits a path counts
    advice: Mapping[Kind, tuple[str, str]] = {}
    refusal: Callable[[int, bytes], tuple[int, str]] = plain_refusal


_LATER = "The next run tries again; re-run the job to try now."
_ADVICE = {
    Kind.UNAUTHORIZED: (
        "The key is wrong, revoked or expired.",
        "Set a valid key in the input `{vendor.key_input}`. It takes {vendor.needs}.",
    ),
    Kind.FORBIDDEN: (
        "The key is valid but may not read usage, or the plan does not include it.",
        "Give the input `{vendor.key_input}` {vendor.needs}.",
    ),
    Kind.NOT_FOUND: (
        "The plan may not include this API, or `base_url` is wrong.",
        "Check `sources` in the configuration. It takes {vendor.needs}.",
    ),
    Kind.REJECTED: ("It does not accept the request.", "Check `base_url` in the configuration; else report a bug."),
    Kind.RATE_LIMITED: ("Too many requests were sent with keys of this organisation.", _LATER),
    Kind.SERVER: ("The fault is on its side.", _LATER),
    Kind.TIMEOUT: ("It, or the network on the way to it, is slow.", _LATER),
    Kind.MALFORMED: (
        "Its API may have changed, or something between answers in its place.",
        "Update pr-cost-bot; else report a bug.",
    ),
    Kind.NETWORK: ("The network, a proxy, or `base_url` in the configuration may be at fault.", _LATER),
}


def vendor_error(vendor: Vendor, kind: Kind, text: str, *, status: int = 0, detail: str = "") -> SourceError:
    """The error that says: <vendor> <text>. `detail`: the vendor's own message, cleaned."""
    # What a vendor says about a refused key can repeat parts of it.
    quoted = f" ({detail})" if detail and kind is not Kind.UNAUTHORIZED else ""
    why, remedy = vendor.advice.get(kind) or _ADVICE[kind]
    problem = Problem(f"{vendor.title} {text}{quoted}.", why.format(vendor=vendor), remedy.format(vendor=vendor))
    return SourceError(kind, problem, status=status, detail=detail)


def rate_error(vendor: Vendor, per_minute: int, seconds: float) -> SourceError:
    """The error for a request that was not sent: the limit that the vendor documents leaves no room for it in time."""
    problem = Problem(
        f"{vendor.title} allows {per_minute} requests a minute, fewer than this run needs.",
        f"The next one would have to wait {seconds:.0f} s, longer than this run can.",
        _LATER,
    )
    return SourceError(Kind.RATE_LIMITED, problem)


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds to wait by `retry-after-ms` or `Retry-After` (seconds or HTTP date, RFC 9110 10.2.3); None: not said."""
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        text = headers.get(name, "").strip()
        if text and text.replace(".", "", 1).isdecimal():
            return float(text) / scale
    try:
        date = parsedate_to_datetime(headers.get("retry-after", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    aware = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (aware - (now or datetime.now(UTC))).total_seconds())


def kind_of(status: int) -> Kind:
    """Name the failure behind an HTTP status."""
    if status >= 500 or status == 408:
        return Kind.SERVER
    known = {401: Kind.UNAUTHORIZED, 403: Kind.FORBIDDEN, 404: Kind.NOT_FOUND, 429: Kind.RATE_LIMITED}
    return known.get(status, Kind.REJECTED)


def vendor_message(body: bytes) -> str:
    """The documented message of an error body: `{"error": {"type", "message"}}` or `{"error": str, "message": str}`."""
    try:
        value = msgspec.json.decode(body[:65536])
    except (msgspec.DecodeError, ValueError, RecursionError):
        return ""
    if not isinstance(value, dict):
        return ""
    inner = value.get("error")
    fields = [inner.get("type"), inner.get("message")] if isinstance(inner, dict) else [inner, value.get("message")]
    return ": ".join(text for text in fields if isinstance(text, str) and text)


def quotable(text: str, secrets: tuple[str, ...] = ()) -> str:
    """A vendor's text, fit for a message: one line, printable, at most 200 characters, without the secrets."""
    line = " ".join(text[:2000].split())
    for secret in secrets:
        line = line.replace(secret, "***")
    line = "".join(char for char in line if not unicodedata.category(char).startswith("C"))
    return line if len(line) <= 200 else line[:199] + "…"
