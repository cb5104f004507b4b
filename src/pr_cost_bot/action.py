"""The Action's entry point: builds the real collaborators, runs the pipeline, publishes, reports to the runner."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from threading import Thread
from typing import TextIO

from pr_cost_bot import github, pricing, render, runner, sources
from pr_cost_bot.ci_usage import read_ci_files, with_kept
from pr_cost_bot.config import Config
from pr_cost_bot.events import EventError, Nothing, OnePullRequest, find_activity
from pr_cost_bot.ledger.files import write_artifact
from pr_cost_bot.ledger.rows import document_of, dollars, rfc3339
from pr_cost_bot.model import Problem, PullRequestCost
from pr_cost_bot.pipeline import Collaborators, Computation, compute
from pr_cost_bot.ports import ConfigText, Ledger, PublishError, ReadError, Row
from pr_cost_bot.publish import Known, Published, publish
from pr_cost_bot.settings import Settings, SettingsError, clock, read_settings

OK, NOT_PUBLISHED, WRONG_SETUP, TOO_EXPENSIVE = 0, 1, 2, 3
"""Exit statuses (interface section 9)."""

TRUE_UP_REACH = timedelta(days=35)
"""How long after its close a pull request is looked at again: the slowest source settles after 30 days."""

_DEFAULT_BRANCH = Config().ledger.branch


@dataclass(frozen=True, kw_only=True)
class _Run:
    settings: Settings
    client: github.GitHubClient
    now: datetime


def main(environ: Mapping[str, str], stdout: TextIO) -> int:
    """Act on the event that the environment names. Returns the exit status."""
    runner.set_up_logging(stdout, level="info", secrets=(), workflow=environ.get("GITHUB_ACTIONS") == "true")
    try:
        settings = read_settings(environ)
        runner.set_up_logging(
            stdout, level=settings.log_level, secrets=settings.secrets, workflow=environ.get("GITHUB_ACTIONS") == "true"
        )
        return _act(settings, clock(environ))
    except SettingsError as error:
        runner.fail(error.problem)
        return WRONG_SETUP
    except EventError as error:
        runner.fail(Problem(str(error)))
        return WRONG_SETUP
    except ReadError as error:
        runner.fail(error.problem)
        return WRONG_SETUP if error.credentials else NOT_PUBLISHED
    except PublishError as error:
        runner.fail(error.problem)
        return NOT_PUBLISHED


def _act(settings: Settings, now: datetime) -> int:
    activity = find_activity(settings.event_name, _payload(settings), has_keys=bool(settings.keys))
    if isinstance(activity, Nothing):
        runner.notice(activity.notice)
        return OK
    client = github.connect(
        settings.github_token,
        settings.repository,
        api_url=settings.api_url,
        graphql_url=settings.graphql_url,
        org_token=settings.org_token,
    )
    run = _Run(settings=settings, client=client, now=now)
    Thread(target=_warm_up, args=(settings,), name="warm-up").start()
    return _one(run, activity) if isinstance(activity, OnePullRequest) else _true_up(run)


def _warm_up(settings: Settings) -> None:
    """Do the slow imports while GitHub's first answer is waited for, in the order in which they are needed."""
    import pr_cost_bot.config_file  # noqa: F401, PLC0415

    sources.warm_up(settings.keys)
    if settings.keys:
        pricing.warm_up()
    render.warm_up()


def _payload(settings: Settings) -> dict[str, object]:
    try:
        payload = json.loads(settings.event_path.read_bytes())
    except (OSError, ValueError):
        payload = None
    if not isinstance(payload, dict):
        raise EventError("The event's payload (GITHUB_EVENT_PATH) cannot be read as JSON. GitHub's runner writes that file.")
    return payload


def _one(run: _Run, activity: OnePullRequest) -> int:
    facts, text = run.client.pull_request(activity.number, run.settings.config_path)
    config = _config(run, text)
    ledger = _ledger(run, config)
    row = (
        facts.row
        if _row_came_along(run, config)
        else ledger.read(run.settings.repository, [activity.number]).get(activity.number)
    )
    settings = run.settings
    new, problems = read_ci_files(settings.receipt_files, settings.repository, activity.number, run.now, settings.run_id)
    for problem in problems:
        runner.warn(problem)
    in_ci = with_kept(row, new)
    computation = compute([facts], config, _collaborators(run, config), run.now, in_ci)
    known = [Known(facts=facts, row=row, cost=cost, ci_usage=in_ci) for cost in computation.costs]
    status = _finish(run, config, ledger, known, computation, text)
    return status or _gate(run.settings.fail_above_usd, computation.costs[0])


def _true_up(run: _Run) -> int:
    text = run.client.configuration(run.settings.config_path)
    config = _config(run, text)
    ledger = _ledger(run, config)
    numbers = run.client.recent_pull_requests(run.now - TRUE_UP_REACH)
    facts = run.client.pull_requests(numbers)
    if _row_came_along(run, config):
        rows = {fact.pull.number: fact.row for fact in facts}
    else:
        rows = dict(ledger.read(run.settings.repository, numbers))
    due = [fact for fact in facts if fact.pull.state == "open" or not _is_settled(rows.get(fact.pull.number))]
    in_ci = {fact.pull.number: with_kept(rows.get(fact.pull.number), ()) for fact in due}
    given = [record for records in in_ci.values() for record in records]
    computation = compute(due, config, _collaborators(run, config), run.now, given)
    known = [
        Known(
            facts=fact,
            row=rows.get(fact.pull.number),
            cost=cost,
            by_true_up=True,
            ci_usage=in_ci[fact.pull.number],
        )
        for fact, cost in zip(due, computation.costs, strict=True)
    ]
    runner.LOGGER.info("True-up of %d pull requests; %d more are settled.", len(due), len(facts) - len(due))
    return _finish(run, config, ledger, known, computation, text)


