"""Every question in every form, read back and held against the truth; nobody is named unasked. On SQLite and PostgreSQL."""

import csv
import hashlib
import hmac
import io
import json
import re
from collections import defaultdict
from datetime import date
from decimal import Decimal
from itertools import product

import pytest
from tests.integration.reports.expected import TIMES, Expected
from tests.integration.reports.test_matrix import TO_TODAY
from tests.organisation import PEOPLE

from pr_cost_bot.ledger.rows import exact_dollars
from pr_cost_bot.report_command import main

DATES = ("--from", f"{TO_TODAY.start}", "--to", "2026-11-16")
KEY = "a long secret"
TOGETHER = "(groups of fewer than 4 people)"
QUESTIONS = {
    "concentration": Expected.concentration,
    "models": Expected.mix,
    "unmerged": Expected.unmerged,
    "unattributed": Expected.unattributed,
    "outliers": Expected.outliers,
    "forecast": Expected.forecast,
    **{f"estimates --by {by}": (lambda truth, by=by: truth.estimates(by)) for by in ("developer", "repository", "purpose")},
    **{
        f"by {' '.join(by)}": (lambda truth, by=by: truth.by(*by)[0])
        for by in (("developer",), ("ticket",), ("week", "model"), ("repository", "source"), ("month",))
    },
}
SCALES = {"K": 10**3, "M": 10**6, "B": 10**9}


@pytest.fixture
def report(organisation_url):
    def ask(question, *arguments):
        out, err = io.StringIO(), io.StringIO()
        environ = {"PR_COST_BOT_NOW": "2026-11-16T09:00:00Z", "PR_COST_BOT_PSEUDONYM_KEY": KEY}
        given = [*question.split(), "--database", organisation_url, *DATES, *arguments]
        assert (main(given, environ, out, err), err.getvalue()) == (0, "")
        return out.getvalue()

    return ask


def truth():
    return Expected(TO_TODAY.start, TO_TODAY.end)


def invented(person):
    """The pseudonym, made another way."""
    return f"dev-{hmac.new(KEY.encode(), person.encode(), hashlib.sha256).hexdigest()[:10]}"


def read(text):
    """A figure as people see it, and half of its last digit."""
    sign, digits, scale = re.fullmatch(
        r"([+-]?)\$?([\d,]+(?:\.\d+)?)([KMB]?)(?:%| pp| times)?", text.replace("-$", "-")
    ).groups()
    digits = digits.replace(",", "")
    unit = Decimal(SCALES.get(scale, 1)) / (100 if text.endswith(("%", "pp")) else 1)
    last = Decimal(1).scaleb(-len(digits.partition(".")[2]))
    return Decimal(sign + digits) * unit, last * unit / 2


def agrees(text, value):
    if value is None or "least" in text:
        return text == (value or "")
    if text.startswith("<$"):
        return 0 < value < Decimal("0.01")
    if isinstance(value, Decimal | int):
        shown, half = read(text)
        return abs(shown - value) <= half
    return text == str(value)


def cells(out, form):
    """The body's cells, the total left out."""
    lines = out.splitlines()
    if form == "markdown":
        body = [line for line in lines if line.startswith("| ")][2:]
        rows = [[text.strip() for text in line[1:-1].split(" | ")] for line in body]
        plain = [[text.replace("\\", "").replace("\u200b", "") for text in row] for row in rows]
        return [row for row in plain if not row[0].startswith("**")]
    at = next(number for number, line in enumerate(lines) if re.fullmatch(r"[- ]*--[- ]*", line))
    places = [(match.start(), match.end()) for match in re.finditer("-+", lines[at])]
    body = lines[at + 1 :]
    body = body[: body.index("")] if "" in body else body
    return [[line[start:end].strip() for start, end in places] for line in body if not line.startswith("Total ")]


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_form_has_the_figures_exact_for_programs_and_rounded_for_people(report, question):
    wanted = QUESTIONS[question](truth())
    found = json.loads(report(question, "--people", "--format", "json"))["rows"]
    rows = list(csv.DictReader(io.StringIO(report(question, "--people", "--format", "csv"))))
    bodies = [cells(report(question, "--people", "--format", form), form) for form in ("table", "markdown")]
    assert len(found) == len(rows) == len(bodies[0]) == len(bodies[1]) == len(wanted) > 0
    for row, same, *texts, other in zip(found, rows, *bodies, wanted, strict=True):
        assert same == {name: "" if value is None else f"{value}" for name, value in row.items()}
        assert all(is_exact(name, value, other.get(name)) for name, value in row.items())
        for shown in texts:
            assert all(agrees(text, other.get(name)) for text, name in zip(shown, row, strict=True)), (shown, other)


