"""To people, through Apprise, each service in the form it likes best. The addresses hold secrets and are never shown."""

import logging
from collections.abc import Iterable, Sequence
from typing import Any

from pr_cost_bot.digest.message import FORMS, Form, Message
from pr_cost_bot.model import Problem

_LIKED: tuple[Form, ...] = ("markdown", "html", "text")


def send(message: Message, urls: Sequence[str]) -> list[Problem]:
    """Send to every address; returns what went wrong, by the address's place in the list and its service."""
    try:
        import apprise  # noqa: PLC0415 - an extra
    except ImportError:
        return [
            Problem(
                "The digest was not sent: Apprise is not installed.",
                "It is an extra.",
                "Install it with pip install 'pr-cost-bot[notify]'.",
            )
        ]
    # Apprise logs on its own; some services' messages repeat parts of their address.
    logger = logging.getLogger("apprise")
    logger.propagate = False
    logger.addHandler(logging.NullHandler())
    return [problem for place, url in enumerate(urls, 1) for problem in _send_one(apprise, message, place, url)]


def _send_one(apprise: Any, message: Message, place: int, url: str) -> Iterable[Problem]:
    services = apprise.Apprise()
    if not services.add(url) or not len(services):
        return [
            Problem(
                f"Notification address {place} is not known to Apprise.",
                "Its form may be wrong, or the service needs a package that is not installed.",
                "Compare it with Apprise's list of services: https://github.com/caronc/apprise/wiki.",
            )
        ]
    service = services[0]
    form = _form(service.notify_format)
    if services.notify(body=message.bodies[form], title=message.title, body_format=form):
        return []
    return [
        Problem(
            f"{service.service_name} (notification address {place}) did not take the digest.",
            "It may be out of reach from here, or its key may be wrong or withdrawn.",
            "Try the same address with Apprise's own command: apprise -vv -b test ADDRESS.",
        )
    ]


def _form(accepted: Any) -> Form:
    """The best of what a service takes; Apprise names one form or several."""
    names = {str(getattr(one, "value", one)) for one in (accepted if isinstance(accepted, tuple | list | set) else [accepted])}
    return next((form for form in _LIKED if form in names), FORMS[0])