def _config(run: _Run, text: ConfigText) -> Config:
    if text.problem is not None:
        runner.warn(text.problem)
    if text.text is None:
        return Config()
    from pr_cost_bot.config_file import ConfigError, parse_config  # noqa: PLC0415 - see _warm_up

    try:
        return parse_config(text.text, run.settings.config_path)
    except ConfigError as error:
        raise SettingsError(error.problem) from None


def _collaborators(run: _Run, config: Config) -> Collaborators:
    active = sources.active_sources(run.settings.keys, config.sources)
    unread = sources.unread(run.settings.keys, config.sources)
    if not active and not unread:
        runner.notice(
            "No source is active: no vendor key is set, so only receipts in commits can be counted. "
            "Set anthropic_admin_key, openai_admin_key or cursor_admin_key to read what the vendors bill."
        )
    if run.settings.notify_urls:
        runner.warn(
            Problem("notify_urls is set, but this version sends no notifications.", "", "Remove it until a later version does.")
        )
    return Collaborators(github=run.client, sources=active, unread=unread)


def _ledger(run: _Run, config: Config) -> Ledger:
    if run.settings.database_url:
        from pr_cost_bot.ledger.sql import SqlLedger  # noqa: PLC0415 - SQLAlchemy takes half a second to import

        return SqlLedger(run.settings.database_url)
    return run.client.ledger(config.ledger.branch)


def _row_came_along(run: _Run, config: Config) -> bool:
    """The look at the pull request brings the row of the branch that is the default."""
    return run.settings.database_url is None and config.ledger.branch == _DEFAULT_BRANCH


def _is_settled(row: Row | None) -> bool:
    return row is not None and row.get("settled") is True


def _finish(
    run: _Run, config: Config, ledger: Ledger, known: Sequence[Known], computation: Computation, text: ConfigText
) -> int:
    problems = [*([text.problem] if text.problem else []), *computation.problems]
    published = Published(comments={}, problems=(), failed=False)
    if not run.settings.dry_run:
        published = publish(known, config, run.client, ledger, lambda: time.sleep(1))
        documents = [_document(one, config) for one in known]
        if run.settings.artifact_dir is not None and documents:
            write_artifact(run.settings.artifact_dir, documents)
    _report(run, config, known, [*problems, *published.problems], published)
    return NOT_PUBLISHED if published.failed else OK


def _document(one: Known, config: Config) -> Row:
    show = config.ledger.show_people
    return document_of(one.cost, show_people=one.cost.pull.is_private if show is None else show)


def _report(run: _Run, config: Config, known: Sequence[Known], problems: Sequence[Problem], published: Published) -> None:
    failures = published.problems if published.failed else ()
    for problem in problems:
        (runner.fail if problem in failures else runner.warn)(problem)
    costs = [one.cost for one in known]
    for cost in costs:
        comment = render.render_comment(cost, show_people=config.comment.show_people)
        for line in render.render_text(comment.body).splitlines():
            runner.LOGGER.info("%s", line)
    runner.write_summary(
        run.settings.summary_path, render.render_summary(costs, problems, show_people=config.comment.show_people)
    )
    if len(known) == 1:
        runner.write_outputs(run.settings.output_path, _outputs(run, known[0], config, published))


def _outputs(run: _Run, one: Known, config: Config, published: Published) -> dict[str, str]:
    cost = one.cost
    ref = published.comments.get(cost.pull.number) or one.facts.comment
    return {
        "cost_usd": dollars(cost.cost_usd) or "0",
        "cost_label": cost.label or "",
        "comment_url": ref.url if ref else "",
        "pull_request": str(cost.pull.number),
        "complete": str(cost.complete).lower(),
        "settled": str(cost.settled).lower(),
        "attributed_percent": attributed_percent(cost),
        "artifact_dir": _relative(run.settings),
        "summary": json.dumps(_document(one, config), ensure_ascii=False, separators=(",", ":")),
    }


def _relative(settings: Settings) -> str:
    """As later steps find it: they have the workspace at another place than the container."""
    return "" if settings.artifact_dir is None else str(settings.artifact_dir.relative_to(settings.workspace.resolve()))


def attributed_percent(cost: PullRequestCost) -> str:
    """How much of what its people used in its time lies on some pull request; empty when they used nothing."""
    placed = cost.cost_usd + cost.elsewhere_usd
    total = placed + sum((part.cost_usd for part in cost.unattributed), Decimal(0))
    return "" if not total else str((placed * 100 / total).quantize(Decimal("0.1")))


def _gate(limit: Decimal | None, cost: PullRequestCost) -> int:
    if limit is None or cost.cost_usd <= limit:
        return OK
    runner.fail(
        Problem(
            f"This pull request cost ${cost.cost_usd:,.2f}, more than fail_above_usd allows (${limit:,.2f}).",
            f"Computed {rfc3339(cost.computed_at)}; the comment shows by model and commit what it was spent on.",
            "Raise fail_above_usd if that is as it should be.",
        )
    )
    return TOO_EXPENSIVE
