import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from tests.unit.render import examples
from tests.unit.render.examples import EXAMPLES

from pr_cost_bot.model import Problem
from pr_cost_bot.render import html_page, render_comment, render_summary, render_text

_FRAME = {"html", "head", "meta", "title", "style", "body", "main", "header", "article"}
_TABLE = {"table", "thead", "tbody", "tr", "th", "td"}
_TEXT = {"p", "ul", "li", "h3", "h4", "a", "em", "strong", "sub", "code", "pre", "details", "summary"}
_FIGURE = {"figure", "figcaption", "div", "span", "i", "output"}
_TAGS = _FRAME | _TABLE | _TEXT | _FIGURE


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.comments = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        self.comments += 1


def _read(page: str) -> _Reader:
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_page_is_well_formed_and_has_only_the_known_tags(name: str) -> None:
    reader = _read(html_page(render_comment(EXAMPLES[name](), show_people=True).body, "Comment"))
    assert reader.tags <= _TAGS
    assert reader.comments == 0
    assert all(link.startswith("https://github.com/acme/web/") for link in reader.links)
    assert reader.attributes <= {"lang", "charset", "name", "content", "http-equiv", "class", "style", "href"}


def test_markdown_of_unknown_origin_brings_no_html_into_the_page() -> None:
    text = 'a <script>alert(1)</script> <b onclick="x">b</b>\n\n<script>alert(2)</script>\n\n<details onclick="x">\n\n![i](https://x.example/i.png)'
    reader = _read(html_page(f"{text}\n\n[x](javascript:alert(3)) </article></main>", "<script>alert(0)</script>"))
    assert reader.tags <= _TAGS
    assert not any(link.startswith("javascript") for link in reader.links)
    assert "onclick" not in reader.attributes


def test_the_summary_can_be_a_page_too() -> None:
    page = html_page(render_summary([examples.large()], [Problem("x")], show_people=True), "Summary")
    assert _read(page).tags <= _TAGS


def test_pictures_are_shown_as_bars() -> None:
    page = html_page(render_comment(examples.merged(), show_people=False).body, "Comment")
    assert "<figcaption>Cost by model</figcaption>" in page
    assert '<span>GPT-5.5</span><i style="width:17.2%"></i><output>$3.10</output>' in page
    bars = html_page(render_comment(examples.ordinary(), show_people=False).body, "Comment")
    assert "<span>0000003</span>" in bars


def test_another_picture_is_shown_as_code() -> None:
    assert "<pre><code>graph TD" in html_page("```mermaid\ngraph TD\n  A --&gt; B\n```\n", "x")


def test_the_theme_can_be_chosen() -> None:
    assert '<html lang="en">' in html_page("x", "x")
    assert '<html lang="en" data-theme="dark">' in html_page("x", "x", theme="dark")
    assert "prefers-color-scheme: dark" in html_page("x", "x")
    assert not re.search(r"url\(|@import|<link|<script|src=", html_page("x", "x"))


def test_plain_text_has_aligned_tables_and_no_markup() -> None:
    text = render_text(render_comment(examples.ordinary(), show_people=False).body)
    assert text.startswith("This PR consumed 432K input tokens, 14K output tokens, $4.21 across Sonnet 4.6 (88%) and")
    assert "Sonnet 4.6   380K        285K          38K   12.4K  $3.70    88%\n" in text
    assert "0000001  Add the checkout form" in text
    assert not re.search(r"<|\*\*|`|\\|mermaid|as a picture", text)


def test_plain_text_shows_hostile_text_as_written_but_gives_no_command() -> None:
    text = render_text(render_comment(examples.hostile("::error::x ##[error]y **b** a|b &amp; \\"), show_people=True).body)
    assert "**b** a|b &amp; \\" in text
    assert "::" not in text
    assert "##[" not in text


def test_the_template_engine_is_imported_only_when_something_is_rendered() -> None:
    code = "import sys, pr_cost_bot.render; sys.exit('jinja2' in sys.modules or 'markdown_it' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
