import ast
import json
import re
from datetime import datetime
from decimal import Decimal

from tests.unit.dashboard.rows import NOW, entries, line, row

from pr_cost_bot.dashboard.columns import pull_columns, web_address
from pr_cost_bot.dashboard.document import Settings, exact, summary
from pr_cost_bot.dashboard.writing import write_site

MOMENT = datetime.fromisoformat(NOW)
HOSTILE = "</script><img src=x onerror=alert(1)> ' \\ \u2028 \u202egnp.exe"


def told(*rows, **settings):
    return summary(entries(*rows), None, Settings(now=MOMENT, **settings))


def window(document, key):
    return next(one for one in document["windows"] if one["key"] == key)


def test_amounts_are_exact_text():
    headline = window(told(row(1, "0.10"), row(2, "0.2000000000001")), "7")["headline"]
    assert headline["cost_usd"] == "0.3000000000001"
    assert headline["merged"]["mean_usd"] == "0.15000000000005"
    assert exact(Decimal(1) / 3) == "0.333333333333"
    assert exact(Decimal("1e-15")) == "0.000000000000001"


def test_models_without_a_price_are_told_with_their_tokens_as_harmless_text():
    hostile = [{"model": "house-9\u202e", "input_tokens": 1_200_000}]
    headline = window(told(row(1, "0", unpriced=hostile), row(2, "1")), "7")["headline"]
    assert headline["unpriced_tokens"] == "1.2M tokens of house-9"
    assert window(told(row(1, "1")), "7")["headline"]["unpriced_tokens"] == ""


def test_every_window_stands_alone():
    document = told(
        row(1, "1"), row(2, "10", day="2026-11-01"), row(3, "100", day="2026-09-01"), row(4, "1000", day="2025-01-01")
    )
    assert [one["headline"]["cost_usd"] for one in document["windows"]] == ["1", "11", "111", "1111"]


def test_the_months_budget_is_held_against_what_is_spent_and_forecast():
    budget = told(row(1, "10"), row(2, "5", day="2026-10-31"), budget_usd=Decimal(40))["budget"]
    assert (budget["spent_usd"], budget["used"], budget["gone"], budget["month"]) == ("10", "0.25", "0.7", "2026-11")
    assert Decimal(budget["forecast_usd"]) >= 10


def test_an_address_follows_from_its_repository_or_is_kept():
    other = "https://ghe.example/acme/web/pull/2"
    data = pull_columns(entries(row(1, "3"), row(2, "2", url=other), row(3, "1", url="")), people=False)
    assert data["prefixes"] == ["https://github.com/acme/web/pull/"]
    assert data["urls"] == {"1": other, "2": ""}


def test_only_addresses_of_the_web_are_kept():
    assert [
        web_address(url) for url in ("javascript:alert(1)", "data:text/html,x", "//x", "https://", "http://[", "https://a/b")
    ] == [
        "",
        "",
        "",
        "",
        "",
        "https://a/b",
    ]


def test_single_pull_requests_are_costliest_first_with_their_main_model():
    table = entries(row(1, "1"), row(2, "3", lines=[line("1", model="claude-opus-4-7"), line("2")]), row(3, "0"))
    data = pull_columns(table, people=True)
    assert data["columns"]["cost"] == ["3", "1", "0"]
    assert [data["models"][code] for code in data["columns"]["model"]] == ["Sonnet 4.6", "Sonnet 4.6", ""]
    assert data["authors"] == ["ada"]
    assert "author" not in pull_columns(table, people=False)["columns"]


def test_the_files_hold_what_they_were_given_and_nothing_can_end_them_early(tmp_path):
    hostile = row(1, title=HOSTILE, repository=f"acme/{HOSTILE}", author=HOSTILE, ticket=HOSTILE, lines=[line(model=HOSTILE)])
    table = entries(hostile)
    documents = {"summary": told(hostile, people=True), "pulls": pull_columns(table, people=True)}
    write_site(tmp_path / "new" / "site", documents["summary"], documents["pulls"])
    for name, document in documents.items():
        script = (tmp_path / "new" / "site" / "data" / f"{name}.js").read_text(encoding="utf-8")
        found = re.fullmatch(rf"window.prCost = .*\nwindow.prCost.{name} = JSON.parse\(('.*')\);\n", script)
        # The escapes that are used mean the same in Python.
        assert json.loads(ast.literal_eval(found[1])) == json.loads(json.dumps(document))
        assert "\u202e" not in script


def test_writing_twice_leaves_the_same_files(tmp_path):
    for _ in range(2):
        write_site(tmp_path, told(row()), pull_columns(entries(row()), people=False))
    names = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert {"index.html", "dashboard.css", "data/summary.js", "data/pulls.js", "vendor/uPlot.LICENSE"} <= names
    assert not [name for name in names if name.endswith(".part")]


def test_the_month_has_a_forecast_only_where_the_figures_go_back_far_enough():
    assert told(row(1, "10"), budget_usd=Decimal(40))["budget"]["forecast_usd"] is None
    assert told(row(1, "10"), row(2, "5", day="2026-11-01"), budget_usd=Decimal(40))["budget"]["forecast_usd"] is not None


def test_flags_say_what_a_figure_lacks():
    rows = [row(1, "9"), row(2, "8", complete=False), row(3, "7", settled=False), row(4, "6", unpriced=[{"model": "m"}])]
    assert pull_columns(entries(*rows), people=False)["columns"]["flags"] == [2, 3, 0, 6]
