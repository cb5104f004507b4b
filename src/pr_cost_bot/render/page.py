"""Markdown of this package as a page: what a person sees on GitHub, for the demo and for looking at the comment."""

import html
import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

_STYLE = Path(__file__).parent / "page.css"
_PAGE = """\
<!DOCTYPE html>
<html lang="en"{theme}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<main>
<header><strong>pr-cost-bot</strong> {title}</header>
<article>
{body}</article>
</main>
</body>
</html>
"""
_OWN_TAGS = re.compile(r"<!--.*?-->|(</?(?:details|summary|sub)>)", re.DOTALL)
_CHART = re.compile(r'title "([^"]*)".*?x-axis \[(.*?)\].*?bar \[(.*?)\]', re.DOTALL)


def compose(markdown: str, title: str, theme: str) -> str:
    """A whole HTML page that loads nothing and runs nothing. `theme`: "auto" follows the reader's system."""
    chosen = f' data-theme="{theme}"' if theme in {"light", "dark"} else ""
    return _PAGE.format(theme=chosen, title=html.escape(title), style=_STYLE.read_text(encoding="utf-8"), body=_body(markdown))


def _body(markdown: str) -> str:
    # Raw HTML is parsed only so that the few tags that the templates write can be told from all else.
    parser = MarkdownIt("commonmark", {"html": True, "breaks": True}).enable(["table", "strikethrough"]).disable("image")
    parser.add_render_rule("html_block", _own_html)
    parser.add_render_rule("html_inline", _own_html)
    parser.add_render_rule("fence", _fence)
    return str(parser.render(markdown))


def _own_html(_self: RendererHTML, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    """Our own tags as they are, comments gone, everything else escaped."""
    parts = _OWN_TAGS.split(tokens[index].content)
    return "".join(part if at % 2 else html.escape(part) for at, part in enumerate(parts) if part)


def _fence(_self: RendererHTML, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    token = tokens[index]
    figure = _figure(token.content) if token.info.strip() == "mermaid" else None
    return figure or f"<pre><code>{html.escape(token.content)}</code></pre>\n"


def _figure(text: str) -> str | None:
    """The picture as bars; None when it is not one of ours."""
    chart = _CHART.search(text)
    if chart is None:
        return None
    names = [name.strip().strip('"') for name in chart[2].split(",")]
    rows = list(zip(names, [value.strip() for value in chart[3].split(",")], strict=False))
    try:
        values = [Decimal(value) for _, value in rows]
    except InvalidOperation:
        return None
    most = max(values, default=Decimal(0)) or Decimal(1)
    bars = "".join(_bar(name, value, most) for (name, _), value in zip(rows, values, strict=True))
    return f"<figure><figcaption>{html.escape(chart[1])}</figcaption>{bars}</figure>\n"


def _bar(name: str, value: Decimal, most: Decimal) -> str:
    width = (value * 100 / most).quantize(Decimal("0.1"))
    return f'<div class="bar"><span>{html.escape(name)}</span><i style="width:{width}%"></i><output>${value:,}</output></div>\n'
