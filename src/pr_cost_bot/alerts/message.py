"""Alerts as a message: all that a run has to tell at once, so that ten costly pull requests ring one bell."""

from collections.abc import Sequence

from pr_cost_bot.alerts.rules import Alert
from pr_cost_bot.digest.forms import FORMS, SAFE, Form, Message, address, fill

MOST = 20


def compose(alerts: Sequence[Alert], *, most: int = MOST) -> Message:
    """The message in each form. `most`: alerts shown; the others are counted."""
    return Message(_title(alerts), {form: _body(alerts, form, most) for form in FORMS})


def sentence(alert: Alert) -> str:
    """An alert as one plain line, for an annotation."""
    safe = SAFE["text"]
    return " ".join(part for part in (f"{safe(alert.name, 150)}:", safe(alert.says, 600), safe(alert.title, 100)) if part)


def _title(alerts: Sequence[Alert]) -> str:
    if len(alerts) == 1:
        return f"AI cost: {SAFE['text'](alerts[0].name, 150)}"
    return f"AI cost: {len(alerts)} alerts"


def _body(alerts: Sequence[Alert], form: Form, most: int) -> str:
    return fill(
        "alerts",
        form,
        title=SAFE[form](_title(alerts), 200),
        alerts=[_shown(alert, form) for alert in alerts[:most]],
        more=len(alerts[most:]),
    )


def _shown(alert: Alert, form: Form) -> dict[str, str]:
    safe = SAFE[form]
    return {
        "name": safe(alert.name, 150),
        "says": safe(alert.says, 600),
        "title": safe(alert.title, 100),
        "url": address(alert.url, form),
    }
