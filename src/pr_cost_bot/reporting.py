"""Telling the runner what came out: log, annotations, step summary, outputs, and the gate."""

import json
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from pr_cost_bot import render, runner
from pr_cost_bot.config import Config
from pr_cost_bot.ledger.rows import document_of, dollars, rfc3339
from pr_cost_bot.ledger.usage import UsageOfRun
from pr_cost_bot.model import Problem, PullRequestCost
from pr_cost_bot.ports import PullRequestFacts, Row
from pr_cost_bot.publish import Known, Published
from pr_cost_bot.settings import Settings

TOO_EXPENSIVE = 3


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to tell. `published` None: nothing was to be written. `outputs`: whether the step's outputs are of it."""

    known: tuple[Known, ...]
    config: Config
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    usage: UsageOfRun | None = None
    published: Published | None = None
    outputs: bool = True


def report(settings: Settings, made: Report) -> None:
    """Annotations, log, step summary and outputs."""
    show_people = made.config.comment.show_people
    written = made.published or Published(comments={}, problems=(), failed=False)
    for problem in made.problems:
        runner.warn(problem)
    for problem in written.problems:
        (runner.fail if written.failed else runner.warn)(problem)
    costs = [one.cost for one in made.known]
    for cost in costs:
        comment = render.render_comment(cost, show_people=show_people)
        for line in render.render_text(comment.body).splitlines():
            runner.LOGGER.info("%s", line)
    problems = (*made.problems, *written.problems)
    runner.write_summary(
        settings.summary_path, render.render_summary(costs, problems, show_people=show_people, notes=made.notes)
    )
    if made.outputs and len(made.known) == 1:
        runner.write_outputs(settings.output_path, _outputs(settings, made.known[0], made.config, written))


def report_settled(settings: Settings, facts: PullRequestFacts, row: Row) -> int:
    """Tell a figure that no run changes any more. Returns the exit status."""
    number = facts.pull.number
    runner.notice(
        f"Pull request {number} is settled at ${row['cost_usd']}: no source can change that any more. "
        "To compute it again, start the workflow by hand with its number."
    )
    outputs = {
        "cost_usd": str(row["cost_usd"]),
        "cost_label": str(row.get("cost_label") or ""),
        "comment_url": facts.comment.url if facts.comment else "",
        "pull_request": str(number),
        "complete": str(row.get("complete")).lower(),
        "settled": "true",
        "attributed_percent": "",
        "artifact_dir": "",
        "summary": json.dumps(row, ensure_ascii=False, separators=(",", ":")),
    }
    runner.write_outputs(settings.output_path, outputs)
    return 0


def document(one: Known, config: Config) -> Row:
    """What `pr_cost.json` and the output `summary` hold."""
    show = config.ledger.show_people
    return document_of(one.cost, show_people=one.cost.pull.is_private if show is None else show)


def gate(settings: Settings, cost: PullRequestCost) -> int:
    """The exit status that `fail_above_usd` asks for."""
    limit = settings.fail_above_usd
    if limit is None:
        return 0
    if cost.cost_usd > limit:
        runner.fail(
            Problem(
                f"This pull request cost ${dollars(cost.cost_usd)}, more than fail_above_usd allows (${dollars(limit)}).",
                f"Computed {rfc3339(cost.computed_at)}; the comment shows by model and commit what it was spent on.",
                "Raise fail_above_usd if that is as it should be.",
            )
        )
        return TOO_EXPENSIVE
    if cost.nothing_known or not cost.complete or cost.unpriced:
        what = "fail_above_usd could not be judged: the figure is not known in full."
        runner.warn(Problem(what, "The comment and the step summary say what is missing.", "The next run judges again."))
    return 0


def attributed_percent(cost: PullRequestCost) -> str:
    """How much of what its people used in its time lies on some pull request; empty when they used nothing."""
    placed = cost.cost_usd + cost.elsewhere_usd
    total = placed + sum((part.cost_usd for part in cost.unattributed), Decimal(0))
    return "" if not total else str((placed * 100 / total).quantize(Decimal("0.1")))


def _outputs(settings: Settings, one: Known, config: Config, written: Published) -> dict[str, str]:
    cost = one.cost
    ref = written.comments.get(cost.pull.number) or one.facts.comment
    return {
        "cost_usd": "" if cost.nothing_known else dollars(cost.cost_usd) or "",
        "cost_label": cost.label or "",
        "comment_url": ref.url if ref else "",
        "pull_request": str(cost.pull.number),
        "complete": str(cost.complete and not cost.nothing_known).lower(),
        "settled": str(cost.settled).lower(),
        "attributed_percent": attributed_percent(cost),
        "artifact_dir": _artifact_dir(settings, [one]),
        "summary": json.dumps(document(one, config), ensure_ascii=False, separators=(",", ":")),
    }


def _artifact_dir(settings: Settings, known: Sequence[Known]) -> str:
    """As later steps find it: they have the workspace at another place than the container. Empty when nothing was written."""
    if settings.artifact_dir is None or settings.dry_run or all(one.cost.nothing_known for one in known):
        return ""
    return str(settings.artifact_dir.relative_to(settings.workspace.resolve()))
