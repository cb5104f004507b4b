"""What AI cost in CI on a pull request: result files handed in by the workflow, kept in the row from run to run."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from pr_cost_bot.model import RECEIPT_SOURCE, Problem, UsageRecord
from pr_cost_bot.ports import Row
from pr_cost_bot.receipts.claude_code_action import PRODUCT, read_result

_FIELD = "ci_usage"
_MOST_USD, _FINEST, _MOST_TOKENS = Decimal(10_000), Decimal("1e-15"), 10**12
_LIMIT = 64 * 2**20  # bytes; a result file holds a whole conversation


def read_ci_files(
    files: Iterable[Path], repository: str, number: int, when: datetime
) -> tuple[tuple[UsageRecord, ...], tuple[Problem, ...]]:
    """The usage in result files of claude-code-action, and what was wrong with the others."""
    found: list[UsageRecord] = []
    problems: list[Problem] = []
    for file in files:
        try:
            if file.stat().st_size > _LIMIT:
                problems.append(_useless(file, f"is larger than {_LIMIT >> 20} MiB"))
                continue
            data = file.read_bytes()
        except OSError:
            problems.append(_useless(file, "cannot be read"))
            continue
        text, content = data.decode(errors="replace"), sha256(data).hexdigest()[:16]
        records = read_result(text, repository=repository, pr_number=number, when=when, run=content)
        found += records
        if not records:
            problems.append(_useless(file, "holds no result with an amount"))
    return tuple(found), tuple(problems)


def with_kept(row: Row | None, new: Sequence[UsageRecord], repository: str, number: int) -> tuple[UsageRecord, ...]:
    """What earlier runs kept in the row, and what this one brings; the same CI run counts once.

    The row is read as a claim: whoever may push may have written it.
    """
    records = list(new)
    listed = (row or {}).get(_FIELD, [])
    for entry in listed if isinstance(listed, list) else []:
        try:
            record = msgspec.convert(entry, UsageRecord)
        except (msgspec.ValidationError, ArithmeticError):
            continue
        if _is_believable(record):
            records.append(msgspec.structs.replace(record, repository=repository, pr_number=number, commit=None, branch=None))
    return tuple({record.id: record for record in records}.values())


def _is_believable(record: UsageRecord) -> bool:
    cost, tokens = record.cost_usd, record.tokens
    aware = record.start.tzinfo is not None and record.end.tzinfo is not None
    counts = (tokens.input, tokens.cache_read, tokens.cache_write, tokens.output, record.requests)
    dollars = cost is None or (cost.is_finite() and 0 <= cost < _MOST_USD and cost == cost.quantize(_FINEST))
    own = record.source == RECEIPT_SOURCE and record.product == PRODUCT and record.person is None and record.billed_usd is None
    return own and aware and dollars and all(0 <= count < _MOST_TOKENS for count in counts)


def keep_ci_usage(records: Sequence[UsageRecord]) -> Any:
    """As the row holds them."""
    return msgspec.to_builtins(sorted(records, key=lambda record: record.id))


def _useless(file: Path, what: str) -> Problem:
    return Problem(
        f"The receipt file {file.name} {what}, so that CI run is not in the figure.",
        "The step that writes it may have been skipped.",
        "Name claude-code-action's execution file: receipt_files: ${{ steps.claude.outputs.execution_file }}.",
    )
