"""The two tables' rows (docs/ledger.md), from a `PullRequestCost`. Pure."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pr_cost_bot.model import CostLine, PullRequestCost, Remainder, SourceStatus, Tokens, Unpriced
from pr_cost_bot.ports import Row
from pr_cost_bot.row_file import ROW_FIELDS

SCHEMA_VERSION = 1

FIGURES = (
    "cost_usd",
    "billed_usd",
    "low_usd",
    "high_usd",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "output_tokens",
    "cost_label",
    "lines",
    "unpriced",
)
"""What a row says of usage; the rest is about the pull request and the run."""


def row_of(cost: PullRequestCost, *, show_people: bool) -> Row:
    """The `pr_costs` row with its `lines` inside: money as plain decimal strings, times as RFC 3339 in UTC."""
    pull = cost.pull
    return {
        "repository": pull.repository,
        "pr_number": pull.number,
        "title": pull.title,
        "url": pull.url,
        "author": pull.author.login or pull.author.name,
        "state": pull.state,
        "base_ref": pull.base_ref,
        "head_ref": pull.head_ref,
        "head_sha": pull.head_sha,
        "opened_at": rfc3339(pull.opened_at),
        "first_commit_at": rfc3339(min((c.authored_at for c in pull.commits), default=None)),
        "merged_at": rfc3339(pull.merged_at),
        "closed_at": rfc3339(pull.closed_at),
        "commits": len(pull.commits),
        "additions": pull.additions,
        "deletions": pull.deletions,
        "ticket": cost.ticket,
        "purpose": cost.purpose,
        "cost_usd": exact_dollars(cost.cost_usd),
        "billed_usd": exact_dollars(cost.billed_usd),
        "low_usd": exact_dollars(cost.low_usd),
        "high_usd": exact_dollars(cost.high_usd),
        **token_fields(cost.tokens),
        "cost_label": cost.label,
        "estimate_usd": exact_dollars(cost.estimate_usd),
        "complete": cost.complete,
        "settled": cost.settled,
        "computed_at": rfc3339(cost.computed_at),
        "schema_version": SCHEMA_VERSION,
        "lines": _line_rows(pull.repository, pull.number, cost.lines, show_people=show_people),
        **({"unpriced": [_unpriced(unpriced) for unpriced in cost.unpriced]} if cost.unpriced else {}),
        **({"unmatched": len(cost.unmatched)} if cost.unmatched else {}),
    }


def document_of(cost: PullRequestCost, *, show_people: bool) -> Row:
    """What `pr_cost.json` holds: the row, and what a machine wants to know beside it."""
    return {
        **row_of(cost, show_people=show_people),
        "sources": [_source(status) for status in cost.sources],
        "unattributed": [_remainder(remainder) for remainder in cost.unattributed],
        "pending": None if cost.pending is None else _remainder(cost.pending),
        "unpriced": [_unpriced(unpriced) for unpriced in cost.unpriced],
        "notes": list(cost.notes),
    }


def document_of_row(row: Row) -> Row:
    """The same as far as a row knows it, for a run that computes nothing: what sources answered and what is left is empty."""
    known = {name: row[name] for name in (*ROW_FIELDS, "lines") if name in row}
    rest = {"sources": [], "unattributed": [], "pending": None, "unpriced": row.get("unpriced", []), "notes": []}
    return {**known, **rest}


def same_facts(one: Row | None, other: Row) -> bool:
    """Whether two rows or documents differ in nothing but the time of the run."""
    return one is not None and _timeless(one) == _timeless(other)


def line_rows(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The `pr_cost_lines` rows inside these rows."""
    return [line for row in rows for line in row["lines"]]


def exact_dollars(amount: Decimal | None) -> str | None:
    """An exact amount without exponent and without idle zeros: `4.21`, `0`, `0.00015`."""
    if amount is None:
        return None
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def rfc3339(moment: datetime | None) -> str | None:
    """UTC with a `Z`."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _line_rows(repository: str, number: int, lines: Sequence[CostLine], *, show_people: bool) -> list[dict[str, Any]]:
    """Without people, the lines of several people fall together, so that nobody can be told apart by counting rows."""
    merged: dict[tuple[str, str, str, str, str], list[CostLine]] = {}
    for line in lines:
        person = line.person if show_people else ""
        merged.setdefault((line.source, line.product, line.model, person, str(line.evidence)), []).append(line)
    return [
        {
            "repository": repository,
            "pr_number": number,
            "source": source,
            "product": product,
            "model": model,
            "person": person,
            "evidence": evidence,
            "requests": sum(line.requests for line in group),
            **token_fields(sum((line.tokens for line in group), Tokens())),
            "cost_usd": exact_dollars(sum((line.cost_usd for line in group), Decimal(0))),
            "billed_usd": None
            if any(line.billed_usd is None for line in group)
            else exact_dollars(sum((line.billed_usd or Decimal(0) for line in group), Decimal(0))),
        }
        for (source, product, model, person, evidence), group in sorted(merged.items())
    ]


def token_fields(tokens: Tokens) -> dict[str, int]:
    """The columns of tokens, in every table."""
    return {
        "input_tokens": tokens.input,
        "cache_read_tokens": tokens.cache_read,
        "cache_write_tokens": tokens.cache_write,
        "output_tokens": tokens.output,
    }


def _source(status: SourceStatus) -> dict[str, Any]:
    return {
        "name": status.name,
        "state": str(status.state),
        "problem": None if status.problem is None else str(status.problem),
        "grain": status.grain,
        "fresh_until": rfc3339(status.fresh_until),
        "records": status.records,
    }


def _remainder(remainder: Remainder) -> dict[str, Any]:
    return {"reason": remainder.reason, "cost_usd": exact_dollars(remainder.cost_usd), **token_fields(remainder.tokens)}


def _unpriced(unpriced: Unpriced) -> dict[str, Any]:
    return {"source": unpriced.source, "model": unpriced.model, **token_fields(unpriced.tokens)}


def _timeless(row: Row) -> Row:
    rest = {key: value for key, value in row.items() if key != "computed_at"}
    if isinstance(sources := rest.get("sources"), list):  # a file may hold anything by now
        rest["sources"] = [
            {key: value for key, value in source.items() if key != "fresh_until"} if isinstance(source, dict) else source
            for source in sources
        ]
    return rest
