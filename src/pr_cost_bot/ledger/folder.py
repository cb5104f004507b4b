"""The branch's files in a folder: a checkout of `pr-cost-data`, or several side by side."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pr_cost_bot.model import Problem
from pr_cost_bot.ports import PublishError, ReadError, Row
from pr_cost_bot.row_file import NoRowError, is_older, read_row, row_path, write_row


class FolderLedger:
    """Rows as `pr_costs/<number>.json` below the folder, as the branch has them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def rows(self) -> Iterator[Row]:
        """All rows. Raises ReadError, naming the file."""
        if not self._folder.is_dir():
            raise ReadError(Problem(f"{self._folder} is no folder.", "", "Name a checkout of the branch pr-cost-data."))
        files = sorted(self._folder.rglob("pr_costs/*.json"), key=lambda path: (str(path.parent), len(path.name), path.name))
        return (_row(path) for path in files)

    def write(self, rows: Sequence[Row]) -> None:
        """Write each row, unless the one there is newer or another repository's. Raises PublishError."""
        for row in rows:
            path = self._folder / row_path(row["pr_number"])
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                there = _row(path) if path.exists() else None
                if there is not None:
                    _check_same_repository(there, row, path)
                if there is None or not is_older(row, there):
                    path.write_text(write_row(row), encoding="utf-8", newline="")
            except OSError as error:
                what = f"{path} could not be written: {error.strerror or type(error).__name__}."
                raise PublishError(Problem(what, "", "Give a folder that you may write to.")) from error


def _row(path: Path) -> Row:
    try:
        return read_row(path.read_bytes())
    except OSError as error:
        why = f"{error.strerror or type(error).__name__}."
    except NoRowError as error:
        why = str(error)
    raise ReadError(Problem(f"{path} is no row of the table.", why, "Remove the file, or let the bot write it anew."))


def _check_same_repository(there: Row, row: Row, path: Path) -> None:
    if str(there["repository"]).casefold() != str(row["repository"]).casefold():
        raise PublishError(
            Problem(
                f"{path} is a row of {there['repository']}, not of {row['repository']}.",
                "A branch holds the table of its own repository only.",
                "Choose one with --repository, and a folder of its own for each.",
            )
        )
