"""The artifact's files: `pr_costs.csv`, `pr_cost_lines.csv` and `pr_cost.json` (interface section 6)."""

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pr_cost_bot.ledger.rows import LINE_FIELDS, ROW_FIELDS, line_rows, same_facts
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import PublishError, Row


def write_artifact(directory: Path, documents: Sequence[Row]) -> None:
    """Write the three files, unless those there differ only in the time of the run. Raises PublishError."""
    try:
        if _unchanged(directory / "pr_cost.json", documents):
            return
        directory.mkdir(parents=True, exist_ok=True)
        _write(directory / "pr_costs.csv", _csv(ROW_FIELDS, documents))
        _write(directory / "pr_cost_lines.csv", _csv(LINE_FIELDS, line_rows(documents)))
        _write(directory / "pr_cost.json", json.dumps(_json_value(documents), indent=2, ensure_ascii=False) + "\n")
        _hand_over(directory)
    except OSError as error:
        raise PublishError(
            Problem(
                f"The artifact's files could not be written: {error.strerror or type(error).__name__}.",
                "The folder may belong to another user or the disk may be full.",
                "Give another artifact_dir, or set it to nothing to turn the files off.",
            )
        ) from error


def _json_value(documents: Sequence[Row]) -> Row | list[Row]:
    """One pull request: its document. A true-up: all of them in a list."""
    return documents[0] if len(documents) == 1 else list(documents)


def _unchanged(path: Path, documents: Sequence[Row]) -> bool:
    try:
        there = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    before = there if isinstance(there, list) else [there]
    return len(before) == len(documents) and all(
        isinstance(one, dict) and same_facts(one, other) for one, other in zip(before, documents, strict=True)
    )


def _csv(fields: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """RFC 4180 with `\\n`. Absent values are empty, booleans `true` and `false`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(fields)
    writer.writerows([_cell(row[field]) for field in fields] for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    """A spreadsheet must not take text from a pull request for a formula."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return "'" + value
    return value


def _write(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8", newline="")
    part.replace(path)


def _hand_over(directory: Path) -> None:
    """In the container we are root; later steps of the job are the workspace's owner."""
    owner = directory.parent.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        for path in (directory, *directory.iterdir()):
            os.chown(path, owner.st_uid, owner.st_gid)
