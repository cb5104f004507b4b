"""The comment as a page, in a real browser: phone width, light and dark."""

import json
import re
import shutil
import subprocess

import pytest
from tests.unit.render import examples

from pr_cost_bot.render import html_page, render_comment
from pr_cost_bot.simulator.server import Request, Response, Server

CHROMIUM = shutil.which("chromium")
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=3000",
)
MEASURE = """<!doctype html><body><iframe id=f src=/page width=390 height=800 style="border:0"></iframe><script>
f.onload = () => {
  const d = f.contentDocument, style = e => f.contentWindow.getComputedStyle(e);
  document.body.textContent = JSON.stringify({
    overflow: d.documentElement.scrollWidth - d.documentElement.clientWidth,
    background: style(d.body).backgroundColor, colour: style(d.querySelector("p")).color,
    tables: d.querySelectorAll("table").length, details: d.querySelectorAll("details").length,
    images: d.querySelectorAll("img,script,iframe,a[href^='javascript']").length,
    text: d.body.innerText.slice(0, 300)})}
</script>"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")


def measured(page: str, profile: str, *options: str) -> dict:
    def handler(request: Request) -> Response:
        body = {"/": MEASURE, "/page": page}.get(request.path)
        return Response(200 if body else 404, (body or "").encode(), {"Content-Type": "text/html; charset=utf-8"})

    with Server(handler) as server:
        command = [CHROMIUM, *OPTIONS, *options, f"--user-data-dir={profile}", "--dump-dom", f"{server.url}/"]
        dom = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    found = re.search(r"\{.*\}", dom, re.DOTALL)
    assert found, dom
    return json.loads(found[0].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))


def brightness(colour: str) -> float:
    return sum(map(float, re.findall(r"[\d.]+", colour)[:3])) / 3


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_comment_fits_a_phone_and_is_readable_in_both_themes(theme, tmp_path):
    body = render_comment(examples.ordinary(), show_people=False).body
    seen = measured(html_page(body, "A pull request", theme=theme), str(tmp_path))
    assert seen["overflow"] <= 0
    assert seen["tables"] >= 2
    assert seen["details"] >= 1
    assert "This PR consumed 432K input tokens" in seen["text"]
    assert "pr-cost-bot:v1" not in seen["text"]
    dark, light = sorted((brightness(seen["background"]), brightness(seen["colour"])))
    assert light - dark > 120
    assert (brightness(seen["background"]) > 128) == (theme == "light")


def test_hostile_text_brings_nothing_to_life(tmp_path):
    body = render_comment(examples.hostile(), show_people=True).body
    seen = measured(html_page(body, "<script>alert(1)</script>"), str(tmp_path))
    assert seen["images"] == 0
