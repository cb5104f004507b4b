"""Telling the runner what came out: log, annotations, step summary, outputs, and the gate."""

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec

from pr_cost_bot import render, runner
from pr_cost_bot.config import Config
from pr_cost_bot.ledger.rows import document_of, document_of_row, rfc3339
from pr_cost_bot.ledger.usage import UsageOfRun
from pr_cost_bot.model import Problem, PullRequestCost
from pr_cost_bot.ports import PullRequestFacts, Row
from pr_cost_bot.publish import Known, Published, label_left
from pr_cost_bot.render.numbers import dollars, enumeration
from pr_cost_bot.settings import Settings

TOO_EXPENSIVE = 3
_NAMED = 5


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to tell of pull requests with one configuration. `published`: what became of writing, if there was any."""

    known: tuple[Known, ...]
    config: Config
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    usage: tuple[UsageOfRun, ...] = ()
    published: Published = Published(comments={}, problems=(), failed=False)


def report(settings: Settings, made: Sequence[Report], trouble: Sequence[Problem] = (), *, failed: bool) -> None:
    """Annotations, log and one step summary of all. `trouble`: what went wrong in writing, beside what `made` tells."""
    missing = dict.fromkeys(problem for one in made for problem in one.problems)
    written = dict.fromkeys([*(problem for one in made for problem in one.published.problems), *trouble])
    for problem in missing:
        runner.warn(problem)
    for problem in written:
        (runner.fail if failed else runner.warn)(problem)
    if unmatched := [f"#{cost.pull.number}" for cost in _costs(made) if _found_nobody(cost)]:
        named = enumeration(unmatched[:_NAMED], len(unmatched[_NAMED:]))
        runner.notice(
            f"No usage was found for {named}, and not every author is matched to an account at a source. "
            "Whom a vendor knows otherwise needs a line in the configuration: the step summary has it (docs/people.md)."
        )
    for one in made:
        _log(one)
    runner.write_summary(
        settings.summary_path,
        render.render_summary(
            _costs(made),
            [*missing, *written],
            # One page tells of them all, so it names people only where each base branch's configuration lets it.
            show_people=all(one.config.comment.show_people for one in made),
            notes=list(dict.fromkeys(note for one in made for note in one.notes)),
        ),
    )


def _found_nobody(cost: PullRequestCost) -> bool:
    """No usage, and an author whom no source knows."""
    return bool(cost.unmatched) and not cost.has_usage and cost.kept is None


def _costs(made: Iterable[Report]) -> list[PullRequestCost]:
    return [known.cost for one in made for known in one.known]


def _log(made: Report) -> None:
    for known in made.known:
        comment = render.render_comment(known.cost, show_people=made.config.comment.show_people)
        for line in render.render_text(comment.body).splitlines():
            runner.LOGGER.info("%s", line)


def report_outputs(settings: Settings, made: Report) -> None:
    """The step's outputs, which are of one pull request. Raises: PublishError."""
    (one,) = made.known
    runner.write_outputs(settings.output_path, _outputs(settings, one, made.config, made.published))


def report_settled(settings: Settings, facts: PullRequestFacts, row: Row) -> int:
    """Tell a figure that no run changes any more. Returns the exit status."""
    number, unpriced = facts.pull.number, is_unpriced(row)
    settled = "settled without a known price" if unpriced else f"settled at {dollars(Decimal(row['cost_usd']))}"
    runner.notice(
        f"Pull request {number} is {settled}: no source can change that any more. "
        "To compute it again, start the workflow by hand with its number."
    )
    outputs = {
        "cost_usd": "" if unpriced else str(row["cost_usd"]),
        "cost_label": str(row.get("cost_label") or ""),
        "comment_url": facts.comment.url if facts.comment else "",
        "pull_request": str(number),
        "complete": str(row.get("complete")).lower(),
        "settled": "true",
        "attributed_percent": "",
        "artifact_dir": "",
        "summary": _one_line(document_of_row(row)),
    }
    runner.write_outputs(settings.output_path, outputs)
    status = _gate(settings, Decimal(row["cost_usd"]), str(row["computed_at"]))
    if status != TOO_EXPENSIVE and settings.fail_above_usd is not None and row.get("unpriced"):
        _not_judged()
    return status


