"""A second process, forked from this one, that works beside it."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import msgspec

from pr_cost_bot.offline.job import MisplacedError
from pr_cost_bot.offline.lines import BadFieldError, BadLineError

AVAILABLE = "fork" in multiprocessing.get_all_start_methods()


class Helper:
    """Runs `work` in a process of its own."""

    def __init__(self, work: Callable[[], Any]) -> None:
        context = multiprocessing.get_context("fork")
        self._connection, other = context.Pipe()
        self._process = context.Process(target=_report, args=(work, other, self._connection), daemon=True)
        self._process.start()
        other.close()

    def finished(self, seconds: float) -> bool:
        """Whether it has come to an end; waits for that as long as this."""
        return self._connection.poll(seconds)

    def result(self) -> Any:
        """What `work` returned. Raises: what it raised; OSError when the process died."""
        try:
            outcome = self._connection.recv()
        except (EOFError, ConnectionResetError):
            raise OSError(None, "a helper process died") from None
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def stop(self) -> None:
        """Give up on it."""
        self._process.terminate()
        self._process.join()
        self._connection.close()


def _report(work: Callable[[], Any], connection: Connection, other: Connection) -> None:
    other.close()
    try:
        connection.send(work())
    except MisplacedError:
        connection.send(MisplacedError())
    except (msgspec.DecodeError, UnicodeDecodeError, BadFieldError) as error:
        connection.send(msgspec.DecodeError(str(error)))
    except BadLineError as error:
        connection.send(BadLineError(str(error)))
    except OSError as error:
        connection.send(OSError(error.errno, error.strerror, error.filename))
