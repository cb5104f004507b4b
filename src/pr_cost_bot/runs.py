"""The two kinds of runs: one pull request, and the true-up of all that may still change."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from pr_cost_bot import github, runner, sources
from pr_cost_bot.ci_usage import read_ci_files, with_kept
from pr_cost_bot.config import Alerts, Config
from pr_cost_bot.due import TRUE_UP_REACH, due, is_final
from pr_cost_bot.ledger.files import write_artifact
from pr_cost_bot.model import Problem, UsageRecord
from pr_cost_bot.pipeline import Collaborators, Computation, compute
from pr_cost_bot.ports import ConfigText, PublishError, PullRequestFacts, Row
from pr_cost_bot.publish import Known, publish, records_to_write, row_to_write
from pr_cost_bot.render.numbers import exact_plural
from pr_cost_bot.reporting import Report, document, gate, is_known, report, report_outputs, report_settled
from pr_cost_bot.settings import Settings, SettingsError
from pr_cost_bot.silence import with_what_is_kept
from pr_cost_bot.table import Table


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a run works with. `read_config`: from the file's text to the configuration; raises SettingsError."""

    settings: Settings
    client: github.GitHubClient
    now: datetime
    read_config: Callable[[ConfigText], Config]


def client_of(settings: Settings) -> github.GitHubClient:
    """GitHub, as the environment says where and who we are."""
    return github.connect(
        settings.github_token,
        settings.repository,
        api_url=settings.api_url,
        graphql_url=settings.graphql_url,
        org_token=settings.org_token,
    )


def run_one(run: Run, number: int, *, again: bool) -> int:
    """Compute and publish one pull request. `again`: also when its figure is final. Returns the exit status."""
    facts, text = run.client.pull_request(number, run.settings.config_path)
    config = run.read_config(text)
    _check_branch(config, [facts])
    table = Table(run.settings, run.client, config)
    row = table.rows([facts]).get(number)
    if not again and row is not None and is_final(row, facts.pull):
        return report_settled(run.settings, facts, row)
    new, problems = read_ci_files(run.settings.receipt_files, run.settings.repository, number, run.now)
    in_ci = with_kept(row, new, run.settings.repository, number)
    computation = compute([facts], config, _collaborators(run, config), run.now, in_ci)
    known = _known([facts], {} if row is None else {number: row}, computation, config, {number: in_ci})
    made = _report_of(known, config, computation)
    made = _published(run, table, msgspec.structs.replace(made, problems=(*_problems(text), *problems, *made.problems)))
    status = _finish(run, table, [made])
    report_outputs(run.settings, made)
    return status or gate(run.settings, known[0].cost)


def run_true_up(run: Run) -> int:
    """Compute again every open pull request and every closed one that is not final. Returns the exit status."""
    text = run.client.configuration(run.settings.config_path)
    default = run.read_config(text)
    numbers = run.client.recent_pull_requests(run.now - TRUE_UP_REACH)
    facts = run.client.pull_requests(numbers, run.settings.config_path)
    _check_branch(default, facts)
    table = Table(run.settings, run.client, default)
    rows = table.rows(facts)
    changing = due(facts, rows, run.now)
    left = len(facts) - len(changing)
    told = f"True-up of {exact_plural(len(changing), 'pull request')}; {left} more {'is' if left == 1 else 'are'}"
    runner.LOGGER.info("%s settled or long idle.", told)
    groups = _by_configuration(run, default, changing)
    reports = [_true_up_group(run, config, group, rows, table) for config, group in groups]
    status = _finish(run, table, reports)
    if _has_to_tell(run.settings, default):
        _tell(run, default, table, facts, rows, reports)
    return status


def _has_to_tell(settings: Settings, config: Config) -> bool:
    """Whether anything is set that could make an alert or a digest."""
    wanted = config.alerts != Alerts(source_failed=config.alerts.source_failed) or config.digest.when == "weekly"
    return bool(settings.notify_urls or wanted or config.budgets.monthly_usd or config.budgets.repositories)


