"""A second process, forked from this one, that works beside it."""

import multiprocessing
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

import msgspec

from pr_cost_bot.offline.job import MisplacedError
from pr_cost_bot.offline.lines import BadFieldError, BadLineError

AVAILABLE = "fork" in multiprocessing.get_all_start_methods()


class Helper:
    """Runs `work` in a process of its own; both talk through a connection, and what `work` returns is its last word."""

    def __init__(self, work: Callable[[Connection], Any]) -> None:
        context = multiprocessing.get_context("fork")
        self._connection, other = context.Pipe()
        self._process = context.Process(target=_report, args=(work, other, self._connection), daemon=True)
        self._process.start()
        other.close()

    def tell(self, message: object) -> None:
        """Send something that it waits for."""
        with suppress(BrokenPipeError):  # then it failed already, and `result` says how
            self._connection.send(message)

    def result(self) -> Any:
        """What it sends next. Raises: what it raised; OSError when it died."""
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


def _report(work: Callable[[Connection], Any], connection: Connection, other: Connection) -> None:
    other.close()
    try:
        connection.send(work(connection))
    except MisplacedError:
        connection.send(MisplacedError())
    except (msgspec.DecodeError, UnicodeDecodeError, BadFieldError) as error:
        connection.send(msgspec.DecodeError(str(error)))
    except BadLineError as error:
        connection.send(BadLineError(str(error)))
    except OSError as error:
        connection.send(OSError(error.errno, error.strerror, error.filename))
    except EOFError:
        pass  # nobody waits any more
