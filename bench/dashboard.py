"""How soon a dashboard of 50,000 pull requests can be used in Chromium, and what it weighs.

    .venv/bin/python bench/dashboard.py [PULLS] [ROUNDS]

Needs Debian's chromium and the package playwright. Every round opens a fresh profile. `slow` is the same with Chromium's own
throttle at a quarter of this machine's speed. Ends with 1 when a panel of 50,000 takes more than the 2 seconds it may take.
"""

import gzip
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page, sync_playwright

from pr_cost_bot.dashboard.entries import Entry, Line, newest
from pr_cost_bot.dashboard.reading import Table
from pr_cost_bot.dashboard_command import leave_dashboard
from pr_cost_bot.reports.privacy import Privacy

NOW = datetime(2026, 11, 21, 18, tzinfo=UTC)
REPOSITORIES, PEOPLE, DAYS = 200, 500, 365
MODELS = ("claude-sonnet-4-6", "claude-opus-4-7", "gpt-5.5", "claude-haiku-4-5", "gpt-5-codex", "composer-2")
WORDS = (
    "add",
    "fix",
    "remove",
    "the",
    "for",
    "of",
    "search",
    "checkout",
    "login",
    "invoice",
    "export",
    "cache",
    "webhook",
    "retries",
    "billing",
    "sync",
    "theme",
    "flags",
    "limiter",
)
MOST_SECONDS = 2.0

TO_ROWS = """() => new Promise((done) => {
  const there = () => document.querySelectorAll("table.grid tbody tr").length >= 50;
  const look = () => (there() ? done(performance.now()) : setTimeout(look, 5));
  look();
})"""
TIMED = """async (action) => {
  const start = performance.now();
  const find = (selector) => document.querySelector(selector);
  if (action === "sort by title") [...document.querySelectorAll("thead button")][0].click();
  if (action === "sort by cost") find("thead button[data-key=cost]").click();
  if (action === "all time") find("#windows input[value=all]").click();
  if (action === "search") {
    find("input[type=search]").value = "webhook acme";
    find("input[type=search]").dispatchEvent(new Event("input"));
    await new Promise((done) => setTimeout(done, 125));  // the pause after typing
  }
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - start - (action === "search" ? 125 : 0);
}"""
ACTIONS = ("all time", "sort by title", "sort by cost", "search")


def main(pulls: int, rounds: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder)
        table = Table(newest(entries(pulls)), None)
        start = time.perf_counter()
        leave_dashboard(site, table, Privacy(people="shown"), NOW, Decimal(20_000))
        print(f"{pulls:,} pull requests, written in {time.perf_counter() - start:.1f} s")
        for name in ("summary", "pulls"):
            data = (site / "data" / f"{name}.js").read_bytes()
            print(f"  data/{name}.js  {len(data) / 1e6:.1f} MB, {len(gzip.compress(data)) / 1e6:.1f} MB as a server sends it")
        with sync_playwright() as engines:
            browser = engines.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            seconds = [report(browser, site, rounds, slower) for slower in (1, 4)]
            browser.close()
    return int(seconds[0] > MOST_SECONDS)


def report(browser: Browser, site: Path, rounds: int, slower: int) -> float:
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, milliseconds in measured(browser, site, slower):
            found.setdefault(name, []).append(milliseconds / 1000)
    print("this machine" if slower == 1 else f"slow: a {slower}th of its speed")
    for name, seconds in found.items():
        print(f"  {name:<44} {median(seconds):.2f} s (at most {max(seconds):.2f})")
    return max(found["opened on the table of pull requests"])


def measured(browser: Browser, site: Path, slower: int) -> Iterator[tuple[str, float]]:
    page = opened(browser, slower)
    page.goto(f"file://{site}/index.html")
    page.wait_for_selector("html[data-ready=all]")
    yield "opened, to the headline and its charts", mark(page, "figures")
    yield "opened, to everything at hand", mark(page, "interactive")
    page.context.close()
    page = opened(browser, slower)
    page.goto(f"file://{site}/index.html#pulls")
    yield "opened on the table of pull requests", page.evaluate(TO_ROWS)
    for action in ACTIONS:
        yield action, page.evaluate(TIMED, action)
    page.context.close()


def opened(browser: Browser, slower: int) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    if slower > 1:
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
    return page


def mark(page: Page, name: str) -> float:
    return float(page.evaluate("name => performance.getEntriesByName(name)[0].startTime", name))


def entries(pulls: int) -> Iterator[Entry]:
    chance = random.Random(5)
    for number in range(1, pulls + 1):
        moment = NOW - timedelta(minutes=chance.randrange(DAYS * 24 * 60))
        repository = f"acme/service-{min(int(chance.expovariate(0.02)), REPOSITORIES - 1)}"
        person = f"dev{chance.randrange(PEOPLE)}"
        state = chance.choices(("merged", "open", "closed"), (8, 1, 1))[0]
        lines = tuple(
            Line(model, Decimal(round(chance.lognormvariate(0, 1.4) * 10**6)) / 10**6, person)
            for model in chance.sample(MODELS, chance.randrange(1, 4))
        )
        yield Entry(
            repository=repository,
            pr_number=number,
            state=state,
            computed_at=moment,
            merged_at=moment if state == "merged" else None,
            closed_at=None if state == "open" else moment,
            title=" ".join(chance.choices(WORDS, k=chance.randrange(3, 10))).capitalize(),
            url=f"https://github.com/{repository}/pull/{number}",
            author=person,
            cost_usd=sum((line.cost_usd for line in lines), Decimal(0)),
            commits=chance.randrange(1, 12),
            input_tokens=chance.randrange(10**6),
            output_tokens=chance.randrange(10**4),
            lines=lines,
        )


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    sys.exit(main(*(arguments + [50_000, 5][len(arguments) :])))