def _tell(
    run: Run,
    config: Config,
    table: Table,
    facts: Sequence[PullRequestFacts],
    rows: dict[int, Row],
    reports: Sequence[Report],
) -> None:
    from pr_cost_bot.notices import TrueUp, tell  # noqa: PLC0415 - figures and their templates take half a second to import

    computed = [(one, made.config) for made in reports for one in made.known]
    found = {one.cost.pull.number: row_to_write(one, settings) or one.row for one, settings in computed}
    tell(
        TrueUp(
            settings=run.settings,
            config=config,
            now=run.now,
            table=table,
            rows={number: row for number, row in (rows | found).items() if row is not None},
            usage=[usage for made in reports for usage in made.usage],
            sources=[status for one, _ in computed for status in one.cost.sources],
            private=bool(facts) and all(fact.pull.is_private for fact in facts),
        )
    )


def _true_up_group(run: Run, config: Config, group: Sequence[PullRequestFacts], rows: dict[int, Row], table: Table) -> Report:
    numbers = [fact.pull.number for fact in group]
    in_ci = {number: with_kept(rows.get(number), (), run.settings.repository, number) for number in numbers}
    given = [record for records in in_ci.values() for record in records]
    computation = compute(group, config, _collaborators(run, config), run.now, given)
    known = _known(group, rows, computation, config, in_ci)
    known = [replace(one, by_true_up=True) for one in known]
    return _published(run, table, _report_of(known, config, computation))


def _known(
    facts: Sequence[PullRequestFacts],
    rows: Mapping[int, Row],
    computation: Computation,
    config: Config,
    in_ci: Mapping[int, tuple[UsageRecord, ...]],
) -> list[Known]:
    """What was computed beside what is there."""
    found: list[Known] = []
    for fact, cost, told in zip(facts, computation.costs, computation.told, strict=True):
        number = fact.pull.number
        row = rows.get(number)
        beside = with_what_is_kept(cost, row, told, config.sources)
        found.append(Known(facts=fact, row=row, cost=beside, ci_usage=in_ci[number]))
    return found


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


def _problems(text: ConfigText) -> tuple[Problem, ...]:
    """What is odd about the set-up."""
    return (text.problem,) if text.problem else ()


def _collaborators(run: Run, config: Config) -> Collaborators:
    active = sources.active_sources(run.settings.keys, config.sources)
    unread = sources.unread(run.settings.keys, config.sources)
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


def _report_of(known: Sequence[Known], config: Config, computation: Computation) -> Report:
    unread = (status.problem for one in known for status in one.cost.sources if status.problem is not None)
    problems = tuple(dict.fromkeys([*computation.problems, *unread]))
    return Report(known=tuple(known), config=config, problems=problems, notes=computation.notes, usage=computation.usage)


def _published(run: Run, table: Table, made: Report) -> Report:
    """Write comments, labels, rows and usage, unless this is a dry run."""
    if run.settings.dry_run:
        return made
    records = records_to_write(made.known)
    published = publish(
        made.known,
        made.config,
        run.client,
        lambda rows: table.write(rows, records, made.usage),
        lambda: time.sleep(1),
    )
    return msgspec.structs.replace(made, published=published)


def _finish(run: Run, table: Table, made: Sequence[Report]) -> int:
    """Write the artifact and tell, once for the whole run. Returns 1 when something could not be published."""
    if made and not any(known.cost.sources for one in made for known in one.known):
        runner.notice(
            "No source is active: no vendor key is set, so only receipts in commits can be counted. "
            "Set a key to read what its vendor bills, such as anthropic_admin_key, openai_admin_key or cursor_admin_key; "
            "the README lists all."
        )
    trouble = (*table.problems, *_write_artifact(run.settings, made))
    failed = not run.settings.dry_run and (bool(trouble) or any(one.published.failed for one in made))
    report(run.settings, made, trouble, failed=failed)
    return int(failed)


def _write_artifact(settings: Settings, made: Sequence[Report]) -> tuple[Problem, ...]:
    """Files are for what is known: a row of zeros would be taken for a free pull request."""
    found = [document(known, one.config) for one in made for known in one.known if is_known(known)]
    documents = sorted(found, key=lambda one: int(one["pr_number"]))
    if settings.artifact_dir is None or settings.dry_run or not documents:
        return ()
    try:
        write_artifact(settings.artifact_dir, documents, settings.workspace)
    except PublishError as error:
        return (error.problem,)
    return ()
