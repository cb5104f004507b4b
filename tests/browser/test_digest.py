from datetime import datetime

from tests.unit.dashboard.rows import NOW, entries, row

from pr_cost_bot.digest.figures import Question, digest
from pr_cost_bot.digest.message import compose


def test_a_digest_opened_from_the_disk_has_its_number_first_and_every_letter_right(browser, tmp_path):
    title = "Größe \u2013 \u05e9\u05dc\u05d5\u05dd @ada <b onclick=x>"
    table = [row(1, "90", title=title), *(row(number, "1") for number in range(100, 110))]
    file = tmp_path / "digest.html"
    file.write_text(
        compose(digest(entries(*table), None, Question(now=datetime.fromisoformat(NOW)), str)).bodies["html"], "utf-8"
    )
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto(f"file://{file}")
    text = page.locator("body").inner_text()
    assert text.startswith("AI cost: $9.09 per merged pull request")
    assert title.replace("@", "@\u200b") in text
    assert page.locator("[onclick]").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.close()
