"""Plain values for tests: every factory takes what matters to the test and fills in the rest."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from pr_cost_bot.model import (
    Author,
    CostLine,
    Evidence,
    GitCommit,
    PullRequest,
    PullRequestCost,
    SourceStatus,
    Tokens,
    UsageRecord,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
OCTOCAT = Author("Octo Cat", "octo@example.com", "octocat")


def minutes(count):
    return timedelta(minutes=count)


def git_commit(sha="a" * 40, **given):
    return GitCommit(
        **{"sha": sha, "repository": "acme/web", "authors": (OCTOCAT,), "authored_at": NOON, "pr_number": 7, **given}
    )


def pull_request(**given):
    return PullRequest(
        **{
            "repository": "acme/web",
            "number": 7,
            "title": "Add a checkout",
            "url": "https://github.com/acme/web/pull/7",
            "author": OCTOCAT,
            "state": "open",
            "base_ref": "main",
            "head_ref": "feat/WEB-12-checkout",
            "head_sha": "a" * 40,
            "opened_at": NOON,
            "default_branch": "main",
            "commits": (git_commit(),),
            **given,
        }
    )


def usage(identifier="u1", **given):
    return UsageRecord(
        **{
            "id": identifier,
            "source": "cursor",
            "actor": "octo@example.com",
            "start": NOON - minutes(10),
            "end": NOON - minutes(10),
            "model": "claude-sonnet-4-6",
            "tokens": Tokens(1000, 800, 100, 50),
            "requests": 1,
            "cost_usd": Decimal("1.25"),
            "billed_usd": Decimal("1.25"),
            **given,
        }
    )


def line(**given):
    return CostLine(
        **{
            "source": "cursor",
            "product": "",
            "model": "claude-sonnet-4-6",
            "person": "octocat",
            "evidence": Evidence.MATCHED,
            "requests": 3,
            "tokens": Tokens(1000, 800, 100, 50),
            "cost_usd": Decimal("4.21"),
            "billed_usd": Decimal("4.21"),
            **given,
        }
    )


def pull_request_cost(**given):
    return PullRequestCost(
        **{
            "pull": pull_request(),
            "computed_at": NOON + minutes(30),
            "lines": (line(),),
            "low_usd": Decimal("4.21"),
            "high_usd": Decimal("4.21"),
            "sources": (SourceStatus(name="cursor", title="Cursor", grain="event", fresh_until=NOON, records=3),),
            "label": "cost:medium",
            **given,
        }
    )
