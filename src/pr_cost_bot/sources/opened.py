"""Files of usage as lines of text: from the workspace or over HTTP, packed or not, within bounds."""

import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import GzipFile
from pathlib import Path
from urllib.parse import urlsplit

from pr_cost_bot.http import Connection, Limits, SourceError, Vendor
from pr_cost_bot.model import Problem

MOST_BYTES = 2 * 2**30  # of one file, unpacked
_LONGEST_LINE = 32 * 2**20  # characters; what is longer is cut, and then cannot be read as a row
_MOST_FILES = 10_000  # in one folder
_SUFFIXES = frozenset({".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".log", ".gz"})
_BYTE_ORDER_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_GZIP = b"\x1f\x8b"


class FileError(Exception):
    """A file could not be read. `problem` tells the user."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def find(root: Path, path: str) -> list[Path]:
    """The file, or every file of the folder with a known ending, below `root`, by name. Raises FileError.

    Symbolic links that lead out of `root` are refused, and links inside a folder are not followed at all.
    """
    try:
        base = root.resolve()
        target = (base / path).resolve()
    except (OSError, ValueError, RuntimeError):
        raise FileError(_missing(path)) from None
    if not target.is_relative_to(base):
        raise FileError(
            Problem(
                f"{path} lies outside the workspace.", "", "Give a path below GITHUB_WORKSPACE; links must not lead out of it."
            )
        )
    if target.is_file():
        return [target]
    if not target.is_dir():
        raise FileError(_missing(path))
    return _folder(target, path)


def _folder(folder: Path, path: str) -> list[Path]:
    found = []
    for directory, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(directory, name)
            if not name.startswith(".") and file.suffix.lower() in _SUFFIXES and file.is_file() and not file.is_symlink():
                found.append(file)
        if len(found) > _MOST_FILES:
            raise FileError(Problem(f"{path} holds more than {_MOST_FILES:,} files.", "", "Name a folder with fewer files."))
    if not found:
        raise FileError(
            Problem(
                f"{path} holds no file of usage.", f"Endings looked for: {', '.join(sorted(_SUFFIXES))}.", "Check the path."
            )
        )
    return found


def _missing(path: str) -> Problem:
    return Problem(
        f"{path} does not exist.",
        "Paths are below GITHUB_WORKSPACE, and an earlier step must have put the file there.",
        "Check `sources.files` in the configuration and the step that fetches the file.",
    )


@contextmanager
def open_path(path: Path, called: str) -> Iterator[Iterator[str]]:
    """The lines of a file; messages call it `called`. Raises FileError, also while lines are read."""
    with faults(called), path.open("rb") as raw, _text(raw) as text:
        yield _lines(text, called)


@contextmanager
def open_url(url: str, called: str, limits: Limits | None = None) -> Iterator[Iterator[str]]:
    """The lines of what stands at the address, fetched without credentials and without following redirects."""
    parts = urlsplit(url)
    vendor = Vendor(title=called, key_input="", needs="")
    connection = Connection(vendor, f"{parts.scheme}://{parts.netloc}", {}, limits, headers={"Accept": "*/*"})
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    try:
        body = connection.session().download(target)
    except SourceError as error:
        raise FileError(
            Problem(
                error.problem.what,
                "It is fetched without credentials, and redirects are not followed.",
                "Check `url` in `sources.files`; else fetch the file in a step of the workflow and give its path.",
            )
        ) from None
    with open_body(body, called) as lines:
        yield lines


@contextmanager
def open_body(body: bytes, called: str) -> Iterator[Iterator[str]]:
    """The lines of a file that is in memory, packed or not. Raises FileError, also while lines are read."""
    with faults(called), _text(io.BytesIO(body)) as text:
        yield _lines(text, called)


@contextmanager
def faults(called: str) -> Iterator[None]:
    """Turn what goes wrong while a file is read into FileError."""
    try:
        yield
    except (EOFError, zlib.error):
        raise FileError(Problem(f"{called} breaks off: the packed file is damaged.", "", "Export or fetch it again.")) from None
    except OSError as error:
        reason = error.strerror or "it is damaged"
        raise FileError(Problem(f"{called} cannot be read: {reason}.", "", "Check the file and its permissions.")) from None
    except UnicodeError:
        raise FileError(Problem(f"{called} is not text.", "", "Save it as UTF-8.")) from None


def _text(raw: io.BufferedIOBase) -> io.TextIOWrapper:
    """Unpacked and decoded. No newline translation: csv wants line ends as they are.

    Names with damaged characters match nobody, and amounts with them are bad.
    """
    stream = io.BufferedReader(raw)
    if stream.peek(2)[:2] == _GZIP:
        stream = io.BufferedReader(GzipFile(fileobj=stream))
    encoding = _BYTE_ORDER_MARKS.get(stream.peek(2)[:2], "utf-8-sig")
    return io.TextIOWrapper(stream, encoding, errors="replace", newline="")


def _lines(text: io.TextIOWrapper, called: str) -> Iterator[str]:
    read = 0
    while line := text.readline(_LONGEST_LINE):
        read += len(line)
        if read > MOST_BYTES:
            raise FileError(Problem(f"{called} is too large.", "At most 2 GiB are read.", "Export a shorter time."))
        yield line
        while len(line) == _LONGEST_LINE and not line.endswith(("\n", "\r")):
            line = text.readline(_LONGEST_LINE)
            read += len(line)
