import csv
import io
import json
from decimal import Decimal

import pytest

from pr_cost_bot.reports.sheet import Column, Sheet, Unknown, render, shown

TWO_THIRDS, ONE_THIRD = Decimal(2) / 3, Decimal(1) / 3
SHEET = Sheet(
    title="Spend by repository",
    columns=[
        Column("name", "Name"),
        Column("cost_usd", "Cost", "usd"),
        Column("share", "Share", "percent"),
        Column("tokens", "Tokens", "count"),
        Column("change", "Change", "points"),
    ],
    rows=[
        {
            "name": "acme/web",
            "cost_usd": Decimal("1234.5600"),
            "share": Decimal(2) / 3,
            "tokens": 1_234_567,
            "change": Decimal("0.05"),
        },
        {"name": "=cmd|'x'|@all\n`b`", "cost_usd": Decimal("0.000001"), "share": ONE_THIRD, "tokens": 12, "change": None},
    ],
    total={"name": "Total", "cost_usd": Decimal("1234.560001")},
    notes=["A <note>."],
)


def test_what_is_not_known_is_words_for_people_and_null_for_programs():
    rows = [{"name": name, "cost_usd": Unknown(says)} for name, says in (("a", "unpriced"), ("b", "at least $3.00"), ("c", ""))]
    sheet = Sheet(title="T", columns=SHEET.columns[:2], rows=rows)
    assert [text.split()[1:] for text in render(sheet, "table").splitlines()[4:]] == [
        ["unpriced"],
        ["at", "least", "$3.00"],
        [],
    ]
    assert render(sheet, "csv") == "name,cost_usd\na,\nb,\nc,\n"
    assert [row["cost_usd"] for row in json.loads(render(sheet, "json"))["rows"]] == [None, None, None]
    assert "at least \\$3.00" in render(sheet, "markdown")


@pytest.mark.parametrize("form", ["table", "csv", "json", "markdown"])
def test_no_form_passes_on_what_steers_a_terminal(form):
    sheet = Sheet(title="T", columns=SHEET.columns[:1], rows=[{"name": "a\x1b[31mb\x9b2Jc\rd\ne"}])
    text = render(sheet, form)
    assert not set(text) & {"\x1b", "\x9b", "\r"}
    assert "a" in text


def test_the_plain_table_aligns_numbers_to_the_right():
    assert render(SHEET, "table").splitlines() == [
        "Spend by repository",
        "",
        "Name                    Cost  Share  Tokens   Change",
        "------------------  ---------  -----  ------  -------".replace(
            "------------------  ---------", "-----------------  ---------"
        ),
        "acme/web           $1,234.56  66.7%   1.23M  +5.0 pp",
        "=cmd|'x'|@all `b`     <$0.01  33.3%      12",
        "Total              $1,234.56",
        "",
        "A <note>.",
    ]


def test_csv_has_exact_values_names_and_no_formulas():
    rows = list(csv.DictReader(io.StringIO(render(SHEET, "csv"))))
    assert [row["cost_usd"] for row in rows] == ["1234.56", "0.000001"]
    assert rows[0]["share"] == "0.666667"
    assert rows[0]["tokens"] == "1234567"
    assert rows[1]["name"].startswith("'=cmd")
    assert rows[1]["change"] == ""


def test_a_fall_is_a_number_in_csv_and_no_text():
    columns = [Column("name", "Name"), Column("change", "Change", "points"), Column("saved_usd", "Saved", "usd")]
    rows = [{"name": "-1", "change": Decimal("-0.05"), "saved_usd": Decimal("-1.5")}]
    assert render(Sheet(title="Change", columns=columns, rows=rows), "csv").splitlines()[1] == "'-1,-0.05,-1.5"


def test_a_title_and_notes_are_plain_lines_at_a_terminal():
    shown_there = render(Sheet(title="acme\x1b[2J/web", columns=[], rows=[], notes=["a\n::error::b"]), "table")
    assert "\x1b" not in shown_there
    assert "a ::error::b" in shown_there.splitlines()


def test_json_has_exact_values_total_and_notes():
    document = json.loads(render(SHEET, "json"))
    assert document["rows"][0]["cost_usd"] == "1234.56"
    assert document["rows"][1]["change"] is None
    assert document["total"]["cost_usd"] == "1234.560001"
    assert document["notes"] == ["A <note>."]


def test_markdown_does_what_no_name_says():
    text = render(SHEET, "markdown")
    assert "@all" not in text
    assert "<note>" not in text
    assert all(line.count("|") - line.count("\\|") == 6 for line in text.splitlines() if line.startswith("|"))
    assert "| **Total** | **\\$1,234.56** |  |" in text


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, "usd", ""),
        (Decimal("8.25"), "times", "8.3 times"),
        (Decimal("-0.0312"), "points", "-3.1 pp"),
        (Decimal("0.1"), "percent", "10.0%"),
    ],
)
def test_values_are_shown_as_people_read_them(value, kind, text):
    assert shown(value, kind) == text