def is_exact(name, value, figure):
    """Money to the last digit, ratios to six; what is divided may differ in the 27th."""
    if isinstance(figure, str) and figure.startswith("at least"):
        return value is None  # for programs, what is known in part is not known
    if not isinstance(figure, Decimal):
        return value == (f"{figure}" if isinstance(figure, date) else figure)
    off = abs(Decimal(value) - figure)
    return off <= (Decimal("1e-18") if name.endswith("_usd") else Decimal("5e-7"))


@pytest.mark.parametrize(
    "question",
    [
        "overview",
        "caching",
        "billed",
        "reconcile",
        "explain acme/web0#3",
        *(name for name in QUESTIONS if "developer" not in name),
    ],
)
def test_nobody_is_named_unasked(report, question):
    out = report(question, "--format", "json")
    assert not set(re.findall(r"dev[\w-]*", out)) & {*PEOPLE, *map(invented, PEOPLE)}
    assert "author" not in out


@pytest.mark.parametrize(("question", "column"), [("by developer", "cost_usd"), ("estimates --by developer", "actual_usd")])
def test_an_invented_name_stands_for_the_same_person_everywhere(report, question, column):
    rows = json.loads(report(question, "--pseudonyms", "--format", "json"))["rows"]
    wanted = {
        invented(row["developer"]): exact_dollars(row[column]) for row in QUESTIONS[question](truth()) if row.get("count") != 1
    }
    assert {row["developer"]: row[column] for row in rows if row["developer"] != "(one estimate each)"} == wanted


def test_those_of_a_single_estimate_are_one_for_a_pull_request_tells_its_own(report):
    alone = [row for row in truth().estimates("developer") if row["count"] == 1]
    rows = json.loads(report("estimates --by developer", "--pseudonyms", "--format", "json"))["rows"]
    (together,) = [row for row in rows if row["developer"] == "(one estimate each)"]
    assert (together["count"], len(alone) > 1) == (len(alone), True)


def test_the_largest_developers_are_under_invented_names_too(report):
    rows = {row["by"]: row for row in json.loads(report("concentration", "--pseudonyms", "--format", "json"))["rows"]}
    wanted = {row["by"]: row for row in truth().concentration()}["developer"]["names"].split(", ")
    assert rows["developer"]["names"] == ", ".join(map(invented, wanted))


@pytest.mark.parametrize(
    "dimensions",
    [
        *(("repository",), ("ticket",), ("pull-request",), ("repository", "model")),
        *(("repository", "month"), ("week", "ticket"), ("day", "model")),
    ],
    ids=" and ".join,
)
def test_small_groups_are_together_and_large_ones_are_what_they_were(report, dimensions):
    rows = json.loads(report(f"by {' '.join(dimensions)}", "--min-group", "4", "--format", "json"))["rows"]
    found = {tuple(row[name] for name in dimensions): Decimal(row["cost_usd"]) for row in rows}
    whole, people = expected_groups(dimensions)
    folded = {key: found.pop(key) for key in list(found) if TOGETHER in key}
    assert folded
    assert all(len(people[key]) >= 4 and whole[key] == cost for key, cost in found.items())
    for key, cost in folded.items():
        at = [place for place, name in enumerate(dimensions) if name in TIMES]
        rest = {one for one in set(whole) - set(found) if all(one[place] == key[place] for place in at)}
        others = [one for one in found if all(one[place] == key[place] for place in at)]
        assert cost == sum(whole[one] for one in rest)
        assert any(len(people[one]) < 4 for one in rest)
        assert len(set().union(*(people[one] for one in rest))) >= 4 or not others


def expected_groups(dimensions):
    """What each group costs, and who is in it."""
    expected, people = truth(), defaultdict(set)
    for share in expected.shares:
        for key in product(*(expected.name(share, dimension).split(", ") for dimension in dimensions)):
            people[key].add(share.person)
    return {key: group["cost"] for key, group in expected.groups(*dimensions).items()}, people


def test_a_concentration_is_over_all_members_and_names_none_where_small_groups_are_together(report):
    apart, together = (
        json.loads(report("concentration", "--format", "json", *more))["rows"] for more in ((), ("--min-group", "4"))
    )
    assert together == [{**row, "names": ""} for row in apart]
    assert any(row["names"] for row in apart)
