"""Speaking to GitHub's runner: annotations, outputs, step summary. Nothing untrusted leaves here unescaped."""

import logging
import secrets as random_secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TextIO

from pr_cost_bot.model import Problem

LOGGER = logging.getLogger("pr_cost_bot")
SUMMARY_LIMIT = 1024 * 1024  # bytes a step may write (actions/runner, ExecutionContext.AttachmentSizeLimit)
_ANNOTATION_LIMIT = 4096  # characters of an annotation's message
_COMMANDS = {"DEBUG": "debug", "NOTICE": "notice", "WARNING": "warning", "ERROR": "error", "CRITICAL": "error"}
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
    """Send this program's log to `stream`, as annotations when a runner reads it."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(WorkflowCommands() if workflow else PlainLines())
    handler.addFilter(Redactor(secrets))
    LOGGER.handlers[:] = [handler]
    LOGGER.setLevel(level.upper())
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
    """Append to `GITHUB_OUTPUT`, each value behind a delimiter nobody can guess."""
    if path is None:
        return
    with path.open("a", encoding="utf-8") as file:
        for name, value in outputs.items():
            delimiter = f"end_{random_secrets.token_hex(16)}"
            file.write(f"{name}<<{delimiter}\n{value}\n{delimiter}\n")


def write_summary(path: Path | None, markdown: str) -> None:
    """Append to `GITHUB_STEP_SUMMARY`; what is over the runner's limit is cut at a line."""
    if path is None:
        return
    data = markdown.encode()
    if len(data) > SUMMARY_LIMIT:
        cut = data[: SUMMARY_LIMIT - 200].rpartition(b"\n")[0]
        data = cut + b"\n\nThe rest is left out: a step summary holds one MiB. The artifact has everything.\n"
    with path.open("ab") as file:
        file.write(data)
