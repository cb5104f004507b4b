"""Processes forked from this one that work at the same time."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

import msgspec

from pr_cost_bot.offline.job import MisplacedError
from pr_cost_bot.offline.lines import BadFieldError, BadLineError

AVAILABLE = "fork" in multiprocessing.get_all_start_methods()
_BETWEEN_LOOKS = 0.1  # seconds


def at_once(tasks: Sequence[Callable[[], Any]], meanwhile: Callable[[], None]) -> Iterator[Any]:
    """What each task returns, as they end, each in a process of its own. `meanwhile` is called now and then.

    Raises: what the first to fail raised; OSError when a process died. The others are stopped then.
    """
    helpers = [_Helper(task) for task in tasks]
    left = {helper.connection: helper for helper in helpers}
    try:
        while left:
            for connection in wait(list(left), _BETWEEN_LOOKS):
                yield left.pop(connection).result()  # type: ignore[call-overload]  # those that it was given
            meanwhile()
    finally:
        for helper in helpers:
            helper.stop()


class _Helper:
    """Runs `work` in a process of its own."""

    def __init__(self, work: Callable[[], Any]) -> None:
        context = multiprocessing.get_context("fork")
        self.connection, other = context.Pipe()
        self._process = context.Process(target=_report, args=(work, other, self.connection), daemon=True)
        self._process.start()
        other.close()

    def result(self) -> Any:
        """What `work` returned. Raises: what it raised; OSError when the process died."""
        try:
            outcome = self.connection.recv()
        except (EOFError, ConnectionResetError):
            raise OSError(None, "a helper process died") from None
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def stop(self) -> None:
        """Give up on it."""
        self._process.terminate()
        self._process.join()
        self.connection.close()


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
