"""What attribution says of usage, and what a pull request cost."""

from datetime import datetime
from decimal import Decimal

import msgspec

from pr_cost_bot.model.answers import SourceState, SourceStatus
from pr_cost_bot.model.git import PullRequest
from pr_cost_bot.model.usage import NO_TOKENS, ZERO, Evidence, Tokens, UsageRecord, total_billed


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


class RecordShare(msgspec.Struct, frozen=True, gc=False):
    """A vendor's record and the share of it that lies on the pull request; one for each commit that has a part of it."""

    record: UsageRecord
    share: Allocation


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


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The earlier figure, which row, label and outputs keep while these sources are silent."""

    cost_usd: Decimal
    label: str | None
    sources: tuple[SourceStatus, ...]


class PullRequestCost(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a run found out about one pull request: what comment, label, row, artifact and outputs show."""

    pull: PullRequest
    computed_at: datetime
    lines: tuple[CostLine, ...] = ()
    records: tuple[RecordShare, ...] = ()  # what the lines are made of, and the unpriced
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
    kept: Kept | None = None  # what was known before a source went silent, where that is more

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
