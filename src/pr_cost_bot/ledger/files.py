"""The artifact's files: `pr_costs.csv`, `pr_cost_lines.csv` and `pr_cost.json` (docs/ledger.md)."""

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pr_cost_bot.ledger.rows import line_rows, same_facts
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import PublishError, Row
from pr_cost_bot.row_file import LINE_FIELDS, ROW_FIELDS

_FILES = ("pr_costs.csv", "pr_cost_lines.csv", "pr_cost.json")


def write_artifact(directory: Path, documents: Sequence[Row], workspace: Path | None = None) -> None:
    """Write the three files, unless those there differ only in the time of the run. Raises PublishError.

    `workspace`: whose owner the files are handed over to.
    """
    try:
        if _unchanged(directory, documents):
            return
        made = [path for path in (directory, *directory.parents) if not path.exists()]
        directory.mkdir(parents=True, exist_ok=True)
        _write(directory / "pr_costs.csv", _csv(ROW_FIELDS, documents))
        _write(directory / "pr_cost_lines.csv", _csv(LINE_FIELDS, line_rows(documents)))
        _write(directory / "pr_cost.json", json.dumps(_json_value(documents), indent=2, ensure_ascii=False, default=str) + "\n")
        _hand_over([*made, *(directory / name for name in _FILES)], workspace or directory.parent)
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


def _unchanged(directory: Path, documents: Sequence[Row]) -> bool:
    try:
        there = json.loads((directory / "pr_cost.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    before = there if isinstance(there, list) else [there]
    whole = len(before) == len(documents) and all((directory / name).exists() for name in _FILES)
    return whole and all(isinstance(one, dict) and same_facts(one, other) for one, other in zip(before, documents, strict=True))


def _csv(fields: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    r"""RFC 4180 with `\n`. Absent values are empty, booleans `true` and `false`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(fields)
    writer.writerows([cell(row[field]) for field in fields] for row in rows)
    return text.getvalue()


def cell(value: object) -> object:
    """A spreadsheet must not take text from a pull request for a formula."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return "'" + value
    return value


def _write(path: Path, text: str) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8", newline="")
    part.replace(path)


def _hand_over(paths: Sequence[Path], workspace: Path) -> None:
    """In the container we are root; later steps of the job are the workspace's owner."""
    owner = workspace.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        for path in paths:
            os.chown(path, owner.st_uid, owner.st_gid)
