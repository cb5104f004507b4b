"""What commits say about the usage that made them: one file per format, all pure.

`read_commits` reads what stands in commit messages. The formats that live in files, notes and branches (`receipt_ledger`,
`entire`, `git_ai`, `claude_code_action`) are parsers of text; whoever fetches the text calls them.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from pr_cost_bot.model import GitCommit, Receipt, Tokens
from pr_cost_bot.people import People, commits_of
from pr_cost_bot.receipts import agitrack, claude_cost_metrics, copilot, own
from pr_cost_bot.receipts.amounts import ABSURD_USD
from pr_cost_bot.receipts.claims import Claim, ReceiptReading, Refusals, receipt_of
from pr_cost_bot.receipts.messages import is_squash, squashed_shas, trailer_blocks

__all__ = ["ReceiptReading", "read_commits"]

Payload = tuple[str, str, Decimal | None, Tokens, str | None]
"""What a copy of a receipt has in common with it."""

_NOTES = 10  # told one by one


def read_commits(commits: Sequence[GitCommit], people: People) -> ReceiptReading:
    """Read the receipts in commit messages.

    Trailers that speak of the same usage count once, the most precise first (credits, then cost); so do copies of a receipt on
    rebased, picked and squashed commits. Negative and absurd amounts, running totals and repetitions are refused.
    """
    persons = {(commit.repository, commit.sha): commit.person for commit in commits_of(commits, people)}
    replaced = _replaced(commits, persons)
    receipts: dict[str, Receipt] = {}
    payloads: set[Payload] = set()
    refused_in: list[str] = []
    repeated = 0
    for commit in _oldest_first(commits):
        person = persons.get((commit.repository, commit.sha))
        if person is None or (commit.repository, person, commit.sha) in replaced:
            continue
        refused: Refusals = []
        blocks = _believable(_claims(commit.message, refused), refused)
        refused_in += [f"A receipt in commit {commit.sha[:7]} is not counted: {reason}." for reason in dict.fromkeys(refused)]
        copies = payloads if len(blocks) > 1 or is_squash(commit.message) else set()
        new = dict(_receipts(blocks, commit, person))
        kept = {key: r for key, r in new.items() if key not in receipts and _payload(r) not in copies}
        repeated += len(new) - len(kept)
        receipts |= kept
        payloads.update(map(_payload, kept.values()))
    return ReceiptReading(tuple(receipts.values()), _notes(refused_in, repeated))


def _replaced(commits: Sequence[GitCommit], persons: Mapping[tuple[str, str], str]) -> set[tuple[str, str, str]]:
    """Commits whose receipts a squashed commit carries on. Only of the same person: nobody makes others' receipts vanish."""
    return {
        (commit.repository, persons.get((commit.repository, commit.sha), ""), sha)
        for commit in commits
        for sha in squashed_shas(commit.message)
        if sha != commit.sha and any(trailer_blocks(commit.message))
    }


def _notes(refused: list[str], repeated: int) -> tuple[str, ...]:
    more = [f"{len(refused) - _NOTES} more receipts are not counted."] if len(refused) > _NOTES else []
    again = [f"{repeated} receipts repeat those of other commits and count once."] if repeated else []
    return (*refused[:_NOTES], *more, *again)


def _oldest_first(commits: Sequence[GitCommit]) -> list[GitCommit]:
    """Each commit once (it may be in several pull requests), a squashed one after those it may consist of."""
    unique = {(commit.repository, commit.sha): commit for commit in reversed(commits)}
    return sorted(unique.values(), key=lambda c: (is_squash(c.message), c.authored_at, c.pr_number is None, c.sha))


def _claims(message: str, refused: Refusals) -> list[list[Claim]]:
    """The claims of each message inside the message: one for an ordinary commit."""
    blocks = trailer_blocks(message)
    tracked = [[claim] for claim in agitrack.read(message, refused)]
    by_block = []
    for block, claims in zip(blocks, copilot.read(blocks, refused), strict=True):
        precise = [*claims, *claude_cost_metrics.read(block, refused)]
        is_ours = not tracked and not precise and not copilot.is_legacy(block)
        by_block.append(own.read(block, refused) if is_ours else precise)
    return [claims for claims in (*tracked, *by_block) if claims]


def _believable(blocks: list[list[Claim]], refused: Refusals) -> list[list[Claim]]:
    total = sum((claim.cost_usd or Decimal(0) for claims in blocks for claim in claims), Decimal(0))
    if total <= ABSURD_USD:
        return blocks
    refused.append(f"its amounts sum to more than ${ABSURD_USD:,f}")
    return []


def _receipts(blocks: list[list[Claim]], commit: GitCommit, person: str) -> Iterator[tuple[str, Receipt]]:
    """Receipts by usage key."""
    for position, claim in enumerate(claim for claims in blocks for claim in claims):
        key = _key(claim, person, commit.authored_at, position)
        yield key, receipt_of(claim, commit, person, key)


def _key(claim: Claim, person: str, authored_at: datetime, position: int) -> str:
    """What stays the same when a commit is rebased or picked: the format's own id, else author, author date and amounts."""
    if claim.key:
        return f"{claim.format} {claim.key}"
    return f"{claim.format} {person} {authored_at.isoformat()} {position} {claim.model} {claim.cost_usd} {claim.tokens}"


def _payload(receipt: Receipt) -> Payload:
    return receipt.format, receipt.model, receipt.cost_usd, receipt.tokens, receipt.session
