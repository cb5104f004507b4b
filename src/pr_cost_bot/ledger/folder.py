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

    def not_there(self) -> Problem | None:
        """Why there is nothing to read: its name may be mistyped, or name something else."""
        checkout = "Name a checkout of the branch pr-cost-data."
        if self._folder.is_dir():
            return None
        if not self._folder.exists():
            remedy = (
                f"{checkout} To make one: git clone --branch pr-cost-data --single-branch https://github.com/OWNER/REPO table"
            )
            return Problem(f"There is no folder {self._folder}.", "Its name may be mistyped.", remedy)
        if _is_database(self._folder):
            url = f"sqlite:///{self._folder}"
            return Problem(f"{self._folder} is no folder.", "It is an SQLite database.", f"Name it by its URL: {url}")
        return Problem(f"{self._folder} is no folder.", "It is a file.", checkout)

    def read(self, repository: str, numbers: Sequence[int]) -> dict[int, Row]:
        """The repository's rows there are. Raises ReadError, naming the file."""
        paths = {number: self._folder / row_path(number) for number in numbers}
        found = {number: _row(path) for number, path in paths.items() if path.exists()}
        return {number: row for number, row in found.items() if row["repository"] == repository}

    def rows(self) -> Iterator[Row]:
        """All rows. Raises ReadError, naming the file."""
        if problem := self.not_there():
            raise ReadError(problem)
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


def _is_database(path: Path) -> bool:
    """Whether the file begins as SQLite's do (https://sqlite.org/fileformat2.html)."""
    try:
        with path.open("rb") as file:
            return file.read(16) == b"SQLite format 3\0"
    except OSError:
        return False


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
