"""Every source through the whole program: the vendor's figure to the cent, and each failure told and never taken for $0.

A source is a row of `SOURCES`; the failures are tried on all of them at once, which takes no longer than on one.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import get_args

import pytest

from pr_cost_bot.model import Tokens
from pr_cost_bot.simulator.actions import Finished
from pr_cost_bot.simulator.vendor_files import usage_lines
from pr_cost_bot.simulator.vendor_openrouter import Desk, openrouter
from pr_cost_bot.simulator.vendor_world import Lasting, Passing
from pr_cost_bot.simulator.vendors import Call, inputs
from pr_cost_bot.sources.registry import KNOWN
from tests.end_to_end.world import EMAILS, Stage, at, stage, work

HEALTHY = "cursor"
# OpenAI names tokens and no money.
PRICES = "prices: [{model: gpt-5.5, input_usd_per_mtok: 4, output_usd_per_mtok: 8}]\n"
TO_DO = ("Set ", "Give ", "Check ", "The next run", "Update ", "Export it again ")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A source: how it is called, how many calls need several pages, and what tells that they were turned."""

    title: str
    calls: int = 3
    person: str = EMAILS["ada"]
    model: str = "claude-sonnet-4-6"
    prepare: Callable[[Stage], None] | None = None
    requests: Callable[[Stage], int] | None = None  # how many pages were asked for
    pages: int = 1
    key: bool = True
    gives_money: bool = True


def _asked(vendor: str, path: str) -> Callable[[Stage], int]:
    return lambda s: len({(e.request.url, e.request.body, repr(e.request.query)) for e in exchanges(s, vendor, path)})


def exchanges(s: Stage, vendor: str, path: str) -> list:
    return [e for e in s.servers[vendor].exchanges if path in e.request.path and e.response.status == 200]


def _many_members(s: Stage) -> None:
    """Two pages of members, and answers that are cut off after two rows."""
    s.vendors.members["openrouter"] = {*EMAILS.values(), *(f"m{n:03}@acme.example" for n in range(120))}
    s.servers["openrouter"].handler = openrouter(s.vendors, Desk(most_rows=2))


def _many_users(s: Stage) -> None:
    """Two pages of callers."""
    one = next(call for call in s.vendors.calls if call.vendor == "portkey")
    s.vendors.add(*(replace(one, person=f"m{n:03}@acme.example") for n in range(120)))


SOURCES = {
    "anthropic": Row(title="Anthropic", calls=120),
    "openai": Row(
        title="OpenAI", model="gpt-5.5", calls=120, requests=_asked("openai", "completions"), pages=1, gives_money=False
    ),
    "cursor": Row(title="Cursor", calls=1100, requests=_asked("cursor", "events"), pages=2),
    "copilot": Row(title="Copilot", person="ada", requests=_asked("copilot", "ai_credit"), pages=2),
    "openrouter": Row(
        title="OpenRouter",
        model="anthropic/claude-sonnet-4.6",
        calls=40,
        prepare=_many_members,
        requests=_asked("openrouter", "members"),
        pages=2,
    ),
    "litellm": Row(title="LiteLLM", calls=250, requests=_asked("litellm", "spend"), pages=3),
    "langfuse": Row(title="Langfuse", calls=1100, requests=_asked("langfuse", "observations"), pages=2),
    "helicone": Row(title="Helicone", calls=1100, requests=_asked("helicone", "query"), pages=2),
    "portkey": Row(title="Portkey", calls=30, prepare=_many_users, requests=_asked("portkey", "groups/users"), pages=2),
    "files": Row(title="Files", calls=30, key=False),
}


def calls(name: str) -> list[Call]:
    """Ada's calls in the three quarters of an hour before her commit, each with an amount and tokens of its own."""
    row = SOURCES[name]
    made = []
    for n in range(row.calls):
        tokens = Tokens(900 + 50 * n, 0, 0, 20 + n) if not row.gives_money else Tokens(900 + 50 * n, 500, 100, 20 + n)
        listed = Decimal(4 * tokens.input + 8 * tokens.output) / 10_000  # cents, at PRICES
        made.append(
            Call(
                person=row.person,
                at=at("09:00") + n * timedelta(minutes=45) / row.calls,
                model=row.model,
                tokens=tokens,
                cents=Decimal("0.4375") + Decimal(n) / 8 if row.gives_money else listed,
                vendor=name,
                product="",
            )
        )
    return made


