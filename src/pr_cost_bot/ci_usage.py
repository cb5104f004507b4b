"""What AI cost in CI on a pull request: result files handed in by the workflow, kept in the row from run to run."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from pr_cost_bot.model import Problem, UsageRecord
from pr_cost_bot.ports import Row
from pr_cost_bot.receipts.claude_code_action import read_result

_FIELD = "ci_usage"
_LIMIT = 64 * 2**20  # bytes; a result file holds a whole conversation


def read_ci_files(
    files: Iterable[Path], repository: str, number: int, when: datetime, run: str
) -> tuple[tuple[UsageRecord, ...], tuple[Problem, ...]]:
    """The usage in result files of claude-code-action, and what was wrong with the others."""
    found: list[UsageRecord] = []
    problems: list[Problem] = []
    for file in files:
        try:
            text = file.read_bytes()[:_LIMIT].decode(errors="replace")
        except OSError:
            problems.append(_useless(file, "cannot be read"))
            continue
        records = read_result(text, repository=repository, pr_number=number, when=when, run=f"{run}:{file.name}")
        found += records
        if not records:
            problems.append(_useless(file, "holds no result with an amount"))
    return tuple(found), tuple(problems)


def with_kept(row: Row | None, new: Sequence[UsageRecord]) -> tuple[UsageRecord, ...]:
    """What earlier runs kept in the row, and what this one brings; the same CI run counts once."""
    try:
        kept = msgspec.convert((row or {}).get(_FIELD, []), tuple[UsageRecord, ...])
    except msgspec.ValidationError:
        kept = ()
    return tuple({record.id: record for record in (*new, *kept)}.values())


def keep_ci_usage(records: Sequence[UsageRecord]) -> Any:
    """As the row holds them."""
    return msgspec.to_builtins(sorted(records, key=lambda record: record.id))


def _useless(file: Path, what: str) -> Problem:
    return Problem(
        f"The receipt file {file.name} {what}, so that CI run is not in the figure.",
        "The step that writes it may have been skipped.",
        "Name claude-code-action's execution file: receipt_files: ${{ steps.claude.outputs.execution_file }}.",
    )
