"""To people, through Apprise, each service in the form it likes best. The addresses hold secrets and are never shown."""

import logging
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from pr_cost_bot.digest.forms import FORMS, Form, Message
from pr_cost_bot.model import Problem

_LIKED: tuple[Form, ...] = ("markdown", "html", "text")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{0,20}):", re.ASCII | re.IGNORECASE)


def send(message: Message, urls: Sequence[str]) -> list[Problem]:
    """Send to every address; returns what went wrong, by the address's place in the list and its service."""
    problems = (post(message, url, f"notification address {place}") for place, url in enumerate(urls, 1))
    return list(dict.fromkeys(problem for problem in problems if problem is not None))


def service_names(urls: Sequence[str]) -> dict[str, str]:
    """A name for each address that may be told and kept: its scheme, and which one of that scheme it is. `slack 1`: its URL."""
    seen: Counter[str] = Counter()
    found = {}
    for url in urls:
        scheme = match[1].lower() if (match := _SCHEME.match(url)) else "address"
        seen[scheme] += 1
        found[f"{scheme} {seen[scheme]}"] = url
    return found


def post(message: Message, url: str, name: str) -> Problem | None:
    """Send to one address, which is called `name`; returns what went wrong."""
    try:
        import apprise  # noqa: PLC0415 - an extra, and slow to import
    except ImportError:
        return Problem(
            "The message was not sent: Apprise is not installed.",
            "It is an extra.",
            "Install it beside the program: pip install apprise.",
        )
    # Apprise logs on its own; some services' messages repeat parts of their address.
    logger = logging.getLogger("apprise")
    logger.propagate = False
    logger.addHandler(logging.NullHandler())
    services = apprise.Apprise()
    if not services.add(url) or not len(services):
        return Problem(
            f"{name[0].upper()}{name[1:]} is not known to Apprise.",
            "Its form may be wrong, or the service needs a package that is not installed.",
            "Compare it with Apprise's list of services: https://github.com/caronc/apprise/wiki.",
        )
    if _accepted(services, message):
        return None
    return Problem(
        f"{services[0].service_name} ({name}) did not take the message.",
        "It may be out of reach from here, or its key may be wrong or withdrawn.",
        "Try the same address with Apprise's own command: apprise -vv -b test ADDRESS.",
    )


def _accepted(services: Any, message: Message) -> bool:
    form = _form(services[0].notify_format)
    try:
        body = message.bodies[form] if form == "html" else message.beneath_title(form)  # a letter says all of it
        return bool(services.notify(body=body, title=message.title, body_format=form))
    except Exception:  # noqa: BLE001 - more than a hundred services' code; an error's text may repeat the address
        return False


def _form(accepted: Any) -> Form:
    """The best of what a service takes; Apprise names one form or several."""
    names = {str(getattr(one, "value", one)) for one in (accepted if isinstance(accepted, tuple | list | set) else [accepted])}
    return next((form for form in _LIKED if form in names), FORMS[0])
