"""`pr-cost-bot doctor`: is it set up right? What each key sees, who will not match, which permission is missing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TextIO

import msgspec

from pr_cost_bot import github, people, sources
from pr_cost_bot.config import Config, Labels
from pr_cost_bot.config_file import ConfigError, parse_config
from pr_cost_bot.database_option import with_database
from pr_cost_bot.job_permissions import Job, jobs_of
from pr_cost_bot.model import Problem, SourceStatus
from pr_cost_bot.people import People
from pr_cost_bot.ports import ConfigText, Inspection, PublishError, ReadError
from pr_cost_bot.render.numbers import exact_plural
from pr_cost_bot.runner import Redactor, harmless_line
from pr_cost_bot.runs import client_of
from pr_cost_bot.settings import KEY_INPUTS, Settings, SettingsError, clock, read_settings
from pr_cost_bot.table import short_lived

_RECENT = timedelta(days=30)
_MARKS = {"good": "ok     ", "note": "note   ", "bad": "WRONG  "}


class Finding(msgspec.Struct, frozen=True):
    """One line of the report. `grade`: good, note or bad."""

    grade: str
    text: str


def main(environ: Mapping[str, str], stdout: TextIO, database: str | None = None) -> int:
    """Print the findings; 2 when something is wrong, else 0.

    Outside a workflow: GITHUB_REPOSITORY, GITHUB_TOKEN and the keys by their inputs' names in upper case.
    """
    settings: Settings | None = None
    try:
        whole = at_a_terminal(environ, database)
        settings = read_settings(whole)
        findings = _examine(settings, clock(environ), short_lived(whole))
    except (SettingsError, ConfigError, ReadError) as error:
        findings = [_bad(error.problem)]
    redact = Redactor(settings.secrets if settings else ())
    stdout.writelines(f"{_MARKS[finding.grade]}{harmless_line(redact.clean(finding.text))}\n" for finding in findings)
    return 2 if any(finding.grade == "bad" for finding in findings) else 0


def at_a_terminal(environ: Mapping[str, str], database: str | None = None) -> dict[str, str]:
    """Fill in what a runner would have set. `database`: the URL that `--database` names."""
    secret_inputs = ("github_token", "org_token", *KEY_INPUTS)
    named = {f"INPUT_{name.upper()}": environ[name.upper()] for name in secret_inputs if environ.get(name.upper())}
    defaults = {
        "GITHUB_API_URL": "https://api.github.com",
        "GITHUB_GRAPHQL_URL": "https://api.github.com/graphql",
        "GITHUB_EVENT_NAME": "workflow_dispatch",
        "GITHUB_EVENT_PATH": "-",
    }
    given = {name: value for name, value in environ.items() if value}
    return with_database({**defaults, **named, **given}, database)


def _examine(settings: Settings, now: datetime, lost: Problem | None) -> list[Finding]:
    client = client_of(settings)
    with ThreadPoolExecutor() as pool:
        looking = pool.submit(client.inspect, now - _RECENT)
        text = client.configuration(settings.config_path)
        config = Config() if text.text is None else parse_config(text.text, settings.config_path)
        inspections = list(pool.map(lambda source: source.inspect(now), sources.active_sources(settings.keys, config.sources)))
        seen = looking.result()
    unread = sources.unread(settings.keys, config.sources)
    known = people.resolve(config.people, seen.recent_authors)
    return [
        *_about_github(seen),
        *_about_workflows(seen, config.labels, database=bool(settings.database_url)),
        *([Finding("note", f"Ledger: {lost}")] if lost else []),
        _about_ledger(seen, settings.database_url),
        *_about_config(text, known, settings.config_path),
        *_about_sources(inspections, unread),
        *_about_people(seen, known, inspections),
    ]


def _about_github(seen: github.GitHubInspection) -> Iterator[Finding]:
    yield Finding("good", f"GitHub: {seen.viewer or 'the token'} reads {seen.repository} ({seen.visibility}).")
    if not seen.may_read_contents:
        yield Finding("bad", "GitHub: the token may not read contents. Give the job 'permissions: contents: read'.")
    if not seen.may_read_pull_requests:
        remedy = "Give the job 'permissions: pull-requests: read'."
        yield Finding("bad", f"GitHub: the token may not read pull requests. {remedy}")
    if seen.archived:
        yield Finding("bad", "GitHub: the repository is archived, so nothing can be written.")
    yield _about_the_token(seen)


def _about_the_token(seen: github.GitHubInspection) -> Finding:
    """What it may write, as far as GitHub tells without a try: https://docs.github.com/graphql/reference/objects#repository."""
    if seen.may_write is False:
        return Finding("bad", "GitHub: the token's account may not write here: comments, labels and rows need write access.")
    if seen.scopes is not None:
        scope = "public_repo" if seen.visibility == "public" else "repo"
        given = ", ".join(seen.scopes) or "none"
        if {"repo", scope}.isdisjoint(seen.scopes):
            what = f"GitHub: comments, labels and rows need the scope '{scope}'; the token has: {given}."
            return Finding("bad", f"{what} Give it that scope, or use the job's own token.")
        return Finding("good", f"GitHub: the token's scopes let it write: {given}.")
    if seen.may_write is None:
        return Finding(
            "note",
            "GitHub: what a job's or an App's token may write, GitHub tells nobody without a try. The Action needs "
            "'pull-requests: write' for the comment, 'issues: write' to create labels, 'contents: write' for the data branch.",
        )
    return Finding(
        "note",
        "GitHub: the token's account may write here. What a fine-grained token itself may, GitHub does not tell: it needs "
        "Contents, Issues and Pull requests, read and write.",
    )


