"""The page where figures are missing, tiny, huge or long, on paper, and for those who need other colours."""

from datetime import datetime
from decimal import Decimal

import pytest
from tests.browser.test_dashboard import tab, until
from tests.unit.dashboard.rows import NOW, entries, line, row

from pr_cost_bot.dashboard.reading import Table
from pr_cost_bot.dashboard_command import leave_dashboard
from pr_cost_bot.reports.privacy import Privacy

LONG = "organisation-of-a-long-name/and-a-repository-whose-name-never-seems-to-come-to-an-end"
UNPRICED = [{"source": "openai", "model": "house-model", "input_tokens": 5}]


@pytest.fixture(scope="session")
def states(sites):
    """More sites: nothing known, nothing spent, less than a cent, millions, names without end."""
    days = [f"2026-11-{day:02d}" for day in range(3, 20)]
    tables = {
        "unknown": [
            row(1, "0", complete=False, repository="acme/silent"),
            row(2, "0", unpriced=UNPRICED, billed_usd=None, day="2026-11-18", repository="acme/house"),
        ],
        "partly": [row(1, "3", complete=False), row(2, "4", unpriced=UNPRICED, billed_usd=None), row(3, "0", billed_usd=None)],
        "unbilled": [row(1, "3", billed_usd=None)],
        "billed in part": [row(1, "3", billed_usd=None, lines=[line("2", billed_usd="2"), line("1", billed_usd=None)])],
        "free": [row(1, "5"), *(row(n, "0", unmatched=n - 2, input_tokens=0, output_tokens=0) for n in (2, 3))],
        "zero": [row(number, "0", day) for number, day in enumerate(days, 1)],
        "tiny": [row(number, "0.0004", day) for number, day in enumerate(days, 1)],
        "huge": [row(number, "81481480.81", day) for number, day in enumerate(days, 1)],
        "long": [
            row(1, "5", repository=LONG, title="W" * 190, author="a" * 39, lines=[line("5", "a" * 39, "m" * 80)]),
            row(2, "2", ticket=", ".join(f"WEB-{number}" for number in range(12)), title="\u05e9\u05dc\u05d5\u05dd \u202eabc"),
            *(row(number, "1") for number in range(3, 12)),
        ],
    }
    for name, rows in tables.items():
        budget = Decimal(2) if name == "unbilled" else None
        leave_dashboard(sites / name, Table(entries(*rows), None), Privacy(people="shown"), datetime.fromisoformat(NOW), budget)


@pytest.fixture
def look(states, visit):
    return visit


@pytest.mark.parametrize("panel", ["overview", "repositories", "pulls"])
def test_what_nobody_knows_is_never_shown_as_no_dollars(panel, look):
    page = look(f"unknown/index.html#{panel}")
    text = page.locator("#main").inner_text().casefold()
    assert "not known" in text
    assert "$0" not in text
    if panel == "overview":
        assert page.locator("#headline").inner_text() == "Not known"
        assert page.locator("#missing").inner_text() == (
            "No cost is known: 1 pull request incomplete, as a source did not answer; "
            "1 pull request with a model that has no known price (5 tokens of house-model)."
        )


def test_a_lower_bound_says_that_it_is_one(look):
    page = look("partly")
    assert page.locator("#headline").inner_text() == "$2.33"
    assert page.locator("#missing").inner_text().startswith("The figures of these days are too low: 1 pull request incomplete")
    tab(page, "Pull requests").click()
    until(page, "document.title.startsWith('Pull')")
    shown = dict(row.split("\t")[:3:2] for row in page.locator("table.grid tbody tr").all_inner_texts())
    assert [text.split() for text in shown.values()] == [["$4.00", "unpriced"], ["$3.00", "incomplete"], ["$0.00"]]


def test_billing_that_nobody_knows_is_not_known(look):
    tile = look("unbilled").locator(".tile", has_text="Billed")
    assert tile.inner_text().split("\n") == ["Billed", "Not known", "not known for $3.00"]


