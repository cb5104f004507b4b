"""Usage: what a vendor bills, and what a commit says about it."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

ZERO = Decimal(0)


RECEIPT_SOURCE = "receipt"
"""The source of usage that only commits or CI runs speak of, because no bill covers it."""


class Tokens(msgspec.Struct, frozen=True, gc=False):
    """Four counts. `input` is all input: uncached, cache reads and cache writes; the cache counts are parts of it."""

    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(
            self.input + other.input,
            self.cache_read + other.cache_read,
            self.cache_write + other.cache_write,
            self.output + other.output,
        )

    def __bool__(self) -> bool:
        return bool(self.input or self.output)


NO_TOKENS = Tokens()


class Evidence(StrEnum):
    """Why a share of usage lies on a pull request, strongest first (docs/ledger.md)."""

    TAGGED = "tagged"
    RECEIPT = "receipt"
    MATCHED = "matched"
    SHARED = "shared"


class Terms(msgspec.Struct, frozen=True, gc=False):
    """What besides model and token counts decides the list price. Empty string: the vendor did not say."""

    cache_write_1h: int = 0  # part of Tokens.cache_write that is kept for an hour
    service_tier: str = ""  # "batch", "flex", "priority", ...
    speed: str = ""  # "fast"
    inference_geo: str = ""  # "us"
    long_context: bool = False  # the vendor says that these requests were above the long-context threshold


class UsageRecord(msgspec.Struct, frozen=True, gc=False):
    """One row of a vendor's usage: an event (`start == end`) or a bucket `[start, end)`.

    `actor` is whom the vendor names (e-mail address, login or id, as it came); `person` is who that is. `cost_usd` None: not
    priced yet, or no price is known. `billed_usd` None: unknown. `listed`: the cost is computed from tokens at list price.
    """

    id: str
    source: str
    actor: str
    start: datetime
    end: datetime
    model: str
    tokens: Tokens = NO_TOKENS
    requests: int = 0
    cost_usd: Decimal | None = None
    billed_usd: Decimal | None = None
    person: str | None = None
    product: str = ""
    provider: str = ""  # whose price list holds the model: "anthropic", "openai"; empty: find it by the model's name
    terms: Terms = Terms()
    listed: bool = False
    reference: str = (
        ""  # how the vendor itself names it, beside time, actor and model: a request's id, the rest of a bucket's key
    )
    # Evidence that the record itself carries.
    repository: str | None = None
    branch: str | None = None
    pr_number: int | None = None
    commit: str | None = None
    session: str | None = None
    noted: bool = False  # not the record names `commit`: a receipt or note on that commit names the record's session


def reference_of(**parts: object) -> str:
    """The rest of a bucket's key in the vendor's own words, such as `service_tier=batch`; what has no value is left out."""
    return " ".join(f"{name}={value}" for name, value in parts.items() if value)


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What a commit says about the usage that made it: a claim by whoever could push.

    `tool` is the source whose bill the usage is on ("anthropic", "copilot", "openai", "cursor"; empty: unknown). The usage lies
    in `(start, end]`; `start` None: since the person's previous commit. Receipts with one `usage_key` speak of the same usage.
    """

    format: str  # "copilot-budget", "entire", ...
    repository: str
    commit: str
    person: str
    end: datetime
    start: datetime | None = None
    tool: str = ""
    model: str = ""
    tokens: Tokens = NO_TOKENS
    requests: int = 0
    cost_usd: Decimal | None = None  # as claimed, or None: priced from the tokens
    session: str | None = None
    usage_key: str = ""


def total_billed(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Sum, or None when one of them is unknown."""
    total = ZERO
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total
