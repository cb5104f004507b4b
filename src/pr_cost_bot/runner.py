"""Speaking to GitHub's runner: annotations, outputs, step summary. Nothing untrusted leaves here unescaped."""

import logging
import secrets as random_secrets
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TextIO

from pr_cost_bot.model import Problem
from pr_cost_bot.ports import PublishError

LOGGER = logging.getLogger("pr_cost_bot")
SUMMARY_LIMIT = 1024 * 1024  # bytes a step may write (actions/runner, ExecutionContext.AttachmentSizeLimit)
_ANNOTATION_LIMIT = 4096  # characters of an annotation's message
_COMMANDS = {"NOTICE": "notice", "WARNING": "warning", "ERROR": "error", "CRITICAL": "error"}
NOTICE = 25
logging.addLevelName(NOTICE, "NOTICE")


class Redactor(logging.Filter):
    """Takes every secret out of a log record, whoever wrote it."""

    def __init__(self, values: Iterable[str]) -> None:
        super().__init__()
        self.values = sorted(
            {part for value in values for part in (value, *value.splitlines()) if len(part) >= 4}, key=len, reverse=True
        )

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self.clean(record.getMessage()), None
        return True

    def clean(self, text: str) -> str:
        """The text with every secret replaced."""
        for value in self.values:
            text = text.replace(value, "***")
        return text


class WorkflowCommands(logging.Formatter):
    """Log records as the runner's annotations; plain lines can never be read as a command."""

    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        command = _COMMANDS.get(record.levelname)
        if command is None:
            return harmless_line(text)
        title = getattr(record, "title", None)
        properties = f" title={_escape_property(title)}" if title else ""
        return f"::{command}{properties}::{_escape_data(text[:_ANNOTATION_LIMIT])}"


class PlainLines(logging.Formatter):
    """The same for a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        text = harmless_line(record.getMessage())
        return text if record.levelno in {logging.INFO, NOTICE} else f"{record.levelname.lower()}: {text}"


def set_up_logging(stream: TextIO, *, level: str, secrets: Iterable[str], workflow: bool) -> None:
    """Send this program's log to `stream`, as annotations when a runner reads it.

    `level` is for plain lines. Notices, warnings and errors are always told: some of them are all that tells of a failure.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(WorkflowCommands() if workflow else PlainLines())
    handler.addFilter(Redactor(secrets))
    LOGGER.handlers[:] = [handler]
    LOGGER.setLevel(min(logging.getLevelNamesMapping()[level.upper()], NOTICE))
    LOGGER.propagate = False


def notice(text: str) -> None:
    """Tell something that is as it should be, but worth a line on the run's page."""
    LOGGER.log(NOTICE, "%s", text)


def warn(problem: Problem) -> None:
    """Tell what is missing; the run goes on."""
    LOGGER.warning("%s", problem, extra={"title": "pr-cost-bot"})


def fail(problem: Problem) -> None:
    """Tell why the run ends with an error."""
    LOGGER.error("%s", problem, extra={"title": "pr-cost-bot"})


def bug(error: Exception) -> Problem:
    """An error that nobody foresaw. Its own words may be anybody's, so they stand in the debug log only, with the traceback."""
    _log_traceback(error)
    home = Path(__file__).parent
    frames = ((Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__))
    own = [f" in {file.relative_to(home)}, line {line}" for file, line in frames if file.is_relative_to(home)]
    return Problem(
        f"This is a bug in pr-cost-bot: {type(error).__name__}{own[-1] if own else ''}.",
        "",
        "Please report it with the run's log at debug level (log_level: debug).",
    )


def failed_thread(failure: threading.ExceptHookArgs) -> None:
    """`threading.excepthook` for threads that only prepare something: what they were for fails again where it is needed."""
    if failure.exc_value is not None:
        _log_traceback(failure.exc_value)


def _log_traceback(error: BaseException) -> None:
    for line in "".join(traceback.format_exception(error)).splitlines():
        LOGGER.debug("%s", line)


def fail_in_summary(path: Path | None, problem: Problem, write: Callable[[Problem], str]) -> None:
    """Tell why the run ends with an error, also in the step summary, in `write`'s Markdown."""
    fail(problem)
    try:
        markdown = write(problem)
    except Exception as error:  # noqa: BLE001 - what went wrong may go wrong here again: then without the template engine
        _log_traceback(error)
        markdown = f"    {harmless_line(str(problem))}\n"
    write_summary(path, without_secrets(markdown))


def without_secrets(text: str) -> str:
    """The text without the secrets that the log is without."""
    redactors = (each for handler in LOGGER.handlers for each in handler.filters if isinstance(each, Redactor))
    for redactor in redactors:
        text = redactor.clean(text)
    return text


def harmless_line(text: str) -> str:
    """One line without control characters that the runner cannot take for `::command::` or `##[command]`."""
    line = "".join(char if char.isprintable() else " " for char in text).replace("##[", "## [")
    return line.replace("::", ": :") if line.lstrip().startswith("::") else line


def _escape_data(text: str) -> str:
    visible = "".join(char if char.isprintable() or char == "\n" else " " for char in text)
    return visible.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")


def write_outputs(path: Path | None, outputs: Mapping[str, str]) -> None:
    """Append to `GITHUB_OUTPUT`, each value behind a delimiter nobody can guess. Raises: PublishError."""
    if path is None:
        return
    text = ""
    for name, value in outputs.items():
        delimiter = f"end_{random_secrets.token_hex(16)}"
        text += f"{name}<<{delimiter}\n{value}\n{delimiter}\n"
    try:
        _append(path, text.encode())
    except OSError as error:
        raise PublishError(
            Problem(
                f"The outputs could not be written to the file that GITHUB_OUTPUT names ({error.strerror}).",
                "GitHub's runner makes that file; the runner's disk may be full.",
                "Run it again; on a runner of your own, look at its disk and at who owns its temporary folder.",
            )
        ) from None


def write_summary(path: Path | None, markdown: str) -> None:
    """Append to `GITHUB_STEP_SUMMARY`; what is over the runner's limit is cut at a line. A failure is a warning."""
    if path is None:
        return
    data = markdown.encode(errors="replace")
    if len(data) > SUMMARY_LIMIT:
        cut = data[: SUMMARY_LIMIT - 200].rpartition(b"\n")[0]
        data = cut + b"\n\nThe rest is left out: a step summary holds one MiB. The artifact has everything.\n"
    try:
        _append(path, data)
    except OSError as error:
        what = f"The step summary could not be written to the file that GITHUB_STEP_SUMMARY names ({error.strerror})."
        warn(Problem(what, "GitHub's runner makes that file; the runner's disk may be full.", "The log has its problems too."))


def _append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)
