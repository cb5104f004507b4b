"""The dashboard in a real Chromium, from a server and from the disk; skipped where there is none."""

import functools
import http.server
import shutil
import threading
from datetime import datetime
from decimal import Decimal

import pytest
from tests.unit.dashboard.rows import NOW, entries, line, row

from pr_cost_bot.dashboard.reading import Table
from pr_cost_bot.dashboard_command import leave_dashboard
from pr_cost_bot.reports.privacy import Privacy

CHROMIUM = shutil.which("chromium")
HOSTILE = "</script><img src=x onerror='document.title=1'><b onclick=x>\"' ${alert(1)} {{7*7}}"
MODELS = ("claude-sonnet-4-6", "claude-opus-4-7", "gpt-5.5")


def table():
    """130 pull requests of three repositories in 60 days, one of them hostile, one of them far dearer than the others."""
    rows = []
    for number in range(1, 129):
        cost = str(Decimal(number % 17 + 1) / 4 + Decimal("0.001"))
        day = f"2026-{11 - number % 2}-{number % 20 + 1:02d}"
        repository = f"acme/{('web', 'api', 'infra')[number % 3]}"
        person = ("ada", "ben", "cleo")[number % 3]
        state = "open" if number % 10 == 0 else "merged"
        lines = [line(cost, person, MODELS[number % 3])]
        rows.append(
            row(number, cost, day, repository=repository, author=person, state=state, lines=lines, ticket=f"WEB-{number}")
        )
    rows.append(row(500, "321.5", repository="acme/web", title="Rewrite everything", complete=False))
    url = "javascript:document.title=1"
    person = f"eve {HOSTILE}"
    lines = [line("2.5", person, HOSTILE)]
    rows.append(row(666, "2.5", repository=HOSTILE, title=HOSTILE, author=person, ticket=HOSTILE, url=url, lines=lines))
    return Table(entries(*rows), None)


@pytest.fixture(scope="session")
def sites(tmp_path_factory):
    """The folder with a site that names people, and one that does not."""
    folder = tmp_path_factory.mktemp("sites")
    now = datetime.fromisoformat(NOW)
    leave_dashboard(folder / "people", table(), Privacy(people="shown"), now, Decimal(900))
    leave_dashboard(folder / "plain", table(), Privacy(), now)
    leave_dashboard(folder / "empty", Table([], None), Privacy(), now)
    return folder


@pytest.fixture(scope="session")
def address(sites):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(sites)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")
    if CHROMIUM is None:
        pytest.skip("needs Debian's chromium")
    with playwright.sync_playwright() as engines:
        browser = engines.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, address):
    """Open a site and wait until everything is there. At the end, nothing may have been said in the console."""
    said, contexts = [], []

    def open_page(where="people", *, base=None, **options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "color_scheme": "light", **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("requestfailed", lambda request: said.append(request.url))
        page.goto(f"{base or address}/{where}" if "index.html" in where else f"{base or address}/{where}/index.html")
        page.wait_for_selector("html[data-ready=all]")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []
