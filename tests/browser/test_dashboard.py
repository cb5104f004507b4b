import re
from datetime import date
from decimal import Decimal

import pytest
from tests.browser.conftest import HOSTILE, table

from pr_cost_bot.render import numbers

TODAY = date(2026, 11, 21)


def until(page, predicate, argument=None):
    """Wait until it holds. Not wait_for_function: that compiles text inside the page, which the page's policy forbids."""
    for _ in range(200):
        if page.evaluate(predicate, argument):
            return
        page.wait_for_timeout(25)
    raise AssertionError(predicate)


def names(page):
    return [text.split("\n")[0] for text in page.locator("table.grid tbody th").all_inner_texts()]


def costs(page):
    return [Decimal(re.sub(r"[^\d.]", "", text)) for text in page.locator("table.grid tbody td:nth-child(3)").all_inner_texts()]


def tab(page, title):
    return page.get_by_role("navigation", name="Panels").get_by_role("link", name=title, exact=True)


def summary(page):
    return page.locator(".summary").inner_text()


def wait_for(page, text):
    until(page, "text => document.querySelector('.summary').textContent.startsWith(text)", text)


def merged_costs(days):
    return [one.cost_usd for one in table().entries if one.merged and 0 <= (TODAY - one.day).days < days]


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_number_is_there_from_a_server_and_from_the_disk(scheme, visit, sites):
    page = visit(base=f"file://{sites}" if scheme == "file" else None)
    found = merged_costs(30)
    assert page.locator("#headline").inner_text() == numbers.dollars(sum(found) / len(found))
    assert page.locator("canvas").count() == 3


