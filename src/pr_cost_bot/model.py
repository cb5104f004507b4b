"""The words of the field, as frozen values.

Money is `decimal.Decimal` US dollars and exact. Times are aware `datetime` in UTC. A *person* is the canonical key that
`pr_cost_bot.people` gives: the GitHub login in lower case where it is known, else the e-mail address in lower case.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Literal

import msgspec

ZERO = Decimal(0)


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


# --- what the vendors say -------------------------------------------------------------------------------------------


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
    # Evidence that the record itself carries.
    repository: str | None = None
    branch: str | None = None
    pr_number: int | None = None
    commit: str | None = None
    session: str | None = None
    noted: bool = False  # not the record names `commit`: a receipt or note on that commit names the record's session


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


class Problem(msgspec.Struct, frozen=True):
    """An error as a user needs it: what happened, why it may be, what to do. Plain text, to be escaped where it is shown."""

    what: str
    why: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.why, self.remedy) if part)


Grain = Literal["event", "minute", "hour", "day"]


class SourceState(StrEnum):
    """How a source answered. Only OK leaves the figure complete."""

    OK = "ok"
    PARTIAL = "partial"  # it answered, but something is missing: `problem` says what
    FAILED = "failed"  # nothing could be read


class SourceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one source in this run."""

    name: str  # "anthropic"
    title: str  # "Anthropic"
    state: SourceState = SourceState.OK
    problem: Problem | None = None
    grain: Grain | None = None  # the finest grain it gave
    fresh_until: datetime | None = None  # its figures are complete up to here
    settles_after: timedelta = timedelta(0)  # a figure this old no longer changes
    records: int = 0
    unknown_people: tuple[str, ...] = ()  # persons of the query whom this vendor does not know
    notes: tuple[str, ...] = ()  # plain sentences for the step summary


class SourceResult(msgspec.Struct, frozen=True, kw_only=True):
    """A source's answer: its records, person not resolved yet, and how it went."""

    status: SourceStatus
    records: tuple[UsageRecord, ...] = ()


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A person and every name under which vendors may know them."""

    person: str
    emails: tuple[str, ...] = ()  # lower case, never GitHub's noreply forms
    login: str | None = None  # GitHub login, lower case
    vendors: dict[str, tuple[str, ...]] = {}  # configured ids by source name


class UsageQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What the sources are asked for: the usage of these people in `[start, end)`."""

    people: tuple[Identity, ...]
    start: datetime
    end: datetime
    now: datetime


class Interval(msgspec.Struct, frozen=True, order=True):
    """`[start, end)` of one person."""

    person: str
    start: datetime
    end: datetime


# --- what GitHub says -----------------------------------------------------------------------------------------------


class Author(msgspec.Struct, frozen=True):
    """Somebody named by a commit, as GitHub gives it: free text, but for `login`, which GitHub resolved from the e-mail."""

    name: str = ""
    email: str = ""
    login: str | None = None
    is_bot: bool = False


class GitCommit(msgspec.Struct, frozen=True, kw_only=True):
    """A commit as GitHub gives it. `authors`: the author first, then the co-authors of its trailers."""

    sha: str
    repository: str
    authors: tuple[Author, ...]
    authored_at: datetime
    committed_at: datetime | None = None
    message: str = ""
    parents: int = 1
    additions: int | None = None
    deletions: int | None = None
    pr_number: int | None = None
    branch: str | None = None


class Pull(msgspec.Struct, frozen=True, kw_only=True):
    """A pull request as attribution sees it. `author` is a person."""

    repository: str
    pr_number: int
    author: str | None = None
    head_ref: str | None = None
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    merged_at: datetime | None = None


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """A commit as attribution sees it: by persons. Without `pr_number` it is work outside any pull request."""

    sha: str
    repository: str
    person: str
    authored_at: datetime
    committed_at: datetime | None = None
    pr_number: int | None = None
    branch: str | None = None
    co_authors: tuple[str, ...] = ()
    additions: int | None = None
    deletions: int | None = None
    files: tuple[str, ...] = ()
    parents: int = 1


PullState = Literal["open", "merged", "closed"]


class PullRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A pull request with its own commits, as GitHub gives it."""

    repository: str
    number: int
    title: str
    url: str
    author: Author
    state: PullState
    base_ref: str
    head_ref: str
    head_sha: str
    opened_at: datetime
    body: str = ""
    closed_at: datetime | None = None
    merged_at: datetime | None = None
    additions: int = 0
    deletions: int = 0
    is_fork: bool = False
    is_private: bool = False  # the repository's visibility
    default_branch: str = ""
    commits: tuple[GitCommit, ...] = ()  # oldest first, by author date
    dropped_commits: tuple[GitCommit, ...] = ()  # former heads that a force push took away, where GitHub still has them
    labels: tuple[str, ...] = ()


# --- what attribution says ------------------------------------------------------------------------------------------


class Allocation(msgspec.Struct, frozen=True, gc=False):
    """A share of one usage record. `pr_number` None: unattributed, or work outside any pull request; `reason` says which.

    A share with the reason "pending" follows the last commit of an open pull request: `commit` names that commit.

    For every record the allocations sum to it exactly, in cost, billed, requests and each token class. `low_usd` and `high_usd`
    bound this share. A record without a cost has `cost_usd` 0 in every share.
    """

    usage_id: str
    repository: str | None
    pr_number: int | None
    commit: str | None
    evidence: Evidence | None  # None when unattributed
    cost_usd: Decimal
    low_usd: Decimal
    high_usd: Decimal
    tokens: Tokens
    requests: int = 0
    billed_usd: Decimal | None = None
    reason: str = ""  # the name of the rule that decided, or why nothing did


# --- what a pull request cost ---------------------------------------------------------------------------------------


class CostLine(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `pr_cost_lines` without its key: pull request x source x product x model x person x evidence.

    Tokens without a known price are in no line: see `Unpriced`.
    """

    source: str
    product: str
    model: str
    person: str
    evidence: Evidence
    requests: int
    tokens: Tokens
    cost_usd: Decimal
    billed_usd: Decimal | None  # None: unknown for at least one record


class CommitCost(msgspec.Struct, frozen=True, kw_only=True):
    """What was put on one commit of the pull request."""

    sha: str
    title: str
    authored_at: datetime
    cost_usd: Decimal
    tokens: Tokens


class Remainder(msgspec.Struct, frozen=True, kw_only=True):
    """Usage that is not in the figure, and why in a few plain words."""

    reason: str
    cost_usd: Decimal = ZERO
    tokens: Tokens = NO_TOKENS


class Unpriced(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens of this pull request for which no price is known. Never shown as $0."""

    source: str
    model: str
    tokens: Tokens


class UnmatchedAuthor(msgspec.Struct, frozen=True, kw_only=True):
    """An author of the pull request whom no active source knows, with the configuration line that would help."""

    person: str
    suggestion: str


class PriceInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Which prices were used where a vendor gave tokens only."""

    name: str  # "genai-prices 0.2.3"
    as_of: datetime | None = None  # when that price list was last updated
    models: tuple[str, ...] = ()  # priced from the list
    overridden: tuple[str, ...] = ()  # priced from the configuration's `prices`
    notes: tuple[str, ...] = ()  # assumptions worth telling, as plain sentences


class PullRequestCost(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a run found out about one pull request: what comment, label, row, artifact and outputs show."""

    pull: PullRequest
    computed_at: datetime
    lines: tuple[CostLine, ...] = ()
    commits: tuple[CommitCost, ...] = ()
    low_usd: Decimal = ZERO
    high_usd: Decimal = ZERO
    sources: tuple[SourceStatus, ...] = ()
    unattributed: tuple[Remainder, ...] = ()  # usage of the same people and window that lies on no pull request
    elsewhere_usd: Decimal = ZERO  # what lies on other pull requests; never shown: it would tell on single people
    pending: Remainder | None = None  # after the last commit of an open pull request
    unpriced: tuple[Unpriced, ...] = ()
    authors: int = 0  # human authors and co-authors of the commits
    unmatched: tuple[UnmatchedAuthor, ...] = ()
    prices: PriceInfo | None = None
    notes: tuple[str, ...] = ()  # plain sentences for readers of the comment
    label: str | None = None
    ticket: str | None = None
    purpose: str | None = None
    estimate_usd: Decimal | None = None
    complete: bool = True
    settled: bool = False
    since: datetime | None = None  # usage was looked for from here on

    @property
    def cost_usd(self) -> Decimal:
        return sum((line.cost_usd for line in self.lines), ZERO)

    @property
    def billed_usd(self) -> Decimal | None:
        """What lands on an invoice; None when any line does not know, or tokens without a price may land there too."""
        return None if self.unpriced else total_billed(line.billed_usd for line in self.lines)

    @property
    def tokens(self) -> Tokens:
        return sum((line.tokens for line in self.lines), NO_TOKENS)

    @property
    def has_usage(self) -> bool:
        return bool(self.lines or self.unpriced)

    @property
    def nothing_known(self) -> bool:
        """No source answered, and nothing else (a receipt) spoke."""
        return not self.has_usage and all(source.state is SourceState.FAILED for source in self.sources)


def total_billed(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Sum, or None when one of them is unknown."""
    total = ZERO
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total