def few(*names: str) -> list[Call]:
    """Two calls at each of these, with a model of its own: else what one sees could be what another bills."""
    models = {name: f"claude-opus-{5 + n}" for n, name in enumerate(SOURCES)} | {"openai": "gpt-5.5"}
    return [replace(call, model=models[name]) for name in names for call in calls(name)[:2]]


def dollars(made: list[Call]) -> Decimal:
    return sum((call.cents for call in made), Decimal(0)) / 100


def run(s: Stage, number: int | None = None) -> tuple[int, Finished]:
    opened = number or s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
    return opened, s.event("opened", opened, at("11:05"))


def states(finished: Finished) -> dict[str, str]:
    return {each["name"]: each["state"] for each in json.loads(finished.outputs["summary"])["sources"]}


def assert_no_key_is_shown(s: Stage, finished: Finished) -> None:
    files = [path.read_text() for path in sorted((s.workspace / "pr-cost").glob("*")) if path.is_file()]
    comments = [comment.body for number in s.repository.data.pulls for comment in s.repository.comments(number)]
    shown = "\n".join([finished.log, finished.summary, str(finished.outputs), *files, *comments, *s.rows().values()])
    for key in (*s.vendors.keys.values(), *s.inputs.values(), "ghs_simulated"):
        assert key not in shown


def assert_figure(s: Stage, number: int, finished: Finished, expected: Decimal) -> None:
    """The same amount in outputs, comment, row and lines."""
    assert finished.status == 0, finished.log
    summary = json.loads(finished.outputs["summary"])
    (row,) = [json.loads(text) for text in s.rows().values()]
    assert Decimal(summary["cost_usd"]) == Decimal(row["cost_usd"]) == expected
    assert sum(Decimal(line["cost_usd"]) for line in row["lines"]) == expected
    assert round(Decimal(finished.outputs["cost_usd"]), 2) == round(expected, 2)
    assert f"${expected:.2f}" in s.comment(number)


def test_no_source_with_a_key_is_forgotten():
    assert set(SOURCES) == {known.name for known in KNOWN if known.keys} | {"files"}


# --- in good times ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SOURCES)
def test_the_figure_is_the_vendors_to_the_cent_however_many_pages_it_takes(name):
    row = SOURCES[name]
    with stage(sources=[name], config=PRICES) as s:
        mine = calls(name)
        s.vendors.add(*mine, *(replace(call, person="stranger@acme.example") for call in mine[:3]))
        if row.prepare:
            row.prepare(s)
        number, finished = run(s)
        assert_figure(s, number, finished, dollars(mine))
        assert (finished.outputs["complete"], states(finished)) == ("true", {name: "ok"})
        assert "incomplete" not in s.comment(number)
        assert_no_key_is_shown(s, finished)
        assert row.requests is None or row.requests(s) >= row.pages


@pytest.mark.parametrize(("name", "path", "models"), [("openai", "completions", 1), ("anthropic", "analytics/cost", 5)])
def test_nine_days_of_hours_take_several_requests_and_lose_nothing(name, path, models):
    row = SOURCES[name]
    with stage(sources=[name], config=PRICES) as s:
        (one,) = calls(name)[:1]
        hours = [at("00:30") + timedelta(hours=hour) for hour in range(9 * 24)]
        named = [row.model, "claude-opus-4-7", "claude-haiku-4-5", "claude-sonnet-4-5", "claude-opus-4-5"][:models]
        mine = [replace(one, at=hour, model=model) for hour in hours for model in named]
        s.vendors.add(*mine)
        daily = [work("ada", at("23:50", day)) for day in range(9)]
        number = s.repository.open_pull_request("ada", daily, at=at("23:55", 8))
        finished = s.event("opened", number, at("02:00", 9))
        assert Decimal(json.loads(finished.outputs["summary"])["cost_usd"]) == dollars(mine)
        assert (finished.outputs["complete"], states(finished)) == ("true", {name: "ok"})
        assert _asked(name, path)(s) >= 2


def test_files_of_the_workspace_hold_the_same_figure_as_those_at_an_address():
    with stage(sources=[], config="  files: [{path: usage}]\n") as s:
        mine = calls("files")
        s.vendors.add(*mine)
        s.vendors.now = at("11:05")
        lines = usage_lines(s.vendors).splitlines(keepends=True)
        (s.workspace / "usage").mkdir()
        (s.workspace / "usage" / "a.jsonl").write_text("".join(lines[:20]))
        (s.workspace / "usage" / "b.jsonl").write_text("".join(lines[10:]))  # rows in both count once
        number, finished = run(s)
        assert_figure(s, number, finished, dollars(mine))
        assert states(finished) == {"files": "ok"}