def document(one: Known, config: Config) -> Row:
    """What `pr_cost.json` and the output `summary` hold: the figures are those of the row, also while a source is silent."""
    show = config.ledger.show_people
    return document_of(one.cost, show_people=one.cost.pull.is_private if show is None else show) | one.kept_figures


def is_unpriced(row: Row) -> bool:
    """Whether there is usage and no price for any of it."""
    return bool(row.get("unpriced")) and not row["lines"]


def is_known(one: Known) -> bool:
    """Whether there is a figure: this run's, or the one that the row keeps."""
    return not one.cost.nothing_known or one.cost.kept is not None


def gate(settings: Settings, cost: PullRequestCost) -> int:
    """The exit status that `fail_above_usd` asks for."""
    figure = cost.kept.cost_usd if cost.kept else cost.cost_usd
    status = _gate(settings, figure, rfc3339(cost.computed_at) or "")
    judged = settings.fail_above_usd is None or status == TOO_EXPENSIVE
    if not judged and (cost.nothing_known or not cost.complete or cost.unpriced):
        _not_judged()
    return status


def _not_judged() -> None:
    what = "fail_above_usd could not be judged: the figure is not known in full."
    runner.warn(Problem(what, "The comment and the step summary say what is missing.", "The next run judges again."))


def _gate(settings: Settings, cost_usd: Decimal, computed_at: str) -> int:
    limit = settings.fail_above_usd
    if limit is None or cost_usd <= limit:
        return 0
    runner.fail(
        Problem(
            f"This pull request cost {_above(cost_usd, limit)}, more than fail_above_usd allows (${_digits(limit)}).",
            f"Computed {computed_at}; the comment shows by model and commit what it was spent on.",
            "Raise fail_above_usd if that is as it should be.",
        )
    )
    return TOO_EXPENSIVE


def _digits(amount: Decimal) -> str:
    """As it was given, with cents at least."""
    return f"{amount:,.2f}" if amount == round(amount, 2) else f"{amount:,f}"


def _above(amount: Decimal, limit: Decimal) -> str:
    """Dollars and cents, with more digits where it would look equal to the limit below it."""
    digits = 2
    while round(amount, digits) <= limit:
        digits += 1
    return f"${round(amount, digits):,.{digits}f}"


def attributed_percent(cost: PullRequestCost) -> str:
    """How much of what its people used in its time lies on some pull request; empty when they used nothing.

    Empty too while a source is silent and the figure is the earlier one.
    """
    if cost.kept:
        return ""
    placed = cost.cost_usd + cost.elsewhere_usd
    total = placed + sum((part.cost_usd for part in cost.unattributed), Decimal(0))
    return "" if not total else str((placed * 100 / total).quantize(Decimal("0.1")))


def _outputs(settings: Settings, one: Known, config: Config, written: Published) -> dict[str, str]:
    cost = one.cost
    ref = written.comments.get(cost.pull.number) or one.facts.comment
    return {
        "cost_usd": _figure(one, config),
        "cost_label": label_left(one, config) or "",
        "comment_url": ref.url if ref else "",
        "pull_request": str(cost.pull.number),
        "complete": str(cost.complete and not cost.nothing_known).lower(),
        "settled": str(cost.settled).lower(),
        "attributed_percent": attributed_percent(cost),
        "artifact_dir": _artifact_dir(settings, [one]),
        "summary": _one_line(document(one, config)),
    }


def _figure(one: Known, config: Config) -> str:
    """Empty where it is not known, or all of it is without a price: nobody must take that for $0."""
    found = document(one, config)
    return str(found["cost_usd"]) if is_known(one) and not is_unpriced(found) else ""


def _one_line(found: Row) -> str:
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"), default=str)


def _artifact_dir(settings: Settings, known: Sequence[Known]) -> str:
    """As later steps find it: they have the workspace at another place than the container. Empty when nothing was written."""
    if settings.artifact_dir is None or settings.dry_run or not any(map(is_known, known)):
        return ""
    return str(settings.artifact_dir.relative_to(settings.workspace.resolve()))