def _about_workflows(seen: github.GitHubInspection, labels: Labels, *, database: bool) -> Iterator[Finding]:
    """What the files of the default branch give to the jobs that run the Action."""
    if not seen.may_read_contents:
        return
    jobs = list(jobs_of(seen.workflows))
    if not jobs:
        yield Finding("note", "Workflow: none on the default branch runs the Action yet (docs/install.md).")
    known = {name.casefold() for name in seen.labels}
    missing = {name.casefold() for name in (labels.low, labels.medium, labels.high)} - known
    for job in jobs:
        where = f"Workflow: {job.workflow}, job {job.name}"
        if not job.own_token:
            yield Finding("note", f"{where} hands in a token of its own: what that may, its owner sets (docs/permissions.md).")
            continue
        if job.permissions is None:
            what = "names no 'permissions', so that the repository's setting decides, which GitHub does not tell"
            yield Finding("note", f"{where}: {what}. Write them down (docs/permissions.md).")
            continue
        wrong = list(_lacking(job, labels_missing=bool(missing), database=database))
        yield from (Finding(grade, f"{where}: {what}") for grade, what in wrong)
        if not wrong:
            yield Finding("good", f"{where} has the permissions that it needs.")


def _lacking(job: Job, *, labels_missing: bool, database: bool) -> Iterator[tuple[str, str]]:
    if not job.may("pull-requests", "write"):
        yield "bad", "'pull-requests: write' is missing, so that nothing can be published."
    if labels_missing and not job.may("issues", "write"):
        yield "bad", "'issues: write' is missing, with which the labels are made that are not there yet."
    if not job.may("contents", "read"):
        yield "bad", "'contents: read' is missing: no configuration, no co-authors, at most 250 commits."
    elif not database and not job.may("contents", "write"):
        yield "note", "without 'contents: write' there is no table on the data branch; database_url can name another place."


def _about_ledger(seen: github.GitHubInspection, url: str | None) -> Finding:
    if url:
        return _about_database(url)
    if not seen.may_read_contents:
        return Finding("note", "Ledger: whether the data branch is there cannot be seen.")
    if seen.has_data_branch:
        return Finding("good", "Ledger: the data branch exists.")
    return Finding("note", "Ledger: the first run will make the data branch.")


def _about_database(url: str) -> Finding:
    """Open it and look at the tables' version; nothing is made or changed in it."""
    from pr_cost_bot.ledger.database import Database, not_there  # noqa: PLC0415 - SQLAlchemy takes half a second to import
    from pr_cost_bot.ledger.versions import is_newer, needs_alembic  # noqa: PLC0415

    version = None
    try:
        database = Database(url)
        if problem := not_there(url):
            return Finding("note", f"Ledger: {problem.what} {problem.why} The first run that writes makes it.")
        version = database.version()
        if version is None:
            what = "Ledger: the database answers. The first run makes the tables, for which the account needs the right."
            return Finding("note", what)
        database.for_reading()
    except PublishError as error:
        by_itself = version is not None and not is_newer(version) and not needs_alembic(version)
        return Finding("note" if by_itself else "bad", f"Ledger: {error.problem}")
    return Finding("good", f"Ledger: the database answers; its tables have version {version}.")


def _about_config(text: ConfigText, known: People, path: str) -> Iterable[Finding]:
    if text.problem is not None:
        yield _bad(text.problem)
    elif text.text is None:
        yield Finding("note", f"Configuration: there is no {path}; the defaults apply.")
    else:
        yield Finding("good", f"Configuration: {path} is fine.")
    yield from (_bad(problem) for problem in known.problems)


def _about_sources(inspections: Sequence[Inspection], unread: Sequence[SourceStatus]) -> Iterable[Finding]:
    for inspection in inspections:
        if inspection.problem is not None:
            yield Finding("bad", f"{inspection.title}: {inspection.problem}")
        yield from (Finding("note", f"{inspection.title}: {warning}") for warning in inspection.warnings)
        yield from (Finding("good", f"{inspection.title}: {sentence}") for sentence in inspection.sees)
    yield from (_bad(status.problem) for status in unread if status.problem is not None)
    if not inspections and not unread:
        yield Finding("note", "Sources: no vendor key is set, so only receipts in commits will be counted.")


def _about_people(seen: github.GitHubInspection, known: People, inspections: Sequence[Inspection]) -> Iterable[Finding]:
    """Recent authors whom no source that can list its people knows."""
    listings = [inspection.emails for inspection in inspections if inspection.emails is not None]
    persons = {person for author in seen.recent_authors if (person := known.of_author(author))}
    if not persons:
        yield Finding("note", "People: nobody is seen to have committed in 30 days, so that there is nobody to match.")
        return
    authors = f"{exact_plural(len(persons), 'author')} in 30 days"
    if not listings:
        yield Finding("note", f"People: {authors}; no source can say whom it knows.")
        return
    strangers = [
        identity
        for identity in known.identities(persons)
        if not identity.vendors and not any(set(identity.emails) & listing for listing in listings)
    ]
    known_ones = len(persons) - len(strangers)
    yield Finding("good" if known_ones else "note", f"People: a source knows {known_ones} of {authors}.")
    for identity in strangers:
        line = people.suggestion(identity)
        yield Finding("note", f"People: {identity.person} will not match. Add under 'people:' in the configuration: {line}")


def _bad(problem: Problem) -> Finding:
    return Finding("bad", str(problem))