def test_a_bill_of_which_a_part_is_known_is_a_lower_bound(look):
    tile = look("billed in part").locator(".tile", has_text="Billed")
    assert tile.inner_text().split("\n") == ["Billed", "at least $2.00", "not known for $1.00"]


def test_what_the_mean_counts_as_free_stands_beside_it(look):
    page = look("free")
    assert page.locator("#headline").inner_text() == "$1.67"
    assert page.locator("#unused").inner_text() == (
        "2 of 3 merged pull requests show no usage; of 1 of them an author is not matched to any vendor's account "
        "(docs/people.md)."
    )
    assert look("unbilled").locator("#unused").count() == 0


def test_the_models_panel_says_what_it_is_a_sum_of(look):
    card = look("unbilled").locator(".card", has_text="Models").first
    assert "Of the $3.00 that the 1 pull request of these days cost." in card.inner_text()


def test_a_month_without_cost_is_a_line_at_the_foot(look):
    page = look("zero")
    assert page.locator("#headline").inner_text() == "$0.00"
    assert page.locator("canvas").count() == 1
    assert page.get_by_text("Nothing was spent in these days.").count() == 2


def test_tiny_amounts_fill_the_height_of_their_chart(look):
    page = look("tiny")
    assert page.locator("#headline").inner_text() == "<$0.01"
    colours = page.evaluate("""() => {
      const canvas = document.querySelector(".number-card canvas");
      const top = canvas.getContext("2d").getImageData(canvas.width / 2, 0, canvas.width / 2 - 40, canvas.height / 3).data;
      let blue = 0;
      for (let at = 0; at < top.length; at += 4) blue += top[at + 2] > 200 && top[at] < 80 && top[at + 3] > 200;
      return blue;
    }""")
    assert colours > 50


def test_marks_of_an_axis_have_few_digits_whatever_they_measure(look):
    page = look("huge")
    marks = [0, 0.0005, 0.5, 2, 2.5, 950, 1500, 14_000_000, 2_500_000_000]
    assert page.evaluate("marks => marks.map(prCost.format.shortDollars)", marks) == [
        "$0", "$0.0005", "$0.50", "$2", "$2.50", "$950", "$1.5K", "$14M", "$2.5B",
    ]  # fmt: skip


STICKING_OUT = """() => [...document.querySelectorAll(".card, .tile")].flatMap((card) => {
  const { right } = card.getBoundingClientRect();
  const parts = [...card.querySelectorAll(".tools, select, .legend li, .tile strong, .small td, .outliers *")];
  return parts.filter((one) => one.getBoundingClientRect().right > right + 1).map((one) => one.outerHTML.slice(0, 90));
})"""


@pytest.mark.parametrize("width", [390, 720, 1024])  # 720: a window of 1440 at 200%
@pytest.mark.parametrize("site", ["long", "huge"])
def test_nothing_sticks_out_of_its_card(site, width, look):
    page = look(site, viewport={"width": width, "height": 900})
    for panel in ("Overview", "Repositories", "Pull requests", "Developers", "Models"):
        tab(page, panel).click()
        until(page, "title => document.title.startsWith(title)", panel)
        until(page, "document.querySelectorAll('.plot').length === document.querySelectorAll('canvas').length")
        assert (panel, page.evaluate("document.documentElement.scrollWidth")) == (panel, width)
        assert (panel, page.evaluate(STICKING_OUT)) == (panel, [])


def test_a_share_of_all_stands_on_one_line(look):
    page = look("huge", viewport={"width": 1024, "height": 900})
    share = page.locator(".small .share", has_text="100.0%")
    assert share.bounding_box()["height"] < 30
    assert share.evaluate("one => one.scrollWidth <= one.clientWidth")


def test_several_tickets_take_several_lines(look):
    page = look("long/index.html#pulls", viewport={"width": 1440, "height": 900})
    cell = page.locator("tbody tr", has_text="acme/web#2").locator("td").nth(5)
    assert cell.inner_text() == ", ".join(f"WEB-{number}" for number in range(12))
    assert cell.bounding_box()["width"] < 300


