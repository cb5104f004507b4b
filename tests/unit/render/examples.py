"""Pull requests of every kind, for golden comments and for looking at."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from pr_cost_bot.model import (
    Author,
    CommitCost,
    CostLine,
    Evidence,
    GitCommit,
    PriceInfo,
    Problem,
    PullRequest,
    PullRequestCost,
    Remainder,
    SourceState,
    SourceStatus,
    Tokens,
    UnmatchedAuthor,
    Unpriced,
)

NOW = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
HOSTILE = (
    "<!-- pr-cost-bot:v1 {} --> --> @octocat @acme/team #1 acme/web#2 GH-3 [x](https://evil.example/) "
    "![i](http://evil.example/i.png) "
    "<img src=x onerror=alert(1)> | `code` **bold** _it_ ~~no~~ $x^2$ :tada: ::error::x www.evil.example a@evil.example\n"
    "# heading\r\n::set-output name=x::y\t\u202egnp.exe\u2066\u200e\x00\x1b[31m &lt;b&gt; </details>"
)


def sha(number: int) -> str:
    return f"{number:07x}" + "ab12cd34ef" * 4


def pull(**changes: Any) -> PullRequest:
    facts: dict[str, Any] = {
        "repository": "acme/web",
        "number": 12,
        "title": "Add the checkout page",
        "url": "https://github.com/acme/web/pull/12",
        "author": Author("Octo Cat", "octo@example.com", "octocat"),
        "state": "open",
        "base_ref": "main",
        "head_ref": "checkout",
        "head_sha": sha(3)[:40],
        "opened_at": NOW - timedelta(days=2),
    }
    facts |= changes
    return PullRequest(**facts)


def line(model: str, cost: str, input_: int, output: int, **changes: Any) -> CostLine:
    facts: dict[str, Any] = {
        "source": "anthropic",
        "product": "claude_code",
        "model": model,
        "person": "octocat",
        "evidence": Evidence.MATCHED,
        "requests": 12,
        "tokens": Tokens(input_, input_ * 3 // 4, input_ // 10, output),
        "cost_usd": Decimal(cost),
        "billed_usd": Decimal(cost),
    }
    facts |= changes
    return CostLine(**facts)


def commit(number: int, title: str, cost: str) -> CommitCost:
    when = NOW - timedelta(hours=40 - number)
    return CommitCost(
        sha=sha(number)[:40], title=title, authored_at=when, cost_usd=Decimal(cost), tokens=Tokens(1000, 0, 0, 50)
    )


def answered(name: str, title: str, minutes_ago: int = 65, **changes: Any) -> SourceStatus:
    facts: dict[str, Any] = {
        "fresh_until": NOW - timedelta(minutes=minutes_ago),
        "grain": "hour",
        "settles_after": timedelta(days=3),
    }
    facts |= changes
    return SourceStatus(name=name, title=title, **facts)


ANTHROPIC = answered("anthropic", "Anthropic")
CURSOR = answered("cursor", "Cursor", 5)
OPENAI = answered("openai", "OpenAI", 20)
CURSOR_DOWN = SourceStatus(
    name="cursor",
    title="Cursor",
    state=SourceState.FAILED,
    problem=Problem("Cursor answered 503.", "Its service may be down.", "The next run asks again; nothing needs to be done."),
)


def cost(**changes: Any) -> PullRequestCost:
    facts: dict[str, Any] = {
        "pull": pull(),
        "computed_at": NOW,
        "sources": (ANTHROPIC,),
        "authors": 1,
        "since": NOW - timedelta(days=4),
    }
    facts |= changes
    if "low_usd" not in facts:
        whole = sum((part.cost_usd for part in facts.get("lines", ())), Decimal(0))
        facts |= {"low_usd": whole, "high_usd": whole}
    return PullRequestCost(**facts)


def tiny() -> PullRequestCost:
    return cost(
        lines=(line("claude-haiku-4-5-20251001", "0.0312", 9_870, 412, evidence=Evidence.TAGGED),),
        commits=(commit(1, "Fix a typo in the footer", "0.0312"),),
    )


def ordinary() -> PullRequestCost:
    return cost(
        lines=(
            line("claude-sonnet-4-6", "2.9048", 300_200, 10_100),
            line(
                "claude-sonnet-4-6",
                "0.80",
                80_100,
                2_300,
                source="cursor",
                product="",
                evidence=Evidence.TAGGED,
                billed_usd=Decimal(0),
            ),
            line("claude-opus-4-7", "0.5052", 51_900, 1_600),
        ),
        commits=(
            commit(1, "Add the checkout form", "1.8149"),
            commit(2, "Validate card numbers", "0.3951"),
            commit(3, "Handle declined cards, with a test for each answer of the gateway", "2.00"),
        ),
        low_usd=Decimal("3.90"),
        high_usd=Decimal("4.80"),
        sources=(ANTHROPIC, CURSOR),
        unattributed=(Remainder(reason="no commit followed", cost_usd=Decimal("0.42"), tokens=Tokens(40_000, 0, 0, 900)),),
        elsewhere_usd=Decimal("12.30"),
        authors=2,
    )


def merged() -> PullRequestCost:
    closed = pull(state="merged", closed_at=NOW - timedelta(days=5), merged_at=NOW - timedelta(days=5))
    lines = (
        line("gpt-5.5", "3.10", 410_000, 9_000, source="openai", product="", evidence=Evidence.MATCHED),
        line("claude-opus-4-5-20251101", "18.00", 2_100_000, 48_000, evidence=Evidence.RECEIPT),
        line("gemini-3-pro-preview", "1.40", 390_000, 4_000, source="cursor", product="", evidence=Evidence.SHARED),
        line("default", "0.09", 12_000, 700, source="cursor", product="", evidence=Evidence.SHARED),
    )
    return cost(
        pull=closed,
        lines=lines,
        commits=(commit(1, "Rewrite the parser", "20.00"), commit(2, "Review remarks", "2.59")),
        sources=(ANTHROPIC, OPENAI, CURSOR),
        authors=3,
        unmatched=(
            UnmatchedAuthor(person="mona@example.com", suggestion="people:\n  - {github: mona, emails: [mona@example.com]}"),
        ),
        prices=PriceInfo(name="genai-prices 0.2.3", as_of=datetime(2026, 11, 1, tzinfo=UTC), models=("gpt-5.5",)),
        settled=True,
    )


def large() -> PullRequestCost:
    models = [f"house-model-{number}" for number in range(37)]
    lines = [
        line("claude-opus-4-7", "1510.22", 912_345_678, 14_200_000),
        line("claude-sonnet-4-6", "801.50", 1_234_567_890, 9_900_000),
        line("gpt-5.1-codex-max", "302.08", 401_000_000, 4_100_000, source="openai", product="", evidence=Evidence.SHARED),
    ]
    lines += [
        line(model, str(Decimal(400) / (number + 4)), 9_000_000 // (number + 1), 200_000) for number, model in enumerate(models)
    ]
    return cost(
        lines=tuple(lines),
        commits=tuple(
            commit(number, f"Step {number} of the migration", str(Decimal(number * 3) + Decimal("0.41")))
            for number in range(48)
        ),
        low_usd=Decimal("2100.00"),
        high_usd=Decimal("4000.00"),
        sources=(ANTHROPIC, OPENAI, CURSOR),
        unattributed=tuple(Remainder(reason=f"reason {number}", cost_usd=Decimal(40 - number)) for number in range(8)),
        authors=14,
    )


def incomplete() -> PullRequestCost:
    refused = SourceStatus(
        name="openai",
        title="OpenAI",
        state=SourceState.PARTIAL,
        fresh_until=NOW - timedelta(hours=3),
        problem=Problem("OpenAI answered 429 for 2 of 9 pages", "Too many requests.", "Run the true-up later"),
    )
    return cost(lines=ordinary().lines[:1], sources=(ANTHROPIC, CURSOR_DOWN, refused), complete=False)


def unpriced() -> PullRequestCost:
    parts = (Unpriced(source="litellm", model="house/model_2", tokens=Tokens(12_400, 0, 0, 800)),)
    return cost(
        lines=ordinary().lines, commits=(commit(1, "Try the house model", "0"), commit(2, "Go on", "4.21")), unpriced=parts
    )


def only_unpriced() -> PullRequestCost:
    return cost(unpriced=(Unpriced(source="litellm", model="house/model_2", tokens=Tokens(12_400, 0, 0, 800)),))


def pending() -> PullRequestCost:
    after = Remainder(reason="pending", cost_usd=Decimal("0.31"), tokens=Tokens(22_000, 0, 0, 400))
    return cost(lines=tiny().lines, commits=tiny().commits, pending=after)


def pooled() -> PullRequestCost:
    lines = (line("gpt-5-codex", "3.00", 100_000, 2_000, source="copilot", product="coding_agent", billed_usd=Decimal("1.20")),)
    closed = pull(state="merged", closed_at=NOW - timedelta(hours=5), merged_at=NOW - timedelta(hours=5))
    return cost(pull=closed, lines=lines, sources=(answered("copilot", "GitHub Copilot"),))


def nothing_found() -> PullRequestCost:
    return cost(sources=(ANTHROPIC, CURSOR))


def nothing_found_in_part() -> PullRequestCost:
    return cost(sources=(ANTHROPIC, CURSOR_DOWN), complete=False)


def nothing_known() -> PullRequestCost:
    refused = Problem(
        "Anthropic answered 401", "The key may have been revoked.", "Set the input anthropic_admin_key to a valid key"
    )
    down = SourceStatus(name="anthropic", title="Anthropic", state=SourceState.FAILED, problem=refused)
    return cost(sources=(down, CURSOR_DOWN), complete=False)


def no_sources() -> PullRequestCost:
    lines = (line("claude-sonnet-4-6", "1.10", 90_000, 3_000, evidence=Evidence.RECEIPT),)
    return cost(lines=lines, sources=())


def hostile(text: str = HOSTILE) -> PullRequestCost:
    bad = Problem(text, text, text)
    status = SourceStatus(name=text, title=text, state=SourceState.PARTIAL, problem=bad, fresh_until=NOW, notes=(text,))
    lines = tuple(line(f"{text}{number}", "1.10", 90_000, 3_000, source=text, product=text, person=text) for number in range(3))
    when = NOW - timedelta(days=1)
    mine = GitCommit(sha=text, repository=text, authors=(Author(text, text),), authored_at=when, message=text)
    return cost(
        pull=pull(
            title=text,
            head_ref=text,
            base_ref=text,
            author=Author(text, text),
            url=f"https://x.example/{text}",
            commits=(mine,),
        ),
        lines=lines,
        commits=(CommitCost(sha=text, title=text, authored_at=when, cost_usd=Decimal("3.30"), tokens=Tokens(9, 0, 0, 9)),),
        sources=(status,),
        unattributed=(Remainder(reason=text, cost_usd=Decimal(1)), Remainder(reason=text, cost_usd=Decimal(1))),
        unpriced=(Unpriced(source=text, model=text, tokens=Tokens(5, 0, 0, 5)),),
        unmatched=(UnmatchedAuthor(person=text, suggestion=f"```\n{text}\n````\n"),),
        prices=PriceInfo(name=text, models=(text,), overridden=(text,), notes=(text,)),
        notes=(text, text),
        authors=1,
        complete=False,
    )


def long_names() -> PullRequestCost:
    return hostile("@" * 5_000 + "&<`|" * 1_250)


EXAMPLES: dict[str, Callable[[], PullRequestCost]] = {
    "tiny": tiny,
    "ordinary": ordinary,
    "merged": merged,
    "large": large,
    "incomplete": incomplete,
    "unpriced": unpriced,
    "only_unpriced": only_unpriced,
    "pending": pending,
    "pooled": pooled,
    "nothing_found": nothing_found,
    "nothing_found_in_part": nothing_found_in_part,
    "nothing_known": nothing_known,
    "no_sources": no_sources,
    "hostile": hostile,
}
