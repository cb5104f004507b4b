"""The two kinds of runs: one pull request, and the true-up of all that may still change."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from pr_cost_bot import github, runner, sources
from pr_cost_bot.ci_usage import read_ci_files, with_kept
from pr_cost_bot.config import Config
from pr_cost_bot.ledger.files import write_artifact
from pr_cost_bot.model import Problem
from pr_cost_bot.pipeline import Collaborators, Computation, compute
from pr_cost_bot.ports import ConfigText, PublishError, PullRequestFacts, Row
from pr_cost_bot.publish import Known, Published, publish
from pr_cost_bot.reporting import Report, document, gate, report, report_settled
from pr_cost_bot.settings import Settings, SettingsError
from pr_cost_bot.table import Table

TRUE_UP_REACH = timedelta(days=35)
"""How long after its close a pull request is looked at again: the slowest source settles after 30 days."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a run works with. `read_config`: from the file's text to the configuration; raises SettingsError."""

    settings: Settings
    client: github.GitHubClient
    now: datetime
    read_config: Callable[[ConfigText], Config]


def run_one(run: Run, number: int, *, again: bool) -> int:
    """Compute and publish one pull request. `again`: also when its figure is final. Returns the exit status."""
    facts, text = run.client.pull_request(number, run.settings.config_path)
    config = run.read_config(text)
    _check_branch(config, [facts])
    table = Table(run.settings, run.client, config)
    row = table.rows([facts]).get(number)
    if not again and row is not None and _is_final(row, facts):
        return report_settled(run.settings, facts, row)
    new, problems = read_ci_files(run.settings.receipt_files, run.settings.repository, number, run.now)
    in_ci = with_kept(row, new, run.settings.repository, number)
    computation = compute([facts], config, _collaborators(run, config), run.now, in_ci)
    known = [Known(facts=facts, row=row, cost=cost, ci_usage=in_ci) for cost in computation.costs]
    problems = (*_problems(run, text), *problems, *table.problems, *computation.problems)
    status = _finish(
        run, config, table, known, msgspec.structs.replace(_report_of(known, config, computation), problems=problems)
    )
    return status or gate(run.settings, computation.costs[0])


def run_true_up(run: Run) -> int:
    """Compute again every open pull request and every closed one that is not final. Returns the exit status."""
    text = run.client.configuration(run.settings.config_path)
    default = run.read_config(text)
    numbers = run.client.recent_pull_requests(run.now - TRUE_UP_REACH)
    facts = run.client.pull_requests(numbers, run.settings.config_path)
    _check_branch(default, facts)
    table = Table(run.settings, run.client, default)
    rows = table.rows(facts)
    due = [fact for fact in facts if fact.pull.state == "open" or not _is_settled(rows.get(fact.pull.number))]
    runner.LOGGER.info("True-up of %d pull requests; %d more are settled.", len(due), len(facts) - len(due))
    status = 0
    for config, group in _by_configuration(run, default, due):
        status = max(status, _true_up_group(run, config, group, rows, table))
    return status


def _true_up_group(run: Run, config: Config, group: Sequence[PullRequestFacts], rows: dict[int, Row], table: Table) -> int:
    numbers = [fact.pull.number for fact in group]
    in_ci = {number: with_kept(rows.get(number), (), run.settings.repository, number) for number in numbers}
    given = [record for records in in_ci.values() for record in records]
    computation = compute(group, config, _collaborators(run, config), run.now, given)
    known = [
        Known(facts=fact, row=rows.get(fact.pull.number), cost=cost, by_true_up=True, ci_usage=in_ci[fact.pull.number])
        for fact, cost in zip(group, computation.costs, strict=True)
    ]
    problems = (*table.problems, *computation.problems)
    made = msgspec.structs.replace(_report_of(known, config, computation), problems=problems, outputs=False)
    return _finish(run, config, table, known, made)


def _by_configuration(
    run: Run, default: Config, due: Sequence[PullRequestFacts]
) -> list[tuple[Config, Sequence[PullRequestFacts]]]:
    """Pull requests by the configuration of their base branch, so that a true-up judges as the events did."""
    groups: dict[str | None, list[PullRequestFacts]] = {}
    for fact in due:
        groups.setdefault(fact.config.text if fact.config else None, []).append(fact)
    found: list[tuple[Config, Sequence[PullRequestFacts]]] = []
    for text, group in groups.items():
        try:
            found.append((default if text is None else run.read_config(ConfigText(text=text)), group))
        except SettingsError as error:
            runner.warn(error.problem)
    return found


def _problems(run: Run, text: ConfigText) -> tuple[Problem, ...]:
    """What is odd about the set-up."""
    unsent = Problem(
        "notify_urls is set, but this version sends no notifications.", "", "Remove it until a later version does."
    )
    return (*((text.problem,) if text.problem else ()), *((unsent,) if run.settings.notify_urls else ()))


def _collaborators(run: Run, config: Config) -> Collaborators:
    active = sources.active_sources(run.settings.keys, config.sources)
    unread = sources.unread(run.settings.keys, config.sources)
    if not active and not unread:
        runner.notice(
            "No source is active: no vendor key is set, so only receipts in commits can be counted. "
            "Set anthropic_admin_key, openai_admin_key or cursor_admin_key to read what the vendors bill."
        )
    return Collaborators(github=run.client, sources=active, unread=unread)


def _check_branch(config: Config, facts: Sequence[PullRequestFacts]) -> None:
    """The table's branch is the bot's own: its commits must not land on anybody's work. Raises SettingsError."""
    taken = {name for fact in facts for name in (fact.pull.default_branch, fact.pull.base_ref, fact.pull.head_ref)}
    if config.ledger.branch in taken:
        raise SettingsError(
            Problem(
                f"ledger.branch names '{config.ledger.branch}', which people work on.",
                "Every run commits rows to the table's branch.",
                "Choose a branch of its own, such as pr-cost-data.",
            )
        )


def _is_settled(row: Row | None) -> bool:
    return row is not None and row.get("settled") is True


def _is_final(row: Row, facts: PullRequestFacts) -> bool:
    pull = facts.pull
    return _is_settled(row) and row.get("state") == pull.state and row.get("head_sha") == pull.head_sha


def _report_of(known: Sequence[Known], config: Config, computation: Computation) -> Report:
    return Report(known=tuple(known), config=config, notes=computation.notes, usage=computation.usage)


def _finish(run: Run, config: Config, table: Table, known: Sequence[Known], made: Report) -> int:
    """Write what is to be written, then tell. Returns 1 when something could not be published."""
    if run.settings.dry_run:
        report(run.settings, made)
        return 0
    published = publish(known, config, run.client, table, lambda: time.sleep(1))
    before = table.problems
    table.write_usage(made.usage)
    trouble = (*_write_artifact(run, config, known), *(problem for problem in table.problems if problem not in before))
    published = Published(
        comments=published.comments,
        problems=(*published.problems, *trouble),
        failed=published.failed or bool(trouble) or table.failed,
    )
    report(run.settings, msgspec.structs.replace(made, published=published))
    return int(published.failed)


def _write_artifact(run: Run, config: Config, known: Sequence[Known]) -> tuple[Problem, ...]:
    """Files are for what is known: a row of zeros would be taken for a free pull request."""
    documents = [document(one, config) for one in known if not one.cost.nothing_known]
    if run.settings.artifact_dir is None or not documents:
        return ()
    try:
        write_artifact(run.settings.artifact_dir, documents, run.settings.workspace)
    except PublishError as error:
        return (error.problem,)
    return ()