def test_an_empty_table_says_how_it_is_filled(look):
    page = look("empty")
    assert page.get_by_role("heading", name="No pull request in the table yet").is_visible()
    assert "pr-cost-bot backfill" in page.locator("#main").inner_text()
    assert page.locator("canvas").count() == 0


def test_a_link_into_another_panel_takes_the_focus_along_and_says_where_it_is(look):
    page = look("people")
    page.locator("#main").get_by_role("link", name="Repositories", exact=True).press("Enter")
    until(page, "document.title.startsWith('Repositories')")
    assert page.evaluate("document.activeElement.id") == "main"
    assert page.locator("#status").inner_text() == "Repositories."


def test_paging_is_announced(look):
    page = look("people/index.html#pulls?days=all")
    page.get_by_role("button", name="Next page").press("Enter")
    assert page.locator("#status").inner_text() == "Rows 51\u2013100 of 130."


def test_the_repositories_that_make_half_can_be_read_off(look):
    page = look("people/index.html#repositories?days=all")
    part = [float(text.rstrip("%")) for text in page.locator("tbody td:nth-child(4)").all_inner_texts()]
    assert part == sorted(part)
    assert part[-1] == 100
    page.get_by_role("button", name="Repository").click()
    assert sorted(float(text.rstrip("%")) for text in page.locator("tbody td:nth-child(4)").all_inner_texts()) == part


def test_open_pull_requests_stand_apart_in_the_spend(look):
    chart = look("plain/index.html#overview?days=all").locator(".card", has_text="Spend by").first
    assert "Open ones, on the day of the last look" in chart.locator(".legend").inner_text()


def test_a_budget_that_is_used_up_is_said_in_words(look):
    assert "Over the budget." not in look("people").locator(".budget").inner_text()
    budget = look("unbilled").locator(".budget").inner_text()
    assert "150% used" in budget
    assert "Over the budget." in budget
    assert "No forecast yet" in budget


BACK = "getComputedStyle(document.querySelector('.card')).backgroundColor"


def test_paper_is_white_whatever_the_theme(look):
    page = look("people", color_scheme="dark")
    assert page.evaluate(BACK) == "rgb(21, 27, 35)"
    page.emulate_media(media="print")
    assert page.evaluate(BACK) == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(31, 35, 40)"
    page.emulate_media(media="screen")
    assert page.evaluate(BACK) == "rgb(21, 27, 35)"


def test_charts_are_drawn_in_the_colours_of_paper_and_back(look):
    page = look("people", color_scheme="dark")
    picture = "document.querySelector('canvas').toDataURL()"
    dark = page.evaluate(picture)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    until(page, f"dark => {picture} !== dark", dark)
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    until(page, f"dark => {picture} === dark", dark)
    assert page.evaluate("'theme' in document.documentElement.dataset") is False


def test_forced_colours_keep_what_colour_alone_would_say(look):
    page = look("people", forced_colors="active")
    clear = "rgba(0, 0, 0, 0)"
    back = "one => getComputedStyle(one).backgroundColor"
    swatches = {swatch.evaluate(back) for swatch in page.locator(".number-card .swatch:not(.dashed)").all()}
    plain = page.locator(".number-card").evaluate(back)
    assert swatches.isdisjoint({clear, plain})
    chosen = page.locator("#windows label:has(:checked)").evaluate(back)
    assert chosen not in {page.locator("#windows label:not(:has(:checked))").first.evaluate(back), plain}


def test_nothing_is_asked_of_another_host(browser, address, states):
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for panel in ("overview", "repositories", "pulls", "developers", "models"):
        page.goto(f"{address}/people/index.html?{panel}#{panel}")
        page.wait_for_selector("html[data-ready=all]")
    page.close()
    assert {url.startswith((f"{address}/people/", "data:")) for url in asked} == {True}