def test_the_windows_switch_every_figure(visit):
    page = visit()
    shown = "['headline', 'median'].map((id) => document.getElementById(id)?.innerText).join()"
    seen = []
    for days in (7, 30, 90, "all"):
        found = sorted(merged_costs(90 if days == "all" else days))
        middle = (found[len(found) // 2] + found[~(len(found) // 2)]) / 2
        seen.append(f"{numbers.dollars(sum(found) / len(found))},{numbers.dollars(middle)}")
        page.locator(f"#windows input[value='{days}']").check()
        until(page, f"([days, figures]) => location.hash.includes(`days=${{days}}`) && {shown} === figures", [days, seen[-1]])
    assert len(set(seen)) == 3


def test_numbers_are_written_as_in_the_comment(visit):
    page = visit()
    amounts = [
        "0",
        "0.001",
        "0.005",
        "0.0099",
        "0.01",
        "0.994999",
        "0.995",
        "1.005",
        "4.21",
        "999.994",
        "999.995",
        "1000",
        "-3.5",
        "-0.001",
    ]
    amounts += ["1234567.895", "98765432109876543210.125", "12"]
    found = page.evaluate("amounts => amounts.map(prCost.format.dollars)", amounts)
    assert found == [numbers.dollars(Decimal(amount)) for amount in amounts]
    counts = [
        0,
        7,
        999,
        1000,
        1004,
        1005,
        1125,
        9995,
        99949,
        99950,
        999499,
        999500,
        1005000,
        999500000,
        12345678901,
        1234567890123,
    ]
    assert page.evaluate("counts => counts.map(prCost.format.count)", counts) == [numbers.count(one) for one in counts]


def test_panels_are_one_click_apart_and_the_address_leads_back_to_them(visit):
    page = visit()
    for title in ("Repositories", "Pull requests", "Developers", "Models"):
        tab(page, title).click()
        until(page, "title => document.title.startsWith(title)", title)
        assert page.locator("#panels [aria-current=page]").inner_text() == title
        assert page.locator("#main h2").last.inner_text() == title
    page.go_back()
    until(page, "document.title.startsWith('Developers')")
    again = visit(f"people/index.html{page.evaluate('location.hash')}")
    assert again.locator("#panels [aria-current=page]").inner_text() == "Developers"


def test_a_table_is_sorted_by_its_heads_and_says_so(visit):
    page = visit("people/index.html#pulls?days=all")
    head = page.get_by_role("columnheader", name="Cost")
    assert head.get_attribute("aria-sort") == "descending"
    assert costs(page) == sorted(costs(page), reverse=True)
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert costs(page) == sorted(costs(page))
    page.get_by_role("button", name="Pull request", exact=True).click()
    assert head.get_attribute("aria-sort") is None
    assert names(page) == sorted(names(page), key=lambda name: (name.rpartition("#")[0], int(name.rpartition("#")[2])))
    assert "rising" in page.locator("#status").inner_text()


def test_a_search_finds_titles_tickets_models_and_authors_by_every_word(visit):
    page = visit("people/index.html#pulls?days=all")
    search = page.get_by_role("searchbox")
    for words, count in (
        ("rewrite EVERYTHING", 1),
        ("web-127 gpt", 0),
        ("web-127", 1),
        ("opus", 43),
        ("ben opus", 43),
        ("ben gpt", 0),
    ):
        search.fill(words)
        wait_for(page, f"{count} pull request")
    assert page.get_by_text("Nothing found.").is_visible()
    search.fill("")
    wait_for(page, "130 pull requests")


def test_pages_hold_fifty_rows_and_end_where_the_table_ends(visit):
    page = visit("people/index.html#pulls?days=all")
    assert len(names(page)) == 50
    first = names(page)
    page.get_by_role("button", name="Next page").click()
    assert set(names(page)).isdisjoint(first)
    page.get_by_role("button", name="Last page").click()
    assert len(names(page)) == 30
    page.get_by_role("button", name="Next page").press("Enter")
    assert page.locator(".where").inner_text() == "101\u2013130 of 130"


def test_a_repository_leads_to_its_pull_requests_and_filters_can_be_taken_back(visit):
    page = visit("people/index.html#repositories?days=all")
    page.get_by_role("link", name="acme/infra").click()
    wait_for(page, "43 pull requests")
    assert all(name.startswith("acme/infra#") for name in names(page))
    page.get_by_label("Only these states").select_option("open")
    wait_for(page, "4 pull requests")
    page.get_by_label("Only these repositories").select_option("")
    wait_for(page, "12 pull requests")
    tab(page, "Developers").click()
    page.get_by_role("link", name="cleo").click()
    wait_for(page, "43 pull requests")


def test_links_lead_to_pull_requests_without_a_way_back(visit):
    page = visit("people/index.html#pulls?days=all")
    link = page.get_by_role("link", name="acme/web#500")
    assert link.get_attribute("href") == "https://github.com/acme/web/pull/500"
    assert "noopener" in link.get_attribute("rel")


def test_people_are_not_there_by_default(visit):
    page = visit("plain")
    assert page.get_by_role("link", name="Developers").count() == 0
    text = page.evaluate("JSON.stringify([prCost.summary, prCost.pulls])")
    assert "ada" not in text
    page.goto(page.url.split("#")[0] + "#developers")
    assert page.locator("#panels [aria-current=page]").inner_text() == "Overview"
    page.goto(page.url.split("#")[0] + "#pulls?days=all")
    assert page.get_by_role("columnheader", name="Author").count() == 0


def test_everything_can_be_done_with_keys(visit):
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.classList.contains('plot')")
    page.keyboard.press("End")
    assert page.locator("#status").inner_text().startswith("Up to 21 Nov 2026")
    page.keyboard.press("ArrowLeft")
    assert page.locator("#status").inner_text().startswith("Up to 20 Nov 2026")
    assert page.locator(".tip").first.is_visible()
    page.keyboard.press("Escape")
    assert not page.locator(".tip").first.is_visible()
    tab(page, "Models").focus()
    page.keyboard.press("Enter")
    until(page, "document.title.startsWith('Models')")
    assert page.evaluate("document.activeElement.textContent") == "Models"
    page.locator("#windows input:checked").focus()
    page.keyboard.press("ArrowRight")
    until(page, "location.hash.includes('days=90')")
    assert page.evaluate("document.activeElement.value") == "90"


def test_sorting_and_paging_by_key_keep_the_focus(visit):
    page = visit("people/index.html#pulls?days=all")
    page.get_by_role("button", name="Day").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    assert page.evaluate("document.activeElement.dataset.key") == "day"
    assert page.get_by_role("columnheader", name="Day").get_attribute("aria-sort") == "ascending"
    page.get_by_role("button", name="Last page").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Last page"


def test_each_chart_has_its_data_as_a_table_and_a_name(visit):
    page = visit("people/index.html#overview?days=7")
    charts = page.locator("figure.chart")
    assert charts.count() == 3
    for at in range(3):
        charts.nth(at).locator("summary").click()
        charts.nth(at).locator("tbody tr").first.wait_for()
        assert charts.nth(at).locator("tbody tr").count() >= 7
        assert len(charts.nth(at).get_by_role("img").get_attribute("aria-label")) > 30
    days = charts.nth(1).locator("tbody tr").all_inner_texts()
    assert days[5].split("\t")[0] == "20 Nov 2026"


def test_every_control_and_table_has_a_name(visit):
    for panel in ("overview", "repositories", "pulls", "developers", "models"):
        page = visit(f"people/index.html#{panel}?days=all")
        nameless = page.evaluate("""() => [
          ...[...document.querySelectorAll('table')].filter(one => !one.caption?.textContent),
          ...[...document.querySelectorAll('button, a, summary')].filter(one => !one.textContent && !one.ariaLabel),
          ...[...document.querySelectorAll('input, select')].filter(one => !one.ariaLabel && !one.labels?.length),
          ...[...document.querySelectorAll('th')].filter(one => !one.scope),
        ].map(one => one.outerHTML)""")
        assert nameless == []
        assert page.locator("h1").count() == 1


def test_hostile_text_is_only_text(visit):
    for panel in ("overview", "repositories", "pulls", "developers", "models"):
        page = visit(f"people/index.html#{panel}?days=all")
        assert page.locator("#main img, #main script, #main b, #main [onclick], a[href^='javascript']").count() == 0
        assert page.title().startswith(("Overview", "Repositories", "Pull", "Developers", "Models"))
    page = visit("people/index.html#pulls?days=all")
    page.get_by_role("searchbox").fill("onerror")
    wait_for(page, "1 pull request,")
    shown = page.locator("table.grid tbody tr").inner_text()
    assert shown.count(HOSTILE[:40]) >= 3
    assert page.locator("table.grid tbody a").count() == 0


def test_the_policy_forbids_scripts_and_markup_that_are_not_the_pages_own(browser, address):
    page = browser.new_page()
    page.goto(f"{address}/people/index.html")
    page.wait_for_selector("html[data-ready=all]")
    ran = page.evaluate("""() => {
      const refused = [];
      const attempt = (name, action) => { try { action(); } catch (error) { refused.push(name); } };
      attempt('markup', () => { document.body.innerHTML += '<p>x</p>'; });
      attempt('script', () => { document.createElement('script').textContent = 'document.title = 1'; });
      attempt('address', () => { document.createElement('script').src = 'https://evil.example/x.js'; });
      const style = document.createElement('style');
      style.textContent = 'h1 { display: none }';
      document.head.append(style);
      return [refused, getComputedStyle(document.querySelector('h1')).display];
    }""")
    assert ran == [["markup", "script", "address"], "block"]
    page.close()


def test_the_theme_follows_the_system_until_it_is_chosen_and_then_stays(visit):
    page = visit(color_scheme="dark")
    back = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(back) == "rgb(13, 17, 23)"
    button = page.get_by_role("button", name="Dark theme")
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert page.evaluate(back) == "rgb(246, 248, 250)"
    page.reload()
    page.wait_for_selector("html[data-ready=all]")
    assert page.evaluate(back) == "rgb(246, 248, 250)"


def test_a_chart_that_was_away_comes_back_in_the_theme_of_now(visit):
    page = visit()
    picture = "document.querySelector('canvas')?.toDataURL()"  # none until the panel is drawn
    light = page.evaluate(picture)
    tab(page, "Pull requests").click()
    page.get_by_role("button", name="Dark theme").click()
    tab(page, "Overview").click()
    until(page, f"light => ![undefined, light].includes({picture})", light)
    page.get_by_role("button", name="Dark theme").click()
    until(page, f"light => {picture} === light", light)


@pytest.mark.parametrize("panel", ["overview", "repositories", "pulls", "developers", "models"])
def test_a_phone_needs_no_sideways_scrolling(panel, visit):
    page = visit(f"people/index.html#{panel}?days=all", viewport={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.locator("canvas").count() == {"overview": 3, "models": 1}.get(panel, 0)


def test_a_table_without_rows_says_so(visit):
    page = visit("empty")
    assert page.get_by_text("No pull request was merged in these days.").is_visible()
    tab(page, "Pull requests").click()
    assert page.get_by_text("Nothing found.").is_visible()


def test_the_budget_is_shown_against_the_month(visit):
    assert "of $900.00" in visit().locator(".budget").inner_text()
    assert visit("plain").locator(".budget").count() == 0