@pytest.mark.parametrize("mode", get_args(Passing))
def test_a_refusal_that_says_when_to_come_back_leaves_no_trace(mode):
    """Different usage in every source: together they make the sum of all."""
    with stage(sources=list(SOURCES), config=PRICES) as s:
        everything = few(*SOURCES)
        s.vendors.add(*everything)
        s.vendors.fail.update(dict.fromkeys(SOURCES, mode))
        number, finished = run(s)
        assert_figure(s, number, finished, dollars(everything))
        assert states(finished) == dict.fromkeys(SOURCES, "ok")
        refused = {name for name in SOURCES for e in s.servers[name].exchanges if e.response.status == 429}
        assert refused == set(SOURCES)


# --- in bad times -----------------------------------------------------------------------------------------------------


def assert_told(s: Stage, number: int, finished: Finished, failing: list[str]) -> None:
    """The comment and a warning name each of them, with what to do."""
    assert finished.status == 0, finished.log
    assert finished.outputs["complete"] == "false"
    found = states(finished)
    comment = s.comment(number)
    assert "incomplete" in comment
    warnings = [line for line in finished.log.splitlines() if line.startswith("::warning")]
    for name in failing:
        called = "The file at 127.0.0.1" if name == "files" else SOURCES.get(name, Row(title=name)).title
        assert found[name] == "failed", name
        assert called.split(maxsplit=1)[0] in comment, name
        told = [line for line in warnings if called in line]
        assert told, name
        assert any(
            word in " ".join(told) for word in ("Set ", "Give ", "Check ", "The next run", "Update ", "Export it again ")
        ), told


@pytest.mark.parametrize("mode", get_args(Lasting))
def test_whatever_fails_is_named_and_the_rest_is_counted(mode):
    failing = [name for name in SOURCES if name != HEALTHY]
    with stage(sources=list(SOURCES), config=PRICES) as s:
        s.vendors.add(*few(*SOURCES))
        s.vendors.fail.update(dict.fromkeys(failing, mode))
        number, finished = run(s)
        assert_told(s, number, finished, failing)
        assert states(finished)[HEALTHY] == "ok"
        assert_figure(s, number, finished, dollars(few(HEALTHY)))
        assert_no_key_is_shown(s, finished)


@pytest.mark.parametrize("mode", ["403", "half"])
def test_one_that_fails_leaves_all_the_others_counted(mode):
    others = [name for name in SOURCES if name != HEALTHY]
    with stage(sources=list(SOURCES), config=PRICES) as s:
        s.vendors.add(*few(*SOURCES))
        s.vendors.fail[HEALTHY] = mode
        number, finished = run(s)
        assert_told(s, number, finished, [HEALTHY])
        assert states(finished) == {**dict.fromkeys(others, "ok"), HEALTHY: "failed"}
        assert_figure(s, number, finished, dollars(few(*others)))


def test_a_wrong_key_is_named_by_its_input_and_never_shown():
    with stage(sources=list(SOURCES), config=PRICES) as s:
        s.vendors.add(*few(HEALTHY))
        s.inputs = {name: f"wrong-{name}-value" for name in inputs(s.vendors, list(SOURCES))}
        s.inputs |= inputs(s.vendors, [HEALTHY])
        number, finished = run(s)
        assert_told(s, number, finished, [name for name, row in SOURCES.items() if row.key and name != HEALTHY])
        named = {name for name in s.inputs if name in finished.log}
        assert named == set(s.inputs) - set(inputs(s.vendors, [HEALTHY])) - {"langfuse_public_key"}
        assert_no_key_is_shown(s, finished)


def test_when_nothing_at_all_is_known_nothing_says_that_it_cost_nothing():
    with stage(sources=list(SOURCES), config=PRICES) as s:
        s.vendors.add(*few(*SOURCES))
        s.vendors.fail.update(dict.fromkeys(SOURCES, "403"))
        number, finished = run(s)
        assert (finished.status, finished.outputs["cost_label"], finished.outputs["complete"]) == (0, "", "false")
        assert not s.repository.comments(number)
        assert not s.labels(number)
        assert not s.rows()
