"""Telling what nobody has told yet: claim it in the lasting table, send it, and note what came of it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial

import msgspec

from pr_cost_bot.alerts import book
from pr_cost_bot.alerts.message import compose
from pr_cost_bot.alerts.rules import Alert
from pr_cost_bot.digest.forms import Message
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import NoticeBook, NoticeRecord, PublishError

Post = Callable[[Message, str], Problem | None]
"""Sends a message to the service of this name; returns what went wrong."""


class Tidings(msgspec.Struct, frozen=True):
    """What there is to tell. `digest`: its key and its message, when it is due."""

    alerts: Sequence[Alert]
    digest: tuple[str, Message] | None = None

    @property
    def keys(self) -> list[str]:
        return [*(alert.key for alert in self.alerts), *([self.digest[0]] if self.digest else [])]

    def only(self, keys: Mapping[str, object]) -> "Tidings":
        """The part of it with these keys."""
        digest = self.digest if self.digest and self.digest[0] in keys else None
        return Tidings([alert for alert in self.alerts if alert.key in keys], digest)

    def __bool__(self) -> bool:
        return bool(self.alerts or self.digest)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What this run was the one to tell, and what went wrong."""

    tidings: Tidings
    problems: tuple[Problem, ...] = ()


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """One run, and the services it sends to. `run`: no other run has the same."""

    run: str
    now: datetime
    services: Sequence[str]
    post: Post


def deliver(tidings: Tidings, notices: NoticeBook, sender: Sender) -> Told:
    """Tell what nobody has told. Raises PublishError when the table cannot say who has told what; then nothing is sent."""
    decide = partial(book.claimed, keys=tidings.keys, services=sender.services, run=sender.run, now=sender.now)
    claims = notices.change(tidings.keys, decide)
    lost = [key for key, record in claims.items() if record.state == "lost"]
    mine = {key: record for key, record in claims.items() if record.state != "lost"}
    told = tidings.only(mine)
    to_send = {key: record for key, record in mine.items() if record.state == "claimed"}
    problems, failed = _send(told, to_send, sender)
    if to_send:
        try:
            notices.change(list(to_send), lambda _: book.settled(to_send, failed, sender.now))
        except PublishError as error:
            problems.append(_not_noted(error.problem))
    return Told(tidings=told, problems=(*problems, *([_lost(lost)] if lost else [])))


def due(tidings: Tidings, notices: NoticeBook, sender: Sender) -> Tidings:
    """What `deliver` would tell. Raises PublishError."""
    claims = book.claimed(notices.read(tidings.keys), tidings.keys, sender.services, sender.run, sender.now)
    return tidings.only({key: record for key, record in claims.items() if record.state != "lost"})


def _send(told: Tidings, claims: Mapping[str, NoticeRecord], sender: Sender) -> tuple[list[Problem], dict[str, list[str]]]:
    """Each service gets the alerts that it lacks in one message, and the digest in another."""
    problems: list[Problem] = []
    failed: dict[str, list[str]] = {}
    for name in sender.services:
        alerts = [alert for alert in told.alerts if alert.key in claims and name in claims[alert.key].unsent]
        parcels = [([alert.key for alert in alerts], compose(alerts))] if alerts else []
        if told.digest and told.digest[0] in claims and name in claims[told.digest[0]].unsent:
            parcels.append(([told.digest[0]], told.digest[1]))
        for keys, message in parcels:
            problem = sender.post(message, name)
            if problem is not None:
                problems.append(problem)
                for key in keys:
                    failed.setdefault(key, []).append(name)
    return list(dict.fromkeys(problems)), failed


def _lost(keys: Sequence[str]) -> Problem:
    return Problem(
        f"Of {len(keys)} notices ({', '.join(keys[:3])}) nobody knows whether they were sent: a run ended while it sent them.",
        "It may have been cancelled, or lost its machine.",
        "They are not sent again, so that nothing is sent twice. That run's summary may show them.",
    )


def _not_noted(problem: Problem) -> Problem:
    return Problem(
        "What was sent could not be noted in the table. " + problem.what,
        problem.why,
        "Nothing is sent twice; what failed to be sent now is not tried again.",
    )
