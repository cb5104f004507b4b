"""The digest as a message: one template per form, every text from outside made harmless for that form."""

import html
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from pr_cost_bot.dashboard.columns import web_address
from pr_cost_bot.digest.advice import advice, percent
from pr_cost_bot.digest.figures import Digest, Finding
from pr_cost_bot.render.escape import clean, escape
from pr_cost_bot.render.numbers import dollars
from pr_cost_bot.reports.scope import Period

Form = Literal["text", "markdown", "html"]
FORMS: tuple[Form, ...] = ("text", "markdown", "html")
_TEMPLATES = Path(__file__).parent / "templates"
_NO_MENTION = "@\u200b"


class Message(msgspec.Struct, frozen=True):
    """A title of one plain line, and the body in each form."""

    title: str
    bodies: dict[Form, str]


def compose(digest: Digest) -> Message:
    """The whole message."""
    return Message(title(digest), {form: _body(digest, form) for form in FORMS})


def title(digest: Digest) -> str:
    """One line: the number and its change."""
    mean = digest.headline.merged.mean_usd
    if mean is None:
        return f"AI cost: no pull request merged, {dollars(digest.spent_usd)} spent"
    moved = _changed(digest.headline.mean_change)
    return f"AI cost: {dollars(mean)} per merged pull request{f', {moved}' if moved else ''}"


def _body(digest: Digest, form: Form) -> str:
    safe = _SAFE[form]
    template = _environment().get_template(f"digest.{form}.j2")
    text = template.render(
        title=safe(title(digest), 200),
        period=_days(digest.period),
        one=digest.headline,
        spent=dollars(digest.spent_usd),
        dated=digest.usage is not None,
        unattributed=_unattributed(digest),
        mean_change=_changed(digest.headline.mean_change),
        median_change=_changed(digest.headline.median_change),
        findings=[_finding(one, form) for one in digest.findings],
        advice=[safe(sentence, 400) for sentence in advice(digest)],
        link=_address(digest.link, form),
    )
    return text.strip() + "\n"


def _finding(one: Finding, form: Form) -> dict[str, str | None]:
    safe = _SAFE[form]
    return {
        "kind": one.kind,
        "name": safe(one.name, 120),
        "title": safe(one.title, 100),
        "url": _address(one.url, form),
        "cost": dollars(one.cost_usd),
        "times": _times(one.times),
        "usual": dollars(one.usual_usd),
    }


def _times(times: Decimal | None) -> str | None:
    if times is None:
        return None
    return f"{times:.0f}" if times >= 10 else f"{times:.1f}".removesuffix(".0")


def _changed(part: Decimal | None) -> str | None:
    """In words, for no form has an arrow everywhere; None where there is nothing to compare with."""
    if part is None:
        return None
    if abs(part) < Decimal("0.005"):
        return "unchanged"
    return f"{'up' if part > 0 else 'down'} {percent(part)}"


def _unattributed(digest: Digest) -> str | None:
    share = digest.unattributed_share
    return None if share is None else f"{percent(share)} ({dollars(digest.unattributed_usd)})"


def _days(period: Period) -> str:
    last = period.end - timedelta(days=1)
    return f"{period.start:%d %b} to {last:%d %b %Y}".replace(" 0", " ").removeprefix("0")


def _plain(text: str, limit: int) -> str:
    """Chat services look for mentions in plain text too."""
    return clean(text, limit).replace("@", _NO_MENTION)


def _html(text: str, limit: int) -> str:
    return html.escape(_plain(text, limit))


def _address(url: str, form: Form) -> str:
    """`web_address` lets no character pass that could end a link in Markdown or an attribute in HTML."""
    return html.escape(web_address(url)) if form == "html" else web_address(url)


def _markdown(text: str, limit: int) -> str:
    """A dollar sign stays as it is: chat services would show its backslash."""
    return escape(text, limit).replace("\\$", "$")


_SAFE: dict[Form, Callable[[str, int], str]] = {"text": _plain, "markdown": _markdown, "html": _html}


@cache
def _environment() -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        autoescape=False,  # three forms, three escapes: `_SAFE` has made every text safe before a template sees it
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["usd"] = dollars
    return environment
