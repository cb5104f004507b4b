"""What the templates see: the facts, their breakdowns, and the few decisions behind the words."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from pr_cost_bot.model import CommitCost, Kept, PullRequestCost, Remainder, SourceState, SourceStatus
from pr_cost_bot.render import breakdown
from pr_cost_bot.render.breakdown import Slice, Table
from pr_cost_bot.render.escape import NONE, Markdown, escape
from pr_cost_bot.render.numbers import dollars
from pr_cost_bot.render.picture import Picture, picture
from pr_cost_bot.tickets import tickets_of

_MODELS_IN_COMMENT = 10
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # whatever the locale
_SAFE_URL = re.compile(r"https?://[A-Za-z0-9.:-]+(?:/[A-Za-z0-9._~/-]*)?")
_SHA = re.compile(r"[0-9a-f]{7,64}")
_TIMES = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}:\d\d(?::\d\d)?(?:\.\d+)?")


@dataclass(frozen=True, kw_only=True)
class View:
    """One pull request for the templates. `rows` bounds every table; `clock` False leaves out all that only time changes."""

    cost: PullRequestCost
    show_people: bool
    rows: int
    model_rows: int = _MODELS_IN_COMMENT
    clock: bool = True

    @cached_property
    def models(self) -> tuple[Slice, ...]:
        """What the figure consists of; the unpriced models only where nothing else is known."""
        return breakdown.by_model(self.cost) or self.unpriced_models

    @cached_property
    def model_table(self) -> Table[Slice]:
        return breakdown.first_rows(self.models, min(self.model_rows, self.rows))

    @cached_property
    def unpriced_models(self) -> tuple[Slice, ...]:
        return breakdown.by_unpriced_model(self.cost)

    @cached_property
    def unpriced_table(self) -> Table[Slice]:
        """The unpriced models beside the priced ones."""
        return breakdown.first_rows(self.unpriced_models if self.cost.lines else (), min(self.model_rows, self.rows))

    @cached_property
    def total(self) -> Slice:
        return breakdown.total(self.models)

    @cached_property
    def source_table(self) -> Table[Slice]:
        return breakdown.first_rows(breakdown.by_source(self.cost), self.rows)

    @cached_property
    def person_table(self) -> Table[Slice]:
        return breakdown.first_rows(breakdown.by_person(self.cost) if self.show_people else (), self.rows)

    @cached_property
    def commit_table(self) -> Table[CommitCost]:
        return breakdown.costliest_commits(self.cost.commits, self.rows)

    @cached_property
    def evidence(self) -> tuple[Slice, ...]:
        return breakdown.by_evidence(self.cost)

    @cached_property
    def picture(self) -> Picture | None:
        return picture(self.cost, self.models)

    @property
    def failed(self) -> tuple[SourceStatus, ...]:
        return tuple(status for status in self.cost.sources if status.state is not SourceState.OK)

    @property
    def incomplete(self) -> bool:
        return bool(self.failed) or not self.cost.complete

    @property
    def earlier(self) -> Kept | None:
        """What was known before a source went silent, where the sentence tells something else."""
        return None if self.cost.nothing_known else self.cost.kept

    @property
    def has_figure(self) -> bool:
        """Whether the sentence tells one: this run's, or the earlier one."""
        return bool(self.models) or (self.cost.nothing_known and self.cost.kept is not None)

    @property
    def has_range(self) -> bool:
        shown = {dollars(amount) for amount in (self.cost.low_usd, self.cost.cost_usd, self.cost.high_usd)}
        return len(shown) > 1

    @property
    def billed(self) -> Decimal | None:
        """The billed part where it is known and differs from the cost."""
        billed = self.cost.billed_usd
        return None if billed is None or dollars(billed) == dollars(self.cost.cost_usd) else billed

    @property
    def tickets(self) -> tuple[str, ...]:
        """The tickets that share the cost; empty where one, or none, has all of it."""
        names = tickets_of(self.cost.ticket)
        return names if len(names) > 1 else ()

    @property
    def actual(self) -> Decimal | None:
        """What an estimate is held against; None: only tokens without a price were found."""
        return None if self.cost.unpriced and not self.cost.lines else self.cost.cost_usd

    @property
    def without_tokens(self) -> Decimal:
        """What was paid for usage of which the vendor counts requests or credits only."""
        return sum((line.cost_usd for line in self.cost.lines if not line.tokens), Decimal(0))

    @cached_property
    def unattributed(self) -> tuple[Remainder, ...]:
        parts = [part for part in self.cost.unattributed if part.cost_usd or part.tokens]
        return tuple(sorted(parts, key=lambda part: -part.cost_usd))

    @property
    def pending(self) -> Remainder | None:
        pending = self.cost.pending
        return pending if pending and (pending.cost_usd or pending.tokens) else None

    @property
    def since(self) -> datetime | None:
        """From when usage was looked for; without it, the first commit's time."""
        return self.cost.since or min((commit.authored_at for commit in self.cost.pull.commits), default=None)

    @property
    def until(self) -> datetime:
        """Up to when usage was looked for."""
        return min(self.cost.pull.merged_at or self.cost.pull.closed_at or self.cost.computed_at, self.cost.computed_at)

    @property
    def changes_until(self) -> datetime | None:
        """After this, nothing a source says about a closed pull request changes any more."""
        longest = max((status.settles_after for status in self.cost.sources), default=None)
        closed = self.cost.pull.merged_at or self.cost.pull.closed_at
        return closed + longest if closed and longest else None

    def when(self, time: datetime) -> Markdown:
        """A time of the run or of a source's freshness: not part of what the comment says."""
        return shown_time(time) if self.clock else Markdown("")

    def told(self, text: str, limit: int = 200) -> Markdown:
        """A plain sentence from elsewhere, without its last full stop; without the times in it where the clock is left out."""
        line = text if self.clock else _TIMES.sub("", text)
        return escape(line.strip().rstrip("."), limit)

    def failure(self, status: SourceStatus) -> Markdown:
        """`Cursor answered 503`, naming the source in any case."""
        what = status.problem.what if status.problem else ""
        if not what:
            what = (
                f"{status.title} gave no answer" if status.state is SourceState.FAILED else f"{status.title} answered in part"
            )
        elif status.title.casefold() not in what.casefold():
            what = f"{status.title}: {what}"
        return self.told(what)

    def price(self, row: Slice | CommitCost) -> Markdown:
        """What a row cost. Never $0 where a price is missing."""
        if isinstance(row, Slice):
            return Markdown(dollars(row.cost_usd) if row.priced else "unpriced")
        return Markdown(NONE if not row.cost_usd and self.cost.unpriced else dollars(row.cost_usd))

    def remedy(self, status: SourceStatus) -> Markdown:
        """What to do about a source, as a sentence; empty when nobody said."""
        remedy = self.told(status.problem.remedy) if status.problem else Markdown("")
        return Markdown(f"{remedy}.") if remedy else remedy

    @property
    def pull_link(self) -> Markdown:
        """`acme/web #12`, linked. GitHub makes no reference of what is in a link already."""
        pull = self.cost.pull
        return link(f"{escape(pull.repository, 120)} #{pull.number}", pull.url)

    @property
    def headline(self) -> Markdown:
        """The figure in a word, for the overview of several pull requests."""
        if self.cost.nothing_known:
            return Markdown(f"was {dollars(self.cost.kept.cost_usd)}" if self.cost.kept else "not known")
        return self.price(self.total) if self.models else Markdown("no usage")

    def commit_link(self, sha: str) -> Markdown:
        """The short sha, linked to the commit inside the pull request."""
        if not _SHA.fullmatch(sha):
            return escape(sha, 12)
        return link(f"`{sha[:7]}`", f"{self.cost.pull.url}/commits/{sha}")


def link(text: str, url: str) -> Markdown:
    """A link with a safe text; only the text when the address is not a plain one."""
    return Markdown(f"[{text}]({url})" if _SAFE_URL.fullmatch(url) else text)


def shown_time(time: datetime) -> Markdown:
    """`21 Nov 2026 14:00 UTC`: unlike 2026-11-21, a phone can wrap it well."""
    return Markdown(f"{time.day} {_MONTHS[time.month - 1]} {time:%Y %H:%M} UTC")
