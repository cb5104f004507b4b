"""The template engine: sandboxed, and every plain text that a template puts out is escaped for Markdown."""

import re
from functools import cache
from pathlib import Path
from types import SimpleNamespace

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from pr_cost_bot.model import Tokens
from pr_cost_bot.render import numbers, words
from pr_cost_bot.render.escape import NONE, Markdown, code_block, escape
from pr_cost_bot.render.view import shown_time

_TEMPLATES = Path(__file__).parent / "templates"
_WORDS = (
    "EVIDENCE",
    "ANSWERED",
    "across",
    "amount",
    "billed",
    "estimate",
    "kept",
    "people",
    "prices",
    "tickets",
    "unattributed",
    "unpriced",
)
_GAPS = re.compile(r"\n{3,}")


def render(template: str, **context: object) -> str:
    """Render a template of this package, without needless blank lines or trailing spaces."""
    text = _environment().get_template(template).render(context)
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return _GAPS.sub("\n\n", lines).strip() + "\n"


def compile_templates() -> None:
    """Compile every template of this package; the engine keeps them."""
    for name in _environment().list_templates(["j2"]):
        _environment().get_template(name)


@cache
def _environment() -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        autoescape=False,  # HTML escaping is not enough for Markdown: `finalize` escapes both
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(
        usd=lambda amount: Markdown(numbers.dollars(amount)),
        count=lambda number: Markdown(numbers.count(number)),
        tokens=_tokens,
        plural=lambda number, noun: Markdown(numbers.plural(number, noun)),
        text=escape,
        share=lambda share: Markdown(share or NONE),
        when=shown_time,
        code_block=code_block,
        mermaid=lambda text: code_block(text, "mermaid", lines=60),
        sentence=_sentence,
        safe=_no_shortcut,
    )
    said = {name: getattr(words, name) for name in _WORDS}
    environment.globals.update(words=SimpleNamespace(**said))
    return environment


def _tokens(amount: Tokens) -> Markdown:
    return Markdown(numbers.tokens(amount))


def _sentence(text: str) -> Markdown:
    escaped = escape(text.strip().rstrip("."), 600)
    return Markdown(f"{escaped}.")


def _no_shortcut(_: str) -> str:
    message = "Text is escaped, or made as Markdown in Python."
    raise TypeError(message)


def _finalize(value: object) -> str:
    if isinstance(value, Markdown):
        return value
    if isinstance(value, str):
        return escape(value, 300)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise TypeError(f"A template puts out a {type(value).__name__}, which has no form in Markdown.")
