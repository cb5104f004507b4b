"""A message in three forms, and how text from outside is made harmless in each."""

import html
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from pr_cost_bot.dashboard.columns import web_address
from pr_cost_bot.render.escape import clean, escape
from pr_cost_bot.render.numbers import dollars

Form = Literal["text", "markdown", "html"]
FORMS: tuple[Form, ...] = ("text", "markdown", "html")
_TEMPLATES = Path(__file__).parent / "templates"
_NO_MENTION = "@\u200b"


class Message(msgspec.Struct, frozen=True):
    """A title of one plain line, and the body in each form."""

    title: str
    bodies: dict[Form, str]

    def beneath_title(self, form: Form) -> str:
        """The body without its first line where that is the title: what a chat shows has one on top anyway."""
        first, _, rest = self.bodies[form].partition("\n")
        return rest.lstrip("\n") if rest and SAFE[form](self.title, 200) in first else self.bodies[form]


def fill(template: str, form: Form, **context: object) -> str:
    """The body that `template` makes in this form; every text in `context` is harmless already (see `SAFE`)."""
    body = _environment().get_template(f"{template}.{form}.j2").render(**context).strip() + "\n"
    # Plain ASCII: a piece of HTML cannot say which encoding it is in, and a browser guesses wrong.
    return body.encode("ascii", "xmlcharrefreplace").decode() if form == "html" else body


def address(url: str, form: Form) -> str:
    """`web_address` lets no character pass that could end a link in Markdown or an attribute in HTML."""
    return html.escape(web_address(url)) if form == "html" else web_address(url)


def in_summary(markdown: str) -> str:
    """The Markdown of a message for GitHub, which takes what stands between two dollar signs for a formula."""
    return markdown.replace("$", "\\$")


def _plain(text: str, limit: int) -> str:
    """Chat services look for mentions in plain text too."""
    return clean(text, limit).replace("@", _NO_MENTION)


def _html(text: str, limit: int) -> str:
    return html.escape(_plain(text, limit))


def _markdown(text: str, limit: int) -> str:
    """A dollar sign stays as it is: chat services would show its backslash."""
    return escape(text, limit).replace("\\$", "$")


SAFE: dict[Form, Callable[[str, int], str]] = {"text": _plain, "markdown": _markdown, "html": _html}


@cache
def _environment() -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        autoescape=False,  # three forms, three escapes: `SAFE` has made every text safe before a template sees it
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["usd"] = dollars
    return environment
